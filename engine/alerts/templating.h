#pragma once

#include <map>
#include <string>

#include "engine/alerts/rule_alerts.h"
#include "rules/rule.h"

namespace tocsin::engine {

// What templates of one row see.
templates::TemplateData MakeTemplateData(const AlertEvaluation& evaluation, const Labels& row,
                                         double value);

// True if texts can differ between two evaluations of one row with one value: they run queries or
// tell the time.
bool LooksFurther(const rules::TemplatedMap& templates);

// Adds each expanded template; an empty result deletes the label.
void ExpandInto(const rules::TemplatedMap& templates, const templates::TemplateData& data,
                LabelsBuilder& labels);

// One of them reads .Evidence.
bool QuotesEvidence(const rules::TemplatedMap& templates);
// The annotations of an alert, which see the evidence of its page besides `data`.
std::map<std::string, std::string> ExpandAnnotations(const rules::TemplatedMap& annotations,
                                                     templates::TemplateData data,
                                                     const AlertEvaluation& evaluation,
                                                     const AlertInstance& instance);

// Expands the labels and annotations of a monitor's alert.
void DescribeMonitorAlert(const rules::Monitor& monitor, const AlertEvaluation& evaluation,
                          AlertInstance& instance);

}  // namespace tocsin::engine
