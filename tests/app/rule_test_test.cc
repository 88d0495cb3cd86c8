#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "app/commands/test.h"
#include "base/log.h"

// `tocsin test` as users see it.
namespace tocsin::app {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr char kRules[] = R"(groups:
- name: g
  rules:
  - alert: Hot
    expr: heat > 5
    labels: {severity: page}
    annotations: {summary: "{{ $labels.room }} has {{ $value }}"}
)";

class RuleTestTest : public ::testing::Test {
 protected:
  RuleTestTest() {
    std::string pattern = (fs::temp_directory_path() / "tocsin_test_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    Write("rules.yaml", kRules);
    SetLogLevel(LogLevel::kError);  // as the command does
  }
  ~RuleTestTest() override {
    SetLogLevel(LogLevel::kInfo);
    fs::remove_all(folder_);
  }

  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name) << content;
    return (folder_ / name).string();
  }
  int Run(TestOptions options) {
    std::ostringstream out, err;
    const int code = RunTest(options, out, err);
    out_ = absl::StrReplaceAll(out.str(), {{folder_.string(), "DIR"}});
    err_ = absl::StrReplaceAll(err.str(), {{folder_.string(), "DIR"}});
    return code;
  }
  // The report of one test file that names rules.yaml.
  int RunText(const std::string& tests) {
    return Run({.files = {Write("a_test.yaml", "rule_files: [rules.yaml]\ntests:\n" + tests)}});
  }

  fs::path folder_;
  std::string out_, err_;
};

TEST_F(RuleTestTest, SuccessIsShort) {
  EXPECT_EQ(RunText("- input_series: [{series: heat, values: 1}]\n"
                    "  alert_rule_test: [{alertname: Hot}]\n"),
            0);
  EXPECT_EQ(out_, "Unit Testing:  DIR/a_test.yaml\n  SUCCESS\n\n");
  EXPECT_EQ(err_, "tested 1 files: 1 tests, 1 cases, 0 failed\n");
}

TEST_F(RuleTestTest, HistogramsThatDifferAreShown) {
  EXPECT_EQ(RunText(R"(- input_series: [{series: h, values: '{{count:3 sum:4 buckets:[1 2]}}'}]
  promql_expr_test:
  - {expr: h, exp_samples: [{labels: h, histogram: '{{count:3 sum:4 buckets:[1 2]}}'}]}
  - {expr: h, exp_samples: [{labels: h, histogram: '{{count:3 sum:4 buckets:[2 1]}}'}]}
  - {expr: h, exp_samples: [{labels: h, value: 3}]}
)"),
            1);
  EXPECT_THAT(out_, HasSubstr("- value {{count:3 sum:4 buckets:[2 1]}}\n"
                              "          + value {{count:3 sum:4 buckets:[1 2]}}"));
  EXPECT_THAT(out_, HasSubstr("- value 3\n"
                              "          + value {{count:3 sum:4 buckets:[1 2]}}"));
  EXPECT_EQ(err_, "tested 1 files: 1 tests, 3 cases, 1 failed\n");
}

TEST_F(RuleTestTest, FailedAlertsShowBothSidesAndWhatDiffers) {
  EXPECT_EQ(RunText(R"(- name: rooms
  input_series: [{series: 'heat{room="a"}', values: 9}, {series: 'heat{room="b"}', values: 7}]
  alert_rule_test:
  - eval_time: 1m
    alertname: Hot
    exp_alerts:
    - {exp_labels: {severity: page, room: a}, exp_annotations: {summary: a has 8}}
)"),
            1);
  EXPECT_EQ(out_, R"(Unit Testing:  DIR/a_test.yaml
  FAILED:
    DIR/a_test.yaml:6:5: alertname: Hot, time: 1m, test: rooms
        exp:
          - labels: {alertname="Hot", room="a", severity="page"}
            annotations: {summary="a has 8"}
        got:
          - labels: {alertname="Hot", room="a", severity="page"}
            annotations: {summary="a has 9"}
          - labels: {alertname="Hot", room="b", severity="page"}
            annotations: {summary="b has 7"}
        diff (- exp, + got):
          - annotation summary "a has 8"
          + annotation summary "a has 9"
          + labels: {alertname="Hot", room="b", severity="page"}
          + annotations: {summary="b has 7"}

)");
  EXPECT_EQ(err_, "tested 1 files: 1 tests, 1 cases, 1 failed\n");
}

TEST_F(RuleTestTest, StatesAreComparedOnlyIfAsked) {
  EXPECT_EQ(RunText(R"(- input_series: [{series: heat, values: 9}]
  alert_rule_test:
  - alertname: Hot
    exp_alerts: [{exp_labels: {severity: page}, exp_annotations: {summary: " has 9"}, state: pending}]
)"),
            1);
  EXPECT_THAT(out_, HasSubstr("        diff (- exp, + got):\n"
                              "          - state pending\n"
                              "          + state firing\n"));
}

TEST_F(RuleTestTest, AlertsThatAreNotExpectedFail) {
  EXPECT_EQ(RunText("- input_series: [{series: heat, values: 9}]\n"
                    "  alert_rule_test: [{alertname: Hot}]\n"),
            1);
  EXPECT_THAT(out_, HasSubstr("        exp: nothing\n"
                              "        got:\n"
                              "          - labels: {alertname=\"Hot\", severity=\"page\"}\n"));
}

TEST_F(RuleTestTest, FailedSamplesShowBothSidesAndWhatDiffers) {
  EXPECT_EQ(
      RunText(
          R"(- input_series: [{series: 'heat{room="a"}', values: 9}, {series: 'heat{room="b"}', values: 0.1}]
  promql_expr_test:
  - expr: heat + 0.2
    eval_time: 30s
    exp_samples: [{labels: '{room="a"}', value: 9.2}, {labels: '{room="c"}', value: 0.3}]
  - {expr: 1 + 1}
)"),
      1);
  EXPECT_EQ(out_, R"(Unit Testing:  DIR/a_test.yaml
  FAILED:
    DIR/a_test.yaml:5:5: expr: "heat + 0.2", time: 30s, test: unnamed#0
        exp:
          - {room="a"} 9.2
          - {room="c"} 0.3
        got:
          - {room="a"} 9.2
          - {room="b"} 0.30000000000000004
        diff (- exp, + got):
          - {room="c"} 0.3
          + {room="b"} 0.30000000000000004
    DIR/a_test.yaml:8:5: expr: "1 + 1", time: 0s, test: unnamed#0
        exp: nothing
        got:
          - {} 2
        diff (- exp, + got):
          + {} 2

)");
}

TEST_F(RuleTestTest, ARuleThatFailsEndsTheTest) {
  Write("rules.yaml", R"(groups:
- name: g
  limit: 1
  rules:
  - {record: same, expr: heat, labels: {room: x}}
  - {alert: Many, expr: heat, labels: {severity: page}}
)");
  EXPECT_EQ(
      RunText(
          R"(- input_series: [{series: 'heat{room="a"}', values: 1 1}, {series: 'heat{room="b"}', values: _ 1 }]
  alert_rule_test: [{alertname: Many, eval_time: 5m}]
)"),
      1);
  EXPECT_EQ(out_, R"(Unit Testing:  DIR/a_test.yaml
  FAILED:
    DIR/a_test.yaml:3:3: rule: same, time: 1m, test: unnamed#0
        err: exceeded limit of 1 with 2 series
    DIR/a_test.yaml:3:3: rule: Many, time: 1m, test: unnamed#0
        err: exceeded limit of 1 with 2 alerts

)");
}

TEST_F(RuleTestTest, RowsThatBecomeOneAlertFail) {
  Write("rules.yaml", R"(groups:
- name: g
  rules: [{alert: One, expr: heat, labels: {room: x}}]
)");
  EXPECT_EQ(
      RunText(
          R"(- input_series: [{series: 'heat{room="a"}', values: 1}, {series: 'heat{room="b"}', values: 1 }]
  alert_rule_test: [{alertname: One}]
)"),
      1);
  EXPECT_THAT(
      out_, HasSubstr("rule: One, time: 0s, test: unnamed#0\n        err: vector contains metrics "
                      "with the same labelset after applying alert labels\n"));
}

TEST_F(RuleTestTest, AnExpressionThatFailsSaysWhy) {
  EXPECT_EQ(
      RunText(
          R"(- input_series: [{series: 'heat{room="a"}', values: 1}, {series: 'heat{room="b"}', values: 1 }]
  promql_expr_test: [{expr: 'heat * on () heat'}]
)"),
      1);
  EXPECT_THAT(out_,
              HasSubstr("DIR/a_test.yaml:4:22: expr: \"heat * on () heat\", time: 0s, test: "
                        "unnamed#0\n        err: found duplicate series for the match group"));
}

TEST_F(RuleTestTest, WrongFilesAreReportedAtTheirPlaceAndNotRun) {
  EXPECT_EQ(RunText("- {intervall: 1m}\n"), 1);
  EXPECT_EQ(out_,
            "Unit Testing:  DIR/a_test.yaml\n"
            "DIR/a_test.yaml:3:4: error: unknown key \"intervall\" in test [TC005]\n"
            "  hint: did you mean \"interval\"?\n"
            "  FAILED:\n\n");
  Write("rules.yaml", "groups: [{name: g, rules: [{alert: Hot, expr: 'heat >'}]}]\n");
  EXPECT_EQ(RunText("- {}\n"), 1);
  EXPECT_THAT(out_, HasSubstr("DIR/rules.yaml:1:"));
  EXPECT_THAT(out_, HasSubstr("[TC010]"));
}

TEST_F(RuleTestTest, FilesThatCannotBeReadAreWrongUse) {
  EXPECT_EQ(Run({.files = {(folder_ / "gone_test.yaml").string()}}), 2);
  EXPECT_THAT(out_, HasSubstr("DIR/gone_test.yaml: error: cannot read"));
}

TEST_F(RuleTestTest, RuleFilesThatAreMissingAreWarnedOf) {
  const std::string path = Write("b_test.yaml", "rule_files: [none*.yaml]\ntests: [{}]\n");
  EXPECT_EQ(Run({.files = {path}}), 0);
  EXPECT_THAT(out_, HasSubstr("DIR/b_test.yaml:1:14: warning: no file matches DIR/none*.yaml"));
  EXPECT_EQ(Run({.files = {path}, .strict = true}), 2);
}

TEST_F(RuleTestTest, TheLookbackOfPrometheus2PassesWithAWarning) {
  const std::string tests = R"(rule_files: [rules.yaml]
tests:
- input_series: [{series: heat, values: 9}]
  alert_rule_test:
  - alertname: Hot
    eval_time: 5m
    exp_alerts: [{exp_labels: {severity: page}, exp_annotations: {summary: " has 9"}}]
)";
  const std::string path = Write("old_test.yaml", tests);
  EXPECT_EQ(Run({.files = {path}}), 0);
  EXPECT_THAT(out_,
              HasSubstr("DIR/old_test.yaml:5:5: warning: test unnamed#0 passes by the lookback "
                        "of Prometheus 2 only: it needs a sample that is exactly 5m old at "
                        "alertname: Hot, time: 5m [TC060]\n"));
  EXPECT_EQ(Run({.files = {path}, .strict = true}), 1);
  EXPECT_THAT(out_, HasSubstr("        got: nothing\n"));
  const std::string later = absl::StrReplaceAll(tests, {{"5m", "6m"}});
  EXPECT_EQ(Run({.files = {Write("late_test.yaml", later)}}), 1)
      << "older samples are gone in both";
}

TEST_F(RuleTestTest, WritesAJunitReport) {
  const std::string good = Write("good_test.yaml", "tests: [{name: \"a < b & 'c'\"}]\n");
  const std::string bad = Write("bad_test.yaml", "tests: [{promql_expr_test: [{expr: \"1\"}]}]\n");
  const std::string wrong = Write("wrong_test.yaml", "test: []\n");
  const std::string report = (folder_ / "report.xml").string();
  EXPECT_EQ(Run({.files = {good, bad, wrong}, .junit = report}), 1);
  std::stringstream content;
  content << std::ifstream(report).rdbuf();
  EXPECT_EQ(absl::StrReplaceAll(content.str(), {{folder_.string(), "DIR"}}),
            R"xml(<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" errors="1">
  <testsuite name="DIR/good_test.yaml" tests="1" failures="0" errors="0">
    <testcase classname="DIR/good_test.yaml" name="a &lt; b &amp; 'c'"/>
  </testsuite>
  <testsuite name="DIR/bad_test.yaml" tests="1" failures="1" errors="0">
    <testcase classname="DIR/bad_test.yaml" name="unnamed#0">
      <failure message="expr: &quot;1&quot;, time: 0s">DIR/bad_test.yaml:1:29&#10;exp: nothing&#10;got:&#10;  - {} 1&#10;diff (- exp, + got):&#10;  + {} 1</failure>
    </testcase>
  </testsuite>
  <testsuite name="DIR/wrong_test.yaml" tests="1" failures="0" errors="1">
    <testcase classname="DIR/wrong_test.yaml" name="load">
      <error message="the file cannot be run">DIR/wrong_test.yaml:1:1: error: unknown key &quot;test&quot; in test file [TC005]&#10;  hint: did you mean &quot;tests&quot;?&#10;</error>
    </testcase>
  </testsuite>
</testsuites>
)xml");
  EXPECT_EQ(Run({.files = {good}, .junit = (folder_ / "no/such/folder").string()}), 2);
}

}  // namespace
}  // namespace tocsin::app
