// Any text as a rule file:
//   - every finding stands inside the text and says something; none repeats itself without end
//   - what loads without error holds at most as many rules as allowed, each with a parsed
//   expression
//     that the engine says it supports, and templates where texts were given
//   - loading is a function of the text: again gives the same findings and revision

#include <string>
#include <vector>

#include "base/check.h"
#include "engine/query/query_engine.h"
#include "rules/promql/printer.h"
#include "rules/rule_file.h"
#include "tests/fuzz/findings.h"
#include "tests/fuzz/input.h"

namespace tocsin::rules {
namespace {

constexpr char kPath[] = "rules.yaml";

LoadOptions SmallLimits() {
  LoadOptions options;
  options.unsupported = engine::QueryEngine::Unsupported;
  options.file_bytes_max = 1 << 16;
  options.depth_max = 12;
  options.nodes_max = 2000;
  options.rules_max = 32;
  return options;
}

void CheckQuery(const Query& query) {
  TOCSIN_CHECK(query.expr != nullptr) << query.text;
  TOCSIN_CHECK(!engine::QueryEngine::Unsupported(*query.expr).has_value()) << query.text;
}

void CheckRules(const RuleSet& rules, const LoadOptions& options) {
  size_t count = rules.monitors.size();
  for (const Group& group : rules.groups) {
    TOCSIN_CHECK(!group.name.empty());
    TOCSIN_CHECK(!group.interval || *group.interval > absl::ZeroDuration());
    count += group.rules.size();
    for (const GroupRule& rule : group.rules) {
      std::visit([](const auto& one) { CheckQuery(one.query); }, rule);
    }
  }
  for (const Monitor& monitor : rules.monitors) {
    TOCSIN_CHECK(!monitor.name.empty());
    if (monitor.composite == nullptr) CheckQuery(monitor.query);
  }
  TOCSIN_CHECK(count <= options.rules_max) << count;
}

std::string Show(const std::vector<Diagnostic>& findings) {
  std::string all;
  for (const Diagnostic& finding : findings) all += FormatDiagnostic(finding) + "\n";
  return all;
}

void CheckFile(const std::string& text) {
  const LoadOptions options = SmallLimits();
  const std::vector<RuleFile> files = {{kPath, text}};
  const LoadResult loaded = LoadRules(files, options);
  fuzz::CheckFindings(loaded.diagnostics, kPath, text);
  TOCSIN_CHECK(loaded.ok() == !fuzz::HasErrors(loaded.diagnostics));
  if (loaded.ok()) CheckRules(loaded.rules, options);
  const LoadResult again = LoadRules(files, options);
  TOCSIN_CHECK(Show(again.diagnostics) == Show(loaded.diagnostics));
  TOCSIN_CHECK(again.rules.revision == loaded.rules.revision);
}

}  // namespace
}  // namespace tocsin::rules

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tocsin::rules::CheckFile(tocsin::fuzz::String(tocsin::fuzz::Text(data, size)));
  return 0;
}
