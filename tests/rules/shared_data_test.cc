#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "rules/rule_file.h"

// Rule files of other people load unchanged.
namespace tocsin::rules {
namespace {

std::filesystem::path DataRoot() {
  if (const char* data = std::getenv("TOCSIN_SHARED_DATA")) return data;
  const char* root = std::getenv("TOCSIN_SOURCE_DIR");
  return std::filesystem::path(root ? root : ".") / ".." / "shared" / "data";
}

bool EndsWith(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::vector<std::string> RulePaths(const std::filesystem::path& directory) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    const std::string path = entry.path().string();
    const bool is_yaml = EndsWith(path, ".yml") || EndsWith(path, ".yaml");
    if (entry.is_regular_file() && is_yaml && !EndsWith(path, "_test.yaml")) paths.push_back(path);
  }
  return paths;
}

class SharedDataTest : public testing::TestWithParam<const char*> {};

TEST_P(SharedDataTest, EveryFileLoads) {
  const std::filesystem::path directory = DataRoot() / GetParam();
  if (!std::filesystem::exists(directory)) {
    GTEST_SKIP() << directory << " is not there: no files of other people to load";
  }
  const std::vector<std::string> paths = RulePaths(directory);
  ASSERT_GT(paths.size(), 10u);
  std::vector<Diagnostic> unreadable;
  const std::vector<RuleFile> files = ReadRuleFiles(paths, unreadable);
  EXPECT_TRUE(unreadable.empty());
  size_t rules = 0;
  for (const RuleFile& file : files) {
    const LoadResult result = LoadRules({file});
    for (const Diagnostic& finding : result.diagnostics) {
      if (finding.severity == Severity::kError) ADD_FAILURE() << FormatDiagnostic(finding);
    }
    for (const Group& group : result.rules.groups) rules += group.rules.size();
  }
  RecordProperty("files", static_cast<int>(files.size()));
  RecordProperty("rules", static_cast<int>(rules));
  EXPECT_GT(rules, files.size());
}

INSTANTIATE_TEST_SUITE_P(All, SharedDataTest, testing::Values("rules", "rule_tests"));

TEST(RulePathsTest, GlobsAreExpandedSortedAndOnce) {
  const auto directory = std::filesystem::path(testing::TempDir()) / "tocsin_rule_paths_test";
  std::filesystem::create_directories(directory / "sub.yaml");
  for (const char* name : {"b.yaml", "a.yaml", "c.txt", "x[1].yaml"}) {
    FILE* file = std::fopen((directory / name).c_str(), "w");
    ASSERT_NE(file, nullptr);
    std::fputs("groups: []", file);
    std::fclose(file);
  }
  const std::string base = directory.string();
  const auto paths =
      ExpandGlobs({base + "/*.yaml", base + "/a.yaml", base + "/none*", base + "/x[1].yaml"});
  ASSERT_TRUE(paths.ok()) << paths.status();
  const std::vector<std::string> expected = {base + "/a.yaml", base + "/b.yaml",
                                             base + "/x[1].yaml"};
  EXPECT_EQ(*paths, expected);
  EXPECT_EQ(ExpandGlobs({base + "/missing.yaml"}).status().code(), absl::StatusCode::kNotFound);

  std::vector<Diagnostic> findings;
  const auto files = ReadRuleFiles({base + "/a.yaml", base + "/missing.yaml"}, findings);
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].content, "groups: []");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(FormatDiagnostic(findings[0]),
            base + "/missing.yaml: error: cannot read: No such file or directory [TC001]");
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace tocsin::rules
