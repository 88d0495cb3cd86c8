#include "app/commands/test.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/string_view.h"
#include "app/rule_test/report.h"
#include "app/rule_test/run_file.h"

namespace tocsin::app {
namespace {

bool CannotBeRead(const TestFileOutcome& outcome) {
  return std::any_of(outcome.findings.begin(), outcome.findings.end(),
                     [](const rules::Diagnostic& finding) {
                       return finding.severity == rules::Severity::kError &&
                              absl::string_view(finding.code) == rules::code::kUnreadable;
                     });
}

bool WriteFile(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  return file.good();
}

}  // namespace

int RunTest(const TestOptions& options, std::ostream& out, std::ostream& err) {
  std::vector<TestFileOutcome> outcomes;
  int code = 0;
  for (const std::string& file : options.files) {
    outcomes.push_back(RunTestFile(file, options.strict));
    const TestFileOutcome& outcome = outcomes.back();
    out << TestReport(outcome) << "\n";
    if (!outcome.ok()) code = std::max(code, CannotBeRead(outcome) ? 2 : 1);
  }
  err << TestSummary(outcomes) << "\n";
  if (options.junit && !WriteFile(*options.junit, JunitReport(outcomes))) {
    err << "tocsin test: cannot write " << *options.junit << "\n";
    return 2;
  }
  return code;
}

}  // namespace tocsin::app
