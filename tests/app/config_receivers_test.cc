// `webhook_configs`, `alertmanager_configs` and `pagerduty_configs`.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "app/config.h"

namespace tocsin::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMarker[] = "s3cr3t-marker";
constexpr char kHook[] = "https://hooks.example/s3cr3t-marker";

ConfigResult Parse(const std::string& text) {
  const ConfigSources sources = {
      .environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "KEY") return kMarker;
        if (name == "HOOK") return kHook;
        if (name == "BAD_HOOK") return "s3cr3t-marker";
        return std::nullopt;
      },
      .secret_file = [](const std::string& path) -> absl::StatusOr<std::string> {
        if (path == "etc/key") return absl::StrCat(kMarker, "\n");
        if (path == "etc/hook") return absl::StrCat(kHook, "\n");
        return absl::NotFoundError("cannot read " + path);
      }};
  return ParseConfig("etc/tocsin.yaml", text, sources);
}

std::string Findings(const ConfigResult& result) {
  return absl::StrJoin(result.diagnostics, "\n",
                       [](std::string* out, const rules::Diagnostic& diagnostic) {
                         absl::StrAppend(out, FormatDiagnostic(diagnostic));
                       });
}

constexpr char kFull[] = R"(
receivers:
  - name: all
    webhook_configs:
      - url: http://127.0.0.1:9999/hook
      - url_file: hook
        send_resolved: false
        max_alerts: 0
        http_config: {authorization: {credentials_file: key}}
      - url: http://10.0.0.1/x
        allow_private_addresses: true
        allow_http: true
        http_config: {basic_auth: {username: bob, password: "${KEY}"}}
    alertmanager_configs:
      - urls: ["http://am-0:9093/", "http://am-1:9093/prefix"]
        resend_interval: 30s
      - url: https://am-2
        send_resolved: false
        http_config: {authorization: {type: Token, credentials: "${KEY}"}}
    pagerduty_configs:
      - routing_key_file: key
        severity: {warning: info}
        client: Tocsin
        client_url: "https://tocsin/{{ .Labels.alertname }}"
        class: latency
        component: "{{ .Labels.service }}"
        group: payments
        details: {team: "{{ .Labels.team }}"}
      - {routing_key: "${KEY}", url: "https://events.eu.pagerduty.com/v2/enqueue"}
route: {receiver: all}
)";

TEST(ConfigReceiversTest, ReadsEverything) {
  const ConfigResult result = Parse(kFull);
  ASSERT_TRUE(result.ok()) << Findings(result);
  EXPECT_EQ(result.diagnostics.size(), 0u) << Findings(result);
  const delivery::Receiver& receiver = result.config.routing.receivers.at("all");
  ASSERT_EQ(receiver.webhook_configs.size(), 3u);
  EXPECT_EQ(receiver.webhook_configs[0].url.Reveal(), "http://127.0.0.1:9999/hook");
  EXPECT_TRUE(receiver.webhook_configs[0].send_resolved);
  EXPECT_EQ(receiver.webhook_configs[1].url.Reveal(), kHook);
  EXPECT_EQ(receiver.webhook_configs[1].credentials.type, "Bearer");
  EXPECT_EQ(receiver.webhook_configs[1].credentials.credentials.Reveal(), kMarker);
  EXPECT_EQ(receiver.webhook_configs[2].credentials.username, "bob");
  EXPECT_EQ(receiver.webhook_configs[2].credentials.password.Reveal(), kMarker);
  ASSERT_EQ(receiver.alertmanager_configs.size(), 3u);
  EXPECT_EQ(receiver.alertmanager_configs[0].url, "http://am-0:9093");
  EXPECT_EQ(receiver.alertmanager_configs[1].url, "http://am-1:9093/prefix");
  EXPECT_EQ(receiver.alertmanager_configs[1].resend_interval, absl::Seconds(30));
  EXPECT_EQ(receiver.alertmanager_configs[2].credentials.type, "Token");
  EXPECT_FALSE(receiver.alertmanager_configs[2].send_resolved);
  ASSERT_EQ(receiver.pagerduty_configs.size(), 2u);
  EXPECT_EQ(receiver.pagerduty_configs[0].routing_key.Reveal(), kMarker);
  EXPECT_EQ(receiver.pagerduty_configs[0].severity.at("warning"), "info");
  EXPECT_EQ(receiver.pagerduty_configs[0].event_class, "latency");
  EXPECT_EQ(receiver.pagerduty_configs[0].details.at("team"), "{{ .Labels.team }}");
  EXPECT_EQ(receiver.pagerduty_configs[0].url, "https://events.pagerduty.com/v2/enqueue");
  EXPECT_EQ(receiver.pagerduty_configs[1].url, "https://events.eu.pagerduty.com/v2/enqueue");
}

TEST(ConfigReceiversTest, PrintedReceiversReadBackAndHideSecrets) {
  const std::string printed = PrintConfig(Parse(kFull).config);
  EXPECT_THAT(printed, Not(HasSubstr(kMarker)));
  EXPECT_THAT(printed, Not(HasSubstr("9999")));  // a webhook's URL is a secret
  const ConfigResult second = Parse(absl::StrReplaceAll(
      printed, {{"url: \"<redacted>\"", "url: \"${HOOK}\""}, {"\"<redacted>\"", "\"${KEY}\""}}));
  ASSERT_TRUE(second.ok()) << Findings(second) << printed;
  EXPECT_EQ(PrintConfig(second.config), printed);
}

// Each text has one finding, which must be exactly where the mistake is.
TEST(ConfigReceiversTest, MistakesAreFoundAtTheirPlace) {
  struct Case {
    const char* kind;
    const char* keys;
    const char* finding;
  };
  const Case cases[] = {
      {"webhook", "{}", "4:5: error: exactly one of url and url_file is needed"},
      {"webhook", "{url: 'https://x', url_file: hook}", "4:5: error: exactly one of url"},
      {"webhook", "{url: ''}", "4:11: error: a URL must begin with https:// or http://"},
      {"webhook", "{url: 's3cr3t-marker'}", "4:11: error: a URL must begin with"},
      {"webhook", "{url: '${BAD_HOOK}'}", "4:11: error: a URL must begin with"},
      {"webhook", "{url: '${NOPE}'}", "4:11: error: the environment variable NOPE is not set"},
      {"webhook", "{url_file: nope}", "4:16: error: cannot read etc/nope"},
      {"webhook", "{url: 'https://bob:s3cr3t-marker@x'}",
       "4:11: error: a URL must not hold a user"},
      {"webhook", "{url: 'http://hooks.example'}", "4:11: error: http:// would send pages unencr"},
      {"webhook", "{url: 'https://10.0.0.1'}", "4:11: error: the address is private"},
      {"webhook", "{url: 'https://169.254.169.254'}", "4:11: error: the address is private"},
      {"webhook", "{url: 'https://localhost'}", "4:11: error: localhost is a name"},
      {"webhook", "{url: 'https://x', max_alerts: 5}", "4:36: error: a page is one alert"},
      {"webhook", "{url: 'https://x', urll: y}", "4:24: error: unknown key \"urll\""},
      {"webhook", "{url: 'https://x', timeout: 5s}", "4:24: error: not supported yet: timeout"},
      {"webhook", "{url: 'https://x', http_config: {basic_auth: {password: '${KEY}'}}}",
       "4:50: error: basic_auth needs a username"},
      {"webhook", "{url: 'https://x', http_config: {basic_auth: {username: a}}}",
       "4:50: error: exactly one of password and password_file"},
      {"webhook", "{url: 'https://x', http_config: {authorization: {credentials: abc}}}",
       "4:67: error: credentials must not be written into the file"},
      {"webhook",
       "{url: 'https://x', http_config: {authorization: {credentials_file: key}, basic_auth: {}}}",
       "4:90: error: only one of authorization and basic_auth"},
      {"webhook",
       "{url: 'https://x', http_config: {authorization: {type: 'a b', credentials: '${KEY}'}}}",
       "4:60: error: type is one word"},
      {"webhook",
       "{url: 'https://x', http_config: {basic_auth: {username: 'a:b', password: '${KEY}'}}}",
       "4:61: error: a username must not hold a colon"},
      {"webhook", "{url: 'https://x', http_config: {proxy_url: 'http://p'}}",
       "4:38: error: not supported yet: proxy_url in http_config"},
      {"alertmanager", "{}", "4:5: error: exactly one of url and urls is needed"},
      {"alertmanager", "{urls: ['https://x', 'y']}", "4:26: error: a URL must begin with"},
      {"alertmanager", "{url: 'https://x/api/v2/'}", "4:11: error: the URL goes without /api/v2"},
      {"alertmanager", "{url: 'https://x?a=b'}", "4:11: error: this URL must not hold parameters"},
      {"alertmanager", "{url: 'https://x', resend_interval: 0s}",
       "4:41: error: resend_interval must be from 1s to 1h"},
      {"alertmanager", "{url: 'http://x', http_config: {authorization: {credentials_file: key}}}",
       "4:11: warning: the key travels unencrypted"},
      {"pagerduty", "{}", "4:5: error: exactly one of routing_key and routing_key_file"},
      {"pagerduty", "{routing_key: abc}", "4:19: error: routing_key must not be written"},
      {"pagerduty", "{routing_key: '${KEY}', severity: {warning: P3}}",
       "4:49: error: PagerDuty's severity is one of"},
      {"pagerduty", "{routing_key: '${KEY}', group: '{{ .Labels.x'}",
       "4:36: error: template of group"},
      {"pagerduty", "{routing_key: '${KEY}', details: {a: '{{ .labels.x }}'}}",
       "4:42: error: template of details"},
      {"pagerduty", "{routing_key: '${KEY}', url: 'http://x'}", "4:34: warning: the key travels"},
      {"pagerduty", "{routing_key: '${KEY}', service_key: x}",
       "4:29: error: not supported yet: service_key"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.kind, " ", c.keys));
    const ConfigResult result =
        Parse(absl::StrCat("receivers:\n- name: a\n  ", c.kind, "_configs:\n  - ", c.keys,
                           "\nroute: {receiver: a}\n"));
    EXPECT_EQ(result.diagnostics.size(), 1u) << Findings(result);
    EXPECT_THAT(Findings(result), HasSubstr(absl::StrCat("etc/tocsin.yaml:", c.finding)));
    EXPECT_THAT(Findings(result), Not(HasSubstr(kMarker)));
  }
}

}  // namespace
}  // namespace tocsin::app
