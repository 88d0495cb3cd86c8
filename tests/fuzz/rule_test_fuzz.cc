// Any text as a file of rule tests:
//   - every finding stands inside the text and says something
//   - what is read without error has intervals above 0, no more values than its cases look at, and
//     valid histograms
//   - reading is a function of the text

#include <string>
#include <vector>

#include "base/check.h"
#include "engine/query/query_engine.h"
#include "rules/rule_test_file.h"
#include "tests/fuzz/findings.h"
#include "tests/fuzz/input.h"

namespace tocsin::rules {
namespace {

constexpr char kPath[] = "rules_test.yaml";

LoadOptions SmallLimits() {
  LoadOptions options;
  options.unsupported = engine::QueryEngine::Unsupported;
  options.file_bytes_max = 1 << 16;
  options.depth_max = 12;
  options.nodes_max = 2000;
  return options;
}

void CheckTest(const RuleTest& test) {
  TOCSIN_CHECK(test.interval > absl::ZeroDuration());
  TOCSIN_CHECK(test.LatestCase() >= absl::ZeroDuration());
  TOCSIN_CHECK(test.start >= Timestamp());
  for (const InputSeries& series : test.input) {
    TOCSIN_CHECK(!series.labels.metric_name().empty());
    TOCSIN_CHECK(static_cast<double>(series.values.size()) <=
                 absl::FDivDuration(test.LatestCase(), test.interval) + 1);
    for (const auto& value : series.values) {
      TOCSIN_CHECK(!value || value->histogram == nullptr || Validate(*value->histogram).ok());
    }
  }
  for (const ExprCase& one : test.expr_cases) TOCSIN_CHECK(one.query.expr != nullptr);
}

void CheckFile(const std::string& text) {
  const LoadOptions options = SmallLimits();
  std::vector<Diagnostic> findings;
  const RuleTestFile file = ParseRuleTestFile({kPath, text}, options, findings);
  fuzz::CheckFindings(findings, kPath, text);
  std::vector<Diagnostic> same;
  const RuleTestFile again = ParseRuleTestFile({kPath, text}, options, same);
  TOCSIN_CHECK(same.size() == findings.size() && again.tests.size() == file.tests.size());
  if (fuzz::HasErrors(findings)) return;
  TOCSIN_CHECK(file.evaluation_interval > absl::ZeroDuration());
  for (const RuleTest& test : file.tests) CheckTest(test);
}

}  // namespace
}  // namespace tocsin::rules

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tocsin::rules::CheckFile(tocsin::fuzz::String(tocsin::fuzz::Text(data, size)));
  return 0;
}
