#include "engine/virtual_shard.h"

#include <algorithm>

#include "base/check.h"

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
  limits.ingest_queue_bytes_max = UINT64_MAX;
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

const std::string& NameOf(const RuleRuntime& rule) {
  return rule.record != nullptr ? rule.record->name : rule.alerts->alert_name();
}

}  // namespace

VirtualShard::VirtualShard(VirtualShardOptions options)
    : options_(std::move(options)), engine_({.shard = MakeShardOptions(options_)}, store_, clock_) {
  TOCSIN_CHECK(options_.start >= Timestamp()) << "time starts before the epoch";
  clock_.AdvanceTo(options_.start);
  const absl::Status opened = engine_.Open();
  TOCSIN_CHECK(opened.ok()) << opened;
}

VirtualShard::~VirtualShard() = default;

absl::Status VirtualShard::Install(std::shared_ptr<const rules::RuleSet> rules) {
  // Schedules begin with the slot after the installation.
  return engine_.Install(std::move(rules), options_.start - absl::Milliseconds(1));
}

absl::StatusOr<SeriesRef> VirtualShard::Resolve(const Labels& labels) {
  return engine_.Resolve(labels);
}

void VirtualShard::Arrive(Timestamp t, SampleBatch samples) {
  EvaluateBefore(t);
  if (!failures_.empty() || samples.empty()) return;
  clock_.AdvanceTo(std::max(clock_.Now(), t));
  engine_.Submit(std::move(samples),
                 [](const absl::Status& committed) { TOCSIN_CHECK(committed.ok()) << committed; });
  engine_.Commit();
}

void VirtualShard::RunTo(Timestamp t) {
  EvaluateBefore(t + absl::Milliseconds(1));
}

void VirtualShard::EvaluateBefore(Timestamp end) {
  while (failures_.empty()) {
    const Timestamp next = std::max(engine_.NextDue(), clock_.Now());
    if (next >= end) return;
    Evaluate(next);
  }
}

void VirtualShard::Evaluate(Timestamp now) {
  clock_.AdvanceTo(now);
  const absl::Status evaluated = engine_.Evaluate();
  TOCSIN_CHECK(evaluated.ok()) << evaluated;
  CollectFailures(now);
}

void VirtualShard::CollectFailures(Timestamp now) {
  const auto look = [&](const RuleRuntime& rule) {
    if (rule.health.error.empty()) return;
    failures_.push_back({NameOf(rule), now, rule.health.error});
  };
  for (const GroupRuntime& group : shard().groups()) {
    for (const auto& rule : group.rules) look(*rule);
  }
  for (const MonitorRuntime& monitor : shard().monitors()) look(*monitor.rule);
}

absl::StatusOr<AdhocResult> VirtualShard::Query(const promql::Expr& expr, Timestamp at) const {
  AdhocLimits limits;
  limits.samples_max = VirtualLimits().query_samples_max;
  limits.late = limits.ahead = kAnyTime;
  return RunAdhocQuery(expr, {.at = at, .now = clock_.Now()}, engine_.registry(), engine_.log(),
                       limits, MakeQueryOptions(MakeShardOptions(options_)));
}

}  // namespace tocsin::engine
