// `heartbeat` in `opsgenie_configs`.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "app/config.h"

namespace tocsin::app {
namespace {

using ::testing::HasSubstr;

ConfigResult Parse(const std::string& target) {
  const ConfigSources sources = {
      .environment = [](const std::string&) { return "11111111-2222-4333-8444-555555555555"; },
      .secret_file = [](const std::string&) { return absl::NotFoundError("no file"); }};
  return ParseConfig("tocsin.yaml",
                     absl::StrCat("receivers:\n- name: a\n  opsgenie_configs:\n  - ", target,
                                  "\nroute: {receiver: a}\n"),
                     sources);
}

std::string Findings(const ConfigResult& result) {
  return absl::StrJoin(result.diagnostics, "\n",
                       [](std::string* out, const rules::Diagnostic& diagnostic) {
                         absl::StrAppend(out, FormatDiagnostic(diagnostic));
                       });
}

const opsgenie::HeartbeatConfig& HeartbeatOf(const ConfigResult& result) {
  return result.config.routing.receivers.at("a").opsgenie_configs.at(0).heartbeat;
}

TEST(ConfigHeartbeatTest, Reads) {
  const ConfigResult result =
      Parse("{api_key: '${KEY}', heartbeat: {name: tocsin-prod, interval: 90s}}");
  ASSERT_TRUE(result.ok()) << Findings(result);
  EXPECT_EQ(HeartbeatOf(result).name, "tocsin-prod");
  EXPECT_EQ(HeartbeatOf(result).interval, absl::Seconds(90));
  EXPECT_EQ(HeartbeatOf(Parse("{api_key: '${KEY}', heartbeat: {name: x}}")).interval,
            absl::Minutes(1));
  EXPECT_EQ(HeartbeatOf(Parse("{api_key: '${KEY}'}")).name, "");
}

TEST(ConfigHeartbeatTest, PrintsWhatReadsBack) {
  const ConfigResult result =
      Parse("{api_key: '${KEY}', heartbeat: {name: 'a \"b\"', interval: 90s}}");
  const std::string printed = PrintConfig(result.config);
  EXPECT_THAT(printed, HasSubstr("interval: 1m30s"));
  const ConfigResult second =
      ParseConfig("tocsin.yaml", absl::StrReplaceAll(printed, {{"\"<redacted>\"", "\"${KEY}\""}}),
                  {.environment = [](const std::string&) { return "key"; }, .secret_file = {}});
  ASSERT_TRUE(second.ok()) << Findings(second) << printed;
  EXPECT_EQ(HeartbeatOf(second).name, "a \"b\"");
  EXPECT_EQ(PrintConfig(second.config), printed);
}

TEST(ConfigHeartbeatTest, MistakesAreFoundAtTheirPlace) {
  struct Case {
    std::string heartbeat;
    const char* finding;
  };
  const std::string long_name(201, 'x');
  const Case cases[] = {
      {"tocsin", "4:36: error: heartbeat must be a map"},
      {"{interval: 1m}", "4:36: error: a heartbeat needs a name"},
      {"{name: ''}", "4:36: error: a heartbeat needs a name"},
      {"{name: [a]}", "4:43: error: "},
      {"{name: a, interval: 5s}", "4:56: error: interval must be from 10s to 1h"},
      {"{name: a, interval: 2h}", "4:56: error: interval must be from 10s to 1h"},
      {"{name: a, interval: often}", "4:56: error: "},
      {"{name: a, team_id: t}", "4:46: error: only heartbeats of JSM have a team_id"},
      {"{name: a, nmae: t}", "4:46: error: unknown key \"nmae\" in heartbeat"},
      {absl::StrCat("{name: ", long_name, "}"), "4:37: error: the name of a heartbeat has at most"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.heartbeat);
    const ConfigResult result =
        Parse(absl::StrCat("{api_key: '${KEY}', heartbeat: ", c.heartbeat, "}"));
    EXPECT_FALSE(result.ok());
    EXPECT_THAT(Findings(result), HasSubstr(absl::StrCat("tocsin.yaml:", c.finding)));
  }
}

TEST(ConfigHeartbeatTest, JsmHasThemInItsRestApiOnly) {
  const ConfigResult result =
      Parse("{api_key: '${KEY}', profile: jsm, heartbeat: {name: a, team_id: t}}");
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(Findings(result), HasSubstr("4:50: error: the integration API of JSM has no heart"));
}

TEST(ConfigHeartbeatTest, OfJsmItNeedsATeam) {
  const std::string jsm =
      "{api_key: '${KEY}', profile: jsm, jsm_rest: {cloud_id: c-1, token: '${KEY}'}, heartbeat: ";
  const ConfigResult without = Parse(jsm + "{name: a}}");
  EXPECT_FALSE(without.ok());
  EXPECT_THAT(Findings(without), HasSubstr("error: a heartbeat of JSM needs team_id"));
  const ConfigResult with = Parse(jsm + "{name: a, team_id: t}}");
  ASSERT_TRUE(with.ok()) << Findings(with);
  EXPECT_EQ(HeartbeatOf(with).team_id, "t");
  EXPECT_THAT(PrintConfig(with.config), HasSubstr("team_id: \"t\""));
}

}  // namespace
}  // namespace tocsin::app
