#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "app/commands/test.h"

// Whole files of rule tests, as `tocsin test` runs them.
namespace tocsin::app {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> TestFiles(const fs::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    if (entry.is_regular_file() && path.ends_with("_test.yaml")) files.push_back(path);
  }
  return files;
}

fs::path SourceDir() {
  const char* root = std::getenv("TOCSIN_SOURCE_DIR");
  return root != nullptr ? root : ".";
}

TEST(RuleTestFilesTest, OursPass) {
  const auto files = TestFiles(SourceDir() / "tests/golden/rule_tests");
  ASSERT_GE(files.size(), 11u);
  std::ostringstream out, err;
  EXPECT_EQ(RunTest({.files = files, .strict = true}, out, err), 0) << out.str();
}

TEST(RuleTestFilesTest, ThoseOfOtherPeoplePass) {
  const char* data = std::getenv("TOCSIN_SHARED_DATA");
  const fs::path folder =
      (data != nullptr ? fs::path(data) : SourceDir() / ".." / "shared" / "data") / "rule_tests";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not there: no files of other people";
  const auto files = TestFiles(folder);
  ASSERT_GE(files.size(), 10u);
  std::ostringstream out, err;
  EXPECT_EQ(RunTest({.files = files}, out, err), 0) << out.str();
}

}  // namespace
}  // namespace tocsin::app
