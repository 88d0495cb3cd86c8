#include "engine/stepped_engine.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "engine/recovery.h"
#include "engine/sharding.h"

namespace tocsin::engine {

SteppedEngine::SteppedEngine(Options options, storage::Store& store, const Clock& clock)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      outbox_(store, options_.shard.limits.outbox_entries_max),
      registry_(options_.shard.limits) {}

SteppedEngine::~SteppedEngine() = default;

absl::Status SteppedEngine::Open() {
  TOCSIN_RETURN_IF_ERROR(outbox_.Recover().status());
  TOCSIN_ASSIGN_OR_RETURN(log_, storage::OpenSampleLog(store_));
  SampleSink& recorded = options_.recorded != nullptr ? *options_.recorded : *this;
  const ShardDependencies dependencies{
      store_, outbox_, *log_, registry_, recorded, input_, evaluation_metrics_, clock_};
  ShardOptions shard = options_.shard;
  for (shard.number = 0; shard.number < options_.shards; ++shard.number) {
    shards_.push_back(std::make_unique<Shard>(dependencies, shard));
  }
  Committer::HandOn hand_on = options_.hand_on;
  if (!hand_on) {
    hand_on = [this](std::shared_ptr<const CommittedBatch> batch) {
      for (auto& each : shards_) each->Apply(*batch);
    };
  }
  committer_ = std::make_unique<Committer>(
      registry_, *log_, input_, shard.limits.ingest_queue_bytes_max, metrics_, std::move(hand_on));
  upkeep_ = std::make_unique<Upkeep>(options_.upkeep, store_, *log_, metrics_);
  return absl::OkStatus();
}

absl::Status SteppedEngine::Recover(std::shared_ptr<const rules::RuleSet> rules) {
  const Timestamp now = clock_.Now();
  TOCSIN_ASSIGN_OR_RETURN(Resumed recovered, RecoverState(store_, *log_, now, registry_));
  const Placement placement(*rules, shards());
  std::vector<Resumed> shares = ShareOut(std::move(recovered), *rules, placement, shards());
  for (size_t i = 0; i < shards(); ++i) {
    TOCSIN_RETURN_IF_ERROR(shard(i).Resume(rules, placement.OwnedBy(i), now, std::move(shares[i])));
  }
  return ForgetClocksFrom(store_, shards());
}

absl::Status SteppedEngine::Install(std::shared_ptr<const rules::RuleSet> rules, Timestamp now) {
  const Placement placement(*rules, shards());
  std::vector<std::unique_ptr<ShardPlan>> plans;
  std::vector<Shard*> all;
  for (size_t i = 0; i < shards(); ++i) {
    TOCSIN_ASSIGN_OR_RETURN(auto plan, shard(i).Prepare(rules, placement.OwnedBy(i), now));
    plans.push_back(std::move(plan));
    all.push_back(&shard(i));
  }
  return InstallOnAll(all, std::move(plans), now);
}

absl::StatusOr<SeriesRef> SteppedEngine::Resolve(const Labels& labels) {
  return registry_.Resolve(labels);
}

void SteppedEngine::Submit(SampleBatch batch, Done done) {
  committer_->Submit({}, std::move(batch), std::move(done));
}

void SteppedEngine::Commit() {
  while (committer_->CommitWaiting(clock_.Now())) {
  }
}

absl::Status SteppedEngine::Evaluate() {
  absl::Status status;
  for (auto& each : shards_) status.Update(each->EvaluateUpTo(clock_.Now()));
  Commit();
  return status;
}

Timestamp SteppedEngine::NextDue() const {
  Timestamp next = Timestamp::Max();
  for (const auto& each : shards_) next = std::min(next, each->NextDue());
  return next;
}

}  // namespace tocsin::engine
