#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "app/config.h"
#include "app/config_access.h"

namespace tocsin::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kToken[] = "s3cr3t-marker-of-a-sender";
constexpr char kReceiver[] = "receivers: [{name: r}]\nroute: {receiver: r}\n";

ConfigSources FakeSources() {
  ConfigSources sources;
  sources.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "TOKEN") return kToken;
    if (name == "SHORT") return "short";
    return std::nullopt;
  };
  sources.secret_file = [](const std::string& path) -> absl::StatusOr<std::string> {
    if (path == "etc/two") return absl::StrCat(kToken, "\n\n the-one-that-comes-next \n");
    if (path == "etc/empty") return "\n";
    return absl::NotFoundError("cannot read " + path);
  };
  sources.tls_files = [](const access::TlsFiles& files) -> absl::StatusOr<access::TlsMaterial> {
    if (files.key_file != "etc/key.pem")
      return absl::NotFoundError("cannot read " + files.key_file);
    return access::TlsMaterial{"cert", kToken, files.asks_clients() ? "ca" : ""};
  };
  return sources;
}

ConfigResult Parse(const std::string& text) {
  return ParseConfig("etc/tocsin.yaml", kReceiver + text, FakeSources());
}

std::string Findings(const ConfigResult& result) {
  return absl::StrJoin(result.diagnostics, "\n", [](std::string* out, const rules::Diagnostic& d) {
    absl::StrAppend(out, FormatDiagnostic(d));
  });
}

TEST(ConfigAccessTest, TokensAreKeptAsDigests) {
  const auto result = Parse(R"(access:
  tokens:
  - {name: collectors, scopes: [ingest], token_file: two}
  - {name: grafana, scopes: [read, silence], token: "${TOKEN}"}
  - {name: boss, scopes: [admin],
     token_sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad}
)");
  ASSERT_TRUE(result.ok()) << Findings(result);
  const auto& tokens = result.config.access.tokens;
  ASSERT_THAT(tokens, SizeIs(3));
  EXPECT_EQ(tokens[0].digests,
            (std::vector<access::Digest>{access::DigestOf(kToken),
                                         access::DigestOf("the-one-that-comes-next")}));
  EXPECT_TRUE(tokens[0].scopes.Has(access::Scope::kIngest));
  EXPECT_FALSE(tokens[0].scopes.Has(access::Scope::kRead));
  EXPECT_TRUE(tokens[1].scopes.Has(access::Scope::kSilence));
  EXPECT_EQ(tokens[2].digests, std::vector{access::DigestOf("abc")});
  const std::string printed = PrintConfig(result.config);
  EXPECT_THAT(printed, Not(HasSubstr(kToken)));
  EXPECT_THAT(printed, HasSubstr("scopes: [\"read\", \"silence\"]"));
}

TEST(ConfigAccessTest, WhatIsWrongIsSaidAtItsPlaceAndWithoutTheToken) {
  struct Case {
    const char* text;
    const char* finding;
  };
  const std::string name = "access: {tokens: [{name: a, ";
  const Case cases[] = {
      {"access: {token: x}", "3:10: error: unknown key \"token\" in access"},
      {"access: {tokens: [{scopes: [read], token: '${TOKEN}'}]}", "error: a token needs a name"},
      {"access: {tokens: [{name: a, token: '${TOKEN}'}]}", "error: a token needs scopes"},
      {"access: {tokens: [{name: a, scopes: [all], token: '${TOKEN}'}]}",
       "3:37: error: there is no scope all"},
      {"access: {tokens: [{name: a, scopes: [read]}]}",
       "error: exactly one of token_file, token and token_sha256"},
      {"access: {tokens: [{name: a, scopes: [read], token: s3cr3t-marker-of-a-sender}]}",
       "3:52: error: token must not be written into the file"},
      {"access: {tokens: [{name: a, scopes: [read], token: '${NONE}'}]}",
       "3:52: error: the environment variable NONE is not set"},
      {"access: {tokens: [{name: a, scopes: [read], token: '${SHORT}'}]}",
       "3:52: error: a token has 16 to 4096 visible characters"},
      {"access: {tokens: [{name: a, scopes: [read], token_file: empty}]}",
       "3:57: error: there is no token in the file"},
      {"access: {tokens: [{name: a, scopes: [read], token_sha256: abc}]}",
       "3:59: error: token_sha256 must be 64 hexadecimal digits"},
      {"access: {tokens: [{name: a, scopes: [read], token: '${TOKEN}'}, {name: a, scopes: [read], "
       "token: '${TOKEN}'}]}",
       "error: there is another token named a"},
      {"tls: {cert_file: c.pem}", "3:6: error: tls needs cert_file and key_file"},
      {"tls: {cert_file: c.pem, key_file: other.pem}", "error: cannot read etc/other.pem"},
      {"tls: {cert_file: c.pem, key_file: key.pem, client_allowed_sans: [x]}",
       "error: client_allowed_sans needs client_ca_file"},
      {"tls: {cert_file: c.pem, key_file: key.pem, listeners: [web]}",
       "3:55: error: there is no listener web"},
  };
  for (const Case& c : cases) {
    const auto result = Parse(c.text);
    EXPECT_FALSE(result.ok()) << c.text;
    EXPECT_THAT(Findings(result), HasSubstr(c.finding)) << c.text;
    EXPECT_THAT(Findings(result), Not(HasSubstr(kToken))) << c.text;
  }
}

TEST(ConfigAccessTest, AListenerThatOthersReachNeedsAGuardOrAPlainWord) {
  const std::string listen = "listen: {grpc: 0.0.0.0:4317}\n";
  const std::string tls = "tls: {cert_file: c.pem, key_file: key.pem";
  struct Case {
    std::string text;
    bool ok;
    const char* finding;
  };
  const Case cases[] = {
      {"", false, "error: listen.grpc (0.0.0.0:4317) is open to other hosts"},
      {tls + "}", false, "is open to other hosts"},
      {tls + ", client_ca_file: ca.pem}", true, ""},
      {tls + ", client_ca_file: ca.pem, listeners: [admin]}", false, "is open to other hosts"},
      {"access: {tokens: [{name: a, scopes: [ingest], token: '${TOKEN}'}]}", true, ""},
      {"access: {allow_open_listeners: true}", true, "warning: listen.grpc (0.0.0.0:4317) is open"},
  };
  for (const Case& c : cases) {
    const auto result = Parse(listen + c.text);
    EXPECT_EQ(result.ok(), c.ok) << c.text << Findings(result);
    EXPECT_THAT(Findings(result), HasSubstr(c.finding)) << c.text;
    EXPECT_EQ(CheckOpenListeners(result.config).ok(), c.ok) << c.text;
  }
  // Datagrams show no token.
  const auto datagrams = Parse(
      "dogstatsd: {listen: ':8125'}\n"
      "access: {tokens: [{name: a, scopes: [ingest], token: '${TOKEN}'}]}");
  EXPECT_THAT(Findings(datagrams),
              HasSubstr("3:21: error: dogstatsd.listen (:8125) is open to other hosts"));
  // As flags of `tocsin serve` bring it.
  Config config;
  EXPECT_TRUE(CheckOpenListeners(config).ok());
  config.listen.admin = ":9095";
  EXPECT_THAT(std::string(CheckOpenListeners(config).message()),
              HasSubstr("listen.admin (:9095) is open to other hosts"));
}

}  // namespace
}  // namespace tocsin::app
