#include "rules/rule_test_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/sample.h"

namespace tocsin::rules {
namespace {

constexpr char kFile[] = R"(rule_files: [a.yaml, 'more/*.yaml']
evaluation_interval: 30s
group_eval_order: [late, early]
fuzzy_compare: true
tests:
  - name: full
    interval: 1m
    external_labels: {cluster: eu-1}
    external_url: https://prometheus.example/p
    start_timestamp: 2026-01-31T10:00:00Z
    input_series:
      - series: up{job="node"}
        values: 1 _ stale 0x2
    alert_rule_test:
      - eval_time: 3m
        alertname: Down
        exp_alerts:
          - exp_labels: {job: node, alertname: ignored}
            exp_annotations: {summary: node is down}
            state: firing
    promql_expr_test:
      - expr: up
        eval_time: 90s
        exp_samples:
          - labels: up{job="node"}
            value: 1e3
          - labels: '{}'
  - alert_rule_test: [{alertname: Down}]
)";

RuleTestFile Parse(const std::string& text, std::string* findings) {
  std::vector<Diagnostic> found;
  RuleTestFile file = ParseRuleTestFile({"f_test.yaml", text}, {}, found);
  for (const Diagnostic& finding : found) *findings += FormatDiagnostic(finding) + "\n";
  return file;
}

TEST(RuleTestFileTest, ReadsEveryKeyOfTheFile) {
  std::string findings;
  const RuleTestFile file = Parse(kFile, &findings);
  ASSERT_EQ(findings, "");
  ASSERT_EQ(file.rule_files.size(), 2u);
  EXPECT_EQ(file.rule_files[1].text, "more/*.yaml");
  EXPECT_EQ(file.rule_files[1].position.column, 22);
  EXPECT_EQ(file.evaluation_interval, absl::Seconds(30));
  EXPECT_EQ(file.group_eval_order, std::vector<std::string>({"late", "early"}));
  EXPECT_TRUE(file.fuzzy_compare);
  EXPECT_EQ(file.tests.size(), 2u);
}

TEST(RuleTestFileTest, ReadsEveryKeyOfATest) {
  std::string findings;
  const RuleTestFile file = Parse(kFile, &findings);
  ASSERT_EQ(file.tests.size(), 2u) << findings;
  const RuleTest& test = file.tests[0];
  EXPECT_EQ(test.name, "full");
  EXPECT_EQ(test.interval, absl::Minutes(1));
  EXPECT_EQ(test.external_labels, Labels({{"cluster", "eu-1"}}));
  EXPECT_EQ(test.external_url, "https://prometheus.example/p");
  EXPECT_EQ(FormatTimestamp(test.start), "2026-01-31T10:00:00.000Z");
  EXPECT_EQ(test.position.line, 6);
  ASSERT_EQ(test.input.size(), 1u);
  EXPECT_EQ(test.input[0].labels, Labels({{"__name__", "up"}, {"job", "node"}}));
  ASSERT_EQ(test.input[0].values.size(), 4u) << "those after the latest case are left out";
  EXPECT_FALSE(test.input[0].values[1]);
  EXPECT_TRUE(IsStaleMarker(test.input[0].values[2]->number));
}

TEST(RuleTestFileTest, SeriesMayHaveManyValuesOrNone) {
  std::string findings;
  const RuleTestFile file = Parse(
      "tests:\n- alert_rule_test: [{alertname: A, eval_time: 2m}]\n"
      "  input_series: [{series: up, values: 1x100000000}, {series: down}]\n",
      &findings);
  ASSERT_EQ(findings, "");
  EXPECT_EQ(file.tests.at(0).input.at(0).values.size(), 3u);
  EXPECT_EQ(file.tests.at(0).input.at(1).values.size(), 0u);
}

TEST(RuleTestFileTest, ReadsCases) {
  std::string findings;
  const RuleTestFile file = Parse(kFile, &findings);
  ASSERT_EQ(file.tests.size(), 2u) << findings;
  const AlertCase& alert = file.tests[0].alert_cases.at(0);
  EXPECT_EQ(alert.alertname, "Down");
  EXPECT_EQ(alert.eval_time, absl::Minutes(3));
  EXPECT_EQ(alert.position.line, 15);
  EXPECT_EQ(alert.alerts.at(0).labels, TextMap({{"alertname", "Down"}, {"job", "node"}}))
      << "alertname is the case's, whatever the labels say";
  EXPECT_EQ(alert.alerts[0].annotations, TextMap({{"summary", "node is down"}}));
  EXPECT_EQ(alert.alerts[0].state, "firing");
  const ExprCase& expr = file.tests[0].expr_cases.at(0);
  EXPECT_EQ(expr.query.text, "up");
  EXPECT_EQ(expr.eval_time, absl::Seconds(90));
  ASSERT_EQ(expr.samples.size(), 2u);
  EXPECT_EQ(expr.samples[0].labels, Labels({{"__name__", "up"}, {"job", "node"}}));
  EXPECT_EQ(expr.samples[0].value, 1000);
  EXPECT_EQ(expr.samples[1].labels, Labels());
  EXPECT_EQ(expr.samples[1].value, 0);
}

TEST(RuleTestFileTest, WhatIsLeftOutHasADefault) {
  std::string findings;
  const RuleTestFile file = Parse("tests: [{}]\n", &findings);
  ASSERT_EQ(findings, "");
  EXPECT_EQ(file.evaluation_interval, absl::Minutes(1));
  EXPECT_FALSE(file.fuzzy_compare);
  EXPECT_EQ(file.tests.at(0).interval, absl::Minutes(1)) << "the evaluation interval";
  EXPECT_EQ(file.tests[0].start, Timestamp());
  EXPECT_EQ(Parse(kFile, &findings).tests[1].interval, absl::Seconds(30));
  EXPECT_EQ(Parse("", &findings).tests.size(), 0u) << "an empty file holds no tests";
  EXPECT_EQ(findings, "");
}

TEST(RuleTestFileTest, ValuesAreReadAsYamlAndPrometheusWriteThem) {
  struct {
    const char* text;
    double expected;
  } cases[] = {
      {"1", 1},           {"-2.5", -2.5},     {"1e3", 1000},        {"0x1f", 31},
      {".inf", INFINITY}, {"+Inf", INFINITY}, {"-.inf", -INFINITY}, {"-Inf", -INFINITY},
      {".nan", NAN},      {"NaN", NAN},
  };
  for (const auto& [text, expected] : cases) {
    std::string findings;
    const auto file = Parse(
        "tests:\n- promql_expr_test:\n  - expr: up\n    exp_samples: [{labels: "
        "'{}', value: " +
            std::string(text) + "}]\n",
        &findings);
    ASSERT_EQ(findings, "") << text;
    const double value = file.tests.at(0).expr_cases.at(0).samples.at(0).value;
    EXPECT_TRUE(value == expected || (std::isnan(value) && std::isnan(expected)))
        << text << " is read as " << value;
  }
}

struct BrokenCase {
  const char* name;
  const char* text;
  const char* finding;  // the first one, without the hint
};

class BrokenRuleTestFile : public testing::TestWithParam<BrokenCase> {};

TEST_P(BrokenRuleTestFile, IsReportedAtItsPlace) {
  std::string findings;
  Parse(GetParam().text, &findings);
  EXPECT_EQ(findings.substr(0, findings.find('\n')), GetParam().finding);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BrokenRuleTestFile,
    testing::Values(
        BrokenCase{"UnknownKeyOfTheFile", "rule_file: [a.yaml]\n",
                   "f_test.yaml:1:1: error: unknown key \"rule_file\" in test file [TC005]"},
        BrokenCase{"UnknownKeyOfATest", "tests:\n- intervall: 1m\n",
                   "f_test.yaml:2:3: error: unknown key \"intervall\" in test [TC005]"},
        BrokenCase{"UnknownKeyOfASeries",
                   "tests:\n- input_series: [{series: up, values: 1, value: 2}]\n",
                   "f_test.yaml:2:42: error: unknown key \"value\" in series [TC005]"},
        BrokenCase{"UnknownKeyOfAnAlertCase",
                   "tests:\n- alert_rule_test: [{alertname: A, time: 1m}]\n",
                   "f_test.yaml:2:36: error: unknown key \"time\" in alert_rule_test [TC005]"},
        BrokenCase{"UnknownKeyOfAnExpectedAlert",
                   "tests:\n- alert_rule_test: [{alertname: A, exp_alerts: [{labels: {a: b}}]}]\n",
                   "f_test.yaml:2:50: error: unknown key \"labels\" in expected alert [TC005]"},
        BrokenCase{"UnknownKeyOfAnExprCase", "tests:\n- promql_expr_test: [{exp: up}]\n",
                   "f_test.yaml:2:23: error: unknown key \"exp\" in promql_expr_test [TC005]"},
        BrokenCase{"UnknownKeyOfASample",
                   "tests:\n- promql_expr_test: [{expr: up, exp_samples: [{label: up}]}]\n",
                   "f_test.yaml:2:48: error: unknown key \"label\" in expected sample [TC005]"},
        BrokenCase{"DuplicateKey", "tests: []\ntests: []\n",
                   "f_test.yaml:2:1: error: key \"tests\" is given twice [TC004]"},
        BrokenCase{"NoAlertname", "tests:\n- alert_rule_test: [{eval_time: 1m}]\n",
                   "f_test.yaml:2:21: error: key \"alertname\" is missing in alert_rule_test "
                   "[TC007]"},
        BrokenCase{
            "EmptyAlertname", "tests:\n- alert_rule_test: [{alertname: ''}]\n",
            "f_test.yaml:2:33: error: key \"alertname\" is empty in alert_rule_test [TC007]"},
        BrokenCase{"NoExpr", "tests:\n- promql_expr_test: [{eval_time: 1m}]\n",
                   "f_test.yaml:2:22: error: key \"expr\" is missing in promql_expr_test [TC007]"},
        BrokenCase{"BadExpr", "tests:\n- promql_expr_test: [{expr: up +}]\n",
                   "f_test.yaml:2:33: error: could not parse expression: unexpected end of input "
                   "[TC010]"},
        BrokenCase{"BadSeries", "tests:\n- input_series: [{series: 'up{a=~\"b\"}', values: 1}]\n",
                   "f_test.yaml:2:27: error: series: a series has only `=`: \"up{a=~\"b\"}\" "
                   "[TC008]"},
        BrokenCase{"SeriesWithoutName",
                   "tests:\n- input_series: [{series: '{a=\"b\"}', values: 1}]\n",
                   "f_test.yaml:2:27: error: a series of input_series needs a metric name [TC008]"},
        BrokenCase{"ValuesBehindTheSeries", "tests:\n- input_series: [{series: up 1, values: 1}]\n",
                   "f_test.yaml:2:27: error: series: unexpected \"1\" behind the series [TC008]"},
        BrokenCase{"BadValues", "tests:\n- input_series: [{series: up, values: 1 two}]\n",
                   "f_test.yaml:2:39: error: values: not a value: \"two\" [TC008]"},
        BrokenCase{
            "ShrinkingHistogram",
            "tests:\n- input_series: [{series: up, values: "
            "'{{count:2}}-{{count:1}}x3'}]\n  promql_expr_test: [{expr: up, eval_time: 5m}]\n",
            "f_test.yaml:2:39: error: values: native histogram: a count is negative or not "
            "a number [TC008]"},
        BrokenCase{"NoHistogram",
                   "tests:\n- promql_expr_test: [{expr: up, exp_samples: [{labels: up, histogram: "
                   "'1'}]}]\n",
                   "f_test.yaml:2:71: error: histogram must be one native histogram [TC008]"},
        BrokenCase{"TwoHistograms",
                   "tests:\n- promql_expr_test: [{expr: up, exp_samples: [{labels: up, histogram: "
                   "'{{count:1}}x1'}]}]\n",
                   "f_test.yaml:2:71: error: histogram must be one native histogram [TC008]"},
        BrokenCase{
            "BrokenHistogram",
            "tests:\n- promql_expr_test: [{expr: up, exp_samples: [{labels: up, histogram: "
            "'{{count:x}}'}]}]\n",
            "f_test.yaml:2:71: error: histogram: expected a number: \"{{count:x}}\" [TC008]"},
        BrokenCase{
            "BadSampleValue",
            "tests:\n- promql_expr_test: [{expr: up, exp_samples: [{labels: up, value: x}]}]\n",
            "f_test.yaml:2:67: error: value must be a number [TC006]"},
        BrokenCase{"BadEvalTime", "tests:\n- alert_rule_test: [{alertname: A, eval_time: 1x}]\n",
                   "f_test.yaml:2:47: error: eval_time: not a valid duration string: \"1x\" "
                   "[TC008]"},
        BrokenCase{"FarAway", "tests:\n- alert_rule_test: [{alertname: A, eval_time: 100y}]\n",
                   "f_test.yaml:2:47: error: eval_time is more than 10000000 evaluations away "
                   "[TC003]"},
        BrokenCase{"BadState",
                   "tests:\n- alert_rule_test: [{alertname: A, exp_alerts: [{state: paged}]}]\n",
                   "f_test.yaml:2:57: error: state \"paged\" does not exist [TC008]"},
        BrokenCase{"RepeatedGroup", "group_eval_order: [a, b, a]\n",
                   "f_test.yaml:1:26: error: group name repeated in evaluation order: a [TC009]"},
        BrokenCase{"BadFlag", "fuzzy_compare: maybe\n",
                   "f_test.yaml:1:16: error: fuzzy_compare must be true or false [TC006]"},
        BrokenCase{"NoList", "tests: {a: b}\n",
                   "f_test.yaml:1:8: error: tests must be a list [TC006]"},
        BrokenCase{"NoMap", "tests: [a]\n",
                   "f_test.yaml:1:9: error: test must be a map of keys and values [TC006]"},
        BrokenCase{"BadStart", "tests:\n- start_timestamp: tomorrow\n",
                   "f_test.yaml:2:20: error: start_timestamp \"tomorrow\" is no time [TC008]"},
        BrokenCase{"StartBefore1970", "tests:\n- start_timestamp: -5\n",
                   "f_test.yaml:2:20: error: start_timestamp \"-5\" is out of range: it starts in "
                   "1970 [TC008]"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace tocsin::rules
