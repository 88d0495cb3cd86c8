#include "app/finding_format.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tocsin::app {
namespace {

using rules::Diagnostic;
using rules::Severity;

std::vector<Diagnostic> TwoFindings() {
  return {{{"a,b.yaml", 3, 5}, Severity::kError, "100% wrong\nreally", "TC008", "write 5m"},
          {{"c.yaml", 0, 0}, Severity::kInfo, "fyi", "TC050", ""}};
}

TEST(FindingFormatTest, Text) {
  EXPECT_EQ(FormatFindings(TwoFindings(), FindingFormat::kText, "1"),
            "a,b.yaml:3:5: error: 100% wrong\nreally [TC008]\n  hint: write 5m\n"
            "c.yaml: info: fyi [TC050]\n");
  EXPECT_EQ(FormatFindings({}, FindingFormat::kText, "1"), "");
}

TEST(FindingFormatTest, GithubEscapesWhatWouldEndTheCommand) {
  EXPECT_EQ(FormatFindings(TwoFindings(), FindingFormat::kGithub, "1"),
            "::error file=a%2Cb.yaml,line=3,col=5,title=TC008::100%25 wrong%0Areally (write 5m)\n"
            "::notice file=c.yaml,title=TC050::fyi\n");
}

TEST(FindingFormatTest, Json) {
  const auto list = nlohmann::json::parse(FormatFindings(TwoFindings(), FindingFormat::kJson, "1"));
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]["file"], "a,b.yaml");
  EXPECT_EQ(list[0]["line"], 3);
  EXPECT_EQ(list[0]["column"], 5);
  EXPECT_EQ(list[0]["level"], "error");
  EXPECT_EQ(list[0]["code"], "TC008");
  EXPECT_EQ(list[0]["hint"], "write 5m");
  EXPECT_FALSE(list[1].contains("hint"));
  EXPECT_EQ(FormatFindings({}, FindingFormat::kJson, "1"), "[]\n");
}

TEST(FindingFormatTest, Sarif) {
  const auto document =
      nlohmann::json::parse(FormatFindings(TwoFindings(), FindingFormat::kSarif, "1.2"));
  EXPECT_EQ(document["version"], "2.1.0");
  const auto& run = document["runs"][0];
  EXPECT_EQ(run["tool"]["driver"]["name"], "tocsin");
  EXPECT_EQ(run["tool"]["driver"]["version"], "1.2");
  EXPECT_EQ(run["tool"]["driver"]["rules"][0]["id"], "TC008");
  ASSERT_EQ(run["results"].size(), 2u);
  const auto& location = run["results"][0]["locations"][0]["physicalLocation"];
  EXPECT_EQ(location["artifactLocation"]["uri"], "a,b.yaml");
  EXPECT_EQ(location["region"]["startLine"], 3);
  EXPECT_EQ(run["results"][1]["level"], "note");
  EXPECT_FALSE(run["results"][1]["locations"][0]["physicalLocation"].contains("region"));
}

}  // namespace
}  // namespace tocsin::app
