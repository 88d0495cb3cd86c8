// `escalation`, `fallback`, `repeat_interval` and the policies of `opsgenie_configs`.

#include "app/config_escalation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "app/config.h"

namespace tocsin::app {
namespace {

using delivery::EscalationStep;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSecret[] = "s3cr3t-marker";

ConfigResult Parse(const std::string& text) {
  const ConfigSources sources = {
      .environment = [](const std::string&) { return std::optional<std::string>(kSecret); },
      .secret_file = [](const std::string&) -> absl::StatusOr<std::string> { return kSecret; }};
  return ParseConfig("tocsin.yaml", text, sources);
}

std::string Findings(const ConfigResult& result) {
  return absl::StrJoin(result.diagnostics, "\n",
                       [](std::string* out, const rules::Diagnostic& diagnostic) {
                         absl::StrAppend(out, FormatDiagnostic(diagnostic));
                       });
}

constexpr char kFull[] = R"(
receivers:
  - name: payments
    opsgenie_configs:
      - api_key: "${KEY}"
        repage_on_escalation: true
        alias_per_occurrence: true
        reopen_after: 4h
        webhook_secret_file: hook
      - {api_key: "${KEY}", reopen_after: never}
      - {api_key: "${KEY}"}
    fallback: managers
    escalation:
      - {after: 15m, priority: P1, add_responders: [{type: team, name: leads}, {type: escalation, id: e1}]}
      - {after: 1h, unless: closed, receiver: managers}
  - name: managers
    webhook_configs: [{url: "http://127.0.0.1:9999/hook"}]
route:
  receiver: payments
  repeat_interval: 4h
  routes: [{match: {team: a}, match_re: {job: "b.*"}, receiver: managers, repeat_interval: 0s}]
)";

void ExpectFull(const Config& config) {
  const delivery::Receiver& receiver = config.routing.receivers.at("payments");
  ASSERT_EQ(receiver.opsgenie_configs.size(), 3u);
  EXPECT_TRUE(receiver.opsgenie_configs[0].repage_on_escalation);
  EXPECT_TRUE(receiver.opsgenie_configs[0].alias_per_occurrence);
  EXPECT_EQ(receiver.opsgenie_configs[0].reopen_after, absl::Hours(4));
  EXPECT_EQ(receiver.opsgenie_configs[1].reopen_after, std::nullopt);
  EXPECT_EQ(receiver.opsgenie_configs[2].reopen_after, absl::Hours(24));
  EXPECT_FALSE(receiver.opsgenie_configs[2].repage_on_escalation);
  EXPECT_EQ(receiver.fallback, "managers");
  ASSERT_EQ(receiver.escalation.size(), 2u);
  EXPECT_EQ(receiver.escalation[0].after, absl::Minutes(15));
  EXPECT_EQ(receiver.escalation[0].unless, EscalationStep::Unless::kAcknowledged);
  EXPECT_EQ(receiver.escalation[0].priority, "P1");
  ASSERT_EQ(receiver.escalation[0].add_responders.size(), 2u);
  EXPECT_EQ(receiver.escalation[0].add_responders[1].id, "e1");
  EXPECT_EQ(receiver.escalation[1].unless, EscalationStep::Unless::kClosed);
  EXPECT_EQ(receiver.escalation[1].receiver, "managers");
  const delivery::Route& route = config.routing.route;
  EXPECT_EQ(route.repeat_interval, absl::Hours(4));
  ASSERT_EQ(route.routes.size(), 1u);
  EXPECT_EQ(route.routes[0].repeat_interval, absl::ZeroDuration());
  EXPECT_TRUE(Match(route, Labels{{"team", "a"}, {"job", "bcd"}})[0].receiver == "managers");
  EXPECT_TRUE(Match(route, Labels{{"team", "a"}, {"job", "c"}})[0].receiver == "payments");
}

TEST(ConfigEscalationTest, ReadsEverythingAndPrintsItBack) {
  const ConfigResult result = Parse(kFull);
  ASSERT_TRUE(result.ok()) << Findings(result);
  EXPECT_TRUE(result.diagnostics.empty()) << Findings(result);
  ExpectFull(result.config);
  EXPECT_EQ(result.config.routing.receivers.at("payments").opsgenie_configs[0].webhook_secret,
            Secret(kSecret));
  const std::string printed = PrintConfig(result.config);
  EXPECT_THAT(printed, Not(HasSubstr(kSecret)));
  const ConfigResult again = Parse(absl::StrReplaceAll(
      printed, {{" url: \"<redacted>\"", " url: \"http://127.0.0.1:9999/hook\""},
                {"<redacted>", "${KEY}"}}));
  ASSERT_TRUE(again.ok()) << Findings(again) << printed;
  ExpectFull(again.config);
}

TEST(ConfigEscalationTest, SaysWhatIsWrongAndWhere) {
  const struct {
    const char* name;
    const char* receiver;  // keys of the receiver a, from line 3
    const char* finding;
  } kCases[] = {
      {"no time", "escalation: [{receiver: b}]", "3:16: error: a step of escalation needs after"},
      {"no time at all", "escalation: [{after: 0s, receiver: b}]",
       "3:24: error: after must be above 0"},
      {"out of order", "escalation: [{after: 1h, receiver: b}, {after: 5m, receiver: b}]",
       "3:43: error: steps of escalation must be in order of after"},
      {"does nothing", "escalation: [{after: 1h}]",
       "3:16: error: this step of escalation does nothing"},
      {"unless", "escalation: [{after: 1h, unless: seen, receiver: b}]",
       "3:36: error: unless must be acknowledged or closed"},
      {"priority", "escalation: [{after: 1h, priority: high}]",
       "3:38: error: a priority is one of P1, P2, P3, P4, P5"},
      {"a schedule", "escalation: [{after: 1h, add_responders: [{type: schedule, name: s}]}]",
       "3:45: error: a schedule cannot be added to a page that is open"},
      {"without OpsGenie", "escalation: [{after: 1h, priority: P1}]",
       "3:16: error: priority and add_responders need opsgenie_configs"},
      {"unknown receiver", "escalation: [{after: 1h, receiver: c}]",
       "3:38: error: there is no receiver \"c\""},
      {"itself", "escalation: [{after: 1h, receiver: a}]",
       "3:38: error: a receiver cannot hand its pages to itself"},
      {"unknown fallback", "fallback: c", "3:13: error: there is no receiver \"c\""},
      {"unknown key", "escalation: [{after: 1h, to: b}]", "3:28: error: unknown key \"to\""},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    const ConfigResult result = Parse(absl::StrCat("receivers:\n- name: a\n  ", c.receiver,
                                                   "\n- name: b\nroute: {receiver: a}\n"));
    EXPECT_FALSE(result.ok());
    EXPECT_THAT(Findings(result), HasSubstr(absl::StrCat("tocsin.yaml:", c.finding)));
  }
}

}  // namespace
}  // namespace tocsin::app
