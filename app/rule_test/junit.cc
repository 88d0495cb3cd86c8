#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "app/rule_test/report.h"

namespace tocsin::app {
namespace {

// What XML 1.0 cannot hold at all becomes a question mark.
std::string Escape(absl::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\n':
        escaped += "&#10;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? '?' : c;
    }
  }
  return escaped;
}

void AppendFailure(const TestFailure& failure, std::string& xml) {
  absl::StrAppend(&xml, "      <failure message=\"", Escape(failure.what), "\">",
                  Escape(absl::StrCat(failure.position.file, ":", failure.position.line, ":",
                                      failure.position.column, "\n")),
                  Escape(absl::StrJoin(failure.detail, "\n")), "</failure>\n");
}

void AppendCase(const TestFileOutcome& file, const TestOutcome& test, std::string& xml) {
  absl::StrAppend(&xml, "    <testcase classname=\"", Escape(file.path), "\" name=\"",
                  Escape(test.name), "\"");
  if (test.failures.empty()) {
    absl::StrAppend(&xml, "/>\n");
    return;
  }
  absl::StrAppend(&xml, ">\n");
  for (const TestFailure& failure : test.failures) AppendFailure(failure, xml);
  absl::StrAppend(&xml, "    </testcase>\n");
}

void AppendError(const TestFileOutcome& file, std::string& xml) {
  std::string findings;
  for (const rules::Diagnostic& finding : file.findings) {
    absl::StrAppend(&findings, rules::FormatDiagnostic(finding), "\n");
  }
  absl::StrAppend(&xml, "    <testcase classname=\"", Escape(file.path),
                  "\" name=\"load\">\n      <error message=\"the file cannot be run\">",
                  Escape(findings), "</error>\n    </testcase>\n");
}

struct Counts {
  size_t tests = 0;
  size_t failures = 0;
  size_t errors = 0;
  std::string Attributes() const {
    return absl::StrCat("tests=\"", tests, "\" failures=\"", failures, "\" errors=\"", errors,
                        "\"");
  }
};

// A file that was not run counts as one test.
Counts Count(const TestFileOutcome& file) {
  Counts counts;
  counts.tests = file.tests.size();
  for (const TestOutcome& test : file.tests) counts.failures += test.failures.empty() ? 0 : 1;
  if (!file.ok() && counts.failures == 0) counts.tests = counts.errors = 1;
  return counts;
}

}  // namespace

std::string JunitReport(const std::vector<TestFileOutcome>& outcomes) {
  Counts all;
  std::string suites;
  for (const TestFileOutcome& file : outcomes) {
    const Counts counts = Count(file);
    all.tests += counts.tests;
    all.failures += counts.failures;
    all.errors += counts.errors;
    absl::StrAppend(&suites, "  <testsuite name=\"", Escape(file.path), "\" ", counts.Attributes(),
                    ">\n");
    if (counts.errors > 0) AppendError(file, suites);
    for (const TestOutcome& test : file.tests) AppendCase(file, test, suites);
    absl::StrAppend(&suites, "  </testsuite>\n");
  }
  return absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites ", all.Attributes(),
                      ">\n", suites, "</testsuites>\n");
}

}  // namespace tocsin::app
