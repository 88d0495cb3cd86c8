#include "tests/sim/service.h"

#include <utility>

#include "base/status_macros.h"
#include "tests/opsgenie/delivery_world.h"

namespace tocsin::simulation {
namespace {

std::string Expand(const std::string& text, const state::v1::DesiredPage& page) {
  return text == "{{severity}}" ? page.severity() : text;
}

engine::SteppedEngine::Options EngineOptions(const Plan& plan, size_t shards,
                                             engine::SampleSink& recorded,
                                             engine::Committer::HandOn hand_on) {
  engine::SteppedEngine::Options options;
  options.shard.limits = plan.limits;
  options.shards = shards;
  options.recorded = &recorded;
  options.hand_on = std::move(hand_on);
  return options;
}

}  // namespace

Service::Service(const Plan& plan, size_t shards, storage::Store& store, const Clock& clock,
                 Random& random, std::function<void(const Committed::Batch&)> on_commit)
    : plan_(plan),
      clock_(clock),
      random_(random),
      on_commit_(std::move(on_commit)),
      inboxes_(shards),
      engine_(EngineOptions(plan, shards, *this,
                            [this](std::shared_ptr<const engine::CommittedBatch> batch) {
                              commit_succeeded_ = true;
                              on_commit_(WithLabels(batch->samples, engine_.registry()));
                              for (auto& inbox : inboxes_) inbox.push_back(batch);
                            }),
              store, clock) {}

Service::~Service() = default;

absl::Status Service::Start(std::shared_ptr<const rules::RuleSet> rules) {
  TOCSIN_RETURN_IF_ERROR(engine_.Open());
  TOCSIN_RETURN_IF_ERROR(engine_.Recover(std::move(rules)));
  auto config = std::make_shared<const delivery::ReceiversAndRoutes>(delivery::TestConfig());
  delivery_ = std::make_unique<delivery::Delivery>(engine_.outbox(), engine_.metrics(), random_,
                                                   &Expand, std::move(config));
  engine_.outbox().SetListener([this](const std::string& alias) { delivery_->Notify(alias); });
  delivery_->Start(clock_.Now());
  return absl::OkStatus();
}

bool Service::Send(const std::vector<Point>& points, SampleSink::Done done) {
  SampleBatch batch;
  const int64_t now_ms = clock_.Now().millis();
  for (const Point& point : points) {
    // As a decoder does: what cannot be taken is refused for good.
    if (point.time_ms > now_ms + static_cast<int64_t>(plan_.limits.future_ms_max)) continue;
    if (point.time_ms < now_ms - static_cast<int64_t>(plan_.limits.past_ms_max)) continue;
    if (const auto ref = engine_.Resolve(point.labels); ref.ok()) {
      batch.Add(*ref, point.time_ms, point.value);
    }
  }
  if (batch.empty()) {
    done(absl::OkStatus());
    return false;
  }
  return SubmitCounted(std::move(batch), std::move(done));
}

absl::StatusOr<SeriesRef> Service::Resolve(const Labels& labels) {
  return engine_.Resolve(labels);
}

void Service::Submit(SampleBatch batch, Done done) {
  if (written_ != nullptr) {
    const Committed::Batch points = WithLabels(batch, engine_.registry());
    written_->insert(written_->end(), points.begin(), points.end());
  }
  SubmitCounted(std::move(batch), std::move(done));
}

bool Service::SubmitCounted(SampleBatch batch, Done done) {
  const Committed::Batch points = WithLabels(batch, engine_.registry());
  auto refused = std::make_shared<bool>(false);
  engine_.Submit(std::move(batch), [refused, done = std::move(done)](const absl::Status& status) {
    *refused = !status.ok();
    done(status);
  });
  if (*refused) {
    if (!refusing_since_) refusing_since_ = clock_.Monotonic();
    return false;
  }
  waiting_.insert(waiting_.end(), points.begin(), points.end());
  return true;
}

void Service::Commit(Committed::Batch& failed) {
  commit_succeeded_ = false;
  Committed::Batch taken = std::exchange(waiting_, {});
  engine_.Commit();
  if (commit_succeeded_) {
    refusing_since_.reset();
    return;
  }
  if (!refusing_since_) refusing_since_ = clock_.Monotonic();
  failed = std::move(taken);
}

std::vector<Committed::Batch> Service::Apply(size_t shard) {
  std::vector<Committed::Batch> applied;
  for (const auto& batch : std::exchange(inboxes_[shard], {})) {
    engine_.shard(shard).Apply(*batch);
    applied.push_back(WithLabels(batch->samples, engine_.registry()));
  }
  return applied;
}

absl::Status Service::Evaluate(size_t shard, std::vector<Point>& written) {
  written_ = &written;
  const absl::Status status = engine_.shard(shard).EvaluateUpTo(clock_.Now());
  written_ = nullptr;
  return status;
}

absl::Duration Service::Refusing() const {
  return refusing_since_ ? clock_.Monotonic() - *refusing_since_ : absl::ZeroDuration();
}

}  // namespace tocsin::simulation
