// Plays every scenario file of tests/golden/alerts: plainly, and with a restart after each step,
// which must change nothing.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include "absl/strings/str_join.h"
#include "tests/golden/scenario.h"

namespace tocsin::testing {
namespace {

struct Case {
  std::string path;
  bool restarts;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.path;
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const auto& entry : std::filesystem::directory_iterator(TOCSIN_GOLDEN_DIR "/alerts")) {
    if (entry.path().extension() != ".scenario") continue;
    cases.push_back({entry.path().string(), false});
    cases.push_back({entry.path().string(), true});
  }
  return cases;
}

std::string CaseName(const ::testing::TestParamInfo<Case>& info) {
  return std::filesystem::path(info.param.path).stem().string() +
         (info.param.restarts ? "_with_restarts" : "");
}

class ScenarioTest : public ::testing::TestWithParam<Case> {};

TEST_P(ScenarioTest, HappensAsWritten) {
  std::ifstream file(GetParam().path);
  std::stringstream text;
  text << file.rdbuf();
  ScenarioOptions options;
  options.restart_after_each_step = GetParam().restarts;
  const ScenarioResult result = RunScenario(GetParam().path, text.str(), options);
  EXPECT_TRUE(result.failures.empty()) << absl::StrJoin(result.failures, "\n");
  EXPECT_GT(result.checks, 0u) << "a scenario that checks nothing";
}

INSTANTIATE_TEST_SUITE_P(Alerts, ScenarioTest, ::testing::ValuesIn(Cases()), CaseName);

}  // namespace
}  // namespace tocsin::testing
