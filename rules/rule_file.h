#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/diagnostic.h"
#include "rules/promql/ast.h"
#include "rules/promql/parser.h"
#include "rules/rule.h"

// From the text of rule files to a checked RuleSet: Prometheus `groups:` (unchanged files load and
// mean the same), native `monitors:` and `log_metrics:`, also all in one file. The reference for
// both is the README.
namespace tocsin::rules {

struct RuleFile {
  std::string path;  // as shown in findings; part of a group's identity
  std::string content;
};

struct LoadOptions {
  // What the engine does not evaluate yet: the first such place in a valid expression, or nothing.
  // Its message is reported as an error "not supported yet: <message>" at its span. Empty function:
  // everything is supported.
  std::function<std::optional<promql::ParseError>(const promql::Expr&)> unsupported;
  promql::ParseOptions parse;
  bool lint = true;  // also report warnings

  // Limits of one file; aliases count as often as they are used.
  size_t file_bytes_max = 1 << 20;
  size_t depth_max = 32;
  size_t nodes_max = 100'000;
  // Over all files. An empty group counts as a rule; sizes are those of promql::ExprSize.
  size_t rules_max = 20'000;
  size_t expression_nodes_max = 2'000'000;
  size_t regex_instructions_max = 10'000'000;
};

struct LoadResult {
  RuleSet rules;  // holds what is right even if something else is not: use it only if ok()
  std::vector<Diagnostic>
      diagnostics;  // of all files, by file in the given order, then by position
  bool ok() const;  // no errors (warnings are fine)
};

// Pure; thread: any. Never fails as a whole: all errors of all files come back at once.
LoadResult LoadRules(const std::vector<RuleFile>& files, const LoadOptions& options = {});

// The files that match shell patterns, sorted, each once. A pattern without `*`, `?`, `[` names a
// file that must exist (NotFound); a pattern that matches nothing is fine.
absl::StatusOr<std::vector<std::string>> ExpandGlobs(const std::vector<std::string>& patterns);

// Reads files of at most `file_bytes_max` bytes. What cannot be read becomes a finding and is left
// out.
std::vector<RuleFile> ReadRuleFiles(const std::vector<std::string>& paths,
                                    std::vector<Diagnostic>& findings,
                                    size_t file_bytes_max = 1 << 20);

}  // namespace tocsin::rules
