#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "app/config.h"
#include "integrations/routing/time_interval_text.h"

// time_intervals, inhibit_rules and the routes' names of intervals.
namespace tocsin::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kReceiver[] = "receivers: [{name: a}]\nroute: {receiver: a}\n";

ConfigResult Parse(const std::string& text) {
  ConfigSources none;
  none.environment = [](const std::string&) { return std::nullopt; };
  none.secret_file = [](const std::string&) -> absl::StatusOr<std::string> {
    return absl::NotFoundError("none");
  };
  return ParseConfig("tocsin.yaml", text, none);
}

std::string Findings(const ConfigResult& result) {
  std::string text;
  for (const rules::Diagnostic& finding : result.diagnostics) {
    absl::StrAppend(&text, rules::FormatDiagnostic(finding), "\n");
  }
  return text;
}

constexpr char kFull[] = R"(receivers: [{name: a}]
route:
  receiver: a
  routes:
  - matchers: [team=x]
    mute_time_intervals: [nights, holidays]
    active_time_intervals: [office]
time_intervals:
- name: nights
  time_intervals:
  - times: [{start_time: 22:00, end_time: "24:00"}]
    weekdays: ['monday:friday', saturday]
    days_of_month: ['1:5', -1]
    months: ['may:august', 12]
    years: ['2020:2022', 2030]
    location: Europe/Brussels
  - {}
- name: office
mute_time_intervals:
- name: holidays
  time_intervals: [{months: [july]}]
inhibit_rules:
- source_matchers: [severity="critical", 'job=~"x.*"']
  target_matchers: ['severity!="critical"']
  equal: [cluster, 'with "quotes"']
- source_match: {alertname: 'Down "hard"\'}
  source_match_re: {job: 'a|\d'}
  target_match: {severity: warning}
  target_match_re: {'odd name': b.*}
)";

TEST(ConfigSuppressionTest, ReadsEverything) {
  const ConfigResult result = Parse(kFull);
  ASSERT_TRUE(result.ok()) << Findings(result);
  const auto& intervals = result.config.suppression.time_intervals;
  ASSERT_EQ(intervals.size(), 3u);
  EXPECT_EQ(intervals.at("office").intervals.size(), 0u);
  EXPECT_EQ(intervals.at("holidays").intervals.size(), 1u);
  const auto& nights = intervals.at("nights").intervals;
  ASSERT_EQ(nights.size(), 2u);
  const routing::TimeInterval expected = {
      .times = {{1320, 1440}},
      .weekdays = {{1, 5}, {6, 6}},
      .days_of_month = {{1, 5}, {-1, -1}},
      .months = {{5, 8}, {12, 12}},
      .years = {{2020, 2022}, {2030, 2030}},
      .location = *routing::ParseLocation("Europe/Brussels"),
  };
  EXPECT_EQ(nights[0], expected);
  EXPECT_EQ(nights[1], routing::TimeInterval());

  const auto& route = result.config.routing.route.routes.at(0);
  EXPECT_THAT(route.mute_time_intervals, ElementsAre("nights", "holidays"));
  EXPECT_THAT(route.active_time_intervals, ElementsAre("office"));
}

TEST(ConfigSuppressionTest, ReadsInhibitRulesAndTheirOlderForm) {
  const ConfigResult result = Parse(kFull);
  ASSERT_TRUE(result.ok()) << Findings(result);
  const auto& rules = result.config.suppression.inhibit_rules;
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0].source_matchers.at(1).ToString(), R"(job=~"x.*")");
  EXPECT_EQ(rules[0].target_matchers.at(0).ToString(), R"(severity!="critical")");
  EXPECT_THAT(rules[0].equal, ElementsAre("cluster", "with \"quotes\""));
  EXPECT_EQ(rules[1].source_matchers.at(0).ToString(), R"(alertname="Down \"hard\"\\")");
  EXPECT_EQ(rules[1].source_matchers.at(1).ToString(), R"(job=~"a|\\d")");
  EXPECT_EQ(rules[1].target_matchers.at(0).ToString(), R"(severity="warning")");
  EXPECT_EQ(rules[1].target_matchers.at(1).ToString(), R"("odd name"=~"b.*")");
}

TEST(ConfigSuppressionTest, PrintedReadsBackTheSame) {
  const ConfigResult first = Parse(kFull);
  const std::string printed = PrintConfig(first.config);
  const ConfigResult second = Parse(printed);
  ASSERT_TRUE(second.ok()) << Findings(second) << printed;
  EXPECT_EQ(PrintConfig(second.config), printed);
  EXPECT_EQ(second.config.suppression.time_intervals.at("nights").intervals,
            first.config.suppression.time_intervals.at("nights").intervals);
  EXPECT_EQ(second.config.suppression.inhibit_rules[1].source_matchers[0].value(),
            "Down \"hard\"\\");
}

TEST(ConfigSuppressionTest, FindingsNameTheirPlace) {
  struct Case {
    const char* name;
    std::string text;
    const char* finding;
  };
  const std::string interval =
      std::string(kReceiver) + "time_intervals: [{name: n, time_intervals: [{";
  const std::string inhibit = std::string(kReceiver) + "inhibit_rules: [{";
  for (const Case& c : std::vector<Case>{
           {"no name", std::string(kReceiver) + "time_intervals: [{}]",
            "3:18: error: a time interval needs a name"},
           {"two of a name",
            std::string(kReceiver) +
                "time_intervals: [{name: n}]\nmute_time_intervals: [{name: n}]",
            "4:30: error: there are two time intervals named \"n\""},
           {"unknown key", interval + "hours: [1]}]}]",
            "3:46: error: unknown key \"hours\" in time interval"},
           {"weekday", interval + "weekdays: [funday]}]}]",
            "3:57: error: funday is not a valid weekday"},
           {"list expected", interval + "weekdays: monday}]}]",
            "3:56: error: weekdays must be a list"},
           {"times", interval + "times: [{start_time: '10:00'}]}]}]",
            "3:54: error: both start and end times must be provided"},
           {"times backwards", interval + "times: [{start_time: '10:00', end_time: '09:00'}]}]}]",
            "3:54: error: start time cannot be equal or greater than end time"},
           {"day", interval + "days_of_month: [0]}]}]",
            "3:62: error: 0 is not a valid day of the month: out of range"},
           {"month", interval + "months: ['may:april']}]}]",
            "3:55: error: end month april is before start month may"},
           {"location", interval + "location: Mars}]}]",
            "3:56: error: unknown time zone Mars [TC008]\n  hint: a name of the IANA database"},
           {"unknown name",
            "receivers: [{name: a}]\ntime_intervals: [{name: nights}]\n"
            "route: {receiver: a, routes: [{mute_time_intervals: [night]}]}",
            "3:54: error: there is no time interval \"night\" [TC008]\n"
            "  hint: did you mean \"nights\"?"},
           {"unknown active name",
            "receivers: [{name: a}]\nroute: {receiver: a, routes: [{active_time_intervals: [x]}]}",
            "2:56: error: there is no time interval \"x\""},
           {"at the root",
            "receivers: [{name: a}]\ntime_intervals: [{name: n}]\n"
            "route: {receiver: a, mute_time_intervals: [n]}",
            "3:44: error: the root route must not have any mute_time_intervals"},
           {"inhibit key", inhibit + "sources: [a=b]}]",
            "3:18: error: unknown key \"sources\" in inhibit rule"},
           {"inhibit matcher", inhibit + "source_matchers: ['a']}]",
            "3:36: error: matcher `a`: expected one of = != =~ !~ at 2"},
           {"inhibit regex", inhibit + "target_match_re: {a: '('}}]",
            "3:39: error: matcher on a: missing )"},
           {"inhibit equal", inhibit + "equal: ['']}]", "3:26: error: invalid label name: \"\""},
           {"inhibit map", inhibit + "source_match: [a]}]",
            "3:32: error: source_match must be a map of keys and values"},
       }) {
    const ConfigResult result = Parse(c.text);
    EXPECT_FALSE(result.ok()) << c.name;
    EXPECT_THAT(Findings(result), HasSubstr(c.finding)) << c.name << "\n" << c.text;
  }
}

}  // namespace
}  // namespace tocsin::app
