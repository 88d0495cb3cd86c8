#include "tests/support/world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace tocsin::testing {
namespace {

engine::ShardOptions Options() {
  engine::ShardOptions options;
  options.default_interval = absl::Seconds(15);
  return options;
}

}  // namespace

World::World(Timestamp start) : rules_(std::make_shared<rules::RuleSet>()) {
  clock_.AdvanceTo(start);
  Boot();
}

World::~World() = default;

void World::Boot() {
  engine_ = std::make_unique<engine::SteppedEngine>(
      engine::SteppedEngine::Options{.shard = Options()}, store_, clock_);
  absl::Status started = engine_->Open();
  if (started.ok()) started = engine_->Recover(rules_);
  TOCSIN_CHECK(started.ok()) << started;
}

absl::Status World::SetRules(const std::string& yaml) {
  rules::LoadOptions options;
  options.unsupported = &engine::QueryEngine::Unsupported;
  rules::LoadResult loaded = rules::LoadRules({{"rules.yaml", yaml}}, options);
  if (!loaded.ok()) {
    std::string all;
    for (const auto& finding : loaded.diagnostics) absl::StrAppend(&all, finding.message, "\n");
    return absl::InvalidArgumentError(all);
  }
  rules_ = std::make_shared<rules::RuleSet>(std::move(loaded.rules));
  return engine_->Install(rules_, now());
}

void World::Schedule(Timestamp at, const Labels& series, double value) {
  scheduled_.emplace(at, std::make_pair(series, value));
}

void World::Deliver(Timestamp now) {
  SampleBatch batch;
  while (!scheduled_.empty() && scheduled_.begin()->first <= now) {
    const auto& [at, sample] = *scheduled_.begin();
    const auto ref = engine_->Resolve(sample.first);
    TOCSIN_CHECK(ref.ok()) << ref.status();
    batch.Add(*ref, at.millis(), sample.second);
    scheduled_.erase(scheduled_.begin());
  }
  if (batch.empty()) return;
  engine_->Submit(std::move(batch), [](const absl::Status& s) { TOCSIN_CHECK(s.ok()) << s; });
  engine_->Commit();
}

void World::Step(Timestamp now) {
  clock_.AdvanceTo(now);
  Deliver(now);
  const absl::Status evaluated = engine_->Evaluate();
  TOCSIN_CHECK(evaluated.ok()) << evaluated;
  if (!restart_always_) return;
  // What the new process finds lies partly in blocks, partly in records, all of one or all of the
  // other.
  if (const int64_t some = now.millis() / 1000 % 4; some < 3) {
    TOCSIN_CHECK(engine_->log().CloseBlock(now - absl::Seconds(10 * some)).ok());
  }
  // The new process evaluates at once, at the same time; that must change nothing.
  Boot();
  TOCSIN_CHECK(engine_->shard(0).EvaluateUpTo(now).ok());
}

void World::RunUntil(Timestamp t) {
  for (;;) {
    Timestamp next = std::max(engine_->NextDue(), now() + absl::Milliseconds(1));
    if (!scheduled_.empty()) next = std::min(next, std::max(scheduled_.begin()->first, now()));
    if (next > t) break;
    Step(next);
  }
  if (now() < t) clock_.AdvanceTo(t);
}

void World::Restart(absl::Duration gap) {
  const Timestamp back = now() + gap;
  scheduled_.erase(scheduled_.upper_bound(now()), scheduled_.lower_bound(back));
  clock_.AdvanceTo(back);
  Boot();
}

void World::StepClock(absl::Duration step) {
  clock_.Step(step);
  std::multimap<Timestamp, std::pair<Labels, double>> moved;
  for (auto& [at, sample] : scheduled_) moved.emplace(at + step, std::move(sample));
  scheduled_ = std::move(moved);
}

std::string World::AlertStateOf(const Labels& alert) const {
  std::string state = "ok";
  const auto look = [&](const engine::RuleRuntime& rule, bool monitor) {
    if (rule.alerts == nullptr) return;
    rule.alerts->ForEach([&](const engine::AlertInstance& instance) {
      if (!(instance.labels == alert)) return;
      switch (instance.state.phase) {
        case rules::AlertPhase::kOk:
          break;
        case rules::AlertPhase::kPending:
          state = "pending";
          break;
        case rules::AlertPhase::kNoData:
          state = "no_data";
          break;
        case rules::AlertPhase::kFiring:
          state = monitor ? rules::LevelName(instance.state.level) : "firing";
      }
    });
  };
  for (const auto& group : engine_->shard(0).groups()) {
    for (const auto& rule : group.rules) look(*rule, false);
  }
  for (const auto& monitor : engine_->shard(0).monitors()) look(*monitor.rule, true);
  return state;
}

std::optional<storage::Outbox::Desired> World::PageOf(const Labels& alert) const {
  for (const std::string& alias : engine_->outbox().Aliases()) {
    const auto entry = engine_->outbox().Find(alias);
    const auto labels = Labels::FromCanonical(entry->desired.labels());
    TOCSIN_CHECK(labels.ok());
    LabelsBuilder without_severity(*labels);
    if (alert.Get("severity").empty()) without_severity.Delete("severity");
    if (without_severity.Build() == alert) return entry->desired;
  }
  return std::nullopt;
}

absl::StatusOr<engine::AdhocResult> World::Query(const promql::Expr& expr) const {
  engine::AdhocLimits limits;
  limits.samples_max = 100'000'000;
  limits.late = limits.ahead = absl::Hours(1);
  return engine::RunAdhocQuery(expr, {now(), now()}, engine_->registry(), engine_->log(), limits);
}

}  // namespace tocsin::testing
