#include "app/rule_test/run_file.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "app/rule_test/test_run.h"
#include "app/unsupported.h"
#include "rules/rule_file.h"
#include "rules/rule_test_file.h"

namespace tocsin::app {
namespace {

using rules::Diagnostic;

bool HasErrors(const std::vector<Diagnostic>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const Diagnostic& finding) {
    return finding.severity == rules::Severity::kError;
  });
}

// Files are local and only run here, so the limits only stop what would fill the memory.
rules::LoadOptions MakeLoadOptions() {
  rules::LoadOptions options;
  options.unsupported = Unsupported;
  options.lint = false;
  options.file_bytes_max = 64 << 20;
  options.nodes_max = 5'000'000;
  options.rules_max = 1'000'000;
  options.expression_nodes_max = 100'000'000;
  options.regex_instructions_max = 100'000'000;
  return options;
}

// Relative patterns start at the folder of the test file. `missing`: how bad one is that matches
// nothing.
std::vector<std::string> RulePaths(const rules::RuleTestFile& file, rules::Severity missing,
                                   std::vector<Diagnostic>& findings) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  std::set<std::string> known;
  for (const rules::RuleTestFile::Pattern& pattern : file.rule_files) {
    const fs::path full = (fs::path(file.path).parent_path() / pattern.text).lexically_normal();
    const auto found = rules::ExpandGlobs({full.string()});
    if (!found.ok() || found->empty()) {
      findings.push_back({pattern.position, missing,
                          absl::StrCat("no file matches ", full.string()), rules::code::kUnreadable,
                          ""});
      continue;
    }
    for (const std::string& path : *found) {
      if (known.insert(path).second) paths.push_back(path);
    }
  }
  return paths;
}

// Groups that group_eval_order does not name come first, in the order of the files.
void OrderGroups(const std::vector<std::string>& order, rules::RuleSet& rules) {
  const auto place = [&](const rules::Group& group) {
    const auto named = std::find(order.begin(), order.end(), group.name);
    return named == order.end() ? 0 : 1 + (named - order.begin());
  };
  std::stable_sort(
      rules.groups.begin(), rules.groups.end(),
      [&](const rules::Group& a, const rules::Group& b) { return place(a) < place(b); });
}

std::shared_ptr<const rules::RuleSet> LoadRulesOf(const rules::RuleTestFile& file,
                                                  const rules::LoadOptions& options,
                                                  rules::Severity missing,
                                                  std::vector<Diagnostic>& findings) {
  const auto files =
      rules::ReadRuleFiles(RulePaths(file, missing, findings), findings, options.file_bytes_max);
  rules::LoadResult loaded = rules::LoadRules(files, options);
  for (Diagnostic& finding : loaded.diagnostics) findings.push_back(std::move(finding));
  OrderGroups(file.group_eval_order, loaded.rules);
  return std::make_shared<const rules::RuleSet>(std::move(loaded.rules));
}

// A test that only Prometheus 2 would pass passes with a warning: many were written for it.
TestOutcome RunOne(const rules::RuleTestFile& file, size_t number,
                   const std::shared_ptr<const rules::RuleSet>& rules, bool strict,
                   std::vector<Diagnostic>& findings) {
  const rules::RuleTest& test = file.tests[number];
  const std::string name = test.name.empty() ? absl::StrCat("unnamed#", number) : test.name;
  const auto run = [&](Lookback lookback) {
    return TestRun(file, test, rules, lookback).Run(name);
  };
  TestOutcome outcome = run(Lookback::kPrometheus3);
  if (strict || outcome.failures.empty()) return outcome;
  TestOutcome earlier = run(Lookback::kPrometheus2);
  if (!earlier.failures.empty()) return outcome;
  findings.push_back(
      {outcome.failures.front().position, rules::Severity::kWarning,
       absl::StrCat("test ", name,
                    " passes by the lookback of Prometheus 2 only: it needs a sample "
                    "that is exactly 5m old at ",
                    outcome.failures.front().what),
       rules::code::kOldLookback, "give its input series one more value"});
  return earlier;
}

}  // namespace

bool TestFileOutcome::ok() const {
  return !HasErrors(findings) && std::all_of(tests.begin(), tests.end(), [](const auto& test) {
    return test.failures.empty();
  });
}

TestFileOutcome RunTestFile(const std::string& path, bool strict) {
  TestFileOutcome outcome;
  outcome.path = path;
  const rules::LoadOptions options = MakeLoadOptions();
  const auto content = rules::ReadRuleFiles({path}, outcome.findings, options.file_bytes_max);
  if (content.empty()) return outcome;
  const rules::RuleTestFile file =
      rules::ParseRuleTestFile(content.front(), options, outcome.findings);
  const auto rules =
      LoadRulesOf(file, options, strict ? rules::Severity::kError : rules::Severity::kWarning,
                  outcome.findings);
  if (HasErrors(outcome.findings)) return outcome;
  for (size_t i = 0; i < file.tests.size(); ++i) {
    outcome.tests.push_back(RunOne(file, i, rules, strict, outcome.findings));
  }
  return outcome;
}

}  // namespace tocsin::app
