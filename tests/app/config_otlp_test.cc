// `otlp` in the configuration.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "app/config.h"

namespace tocsin::app {
namespace {

using ::testing::HasSubstr;

ConfigResult Parse(const std::string& otlp) {
  return ParseConfig(
      "tocsin.yaml", absl::StrCat("otlp: ", otlp, "\n"),
      {.environment = [](const std::string&) { return std::nullopt; },
       .secret_file = [](const std::string&) { return absl::NotFoundError("no file"); }});
}

std::string Errors(const ConfigResult& result) {
  std::string all;
  for (const rules::Diagnostic& finding : result.diagnostics) {
    if (finding.severity == rules::Severity::kError) {
      absl::StrAppend(&all, FormatDiagnostic(finding), "\n");
    }
  }
  return all;
}

constexpr char kFull[] =
    "{translation_strategy: NoUTF8EscapingWithSuffixes, promote_all_resource_attributes: true, "
    "ignore_resource_attributes: [process.pid, 'a \"b\"'], "
    "keep_identifying_resource_attributes: true, promote_scope_metadata: true, "
    "resource_timeout: 90s}";

TEST(ConfigOtlpTest, ReadsAndPrintsWhatReadsBack) {
  const ConfigResult result = Parse(kFull);
  ASSERT_EQ(Errors(result), "");
  const ingest::OtlpOptions& otlp = result.config.otlp;
  EXPECT_EQ(otlp.translation_strategy, ingest::TranslationStrategy::kNoUtf8EscapingWithSuffixes);
  EXPECT_TRUE(otlp.promote_all_resource_attributes);
  EXPECT_EQ(otlp.ignore_resource_attributes, (std::vector<std::string>{"process.pid", "a \"b\""}));
  EXPECT_TRUE(otlp.keep_identifying_resource_attributes);
  EXPECT_TRUE(otlp.promote_scope_metadata);
  EXPECT_EQ(otlp.resource_timeout, absl::Seconds(90));
  const ConfigResult again =
      ParseConfig("tocsin.yaml", PrintConfig(result.config), ConfigSources::System());
  EXPECT_EQ(Errors(again), "");
  EXPECT_EQ(again.config.otlp, otlp);
}

TEST(ConfigOtlpTest, DefaultsAreThoseOfPrometheus) {
  const ConfigResult result = Parse("{}");
  ASSERT_EQ(Errors(result), "");
  EXPECT_EQ(result.config.otlp, ingest::OtlpOptions());
  EXPECT_EQ(Parse("{promote_resource_attributes: [a.b]}").config.otlp.promote_resource_attributes,
            std::vector<std::string>{"a.b"});
  EXPECT_EQ(Parse("{resource_timeout: 0}").config.otlp.resource_timeout, absl::ZeroDuration());
}

TEST(ConfigOtlpTest, ReportsMistakesAtTheirPlace) {
  struct Case {
    const char* otlp;
    const char* error;
  };
  const Case cases[] = {
      {"{translation_strategy: Escaped}",
       "1:30: error: translation_strategy must be one of UnderscoreEscapingWithSuffixes"},
      {"{promote_all_resource_attributes: true, promote_resource_attributes: [a]}",
       "exclude each other"},
      {"{ignore_resource_attributes: [a]}", "1:8: error: ignore_resource_attributes needs"},
      {"{promote_resource_attributes: ['']}", "an empty name"},
      {"{resource_timeout: 1s}", "1:26: error: resource_timeout must be from 10s to 12h"},
      {"{resource_timeout: 13h}", "resource_timeout must be from 10s to 12h"},
      {"{promote_attributes: [a]}", "unknown key \"promote_attributes\" in otlp"},
      {"{convert_histograms_to_nhcb: true}", "not supported yet: convert_histograms_to_nhcb"},
  };
  for (const Case& c : cases) EXPECT_THAT(Errors(Parse(c.otlp)), HasSubstr(c.error)) << c.otlp;
}

TEST(ConfigOtlpTest, ChangesNeedARestart) {
  const Config before = Parse("{}").config;
  EXPECT_FALSE(NeedsRestart(before, Parse("{resource_timeout: 5m}").config));
  EXPECT_TRUE(NeedsRestart(before, Parse("{resource_timeout: 6m}").config));
}

}  // namespace
}  // namespace tocsin::app
