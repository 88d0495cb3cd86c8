#include "rules/rule_file.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/labels.h"
#include "rules/composite_check.h"
#include "rules/decode_context.h"
#include "rules/group_decoder.h"
#include "rules/log_metric_decoder.h"
#include "rules/monitor_decoder.h"
#include "rules/yaml_tree.h"

namespace tocsin::rules {
namespace {

void LoadFile(const RuleFile& file, const LoadOptions& options, RuleSet& rules,
              std::vector<Diagnostic>& findings) {
  const YamlLimits limits{options.file_bytes_max, options.depth_max, options.nodes_max};
  const std::unique_ptr<YamlDocument> document =
      YamlDocument::Parse(file.path, file.content, limits, findings);
  if (document == nullptr) return;
  DecodeContext context(*document, options, findings);
  const MapReader reader(context, document->root(), "rule file",
                         {"groups", "monitors", "log_metrics"});
  if (const YamlNode* groups = reader.Find("groups")) DecodeGroups(context, *groups, rules);
  if (const YamlNode* monitors = reader.Find("monitors")) DecodeMonitors(context, *monitors, rules);
  if (const YamlNode* metrics = reader.Find("log_metrics")) {
    DecodeLogMetrics(context, *metrics, rules);
  }
}

void SortByPosition(std::vector<Diagnostic>& findings) {
  std::stable_sort(findings.begin(), findings.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::pair(a.position.line, a.position.column) <
           std::pair(b.position.line, b.position.column);
  });
}

void CheckMonitorNames(const RuleSet& rules, std::vector<Diagnostic>& findings) {
  std::map<absl::string_view, const SourcePosition*> seen;
  for (const Monitor& monitor : rules.monitors) {
    const auto [first, is_new] = seen.emplace(monitor.name, &monitor.position);
    if (is_new) continue;
    findings.push_back(
        {monitor.position, Severity::kError,
         absl::StrCat("monitor \"", monitor.name, "\" is given twice"), code::kDuplicateName,
         absl::StrCat("first given at ", first->second->file, ":", first->second->line)});
  }
}

// Counts what all rules come to, and reports the first one that is too many of each.
class TotalCheck {
 public:
  TotalCheck(const LoadOptions& options, std::vector<Diagnostic>& findings)
      : options_(options), findings_(findings) {}

  void Check(const RuleSet& rules) {
    for (const Group& group : rules.groups) {
      if (group.rules.empty()) CountRule(group.position);
      for (const GroupRule& rule : group.rules) {
        std::visit([&](const auto& one) { Count(one.query, one.position); }, rule);
      }
    }
    for (const Monitor& monitor : rules.monitors) Count(monitor.query, monitor.position);
    for (const LogMetric& metric : rules.log_metrics) {
      CountRule(metric.position);
      CountRegexes(metric.regex_instructions, metric.position);
    }
  }

 private:
  struct Total {
    size_t value = 0;
    bool reported = false;
  };

  void CountRule(const SourcePosition& position) {
    Add(rules_, 1, options_.rules_max, position, "rules", "rules_max");
  }
  void Count(const Query& query, const SourcePosition& position) {
    CountRule(position);
    Add(nodes_, query.size.nodes, options_.expression_nodes_max, query.position,
        "parts of expressions", "expression_nodes_max");
    CountRegexes(query.size.regex_instructions, query.position);
  }
  void CountRegexes(size_t instructions, const SourcePosition& position) {
    Add(regexes_, instructions, options_.regex_instructions_max, position,
        "instructions of regular expressions", "regex_instructions_max");
  }
  void Add(Total& total, size_t amount, size_t max, const SourcePosition& position,
           absl::string_view what, absl::string_view limit) {
    total.value += amount;
    if (total.value <= max || max == 0 || std::exchange(total.reported, true)) return;
    findings_.push_back({position, Severity::kError,
                         absl::StrCat("more than ", max, " ", what, " in all files together"),
                         code::kLimit, absl::StrCat("raise limits.", limit)});
  }

  const LoadOptions& options_;
  std::vector<Diagnostic>& findings_;
  Total rules_, nodes_, regexes_;
};

// Lengths keep ("ab", "c") and ("a", "bc") apart.
std::string Revision(const std::vector<RuleFile>& files) {
  std::string all;
  for (const RuleFile& file : files) {
    absl::StrAppend(&all, file.path.size(), ":", file.path, file.content.size(), ":", file.content);
  }
  const absl::uint128 hash = Fingerprint128(all);
  return absl::StrFormat("%016x%016x", absl::Uint128High64(hash), absl::Uint128Low64(hash));
}

}  // namespace

bool LoadResult::ok() const {
  return std::none_of(diagnostics.begin(), diagnostics.end(),
                      [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

LoadResult LoadRules(const std::vector<RuleFile>& files, const LoadOptions& options) {
  LoadResult result;
  for (const RuleFile& file : files) {
    std::vector<Diagnostic> findings;
    LoadFile(file, options, result.rules, findings);
    SortByPosition(findings);
    std::move(findings.begin(), findings.end(), std::back_inserter(result.diagnostics));
  }
  CheckMonitorNames(result.rules, result.diagnostics);
  CheckLogMetricNames(result.rules, result.diagnostics);
  CheckComposites(result.rules, result.diagnostics);
  TotalCheck(options, result.diagnostics).Check(result.rules);
  result.rules.revision = Revision(files);
  return result;
}

}  // namespace tocsin::rules
