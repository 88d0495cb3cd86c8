#include "tests/sim/rule_oracle.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "base/sample.h"
#include "engine/rule_runtime.h"

namespace tocsin::simulation {
namespace {

using engine::AlertInstance;
using rules::AlertPhase;

std::string Describe(const AlertInstance& instance) {
  const rules::AlertState& state = instance.state;
  const auto time = [](const char* name, const std::optional<Timestamp>& t) {
    return t ? absl::StrCat(" ", name, "=", t->millis()) : std::string();
  };
  return absl::StrCat(rules::AlertPhaseName(state.phase), "/", rules::LevelName(state.level),
                      " value=", state.value, time("since", state.active_at),
                      time("critical_since", state.critical_since),
                      time("clear_since", state.keep_firing_since),
                      time("resolved", state.resolved_at), time("absent_since", state.absent_since),
                      " last_seen=", state.last_seen.millis(), instance.absent ? " absent" : "");
}

}  // namespace

void RuleOracle::Follow(const engine::RuleRuntime& runtime, const rules::Monitor* monitor,
                        const rules::AlertRule* alert) {
  runtime_ = &runtime;
  monitor_ = monitor;
  rule_ = alert;
}

const promql::Expr& RuleOracle::expr() const {
  if (record() != nullptr) return *record()->query.expr;
  return monitor_ != nullptr ? *monitor_->query.expr : *rule_->query.expr;
}

Labels RuleOracle::IdentityOf(const Labels& row) const {
  if (monitor_ != nullptr) return row;
  LabelsBuilder labels(row);
  labels.Delete(kMetricName);
  for (const auto& [name, text] : rule_->labels) labels.Set(name, text.text);
  return labels.Set("alertname", rule_->name).Build();
}

const AlertInstance* RuleOracle::InstanceOf(const Labels& identity) const {
  return runtime_->alerts->Find(identity.Fingerprint());
}

void RuleOracle::Step(AlertModel& alert, const Seen& seen, Timestamp now) const {
  if (monitor_ != nullptr) {
    StepMonitor(alert, *monitor_, seen, now);
  } else {
    StepRule(alert, *rule_, seen, now);
  }
}

// Which rows find room the engine chooses. One that is over at once, or whose page is put off,
// takes it for a moment, too.
size_t RuleOracle::RoomTaken(const TwinRows& rows, const EvaluationFacts& facts) const {
  size_t taken = alerts_.size();
  for (const auto& [labels, row] : rows) {
    const Labels identity = IdentityOf(labels);
    if (alerts_.count(identity) > 0) continue;
    AlertModel fresh{.row = labels};
    Step(fresh, {true, row.value, row.newest, facts.hold}, facts.now);
    const bool put_off = facts.outbox_full && fresh.Fires();
    taken += InstanceOf(identity) != nullptr || fresh.gone || put_off;
  }
  return taken;
}

// `findings`: also look whether the engine left rows out without need.
AlertModels RuleOracle::Stepped(const TwinRows& rows, const EvaluationFacts& facts,
                                Findings* findings) const {
  AlertModels after = alerts_;
  const size_t room_taken = RoomTaken(rows, facts);
  for (const auto& [labels, row] : rows) {
    const Seen seen{true, row.value, row.newest, facts.hold};
    const Labels identity = IdentityOf(labels);
    auto found = after.find(identity);
    if (found == after.end()) {
      if (monitor_ != nullptr && !RemembersRows(*monitor_) &&
          !ConditionHolds(*monitor_, row.value)) {
        continue;
      }
      AlertModel fresh{.row = labels};
      Step(fresh, seen, facts.now);
      if (fresh.gone) continue;
      if (findings != nullptr && InstanceOf(identity) == nullptr) {
        if (room_taken >= facts.alerts_max || (facts.outbox_full && fresh.Fires())) continue;
        findings->Fail(absl::StrCat(runtime_->id, ": no alert for row ", labels.ToString(), " = ",
                                    row.value, ", expected ", fresh.ToString()));
      }
      after.emplace(identity, fresh);
      continue;
    }
    found->second.row = labels;
    Step(found->second, seen, facts.now);
  }
  std::set<Labels> present;
  for (const auto& [labels, row] : rows) present.insert(IdentityOf(labels));
  for (auto& [identity, model] : after) {
    if (present.count(identity) > 0) continue;
    Step(model, Seen{false, 0, model.last_seen, facts.hold}, facts.now);
  }
  std::erase_if(after, [](const auto& entry) { return entry.second.gone; });
  return after;
}

// With a full outbox the engine leaves an alert as it was, to try again.
void RuleOracle::AcceptPutOff(const AlertModels& before, AlertModels& after) const {
  for (const auto& [identity, old] : before) {
    const AlertInstance* instance = InstanceOf(identity);
    const auto now = after.find(identity);
    const bool fits = now == after.end() ? instance == nullptr
                                         : instance != nullptr && Same(now->second, *instance);
    if (!fits && instance != nullptr && Same(old, *instance)) after[identity] = old;
  }
}

void RuleOracle::Evaluate(const TwinRows& rows, const EvaluationFacts& facts, Findings& findings) {
  AlertModels after = Stepped(rows, facts, &findings);
  if (facts.outbox_full) AcceptPutOff(alerts_, after);
  alerts_ = std::move(after);
}

std::string RuleOracle::WouldChange(const TwinRows& rows, const EvaluationFacts& facts) const {
  if (Drifts(expr())) return "";
  const AlertModels after = Stepped(rows, facts, nullptr);
  for (const auto& [identity, model] : after) {
    const auto before = alerts_.find(identity);
    if (before == alerts_.end()) {
      // A row that found no room before waits for the next evaluation.
      if (model.phase != AlertPhase::kOk && facts.alerts_max >= Limits().alerts_per_rule_max) {
        return absl::StrCat(identity.ToString(), " to ", model.ToString());
      }
    } else if (before->second.phase != model.phase || before->second.level != model.level) {
      return absl::StrCat(identity.ToString(), " from ", before->second.ToString(), " to ",
                          model.ToString());
    }
  }
  for (const auto& [identity, model] : alerts_) {
    if (model.phase != AlertPhase::kOk && after.count(identity) == 0) {
      return absl::StrCat(identity.ToString(), " from ", model.ToString(), " to nothing");
    }
  }
  return "";
}

void RuleOracle::CheckRecorded(const TwinRows& rows, const std::vector<Point>& written,
                               const EvaluationFacts& facts, Findings& findings) {
  std::map<Labels, double> values;
  std::set<Labels> ended;
  for (const Point& point : written) {
    if (IsStaleMarker(point.value)) {
      ended.insert(point.labels);
    } else {
      values[point.labels] = point.value;
    }
  }
  std::set<Labels> now;
  for (const auto& [labels, row] : rows) {
    const Labels series = engine::RecordedSeries(*record(), labels);
    now.insert(series);
    const auto found = values.find(series);
    if (found == values.end()) {
      if (!facts.registry_full) findings.Fail(series.ToString() + " was not recorded");
    } else if (!CloseTo(found->second, row.value)) {
      findings.Fail(absl::StrCat(series.ToString(), " was recorded as ", found->second, ", but is ",
                                 row.value));
    }
  }
  for (const auto& [series, value] : values) {
    if (now.count(series) == 0) findings.Fail(series.ToString() + " was recorded without reason");
  }
  // A restart knows from the windows what was written last; where samples were not committed, less.
  if (recorded_known_ && !facts.registry_full) {
    for (const Labels& series : recorded_) {
      if (now.count(series) == 0 && ended.count(series) == 0) {
        findings.Fail(series.ToString() + " ended without a marker");
      }
    }
  }
  recorded_ = std::move(now);
  recorded_known_ = true;
}

bool RuleOracle::Same(const AlertModel& model, const AlertInstance& instance) const {
  const rules::AlertState& state = instance.state;
  if (model.phase != state.phase || model.absent != instance.absent) return false;
  if (model.Fires() && model.level != state.level) return false;
  if (model.absent_since != state.absent_since) return false;
  if (model.since != state.active_at && model.phase != AlertPhase::kOk) return false;
  if (model.critical_since != state.critical_since) return false;
  if (model.clear_since != state.keep_firing_since) return false;
  if (model.phase == AlertPhase::kOk && model.resolved != state.resolved_at) return false;
  if (model.phase == AlertPhase::kNoData && model.level_before != state.pending_level) return false;
  // It only counts where missing data means something.
  const bool watched =
      monitor_ != nullptr && monitor_->no_data && monitor_->no_data->as != rules::NoData::As::kKeep;
  if (watched && model.last_seen != state.last_seen) return false;
  // What is not active has no value that anybody sees.
  return model.phase == AlertPhase::kOk || model.absent || !model.value_known ||
         CloseTo(model.value, state.value);
}

void RuleOracle::Compare(const EvaluationFacts& facts, Findings& findings) const {
  if (runtime_->alerts == nullptr || findings.any()) return;
  if (runtime_->alerts->size() > facts.alerts_max) {
    findings.Fail(absl::StrCat(runtime_->id, " has more alerts than alerts_per_rule_max"));
  }
  size_t known = 0;
  for (const auto& [identity, model] : alerts_) {
    const AlertInstance* instance = InstanceOf(identity);
    if (instance == nullptr) {
      findings.Fail(absl::StrCat(runtime_->id, " ", identity.ToString(), " is gone, expected ",
                                 model.ToString()));
      return;
    }
    ++known;
    if (Same(model, *instance)) continue;
    findings.Fail(absl::StrCat(runtime_->id, " ", identity.ToString(), "\n  is       ",
                               Describe(*instance), "\n  expected ", model.ToString()));
    return;
  }
  if (known < runtime_->alerts->size()) {
    runtime_->alerts->ForEach([&](const AlertInstance& instance) {
      const Labels& identity = monitor_ != nullptr ? instance.result_labels : instance.labels;
      if (alerts_.count(identity) > 0) return;
      findings.Fail(absl::StrCat(runtime_->id, " ", identity.ToString(), " is ", Describe(instance),
                                 ", expected nothing"));
    });
  }
}

}  // namespace tocsin::simulation
