// Runs the promqltest scripts: our own, all of which must pass on the engine and on the twin, and
// Prometheus' ones where they are present, whose count may only rise.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tests/promqltest/runner.h"

namespace tocsin::promqltest {
namespace {

namespace fs = std::filesystem;

// Passed evaluations of the 594 in ../shared/data/promqltest. Raise them when more pass; never
// lower them.
constexpr int kEngineFloor = 592;
constexpr int kTwinFloor = 592;

fs::path SourceDir() {
  const char* dir = std::getenv("TOCSIN_SOURCE_DIR");
  return dir == nullptr ? fs::current_path() : fs::path(dir);
}

fs::path SharedData() {
  const char* data = std::getenv("TOCSIN_SHARED_DATA");
  return data == nullptr ? SourceDir() / "../shared/data" : fs::path(data);
}

std::vector<std::string> ScriptsIn(const fs::path& folder) {
  std::vector<std::string> scripts;
  if (!fs::exists(folder)) return scripts;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".test") scripts.push_back(entry.path().string());
  }
  std::sort(scripts.begin(), scripts.end());
  return scripts;
}

Report RunAll(Subject& subject, const std::vector<std::string>& scripts) {
  Runner runner(subject);
  Report report;
  for (const std::string& script : scripts) {
    const absl::Status status = runner.RunFile(script, &report);
    EXPECT_TRUE(status.ok()) << status;
  }
  return report;
}

struct SubjectCase {
  const char* name;
  std::unique_ptr<Subject> (*make)();
  int floor;
};

void PrintTo(const SubjectCase& subject, std::ostream* out) {
  *out << subject.name;
}

class ScriptsTest : public ::testing::TestWithParam<SubjectCase> {};

TEST_P(ScriptsTest, OwnScriptsAllPass) {
  const fs::path folder = SourceDir() / "tests/golden/promql";
  const std::vector<std::string> scripts = ScriptsIn(folder);
  ASSERT_FALSE(scripts.empty());
  const auto subject = GetParam().make();
  const Report report = RunAll(*subject, scripts);
  for (const Failure& failure : report.failures) {
    ADD_FAILURE() << failure.where << ": " << failure.reason;
  }
  EXPECT_GT(report.passed, 0);
}

TEST_P(ScriptsTest, ForeignScriptsReachTheFloor) {
  const auto scripts = ScriptsIn(SharedData() / "promqltest");
  if (scripts.empty()) GTEST_SKIP() << "no scripts in ../shared/data/promqltest";
  const auto subject = GetParam().make();
  const Report report = RunAll(*subject, scripts);
  std::string failures;
  for (const Failure& failure : report.failures) {
    failures += failure.where + ": " + failure.reason + "\n";
  }
  EXPECT_GE(report.passed, GetParam().floor) << failures;
  RecordProperty("passed", report.passed);
}

INSTANTIATE_TEST_SUITE_P(Promqltest, ScriptsTest,
                         ::testing::Values(SubjectCase{"Engine", MakeEngineSubject, kEngineFloor},
                                           SubjectCase{"Twin", MakeNaiveSubject, kTwinFloor}),
                         [](const auto& param) { return std::string(param.param.name); });

// What the runner says of a script's single evaluation.
std::string ReasonOf(const std::string& script) {
  const auto subject = MakeNaiveSubject();
  Runner runner(*subject);
  Report report;
  const absl::Status status = runner.RunScript("script", script, &report);
  if (!status.ok()) return std::string(status.message());
  EXPECT_EQ(report.evals, 1);
  return report.failures.empty() ? "" : report.failures[0].where + ": " + report.failures[0].reason;
}

struct RunnerCase {
  const char* name;
  const char* script;
  const char* reason;
};

class RunnerTest : public ::testing::TestWithParam<RunnerCase> {};

TEST_P(RunnerTest, Says) {
  EXPECT_EQ(ReasonOf(GetParam().script), GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Promqltest, RunnerTest,
    ::testing::Values(
        RunnerCase{"passes", "load 1m\n  a 1\n\neval instant at 0 a\n  a 1", ""},
        RunnerCase{"wrong_value", "load 1m\n  a 1\n\neval instant at 0 a\n  a 2",
                   "script:4: a: expected 2, got 1"},
        RunnerCase{"missing_row", "eval instant at 0 a\n  a 2",
                   "script:1: expected a 2, got nothing"},
        RunnerCase{"extra_row", "load 1m\n  a 1\n\neval instant at 0 a",
                   "script:4: unexpected a 1"},
        RunnerCase{"close_enough", "eval instant at 0 1.00000001\n  1", ""},
        RunnerCase{"not_close_enough", "eval instant at 0 1.0001\n  1",
                   "script:1: expected 1, got 1.0001"},
        RunnerCase{"range", "load 1m\n  a 1 2\n\neval range from 0 to 2m step 1m a\n  a 1 2 3",
                   "script:4: a: expected 1 2 3, got 1 2 2"},
        RunnerCase{"wanted_failure", "eval instant at 0 1\n  expect fail",
                   "script:1: expected to fail, but it did not"},
        RunnerCase{"old_form", "eval_fail instant at 0 1",
                   "script:1: expected to fail, but it did not"},
        RunnerCase{"wanted_warning",
                   "eval instant at 0 quantile(2, vector(1))\n  expect warn\n  {} Inf", ""},
        RunnerCase{"unwanted_warning",
                   "eval instant at 0 quantile(2, vector(1))\n  expect no_warn\n  {} Inf",
                   "script:1: expected no warning, got: PromQL warning: quantile value should be "
                   "between 0 and 1, got 2 (1:10)"},
        RunnerCase{
            "order",
            "load 1m\n  a{i=\"0\"} 1\n  a{i=\"1\"} 2\n\n"
            "eval instant at 0 sort_desc(a)\n  expect ordered\n  a{i=\"0\"} 1\n  a{i=\"1\"} 2",
            "script:5: at place 1: expected a{i=\"0\"}, got a{i=\"1\"}"},
        RunnerCase{"histogram", "load 1m\n  a {{count:1}}\n\neval instant at 0 a\n  a {{count:1}}",
                   ""},
        RunnerCase{"histogram_close_enough",
                   "load 1m\n  a {{count:1 sum:2 buckets:[1 0]}}\n\n"
                   "eval instant at 0 a\n  a {{count:1.0000001 sum:2 buckets:[1.0000001]}}",
                   ""},
        RunnerCase{
            "other_histogram",
            "load 1m\n  a {{count:1 sum:2 buckets:[1]}}\n\n"
            "eval instant at 0 a\n  a {{count:1 sum:2 buckets:[0 1]}}",
            "script:4: a: expected {{count:1 sum:2 offset:1 buckets:[1]}}, got {{count:1 sum:2 "
            "buckets:[1]}}"},
        RunnerCase{"histogram_for_float", "load 1m\n  a {{count:1}}\n\neval instant at 0 a\n  a 1",
                   "script:4: a: expected 1, got {{count:1}}"},
        RunnerCase{"counter_reset_not_named",
                   "load 1m\n  a {{counter_reset_hint:gauge}}\n\neval instant at 0 a\n  a {{}}",
                   ""},
        RunnerCase{"counter_reset_named",
                   "load 1m\n  a {{}}\n\n"
                   "eval instant at 0 a\n  a {{counter_reset_hint:gauge}}",
                   "script:4: a: expected {{counter_reset_hint:gauge}}, got {{}}"},
        RunnerCase{"start_timestamps",
                   "load 1m\n  a@st 0s 0s\n  a 1 2\n\neval instant at 1m rate(a[2m])\n  {} 1",
                   "script:5: not supported yet: start timestamps"},
        RunnerCase{"start_timestamps_of_all",
                   "load 1m\n  @st -1s\n  a 1 2\n\neval instant at 1m increase(a[2m])\n  {} 1",
                   "script:5: not supported yet: start timestamps"},
        RunnerCase{"start_timestamps_do_not_matter",
                   "load 1m\n  a@st 0s 0s\n  a 1 2\n\neval instant at 1m sum(a)\n  {} 2", ""},
        RunnerCase{"range_vector",
                   "load 1m\n  a 1 {{count:2}} _ 4\n\neval instant at 3m a[5m]\n"
                   "  expect range vector from 0 to 3m step 1m\n  a 1 {{count:2}} _ 4",
                   ""},
        RunnerCase{"wrong_range_vector",
                   "load 1m\n  a 1 2\n\neval instant at 1m a[5m]\n"
                   "  expect range vector from 0 to 1m step 1m\n  a 1 3",
                   "script:4: a: expected 1 3, got 1 2"},
        RunnerCase{"classic_to_native",
                   "load_with_nhcb 1m\n  a_bucket{le=\"1\"} 1\n  a_bucket{le=\"+Inf\"} 3\n"
                   "  a_sum 5\n\neval instant at 0 a\n"
                   "  a {{schema:-53 count:3 sum:5 custom_values:[1] buckets:[1 2]}}",
                   ""},
        RunnerCase{"last_line_of_a_series_counts",
                   "load 1m\n  a 1\n  a 2\n\neval instant at 0 a\n  a 2", ""},
        RunnerCase{"no_statement", "\nevil instant at 0 a",
                   "script: line 2: not a statement: \"evil instant at 0 a\""}),
    [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace tocsin::promqltest
