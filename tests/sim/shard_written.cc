// What the rules of a shard wrote in one round.
#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/sample.h"
#include "tests/sim/shard_oracle.h"

namespace tocsin::simulation {
namespace {

std::string WrittenKey(const Point& point) {
  const absl::string_view metric = point.labels.metric_name();
  if (metric != "ALERTS" && metric != "ALERTS_FOR_STATE") return std::string(metric);
  return absl::StrCat(std::string(metric), "/", std::string(point.labels.Get("alertname")));
}

}  // namespace

// Sorts what was written by the rule that wrote it; only markers may be of rules that are gone.
void ShardOracle::TakeWritten(const engine::Shard& shard, const Round& round) {
  written_.clear();
  std::set<std::string> known;
  for (const engine::GroupRuntime& group : shard.groups()) {
    for (const auto& rule : group.rules) {
      if (rule->record != nullptr) {
        known.insert(rule->record->name);
      } else {
        known.insert(absl::StrCat("ALERTS/", rule->alerts->alert_name()));
        known.insert(absl::StrCat("ALERTS_FOR_STATE/", rule->alerts->alert_name()));
      }
    }
  }
  for (const Point& point : round.written) {
    uncommitted_.insert({point.time_ms, point.labels});
    const std::string key = WrittenKey(point);
    if (known.count(key) > 0) {
      written_[key].push_back(point);
    } else if (IsStaleMarker(point.value)) {
      Add({point});
    } else {
      findings_.Fail(absl::StrCat(point.labels.ToString(), " was written by no rule"));
    }
  }
}

void ShardOracle::CheckAlertSeries(const RuleOracle& rule, const std::vector<Point>& written,
                                   const EvaluationFacts& facts) {
  if (facts.registry_full || findings_.any()) return;
  const auto lasting = std::count_if(written.begin(), written.end(), [](const Point& point) {
    return !IsStaleMarker(point.value);
  });
  const auto active = std::count_if(rule.alerts().begin(), rule.alerts().end(), [](const auto& e) {
    return e.second.phase != rules::AlertPhase::kOk;
  });
  if (lasting == active) return;
  findings_.Fail(absl::StrCat(rule.runtime().id, " has ", active, " active alerts and wrote ",
                              lasting, " series of them"));
}

}  // namespace tocsin::simulation
