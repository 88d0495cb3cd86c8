#include "rules/rule_test_file.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/decode_context.h"
#include "rules/decode_values.h"
#include "rules/rule_test_values.h"
#include "rules/yaml_tree.h"

namespace tocsin::rules {
namespace {

constexpr char kAlertName[] = "alertname";

const std::vector<std::string>& States() {
  static const auto& states =
      *new std::vector<std::string>{"pending", "firing", "warning", "critical", "no_data"};
  return states;
}

// Rules are evaluated at each `interval` until then.
absl::Duration EvalTime(DecodeContext& context, const MapReader& reader, absl::Duration interval) {
  // A typo in a unit would keep the machine busy for hours.
  constexpr int64_t kEvaluationsMax = 10'000'000;
  const YamlNode* node = reader.Find("eval_time");
  if (node == nullptr) return absl::ZeroDuration();
  const auto time = ReadDuration(context, *node, "eval_time").value_or(absl::ZeroDuration());
  if (time / interval > kEvaluationsMax) {
    context.Error(*node, code::kLimit,
                  absl::StrCat("eval_time is more than ", kEvaluationsMax, " evaluations away"));
    return absl::ZeroDuration();
  }
  return time;
}

// A series without values exists nowhere, and is no error to promtool.
std::optional<InputSeries> DecodeSeries(DecodeContext& context, const YamlNode& node, size_t keep) {
  const MapReader reader(context, node, "series", {"series", "values"});
  const YamlNode* series = reader.Require("series");
  const YamlNode* values = reader.Find("values");
  if (series == nullptr) return std::nullopt;
  InputSeries input;
  input.position = context.document().PositionOf(*series);
  const auto labels = ReadSeriesLabels(context, *series, "series");
  if (labels && labels->metric_name().empty()) {
    context.Error(*series, code::kBadValue, "a series of input_series needs a metric name");
    return std::nullopt;
  }
  auto numbers = values != nullptr ? ReadSeriesValues(context, *values, keep) : notation::Values();
  if (!labels || !numbers) return std::nullopt;
  input.labels = *labels;
  input.values = *std::move(numbers);
  return input;
}

std::optional<ExpectedAlert> DecodeExpectedAlert(DecodeContext& context, const YamlNode& node,
                                                 const std::string& alertname) {
  const MapReader reader(context, node, "expected alert",
                         {"exp_labels", "exp_annotations", "state"});
  ExpectedAlert alert;
  alert.labels = ReadTextMap(context, reader.Find("exp_labels"), "exp_labels");
  alert.labels[kAlertName] = alertname;
  alert.annotations = ReadTextMap(context, reader.Find("exp_annotations"), "exp_annotations");
  if (const YamlNode* state = reader.Find("state")) {
    alert.state = ReadString(context, *state, "state");
    if (alert.state &&
        std::find(States().begin(), States().end(), *alert.state) == States().end()) {
      context.Error(*state, code::kBadValue,
                    absl::StrCat("state \"", *alert.state, "\" does not exist"),
                    absl::StrCat("states: ", absl::StrJoin(States(), ", ")));
    }
  }
  return alert;
}

std::optional<AlertCase> DecodeAlertCase(DecodeContext& context, const YamlNode& node,
                                         absl::Duration interval) {
  const MapReader reader(context, node, "alert_rule_test",
                         {"eval_time", "alertname", "exp_alerts"});
  AlertCase test;
  test.position = context.document().PositionOf(node);
  test.eval_time = EvalTime(context, reader, interval);
  const YamlNode* name = reader.Require("alertname");
  if (name == nullptr) return std::nullopt;
  test.alertname = ReadString(context, *name, "alertname").value_or("");
  if (test.alertname.empty()) {
    context.Error(*name, code::kMissingKey, "key \"alertname\" is empty in alert_rule_test");
  }
  ForEachItem(context, reader.Find("exp_alerts"), "exp_alerts", [&](const YamlNode& item) {
    if (auto alert = DecodeExpectedAlert(context, item, test.alertname)) {
      test.alerts.push_back(*std::move(alert));
    }
  });
  return test;
}

std::optional<ExpectedSample> DecodeSample(DecodeContext& context, const YamlNode& node) {
  const MapReader reader(context, node, "expected sample", {"labels", "value", "histogram"});
  const YamlNode* series = reader.Require("labels");
  if (series == nullptr) return std::nullopt;
  const auto labels = ReadSeriesLabels(context, *series, "labels");
  const YamlNode* number = reader.Find("value");
  const std::optional<double> value =
      number != nullptr ? ReadFloat(context, *number, "value") : std::optional<double>(0);
  const YamlNode* text = reader.Find("histogram");
  HistogramPtr histogram = text != nullptr ? ReadHistogram(context, *text, "histogram") : nullptr;
  if (!labels || !value || (text != nullptr && histogram == nullptr)) return std::nullopt;
  return ExpectedSample{*labels, *value, std::move(histogram)};
}

std::optional<ExprCase> DecodeExprCase(DecodeContext& context, const YamlNode& node,
                                       absl::Duration interval) {
  const MapReader reader(context, node, "promql_expr_test", {"expr", "eval_time", "exp_samples"});
  ExprCase test;
  test.position = context.document().PositionOf(node);
  test.eval_time = EvalTime(context, reader, interval);
  ForEachItem(context, reader.Find("exp_samples"), "exp_samples", [&](const YamlNode& item) {
    if (auto sample = DecodeSample(context, item)) test.samples.push_back(*std::move(sample));
  });
  const YamlNode* expr = reader.Require("expr");
  auto query = expr != nullptr ? ReadQuery(context, *expr, "expr") : std::nullopt;
  if (!query) return std::nullopt;
  test.query = *std::move(query);
  return test;
}

std::optional<RuleTest> DecodeTest(DecodeContext& context, const YamlNode& node,
                                   absl::Duration evaluation_interval) {
  const MapReader reader(context, node, "test",
                         {"interval", "input_series", "name", "alert_rule_test", "promql_expr_test",
                          "external_labels", "external_url", "start_timestamp"});
  if (!reader.is_map()) return std::nullopt;
  RuleTest test;
  test.position = context.document().PositionOf(node);
  const auto text = [&](absl::string_view key) {
    const YamlNode* found = reader.Find(key);
    return found != nullptr ? ReadString(context, *found, key).value_or("") : std::string();
  };
  test.name = text("name");
  test.external_url = text("external_url");
  test.interval = ReadInterval(context, reader, "interval", evaluation_interval);
  LabelsBuilder external;
  for (const auto& [name, value] :
       ReadTextMap(context, reader.Find("external_labels"), "external_labels")) {
    external.Set(name, value);
  }
  test.external_labels = external.Build();
  if (const YamlNode* start = reader.Find("start_timestamp")) {
    test.start = ReadInstant(context, *start, "start_timestamp").value_or(Timestamp());
  }
  ForEachItem(context, reader.Find("alert_rule_test"), "alert_rule_test",
              [&](const YamlNode& item) {
                if (auto one = DecodeAlertCase(context, item, evaluation_interval)) {
                  test.alert_cases.push_back(*std::move(one));
                }
              });
  ForEachItem(context, reader.Find("promql_expr_test"), "promql_expr_test",
              [&](const YamlNode& item) {
                if (auto one = DecodeExprCase(context, item, evaluation_interval)) {
                  test.expr_cases.push_back(*std::move(one));
                }
              });
  // What comes after the latest case is not looked at.
  const size_t keep = static_cast<size_t>(test.LatestCase() / test.interval) + 1;
  ForEachItem(context, reader.Find("input_series"), "input_series", [&](const YamlNode& item) {
    if (auto series = DecodeSeries(context, item, keep)) test.input.push_back(*std::move(series));
  });
  return test;
}

void DecodeOrder(DecodeContext& context, const YamlNode* node, RuleTestFile& file) {
  ForEachItem(context, node, "group_eval_order", [&](const YamlNode& item) {
    const std::string name = ReadString(context, item, "group name").value_or("");
    auto& order = file.group_eval_order;
    if (std::find(order.begin(), order.end(), name) != order.end()) {
      context.Error(item, code::kDuplicateName,
                    absl::StrCat("group name repeated in evaluation order: ", name));
    }
    order.push_back(name);
  });
}

void DecodeFile(DecodeContext& context, const YamlNode& root, RuleTestFile& file) {
  const MapReader reader(
      context, root, "test file",
      {"rule_files", "evaluation_interval", "group_eval_order", "fuzzy_compare", "tests"});
  ForEachItem(context, reader.Find("rule_files"), "rule_files", [&](const YamlNode& item) {
    const auto text = ReadString(context, item, "rule file");
    if (text) file.rule_files.push_back({*text, context.document().PositionOf(item)});
  });
  file.evaluation_interval =
      ReadInterval(context, reader, "evaluation_interval", file.evaluation_interval);
  DecodeOrder(context, reader.Find("group_eval_order"), file);
  if (const YamlNode* fuzzy = reader.Find("fuzzy_compare")) {
    file.fuzzy_compare = ReadBool(context, *fuzzy, "fuzzy_compare").value_or(false);
  }
  ForEachItem(context, reader.Find("tests"), "tests", [&](const YamlNode& item) {
    if (auto test = DecodeTest(context, item, file.evaluation_interval)) {
      file.tests.push_back(*std::move(test));
    }
  });
}

}  // namespace

absl::Duration RuleTest::LatestCase() const {
  absl::Duration latest;
  for (const AlertCase& one : alert_cases) latest = std::max(latest, one.eval_time);
  for (const ExprCase& one : expr_cases) latest = std::max(latest, one.eval_time);
  return latest;
}

RuleTestFile ParseRuleTestFile(const RuleFile& file, const LoadOptions& options,
                               std::vector<Diagnostic>& findings) {
  RuleTestFile test_file;
  test_file.path = file.path;
  const YamlLimits limits{options.file_bytes_max, options.depth_max, options.nodes_max};
  const auto document = YamlDocument::Parse(file.path, file.content, limits, findings);
  if (document == nullptr) return test_file;
  DecodeContext context(*document, options, findings);
  DecodeFile(context, document->root(), test_file);
  return test_file;
}

}  // namespace tocsin::rules
