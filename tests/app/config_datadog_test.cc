// `datadog` and `dogstatsd` of the configuration.

#include "app/config_datadog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace tocsin::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Parsed {
  datadog::DatadogConfig datadog;
  datadog::StatsdConfig dogstatsd;
  std::vector<std::string> findings;
  std::string printed;
};

Parsed Parse(const std::string& text) {
  const ConfigSources sources = {
      .environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "UNSET") return std::nullopt;
        return "key-of-" + name;
      },
      .secret_file = [](const std::string& path) { return "key-in-" + path + "\n"; }};
  std::vector<rules::Diagnostic> diagnostics;
  const auto document = rules::YamlDocument::Parse("tocsin.yaml", text, {}, diagnostics);
  ConfigFindings findings(*document, diagnostics);
  const std::string folder = "etc";
  const ReceiverContext context(findings, folder, sources);
  const ConfigMap top(findings, document->root(), "the configuration");
  Parsed parsed{ReadDatadog(context, top), ReadDogstatsd(findings, top), {}, ""};
  for (const auto& diagnostic : diagnostics)
    parsed.findings.push_back(FormatDiagnostic(diagnostic));
  ConfigWriter writer;
  PrintDatadog(parsed.datadog, writer);
  PrintDogstatsd(parsed.dogstatsd, writer);
  parsed.printed = writer.Take();
  return parsed;
}

TEST(ConfigDatadogTest, NothingIsConfiguredUnlessSaid) {
  const Parsed parsed = Parse("{}");
  EXPECT_THAT(parsed.findings, IsEmpty());
  EXPECT_THAT(parsed.datadog.api_keys, IsEmpty());
  EXPECT_EQ(parsed.dogstatsd.listen.udp, "");
  EXPECT_EQ(parsed.dogstatsd.listen.socket, "");
  EXPECT_EQ(parsed.printed, "");
}

TEST(ConfigDatadogTest, Keys) {
  const Parsed parsed = Parse("datadog: {api_keys: [{api_key: '${A}'}, {api_key_file: dd}]}");
  EXPECT_THAT(parsed.findings, IsEmpty());
  EXPECT_THAT(parsed.datadog.api_keys, ElementsAre(Secret("key-of-A"), Secret("key-in-etc/dd")));
  EXPECT_EQ(
      parsed.printed,
      "datadog:\n  api_keys:\n    - api_key: \"<redacted>\"\n    - api_key: \"<redacted>\"\n");
}

TEST(ConfigDatadogTest, Dogstatsd) {
  const Parsed parsed = Parse(
      "dogstatsd: {listen: '127.0.0.1:8125', socket: /run/dsd.socket, socket_mode: '0660', host: "
      "web-1, "
      "tags: ['env:prod', canary]}");
  EXPECT_THAT(parsed.findings, IsEmpty());
  EXPECT_EQ(parsed.dogstatsd.listen.udp, "127.0.0.1:8125");
  EXPECT_EQ(parsed.dogstatsd.listen.socket, "/run/dsd.socket");
  EXPECT_EQ(parsed.dogstatsd.listen.socket_mode, 0660u);
  EXPECT_EQ(parsed.dogstatsd.host, "web-1");
  EXPECT_THAT(parsed.dogstatsd.tags, ElementsAre("env:prod", "canary"));
  EXPECT_EQ(Parse(parsed.printed).printed, parsed.printed);
  EXPECT_EQ(Parse("dogstatsd: {socket: s}").dogstatsd.listen.socket_mode, 0722u);
}

TEST(ConfigDatadogTest, Findings) {
  const std::pair<const char*, const char*> cases[] = {
      {"datadog: {api_keys: [{api_key: plain-text}]}",
       "1:32: error: api_key must not be written into the file"},
      {"datadog: {api_keys: [{api_key: '${UNSET}'}]}", "UNSET is not set"},
      {"datadog: {api_keys: [{}]}", "exactly one of api_key and api_key_file is needed"},
      {"datadog: {api_keys: []}", "api_keys must not be empty"},
      {"datadog: {api_keys: [x]}", "an entry of api_keys"},
      {"datadog: {site: eu}", "site"},
      {"dogstatsd: {}", "dogstatsd needs listen or socket"},
      {"dogstatsd: {listen: x}", "error"},
      {"dogstatsd: {socket: s, socket_mode: rwx}", "socket_mode is a mode in octal"},
      {"dogstatsd: {socket: s, socket_mode: '1777'}", "socket_mode is a mode in octal"},
      {"dogstatsd: {socket: s, port: 8125}", "port"},
  };
  for (const auto& [text, wanted] : cases) {
    EXPECT_THAT(Parse(text).findings, ElementsAre(HasSubstr(wanted))) << text;
  }
  const Parsed long_path = Parse(absl::StrCat("dogstatsd: {socket: ", std::string(108, 'x'), "}"));
  EXPECT_THAT(long_path.findings, ElementsAre(HasSubstr("at most 107 bytes")));
}

TEST(ConfigDatadogTest, AKeyNeverShows) {
  const Parsed parsed = Parse("datadog: {api_keys: [{api_key: '${A}'}, {api_key: s3cret}], s3: 1}");
  EXPECT_THAT(parsed.printed, testing::Not(HasSubstr("key-of")));
  for (const std::string& finding : parsed.findings)
    EXPECT_THAT(finding, testing::Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace tocsin::app
