#include "app/commands/check.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "app/check_files.h"
#include "app/config.h"
#include "app/loaded_files.h"
#include "app/version.h"
#include "base/status_macros.h"

namespace tocsin::app {
namespace {

using rules::Diagnostic;
using rules::RuleFile;
using rules::Severity;

// Everything that was read and what is wrong with it.
struct Checked {
  std::vector<RuleFile> rule_files;
  std::vector<Config> configs;
  std::vector<std::string> skipped;  // unit tests of rules
  std::vector<Diagnostic> findings;
  rules::RuleSet rules;
};

std::string RealPath(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::weakly_canonical(path, error);
  return error ? path : real.string();
}

void CheckConfigFile(const RuleFile& file, Checked& checked,
                     std::vector<std::string>& rule_patterns) {
  ConfigSources sources = ConfigSources::System();
  sources.secrets_required = false;
  ConfigResult result = ParseConfig(file.path, file.content, sources);
  for (Diagnostic& finding : result.diagnostics) checked.findings.push_back(std::move(finding));
  for (const std::string& pattern : result.config.rules) rule_patterns.push_back(pattern);
  checked.configs.push_back(std::move(result.config));
}

// The rule files that configurations name, unless they are there already.
void AddNamedRules(const std::vector<std::string>& patterns, Checked& checked) {
  std::set<std::string> known;
  for (const RuleFile& file : checked.rule_files) known.insert(RealPath(file.path));
  for (const std::string& pattern : patterns) {
    const auto paths = rules::ExpandGlobs({pattern});
    if (!paths.ok()) {
      checked.findings.push_back({{pattern, 0, 0},
                                  Severity::kError,
                                  std::string(paths.status().message()),
                                  rules::code::kUnreadable,
                                  ""});
      continue;
    }
    std::vector<std::string> fresh;
    for (const std::string& path : *paths) {
      if (known.insert(RealPath(path)).second) fresh.push_back(path);
    }
    for (RuleFile& file : rules::ReadRuleFiles(fresh, checked.findings)) {
      checked.rule_files.push_back(std::move(file));
    }
  }
}

// As the first configuration would have them loaded, or else by default.
void LoadRuleFiles(Checked& checked) {
  const Limits limits = checked.configs.empty() ? Limits() : checked.configs.front().limits;
  rules::LoadResult loaded = rules::LoadRules(checked.rule_files, RuleLoadOptions(limits));
  for (Diagnostic& finding : loaded.diagnostics) checked.findings.push_back(std::move(finding));
  checked.rules = std::move(loaded.rules);
}

absl::StatusOr<Checked> CheckPaths(const std::vector<std::string>& paths) {
  Checked checked;
  TOCSIN_ASSIGN_OR_RETURN(FoundFiles found, FindFiles(paths));
  checked.skipped = std::move(found.skipped);
  std::vector<std::string> rule_patterns;
  for (RuleFile& file : rules::ReadRuleFiles(found.paths, checked.findings)) {
    switch (KindOf(file)) {
      case FileKind::kConfig:
        CheckConfigFile(file, checked, rule_patterns);
        break;
      case FileKind::kRuleTest:
        checked.skipped.push_back(file.path);
        break;
      case FileKind::kRules:
        checked.rule_files.push_back(std::move(file));
        break;
    }
  }
  AddNamedRules(rule_patterns, checked);
  LoadRuleFiles(checked);
  return checked;
}

size_t Count(const Checked& checked, Severity severity) {
  return static_cast<size_t>(
      std::count_if(checked.findings.begin(), checked.findings.end(),
                    [&](const Diagnostic& finding) { return finding.severity == severity; }));
}

void PrintSummary(const Checked& checked, std::ostream& err) {
  size_t group_rules = 0;
  for (const rules::Group& group : checked.rules.groups) group_rules += group.rules.size();
  for (const std::string& path : checked.skipped) {
    err << "note: " << path << " is a unit test of rules, not checked\n";
  }
  err << "checked " << checked.rule_files.size() << " rule files (" << group_rules << " rules in "
      << checked.rules.groups.size() << " groups, " << checked.rules.monitors.size()
      << " monitors) and " << checked.configs.size()
      << " configurations: " << Count(checked, Severity::kError) << " errors, "
      << Count(checked, Severity::kWarning) << " warnings\n";
}

void PrintConfigs(const Checked& checked, std::ostream& out) {
  if (checked.configs.empty()) out << PrintConfig(Config());
  for (const Config& config : checked.configs) out << PrintConfig(config);
}

int ExitCode(const Checked& checked, bool strict) {
  const bool unreadable =
      std::any_of(checked.findings.begin(), checked.findings.end(), [](const Diagnostic& finding) {
        return absl::string_view(finding.code) == rules::code::kUnreadable;
      });
  if (unreadable) return 2;
  const bool failed =
      Count(checked, Severity::kError) > 0 || (strict && Count(checked, Severity::kWarning) > 0);
  return failed ? 1 : 0;
}

}  // namespace

int RunCheck(const CheckOptions& options, std::ostream& out, std::ostream& err) {
  if (options.paths.empty() && options.print_config) {
    out << PrintConfig(Config());
    return 0;
  }
  const auto checked = CheckPaths(options.paths);
  if (!checked.ok()) {
    err << "tocsin check: " << checked.status().message() << "\n";
    return 2;
  }
  out << FormatFindings(checked->findings, options.format, kVersion);
  if (options.print_config) PrintConfigs(*checked, out);
  PrintSummary(*checked, err);
  if (checked->rule_files.empty() && checked->configs.empty() && checked->findings.empty()) {
    err << "tocsin check: nothing to check\n";
    return 2;
  }
  return ExitCode(*checked, options.strict);
}

}  // namespace tocsin::app
