#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rules/rule_file.h"
#include "tests/rules/findings.h"

namespace tocsin::rules {
namespace {

using testing::HasSubstr;

constexpr char kFile[] = R"(
monitors:
  - name: checkout-latency
    query: avg by (service) (avg_over_time(http_request_duration_ms[5m]))
    threshold:
      critical: "> 900"
      warning: "> 600"
      recovery: {critical: "< 800", warning: "< 500"}
    for: 1m
    keep_firing_for: 2m
    no_data: {after: 10m, as: critical}
    labels: {team: payments}
    annotations:
      summary: "{{ $labels.service }} answers in {{ $value | humanize }} ms"
  - name: quiet
    query: scalar(up)
    threshold: {warning: "< 1", recovery: ">= 2"}
    mode: shadow
    no_data: {as: keep}
groups:
  - name: g
)";

TEST(MonitorFileTest, ReadsEveryField) {
  const LoadResult result = LoadRules({{"f.yaml", kFile}});
  ASSERT_EQ(Findings(kFile), "");
  ASSERT_EQ(result.rules.monitors.size(), 2u);
  EXPECT_EQ(result.rules.groups.size(), 1u) << "one file may hold both";
  const Monitor& monitor = result.rules.monitors[0];
  EXPECT_EQ(monitor.name, "checkout-latency");
  EXPECT_EQ(monitor.position.line, 3);
  EXPECT_EQ(monitor.position.column, 11);
  EXPECT_EQ(monitor.threshold.critical->ToString(), "> 900");
  EXPECT_EQ(monitor.threshold.warning->ToString(), "> 600");
  EXPECT_EQ(monitor.threshold.critical_recovery->ToString(), "< 800");
  EXPECT_EQ(monitor.threshold.warning_recovery->ToString(), "< 500");
  EXPECT_EQ(monitor.for_duration, absl::Minutes(1));
  EXPECT_EQ(monitor.keep_firing_for, absl::Minutes(2));
  EXPECT_EQ(monitor.no_data->after, absl::Minutes(10));
  EXPECT_EQ(monitor.no_data->as, NoData::As::kCritical);
  EXPECT_FALSE(monitor.shadow);
  EXPECT_EQ(monitor.labels.at(0).second.text, "payments");
  EXPECT_EQ(monitor.annotations.at(0).first, "summary");

  const Monitor& quiet = result.rules.monitors[1];
  EXPECT_TRUE(quiet.shadow);
  EXPECT_FALSE(quiet.threshold.critical);
  EXPECT_FALSE(quiet.threshold.critical_recovery);
  EXPECT_EQ(quiet.threshold.warning_recovery->ToString(), ">= 2");
  EXPECT_EQ(quiet.no_data->as, NoData::As::kKeep);
}

TEST(MonitorFileTest, OneRecoveryIsForEveryLevel) {
  const LoadResult result = LoadRules({{"f", R"(
monitors:
  - {name: a, query: up, threshold: {critical: "> 9", warning: "> 6", recovery: "< 5"}}
)"}});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.rules.monitors[0].threshold.critical_recovery->ToString(), "< 5");
  EXPECT_EQ(result.rules.monitors[0].threshold.warning_recovery->ToString(), "< 5");
}

std::string MonitorWith(const std::string& rest) {
  return "monitors:\n- name: m\n  query: up\n" + rest;
}
std::string Threshold(const std::string& inside) {
  return MonitorWith("  threshold: {" + inside + "}\n");
}

TEST(MonitorFileTest, FindingsStandAtTheirPlace) {
  const struct {
    const char* name;
    std::string text;
    const char* expected;
  } cases[] = {
      {"not a list", "monitors: {}", "f.yaml:1:11: error: monitors must be a list [TC006]"},
      {"unknown key", MonitorWith("  treshold: {}\n"),
       "f.yaml:4:3: error: unknown key \"treshold\" in monitor [TC005]\n  hint: did you mean "
       "\"threshold\"?"},
      {"no name", "monitors:\n- query: up\n  threshold: {critical: '> 1'}\n",
       "f.yaml:2:3: error: key \"name\" is missing in monitor [TC007]"},
      {"empty name", "monitors:\n- name: ''\n  query: up\n  threshold: {critical: '> 1'}\n",
       "f.yaml:2:9: error: a name has 1 to 256 bytes"},
      {"no query", "monitors:\n- name: m\n  threshold: {critical: '> 1'}\n",
       "f.yaml:2:3: error: key \"query\" is missing in monitor [TC007]"},
      {"nothing to decide", MonitorWith(""),
       "f.yaml:2:3: error: a monitor needs one of threshold, anomaly, composite [TC007]"},
      {"two ways", MonitorWith("  threshold: {critical: '> 1'}\n  anomaly: {}\n"),
       "f.yaml:5:3: error: only one of threshold and anomaly can be given [TC014]"},
      {"anomaly: key", MonitorWith("  anomaly: {sensitivty: 2}\n"),
       "f.yaml:4:13: error: unknown key \"sensitivty\" in anomaly [TC005]"},
      {"anomaly: word", MonitorWith("  anomaly: {direction: down}\n"),
       "f.yaml:4:24: error: direction must be one of both, above, below [TC008]"},
      {"anomaly: number", MonitorWith("  anomaly: {sensitivity: 0}\n"),
       "f.yaml:4:26: error: sensitivity must be a number above 0 [TC008]"},
      {"anomaly: zone", MonitorWith("  anomaly: {timezone: Europe/Nowhere}\n"),
       "f.yaml:4:23: error: unknown time zone \"Europe/Nowhere\" [TC008]"},
      {"anomaly: a path as zone", MonitorWith("  anomaly: {timezone: ../../etc/passwd}\n"),
       "f.yaml:4:23: error: unknown time zone \"../../etc/passwd\" [TC008]"},
      {"anomaly: severity", MonitorWith("  anomaly: {severity: {warning: 3, critical: 2}}\n"),
       "f.yaml:4:23: error: severity: the score of critical must be above that of warning [TC013]"},
      {"anomaly: interval", MonitorWith("  anomaly: {interval: 1s}\n"),
       "f.yaml:4:23: error: interval must be 10s to 1h [TC008]"},
      {"anomaly: trigger alone", MonitorWith("  anomaly: {trigger: 10m}\n"),
       "f.yaml:4:13: error: trigger and recovery are given together [TC007]"},
      {"anomaly: calendar", MonitorWith("  anomaly: {calendar: [{from: 2026-12-25, as: xmas}]}\n"),
       "f.yaml:4:47: error: as must be one of ignore, monday, tuesday, wednesday, thursday, "
       "friday, "
       "saturday, sunday [TC008]"},
      {"anomaly: backwards",
       MonitorWith("  anomaly: {calendar: [{from: 2026-12-25, to: 2026-12-24, as: ignore}]}\n"),
       "f.yaml:4:47: error: `to` must be after `from` [TC013]"},
      {"empty threshold", Threshold(""),
       "f.yaml:4:14: error: threshold needs critical, warning or both [TC007]"},
      {"no operator", Threshold("critical: 900"),
       "f.yaml:4:25: error: critical: an operator is missing before 900 [TC008]\n  hint: write for "
       "example"},
      {"unreachable", Threshold("critical: '> Inf'"),
       "f.yaml:4:25: error: critical: no value is > +Inf [TC013]"},
      {"warning stricter", Threshold("critical: '> 5', warning: '> 6'"),
       "f.yaml:4:41: error: warning \"> 6\" can never be reached: critical \"> 5\" holds for all "
       "its values [TC013]"},
      {"warning equal", Threshold("critical: '> 5', warning: '> 5'"), "can never be reached"},
      {"warning stricter, below", Threshold("critical: '< 5', warning: '< 4'"),
       "can never be reached"},
      {"recovery overlaps", Threshold("critical: '> 5', recovery: '< 6'"),
       "f.yaml:4:42: error: recovery \"< 6\" overlaps critical \"> 5\" [TC013]"},
      {"recovery overlaps warning", Threshold("critical: '> 9', warning: '> 5', recovery: '< 7'"),
       "recovery \"< 7\" overlaps warning \"> 5\""},
      {"recovery of no level", Threshold("critical: '> 5', recovery: {warning: '< 3'}"),
       "f.yaml:4:43: error: recovery of warning, but the threshold has no warning [TC014]"},
      {"no_data without after",
       MonitorWith("  threshold: {critical: '> 1'}\n  no_data: {as: critical}\n"),
       "f.yaml:5:12: error: key \"after\" is missing in no_data [TC007]"},
      {"no_data as what",
       MonitorWith("  threshold: {critical: '> 1'}\n  no_data: {after: 1m, as: bad}\n"),
       "f.yaml:5:28: error: `as` must be critical, warning, ok or keep [TC008]"},
      {"no_data at once",
       MonitorWith("  threshold: {critical: '> 1'}\n  no_data: {after: 0s, as: ok}\n"),
       "f.yaml:5:20: error: `after` must be longer than 0"},
      {"mode", MonitorWith("  threshold: {critical: '> 1'}\n  mode: page\n"),
       "f.yaml:5:9: error: mode must be shadow [TC008]"},
      {"severity", MonitorWith("  threshold: {critical: '> 1'}\n  labels: {severity: x}\n"),
       "f.yaml:5:22: error: label \"severity\" of a monitor cannot be set [TC014]"},
      {"filtering query", "monitors:\n- name: m\n  query: up > 5\n  threshold: {critical: '> 1'}\n",
       "f.yaml:3:10: warning: the query drops rows by comparison"},
      {"repeated",
       "monitors:\n- {name: m, query: up, threshold: {critical: '> 1'}}\n- {name: m, query: up, "
       "threshold: {critical: '> 1'}}\n",
       "f.yaml:3:10: error: monitor \"m\" is given twice [TC009]\n  hint: first given at f.yaml:2"},
  };
  for (const auto& c : cases) EXPECT_THAT(Findings(c.text), HasSubstr(c.expected)) << c.name;
}

TEST(MonitorFileTest, NamesAreUniqueOverAllFiles) {
  const std::string text = MonitorWith("  threshold: {critical: '> 1'}\n");
  const LoadResult result = LoadRules({{"a", text}, {"b", text}});
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(FormatDiagnostic(result.diagnostics[0]),
            "b:2:9: error: monitor \"m\" is given twice [TC009]\n  hint: first given at a:2");
}

TEST(MonitorFileTest, DisjointLevelsAreFine) {
  EXPECT_EQ(Findings(Threshold("critical: '== 2', warning: '== 1'")), "");
  EXPECT_EQ(Findings(Threshold("critical: '> 90', warning: '< 10'")), "");
  EXPECT_EQ(Findings(Threshold("critical: '> 5', warning: '>= 5'")), "");
}

TEST(MonitorFileTest, BoolComparisonKeepsRows) {
  EXPECT_EQ(Findings("monitors:\n- {name: m, query: up == bool 0, threshold: {critical: '> 0'}}\n"),
            "");
}

}  // namespace
}  // namespace tocsin::rules
