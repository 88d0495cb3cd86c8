#include "app/rule_test/report.h"

#include "absl/strings/str_cat.h"

namespace tocsin::app {
namespace {

std::string Place(const rules::SourcePosition& position) {
  return absl::StrCat(position.file, ":", position.line, ":", position.column);
}

}  // namespace

std::string TestReport(const TestFileOutcome& outcome) {
  std::string report = absl::StrCat("Unit Testing:  ", outcome.path, "\n");
  for (const rules::Diagnostic& finding : outcome.findings) {
    absl::StrAppend(&report, rules::FormatDiagnostic(finding), "\n");
  }
  absl::StrAppend(&report, outcome.ok() ? "  SUCCESS\n" : "  FAILED:\n");
  for (const TestOutcome& test : outcome.tests) {
    for (const TestFailure& failure : test.failures) {
      absl::StrAppend(&report, "    ", Place(failure.position), ": ", failure.what,
                      ", test: ", test.name, "\n");
      for (const std::string& line : failure.detail)
        absl::StrAppend(&report, "        ", line, "\n");
    }
  }
  return report;
}

std::string TestSummary(const std::vector<TestFileOutcome>& outcomes) {
  size_t tests = 0;
  size_t cases = 0;
  size_t failed = 0;
  for (const TestFileOutcome& outcome : outcomes) {
    tests += outcome.tests.size();
    if (outcome.tests.empty() && !outcome.ok()) ++failed;
    for (const TestOutcome& test : outcome.tests) {
      cases += test.cases;
      failed += test.failures.empty() ? 0 : 1;
    }
  }
  return absl::StrCat("tested ", outcomes.size(), " files: ", tests, " tests, ", cases, " cases, ",
                      failed, " failed");
}

}  // namespace tocsin::app
