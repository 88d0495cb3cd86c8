#include "engine/virtual_shard.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"

namespace tocsin::engine {
namespace {

// Whatever is asked of made-up time, it is not to be refused for its amount; only what would fill
// the memory is.
constexpr uint64_t kPagesMax = 10'000'000;
constexpr uint64_t kAlertsPerRuleMax = 1'000'000;
constexpr absl::Duration kAnyTime = absl::Hours(24 * 365 * 100);

Limits VirtualLimits() {
  Limits limits;
  limits.outbox_entries_max = kPagesMax;
  limits.alerts_per_rule_max = kAlertsPerRuleMax;
  limits.past_ms_max = static_cast<uint64_t>(absl::ToInt64Milliseconds(kAnyTime));
  return limits;
}

ShardOptions MakeShardOptions(const VirtualShardOptions& options) {
  ShardOptions shard;
  shard.external_labels = options.external_labels;
  shard.external_url = options.external_url;
  shard.default_interval = options.interval;
  shard.lookback = options.lookback;
  shard.coalesce = absl::ZeroDuration();  // what rules recorded is seen at the same instant
  shard.clock_interval = absl::InfiniteDuration();  // nobody will ask whether it was alive
  shard.limits = VirtualLimits();
  shard.lockstep = {options.start, options.interval};
  return shard;
}

std::unique_ptr<storage::SampleLog> OpenLog(storage::Store& store) {
  auto log = storage::OpenSampleLog(store);
  TOCSIN_CHECK(log.ok()) << log.status();
  return *std::move(log);
}

const std::string& NameOf(const RuleRuntime& rule) {
  return rule.record != nullptr ? rule.record->name : rule.alerts->alert_name();
}

}  // namespace

VirtualShard::VirtualShard(VirtualShardOptions options)
    : options_(std::move(options)),
      outbox_(store_, kPagesMax),
      log_(OpenLog(store_)),
      registry_(VirtualLimits()),
      shard_({store_, outbox_, *log_, registry_, *this, input_, evaluation_metrics_, clock_},
             MakeShardOptions(options_)),
      committer_(registry_, *log_, input_, UINT64_MAX, metrics_,
                 [this](std::shared_ptr<const CommittedBatch> batch) { shard_.Apply(*batch); }) {
  TOCSIN_CHECK(options_.start >= Timestamp()) << "time starts before the epoch";
  clock_.AdvanceTo(options_.start);
}

VirtualShard::~VirtualShard() = default;

absl::Status VirtualShard::Install(std::shared_ptr<const rules::RuleSet> rules) {
  // Schedules begin with the slot after the installation.
  return shard_.Install(
      std::move(rules), [](const std::string&) { return true; },
      options_.start - absl::Milliseconds(1));
}

absl::StatusOr<SeriesRef> VirtualShard::Resolve(const Labels& labels) {
  return registry_.Resolve(labels);
}

void VirtualShard::Submit(SampleBatch batch, Done done) {
  committer_.Submit(std::move(batch), std::move(done));
}

void VirtualShard::Arrive(Timestamp t, SampleBatch samples) {
  EvaluateBefore(t);
  if (!failures_.empty() || samples.empty()) return;
  clock_.AdvanceTo(std::max(clock_.Now(), t));
  Submit(std::move(samples),
         [](const absl::Status& committed) { TOCSIN_CHECK(committed.ok()) << committed; });
  committer_.CommitWaiting(clock_.Now());
}

void VirtualShard::RunTo(Timestamp t) {
  EvaluateBefore(t + absl::Milliseconds(1));
}

void VirtualShard::EvaluateBefore(Timestamp end) {
  while (failures_.empty()) {
    const Timestamp next = std::max(shard_.NextDue(), clock_.Now());
    if (next >= end) return;
    Evaluate(next);
  }
}

void VirtualShard::Evaluate(Timestamp now) {
  clock_.AdvanceTo(now);
  const absl::Status evaluated = shard_.EvaluateUpTo(now);
  TOCSIN_CHECK(evaluated.ok()) << evaluated;
  committer_.CommitWaiting(now);  // what rules recorded
  CollectFailures(now);
}

void VirtualShard::CollectFailures(Timestamp now) {
  const auto look = [&](const RuleRuntime& rule) {
    if (rule.health.error.empty()) return;
    failures_.push_back({NameOf(rule), now, rule.health.error});
  };
  for (const GroupRuntime& group : shard_.groups()) {
    for (const auto& rule : group.rules) look(*rule);
  }
  for (const MonitorRuntime& monitor : shard_.monitors()) look(*monitor.rule);
}

absl::StatusOr<AdhocResult> VirtualShard::Query(const promql::Expr& expr, Timestamp at) const {
  AdhocLimits limits;
  limits.samples_max = VirtualLimits().query_samples_max;
  limits.late = limits.ahead = kAnyTime;
  return RunAdhocQuery(expr, {.at = at, .now = clock_.Now()}, registry_, *log_, limits,
                       MakeQueryOptions(MakeShardOptions(options_)));
}

}  // namespace tocsin::engine
