#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "app/limit_names.h"
#include "app/page_templates.h"

namespace tocsin::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMarker[] = "s3cr3t-marker";

ConfigSources FakeSources() {
  return {.environment = [](const std::string& name) -> std::optional<std::string> {
            if (name == "KEY") return kMarker;
            if (name == "EMPTY") return "";
            return std::nullopt;
          },
          .secret_file = [](const std::string& path) -> absl::StatusOr<std::string> {
            if (path == "etc/key" || path == "/run/key") return absl::StrCat(kMarker, "\n");
            return absl::NotFoundError("cannot read " + path);
          }};
}

ConfigResult Parse(const std::string& text) {
  return ParseConfig("etc/tocsin.yaml", text, FakeSources());
}

std::string Findings(const ConfigResult& result) {
  return absl::StrJoin(result.diagnostics, "\n",
                       [](std::string* out, const rules::Diagnostic& diagnostic) {
                         absl::StrAppend(out, FormatDiagnostic(diagnostic));
                       });
}

constexpr char kFull[] = R"(
listen: {grpc: "127.0.0.1:1", http: "127.0.0.1:2", admin: "[::1]:3"}
data_dir: /var/lib/tocsin
rules: [rules/*.yaml, /abs/a.yaml]
retention: 7d
evaluation: {interval: 1m}
external_labels: {cluster: eu-1}
receivers:
  - name: platform
  - name: payments
    webhook_configs: []
    opsgenie_configs:
      - api_url: https://api.eu.opsgenie.com/
        profile: jsm
        api_key_file: key
        jsm_rest: {cloud_id: c10d-1, user: a@b.example, token_file: key}
        responders:
          - {type: team, name: payments}
          - {type: user, username: a@b.example}
          - {type: "{{ .Labels.kind }}", name: "{{ .Labels.who }}"}
        priority: {critical: P2, warning: P4}
        tags: ["{{ .Labels.env }}"]
        entity: "{{ .Labels.host }}"
        actions: [Restart]
        details: {dashboard: "https://g/{{ .Labels.service }}", "run book": r}
        send_resolved: false
      - api_key: ${KEY}
      - {api_key: "${KEY}", profile: jsm, jsm_rest: {cloud_id: c10d-1, token: "${KEY}"}}
route:
  receiver: platform
  routes:
    - {matchers: ['team="payments"', 'env=~"prod|stage"'], receiver: payments, continue: true}
    - matchers: [team=x]
inhibit_rules: []
time_intervals:
limits: {series_max: 5}
external_url: https://tocsin.example/
)";

TEST(ConfigTest, ReadsEverything) {
  const ConfigResult result = Parse(kFull);
  ASSERT_TRUE(result.ok()) << Findings(result);
  EXPECT_TRUE(result.diagnostics.empty()) << Findings(result);
  const Config& config = result.config;
  EXPECT_EQ(config.external_url, "https://tocsin.example");
  EXPECT_EQ(config.routing.receivers.begin()->second.opsgenie_configs[0].external_url,
            config.external_url);
  EXPECT_EQ(config.listen.grpc, "127.0.0.1:1");
  EXPECT_EQ(config.listen.admin, "[::1]:3");
  EXPECT_EQ(config.data_dir, "/var/lib/tocsin");
  EXPECT_THAT(config.rules, ElementsAre("etc/rules/*.yaml", "/abs/a.yaml"));
  EXPECT_EQ(config.retention, absl::Hours(7 * 24));
  EXPECT_EQ(config.evaluation_interval, absl::Minutes(1));
  EXPECT_EQ(config.external_labels.ToString(), R"({cluster="eu-1"})");
  EXPECT_EQ(config.limits.series_max, 5u);
  EXPECT_EQ(config.limits.rules_max, Limits().rules_max);

  ASSERT_EQ(config.routing.receivers.count("payments"), 1u);
  const auto& targets = config.routing.receivers.at("payments").opsgenie_configs;
  ASSERT_EQ(targets.size(), 3u);
  EXPECT_EQ(targets[0].api_url, "https://api.eu.opsgenie.com");
  EXPECT_EQ(targets[0].profile, opsgenie::Profile::kJsm);
  EXPECT_EQ(targets[0].api_key.Reveal(), kMarker);
  EXPECT_EQ(targets[0].jsm_rest.cloud_id, "c10d-1");
  EXPECT_EQ(targets[0].jsm_rest.user, "a@b.example");
  EXPECT_EQ(targets[0].jsm_rest.token.Reveal(), kMarker);
  ASSERT_EQ(targets[0].responders.size(), 3u);
  EXPECT_EQ(targets[0].responders[2].type, "{{ .Labels.kind }}");
  EXPECT_EQ(targets[0].responders[2].name, "{{ .Labels.who }}");
  EXPECT_EQ(targets[0].responders[1].type, "user");
  EXPECT_EQ(targets[0].responders[1].username, "a@b.example");
  EXPECT_EQ(targets[0].priority.at("warning"), "P4");
  EXPECT_THAT(targets[0].tags, ElementsAre("{{ .Labels.env }}"));
  EXPECT_THAT(targets[0].details,
              ElementsAre(::testing::Pair("dashboard", "https://g/{{ .Labels.service }}"),
                          ::testing::Pair("run book", "r")));
  EXPECT_FALSE(targets[0].send_resolved);
  EXPECT_EQ(targets[1].api_key.Reveal(), kMarker);
  EXPECT_TRUE(targets[1].send_resolved);
  EXPECT_EQ(targets[1].api_url, "https://api.opsgenie.com");
  EXPECT_EQ(targets[1].jsm_rest.cloud_id, "");
  EXPECT_EQ(targets[2].api_url, "https://api.atlassian.com") << "the profile's own";
  EXPECT_EQ(targets[2].jsm_rest.user, "");

  const delivery::Route& route = config.routing.route;
  ASSERT_EQ(route.routes.size(), 2u);
  EXPECT_TRUE(route.routes[0].continue_matching);
  ASSERT_EQ(route.routes[0].matchers.size(), 2u);
  EXPECT_EQ(route.routes[0].matchers[1].ToString(), R"(env=~"prod|stage")");
  EXPECT_TRUE(delivery::Validate(config.routing).ok());
}

TEST(ConfigTest, AnEmptyFileHasDefaultsAndPagesNobody) {
  const ConfigResult result = Parse("");
  ASSERT_TRUE(result.ok()) << Findings(result);
  EXPECT_EQ(result.config.listen.grpc, "127.0.0.1:4317");
  EXPECT_EQ(result.config.listen.http, "127.0.0.1:4318");
  EXPECT_EQ(result.config.listen.admin, "127.0.0.1:9095");
  EXPECT_EQ(result.config.retention, absl::Hours(48));
  EXPECT_EQ(result.config.evaluation_interval, absl::Seconds(15));
  EXPECT_TRUE(delivery::Validate(result.config.routing).ok());
  EXPECT_THAT(Findings(result), HasSubstr("warning: no receivers"));
}

// Each text has one finding, which must be exactly where the mistake is.
TEST(ConfigTest, MistakesAreFoundAtTheirPlace) {
  const std::string receiver = "receivers: [{name: a}]\nroute: {receiver: a}\n";
  const auto target = [](const std::string& keys) {
    return "receivers:\n- name: a\n  opsgenie_configs:\n  - " + keys + "\nroute: {receiver: a}\n";
  };
  struct Case {
    const char* name;
    std::string text;
    const char* finding;
  };
  const Case cases[] = {
      {"unknown key", receiver + "retentoin: 1h",
       "3:1: error: unknown key \"retentoin\" in the configuration [TC005]\n  hint: did you mean "
       "\"retention\"?"},
      {"duplicate key", receiver + "retention: 1h\nretention: 2h", "4:1: error: "},
      {"unknown nested key", receiver + "listen: {gprc: 'x'}",
       "3:10: error: unknown key \"gprc\" in listen [TC005]\n  hint: known keys: grpc"},
      {"bad duration", receiver + "retention: soon", "3:12: error: retention: "},
      {"bad address", receiver + "listen: {grpc: nowhere}",
       "3:16: error: \"nowhere\" is not a listen address"},
      {"open address", receiver + "listen: {admin: ':9095'}",
       "3:17: error: listen.admin (:9095) is open to other hosts, and nobody is asked who they "
       "are"},
      {"too long retention", receiver + "retention: 2y",
       "3:12: error: retention must be at most 366d"},
      {"tiny interval", receiver + "evaluation: {interval: 1ms}",
       "3:24: error: interval must be at least 100ms"},
      {"map expected", receiver + "listen: 5", "3:9: error: listen must be a map"},
      {"list expected", receiver + "rules: a.yaml", "3:8: error: rules must be a list"},
      {"bad limit", receiver + "limits: {series_max: -1}",
       "3:22: error: series_max must be a whole number above 0"},
      {"huge limit", receiver + "limits: {past_ms_max: 18446744073709551615}",
       "3:23: error: past_ms_max must be at most 1000000000000 [TC003]"},
      {"limit beyond 64 bits", receiver + "limits: {series_max: 99999999999999999999}",
       "3:22: error: series_max must be a whole number above 0"},
      {"unknown limit", receiver + "limits: {serie_max: 1}",
       "3:10: error: unknown key \"serie_max\" in limits [TC005]\n  hint: did you mean "
       "\"series_max\"?"},
      {"later: e-mail",
       "receivers:\n- name: a\n  email_configs: [{to: 'a@b.example'}]\nroute: {receiver: a}",
       "3:3: error: not supported yet: email_configs in receiver"},
      {"grouped twice by a label", "receivers: [{name: a}]\nroute: {receiver: a, group_by: [x, x]}",
       "2:36: error: group_by names the label x twice [TC008]"},
      {"grouped by all and one",
       "receivers: [{name: a}]\nroute: {receiver: a, group_by: ['...', x]}",
       "2:32: error: \"...\" groups by all labels and leaves no place for others [TC008]"},
      {"no interval", "receivers: [{name: a}]\nroute: {receiver: a, group_interval: 0s}",
       "2:38: error: group_interval must be above 0 [TC008]"},
      {"storm of words", "receivers: [{name: a}]\nroute: {receiver: a, storm_alerts: many}",
       "2:36: error: storm_alerts must be a whole number up to 100000 [TC006]\n  hint: 0 gives "
       "every alert a page of its own"},
      {"unknown receiver", "receivers: [{name: payments}]\nroute: {receiver: payment}",
       "2:19: error: there is no receiver \"payment\" [TC008]\n  hint: did you mean \"payments\"?"},
      {"two receivers", "receivers: [{name: a}, {name: a}]\nroute: {receiver: a}",
       "1:31: error: there are two receivers named \"a\""},
      {"no route", "receivers: [{name: a}]", "1:1: error: receivers without a route"},
      {"root without receiver", "receivers: [{name: a}]\nroute: {continue: true}",
       "2:8: error: the root route needs a receiver"},
      {"root with matchers", "receivers: [{name: a}]\nroute: {receiver: a, matchers: [a=b]}",
       "2:22: error: the root route takes every page"},
      {"bad matcher", "receivers: [{name: a}]\nroute: {receiver: a, routes: [{matchers: ['a']}]}",
       "2:43: error: matcher `a`"},
      {"key in the file", target("api_key: abc123"),
       "4:14: error: api_key must not be written into the file"},
      {"unset variable", target("api_key: ${NOPE}"),
       "4:14: error: the environment variable NOPE is not set"},
      {"empty variable", target("api_key: ${EMPTY}"), "4:14: error: the secret is empty"},
      {"missing file", target("api_key_file: nope"), "4:19: error: cannot read etc/nope"},
      {"no key", target("profile: jsm"),
       "4:5: error: exactly one of api_key and api_key_file is needed"},
      {"two keys", target("{api_key: '${KEY}', api_key_file: key}"),
       "4:5: error: exactly one of api_key and api_key_file is needed"},
      {"bad profile", target("{api_key_file: key, profile: pagerduty}"),
       "4:34: error: profile must be opsgenie or jsm"},
      {"REST without JSM", target("{api_key_file: key, jsm_rest: {cloud_id: c, token_file: key}}"),
       "4:25: error: jsm_rest needs profile: jsm [TC008]"},
      {"REST without a site",
       target("{api_key_file: key, profile: jsm, jsm_rest: {token_file: key}}"),
       "4:49: error: jsm_rest needs a cloud_id"},
      {"REST at a strange site",
       target("{api_key_file: key, profile: jsm, jsm_rest: {cloud_id: a/b, token_file: key}}"),
       "4:50: error: jsm_rest needs a cloud_id of letters, digits and dashes"},
      {"REST without a token", target("{api_key_file: key, profile: jsm, jsm_rest: {cloud_id: c}}"),
       "4:49: error: exactly one of token and token_file is needed"},
      {"REST's token in the file",
       target("{api_key_file: key, profile: jsm, jsm_rest: {cloud_id: c, token: abc123}}"),
       "4:70: error: token must not be written into the file"},
      {"REST's user with a colon",
       target("{api_key_file: key, profile: jsm, jsm_rest: {cloud_id: c, user: 'a:b', token_file: "
              "key}}"),
       "4:69: error: user must not hold a colon"},
      {"REST is no text", target("{api_key_file: key, profile: jsm, jsm_rest: c10d}"),
       "4:49: error: jsm_rest must be a map"},
      {"bad priority", target("{api_key_file: key, priority: {critical: P0}}"),
       "4:46: error: a priority is one of"},
      {"bad responder type", target("{api_key_file: key, responders: [{type: squad, name: a}]}"),
       "4:39: error: type must be"},
      {"responder without name", target("{api_key_file: key, responders: [{type: team}]}"),
       "4:38: error: a responder needs exactly one of"},
      {"user by name", target("{api_key_file: key, responders: [{type: user, name: bob}]}"),
       "4:38: error: a user has no name [TC008]\n  hint: use username"},
      {"user without address",
       target("{api_key_file: key, responders: [{type: user, username: bob}]}"),
       "4:38: error: the username of a user must be an e-mail address"},
      {"team by username",
       target("{api_key_file: key, responders: [{type: team, username: a@b.example}]}"),
       "4:38: error: only a user has a username"},
      {"responder template",
       target("{api_key_file: key, responders: [{type: team, name: '{{ .labels.x }}'}]}"),
       "4:57: error: template of name: "},
      {"responder of a templated type without name",
       target("{api_key_file: key, responders: [{type: '{{ .Labels.x }}'}]}"),
       "4:38: error: a responder needs exactly one of"},
      {"detail of ours", target("{api_key_file: key, details: {episode: 1}}"),
       "4:35: error: detail \"episode\" cannot be set"},
      {"detail template", target("{api_key_file: key, details: {a: '{{ .labels.x }}'}}"),
       "4:38: error: template of details: "},
      {"tag template", target("{api_key_file: key, tags: [a, '{{ .Labels.x']}"),
       "4:35: error: template of tags: 1:"},
      {"entity template", target("{api_key_file: key, entity: '{{ .labels.x }}'}"),
       "4:33: error: template of entity: "},
      {"Alertmanager's template", target("{api_key_file: key, actions: ['{{ .CommonLabels.x }}']}"),
       "4:35: error: template of actions: "},
      {"unsure template", target("{api_key_file: key, tags: ['{{ parseDuration .Labels.x }}']}"),
       "4:32: warning: template of tags fails without labels: "},
      {"bad url", target("{api_key_file: key, api_url: api.opsgenie.com}"),
       "4:34: error: api_url must begin with"},
      {"key in the url", target("{api_key_file: key, api_url: 'https://x/?apiKey=1'}"),
       "4:34: error: api_url must not hold"},
      {"plain url", target("{api_key_file: key, api_url: 'http://api.example'}"),
       "4:34: warning: the key travels unencrypted"},
      {"bad label", receiver + "external_labels: {__name__: x}", "3:19: error: invalid label name"},
      {"not YAML", "listen: [", ": error: "},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const ConfigResult result = Parse(c.text);
    ASSERT_EQ(result.diagnostics.size(), 1u) << Findings(result);
    EXPECT_THAT(Findings(result),
                HasSubstr(absl::StrCat("etc/tocsin.yaml:", c.finding[0] == ':' ? "" : c.finding)));
    EXPECT_EQ(result.ok(), result.diagnostics[0].severity != rules::Severity::kError);
  }
}

TEST(ConfigTest, AllFindingsComeAtOnceInOrder) {
  const ConfigResult result = Parse("retention: x\nlisten: {grpc: 1}\nnope: 1\n");
  ASSERT_EQ(result.diagnostics.size(), 4u) << Findings(result);
  for (size_t i = 1; i < result.diagnostics.size(); ++i) {
    EXPECT_LE(result.diagnostics[i - 1].position.line, result.diagnostics[i].position.line);
  }
}

TEST(ConfigTest, SecretsThatAreElsewhereAreWarningsWhenOnlyChecking) {
  ConfigSources sources = FakeSources();
  sources.secrets_required = false;
  const ConfigResult result = ParseConfig(
      "t.yaml",
      "receivers: [{name: a, opsgenie_configs: [{api_key: '${NOPE}'}, {api_key_file: nope}]}]\n"
      "route: {receiver: a}\n",
      sources);
  EXPECT_TRUE(result.ok()) << Findings(result);
  EXPECT_EQ(result.diagnostics.size(), 2u);
}

TEST(ConfigTest, PrintedConfigurationReadsBackAndHidesSecrets) {
  const ConfigResult first = Parse(kFull);
  const std::string printed = PrintConfig(first.config);
  EXPECT_THAT(printed, Not(HasSubstr(kMarker)));
  for (const LimitName& limit : AllLimits()) EXPECT_THAT(printed, HasSubstr(limit.name));
  std::string again = printed;
  for (size_t at; (at = again.find("\"<redacted>\"")) != std::string::npos;) {
    again.replace(at, 12, "\"${KEY}\"");
  }
  const ConfigResult second = ParseConfig("tocsin.yaml", again, FakeSources());
  ASSERT_TRUE(second.ok()) << Findings(second) << printed;
  EXPECT_EQ(PrintConfig(second.config), printed);
}

TEST(ConfigTest, SecretsDoNotAppearInFindings) {
  const ConfigResult result = Parse(
      "receivers: [{name: a, opsgenie_configs: [{api_key: s3cr3t-marker}]}]\n"
      "route: {receiver: b}\n");
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(Findings(result), Not(HasSubstr(kMarker)));
}

TEST(PageTemplatesTest, ExpandLabelsValueAndExternalLabels) {
  state::v1::DesiredPage page;
  page.set_labels(std::string(Labels({{"host", "h1"}}).canonical()));
  page.set_value(2);
  const page::Expander expand = MakeReceiverExpander(Labels({{"cluster", "eu-1"}}));
  EXPECT_EQ(expand("plain", page), "plain");
  EXPECT_EQ(expand("{{ .Labels.host }}-{{ $labels.none }}", page), "h1-");
  EXPECT_EQ(expand("{{ .ExternalLabels.cluster }} {{ .Value }}", page), "eu-1 2");
  EXPECT_EQ(MakeReceiverExpander(Labels())("{{ .Labels.host }}", page), "h1");
}

TEST(PageTemplatesTest, SeeThePagesEvidence) {
  state::v1::DesiredPage page;
  const page::Expander expand = MakeReceiverExpander(Labels());
  const std::string text =
      "{{ range .Evidence.Logs }}{{ .Text }};{{ end }}{{ range .Evidence.Traces }}{{ .TraceID }} "
      "{{ humanize .Value }}{{ end }} {{ .Evidence.TraceID }}";
  EXPECT_EQ(expand(text, page), " ");
  const auto add = [&](state::v1::PageEvidence::Kind kind, int64_t time, const std::string& said,
                       const std::string& trace) {
    auto& evidence = *page.add_evidence();
    evidence.set_kind(kind);
    evidence.set_time_ms(time);
    evidence.set_text(said);
    evidence.set_trace_id(trace);
  };
  add(state::v1::PageEvidence::LOG, 2, "s3cr3t-marker", "");
  add(state::v1::PageEvidence::LOG, 1, "older", "t1");
  add(state::v1::PageEvidence::TRACE, 2, "2500", "t2");
  EXPECT_EQ(expand(text, page), "s3cr3t-marker;older;t2 2.5k t2");

  testing::internal::CaptureStderr();
  EXPECT_EQ(expand("{{ range (index .Evidence.Logs 0).Text }}{{ end }}", page), "");
  EXPECT_EQ(expand("{{ .Evidence.Nothing }}", page), "");
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, Not(HasSubstr(kMarker))) << "Tocsin's log quotes no evidence";
  EXPECT_THAT(log, HasSubstr("can't evaluate field Nothing"));
}

TEST(PageTemplatesTest, AFailureIsLoggedOnceAndLeavesTheFieldOut) {
  const page::Expander expand = MakeReceiverExpander(Labels());
  const page::Expander copy = expand;
  state::v1::DesiredPage page;
  page.set_alias("a");
  testing::internal::CaptureStderr();
  EXPECT_EQ(expand("{{ .labels.x }}", page), "");
  EXPECT_EQ(copy("{{ .labels.x }}", page), "");
  EXPECT_EQ(expand("{{ broken", page), "");
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2) << log;
  EXPECT_THAT(log, HasSubstr("can't evaluate field labels"));
}

// Permissions are looked at on real files.
class SecretFileTest : public ::testing::Test {
 protected:
  SecretFileTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "tocsin_secret_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~SecretFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& content, int mode) {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path) << content;
    std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
    return path.string();
  }
  ConfigResult Load(const std::string& key_path) {
    return LoadConfig(Write("tocsin.yaml",
                            "receivers: [{name: a, opsgenie_configs: [{api_key_file: " + key_path +
                                "}]}]\nroute: {receiver: a}\n",
                            0644),
                      ConfigSources::System());
  }
  std::filesystem::path folder_;
};

TEST_F(SecretFileTest, IsReadAgainAtEachLoad) {
  Write("key", "one\n", 0600);
  const auto key = [this] {
    const ConfigResult result = Load("key");
    EXPECT_TRUE(result.ok()) << Findings(result);
    return result.config.routing.receivers.at("a").opsgenie_configs.at(0).api_key.Reveal();
  };
  EXPECT_EQ(key(), "one");
  Write("key", "two", 0640);
  EXPECT_EQ(key(), "two");
}

TEST_F(SecretFileTest, IsRefusedWhenEveryoneCanReadIt) {
  Write("key", kMarker, 0644);
  const ConfigResult result = Load("key");
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(Findings(result), HasSubstr("is readable by everyone"));
  EXPECT_THAT(Findings(result), Not(HasSubstr(kMarker)));
}

TEST_F(SecretFileTest, AMissingConfigurationIsAFinding) {
  const ConfigResult result = LoadConfig((folder_ / "nope.yaml").string(), ConfigSources::System());
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(Findings(result), HasSubstr("nope.yaml: error: cannot read"));
}

// docs/limits.md lists each limit with its default.
TEST(LimitsPageTest, NamesEveryLimit) {
  const char* source = std::getenv("TOCSIN_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  std::ifstream file(std::string(source) + "/docs/limits.md");
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  const Limits defaults;
  for (const LimitName& limit : AllLimits()) {
    const size_t row = page.find(absl::StrCat("| `", limit.name, "` | "));
    ASSERT_NE(row, std::string::npos) << limit.name;
    const size_t cell = page.find("` | ", row) + 4;
    const std::string shown = page.substr(cell, page.find(' ', cell) - cell);
    EXPECT_EQ(absl::StrReplaceAll(shown, {{",", ""}}), absl::StrCat(defaults.*limit.member))
        << limit.name;
  }
}

}  // namespace
}  // namespace tocsin::app
