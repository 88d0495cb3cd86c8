#include "app/log_rules.h"

namespace tocsin::app {

std::vector<ingest::LogCounterRule> LogRulesOf(const rules::RuleSet& rules) {
  std::vector<ingest::LogCounterRule> result;
  for (const rules::LogMetric& metric : rules.log_metrics) {
    ingest::LogCounterRule& rule = result.emplace_back();
    rule.name = metric.name;
    rule.labels = metric.labels;
    rule.evidence = metric.evidence;
    for (const rules::LogCondition& condition : metric.match) {
      rule.tests.push_back({condition.field, [condition](absl::string_view value) {
                              return condition.Holds(value);
                            }});
    }
  }
  return result;
}

}  // namespace tocsin::app
