#pragma once

#include "rules/decode_context.h"
#include "rules/rule.h"

namespace tocsin::rules {

// Reads `log_metrics:` into rules.log_metrics:
//
//   log_metrics:
//     - name: payment_timeouts_total
//       match:
//         severity: {at_least: error}
//         body: {regex: ".*timed out after .*"}
//         attributes: {http.route: /pay}
//         resource: {service.name: {not: canary}}
//       labels:
//         service: resource.service.name
//       evidence: false               # default true: pages may quote records that were counted
//
// A field is to be equal to a text, or one of {not: text}, {regex: pattern}, {not_regex: pattern},
// and of a severity {at_least: word}. Patterns match whole fields.
// Limits, each a finding: 1,000 metrics of a file, 20 conditions and 10 labels of each, patterns of
// 1,024 bytes.
void DecodeLogMetrics(DecodeContext& context, const YamlNode& node, RuleSet& rules);

// Names that two metrics have.
void CheckLogMetricNames(const RuleSet& rules, std::vector<Diagnostic>& findings);

}  // namespace tocsin::rules
