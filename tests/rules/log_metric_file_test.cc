#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "rules/log_metric.h"
#include "rules/rule_file.h"
#include "tests/rules/findings.h"

namespace tocsin::rules {
namespace {

using testing::HasSubstr;

constexpr char kFile[] = R"(
log_metrics:
  - name: payment_timeouts_total
    match:
      severity: {at_least: error}
      body: {regex: ".*timed out.*"}
      attributes: {http.route: /pay, retry: {not: "true"}}
      resource: {service.name: {not_regex: "canary-.*"}}
      severity_text: ERROR
      event_name: payment
      scope: lib
    labels:
      service: resource.service.name
      level: severity
  - name: all_total
    match: {severity: warn}
)";

std::string TextOf(const LogCondition& condition) {
  return absl::StrCat(RecordFieldText(condition.field), " ", static_cast<int>(condition.op), " ",
                      condition.text);
}

TEST(LogMetricFileTest, ReadsEveryField) {
  const LoadResult result = LoadRules({{"f.yaml", kFile}});
  ASSERT_EQ(Findings(kFile), "");
  ASSERT_EQ(result.rules.log_metrics.size(), 2u);
  const LogMetric& metric = result.rules.log_metrics[0];
  EXPECT_EQ(metric.name, "payment_timeouts_total");
  EXPECT_EQ(metric.position.line, 3);
  std::vector<std::string> conditions;
  for (const LogCondition& condition : metric.match) conditions.push_back(TextOf(condition));
  // Patterns come last.
  EXPECT_EQ(conditions,
            (std::vector<std::string>{"severity 4 error", "attributes.http.route 0 /pay",
                                      "attributes.retry 1 true", "severity_text 0 ERROR",
                                      "event_name 0 payment", "scope 0 lib", "body 2 .*timed out.*",
                                      "resource.service.name 3 canary-.*"}));
  ASSERT_EQ(metric.labels.size(), 2u);
  EXPECT_EQ(metric.labels[0].first, "level");
  EXPECT_EQ(RecordFieldText(metric.labels[0].second), "severity");
  EXPECT_EQ(RecordFieldText(metric.labels[1].second), "resource.service.name");
  EXPECT_GT(metric.regex_instructions, 0u);
}

TEST(LogMetricFileTest, PagesMayQuoteRecordsUnlessTheRuleSaysNo) {
  for (const auto& [setting, want] :
       {std::pair("", true), {", evidence: true", true}, {", evidence: false", false}}) {
    const std::string file =
        std::string("log_metrics: [{name: a, match: {body: x}") + setting + "}]";
    const LoadResult result = LoadRules({{"f.yaml", file}});
    ASSERT_EQ(Findings(file), "");
    EXPECT_EQ(result.rules.log_metrics.at(0).evidence, want) << setting;
  }
}

TEST(LogMetricFileTest, ConditionsHold) {
  const LoadResult result = LoadRules({{"f.yaml", kFile}});
  const std::vector<LogCondition>& match = result.rules.log_metrics.at(0).match;
  const auto holds = [&](size_t i, const char* value) { return match.at(i).Holds(value); };
  EXPECT_TRUE(holds(0, "error") && holds(0, "fatal"));
  EXPECT_FALSE(holds(0, "warn") || holds(0, ""));
  EXPECT_TRUE(holds(1, "/pay"));
  EXPECT_FALSE(holds(1, "/pay/2"));
  EXPECT_TRUE(holds(2, "false") && holds(2, ""));
  EXPECT_FALSE(holds(2, "true"));
  EXPECT_TRUE(holds(6, "it timed out\nat last"));
  EXPECT_FALSE(holds(6, "it timed"));
  EXPECT_TRUE(holds(7, "shop"));
  EXPECT_FALSE(holds(7, "canary-1"));
}

TEST(LogMetricFileTest, ReportsMistakesAtTheirPlace) {
  struct Case {
    std::string metric;
    std::string finding;
  };
  const std::string long_pattern(1025, 'a');
  const Case cases[] = {
      {"{name: a, match: {severity: loud}}", "f.yaml:1:43: error: \"loud\" is no severity"},
      {"{name: 9a, match: {body: x}}", "f.yaml:1:22: error: invalid metric name: \"9a\""},
      {"{match: {body: x}}", "name"},
      {"{name: a}", "match"},
      {"{name: a, match: {}}", "match needs at least one condition"},
      {"{name: a, match: {text: x}}", "unknown key \"text\" in match"},
      {"{name: a, match: {body: {regex: '('}}}", "f.yaml:1:47: error: error parsing regexp"},
      {"{name: a, match: {body: {regex: " + long_pattern + "}}}", "more than 1024 bytes"},
      {"{name: a, match: {body: {at_least: error}}}", "at_least is for severity only"},
      {"{name: a, match: {body: {is: x}}}", "body must be a text or one of {not: ..}"},
      {"{name: a, match: {attributes: x}}", "attributes must be a map"},
      {"{name: a, match: {body: x}, labels: {b: body}}", "label \"b\" cannot come from \"body\""},
      {"{name: a, match: {body: x}, labels: {b: route}}", "label \"b\" cannot come from \"route\""},
      {"{name: a, match: {body: x}, evidence: some}", "evidence must be true or false"},
      {"{name: a, match: {body: x}, count: 1}", "unknown key \"count\" in log metric"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(Findings("log_metrics: [" + c.metric + "]"), HasSubstr(c.finding)) << c.metric;
  }
}

TEST(LogMetricFileTest, NamesAreUniqueOverAllFiles) {
  const std::string file = "log_metrics: [{name: a, match: {body: x}}]";
  const LoadResult result = LoadRules({{"f.yaml", file}, {"g.yaml", file}});
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_THAT(FormatDiagnostic(result.diagnostics[0]),
              HasSubstr("g.yaml:1:15: error: log metric \"a\" is given twice"));
}

TEST(LogMetricFileTest, CountsTowardsTheLimitsOfAllRules) {
  const std::string file = "log_metrics: [{name: a, match: {body: {regex: 'x.*'}}}]";
  LoadOptions options;
  options.regex_instructions_max = 1;
  EXPECT_THAT(Findings(file, options), HasSubstr("instructions of regular expressions"));
  options = {};
  options.rules_max = 1;
  EXPECT_EQ(Findings(file, options), "");
}

TEST(LogMetricFileTest, SeveritiesAreNumbersInFours) {
  EXPECT_STREQ(LogSeverityWord(0), "");
  EXPECT_STREQ(LogSeverityWord(1), "trace");
  EXPECT_STREQ(LogSeverityWord(4), "trace");
  EXPECT_STREQ(LogSeverityWord(17), "error");
  EXPECT_STREQ(LogSeverityWord(24), "fatal");
  EXPECT_STREQ(LogSeverityWord(25), "");
  EXPECT_EQ(LogSeverityNumber("warn"), 13);
  EXPECT_EQ(LogSeverityNumber("loud"), 0);
}

}  // namespace
}  // namespace tocsin::rules
