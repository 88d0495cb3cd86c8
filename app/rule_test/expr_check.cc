#include "app/rule_test/expr_check.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "app/rule_test/difference.h"
#include "base/histogram/text.h"
#include "rules/promql/number.h"
#include "rules/promql/quote.h"

namespace tocsin::app {
namespace {

using rules::ExpectedSample;
using Samples = std::vector<ExpectedSample>;

bool SameValue(double expected, double got, bool fuzzy) {
  if (expected == got || (std::isnan(expected) && std::isnan(got))) return true;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return fuzzy && (std::nextafter(expected, -kInfinity) == got ||
                   std::nextafter(expected, kInfinity) == got);
}

Samples SamplesOf(const engine::AdhocResult& result) {
  if (result.type == promql::ValueType::kScalar) return {{Labels(), result.scalar, nullptr}};
  Samples samples;
  for (size_t i = 0; i < result.rows.size(); ++i) {
    const auto& [labels, value] = result.rows[i];
    samples.push_back({labels, value, result.histograms.empty() ? nullptr : result.histograms[i]});
  }
  return samples;
}

std::string TextOf(const HistogramPtr& histogram) {
  return histogram == nullptr ? "" : HistogramNotation(*histogram);
}

void Sort(Samples& samples) {
  std::stable_sort(
      samples.begin(), samples.end(),
      [](const ExpectedSample& a, const ExpectedSample& b) { return a.labels < b.labels; });
}

std::vector<ComparedItem> Describe(const Samples& samples) {
  std::vector<ComparedItem> items;
  for (const ExpectedSample& sample : samples) {
    ComparedItem item;
    const std::string labels = sample.labels.empty() ? "{}" : sample.labels.ToString();
    const std::string value = sample.histogram != nullptr ? TextOf(sample.histogram)
                                                          : promql::FormatNumberShort(sample.value);
    item.shown = {absl::StrCat(labels, " ", value)};
    for (const LabelView& label : sample.labels) {
      item.fields[absl::StrCat("label ", label.name)] = promql::Quote(label.value);
    }
    item.fields["value"] = value;
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace

std::vector<std::string> CheckSamples(const rules::ExprCase& test,
                                      const engine::AdhocResult& result, bool fuzzy) {
  Samples expected = test.samples;
  Samples got = SamplesOf(result);
  Sort(expected);
  Sort(got);
  return Difference(Describe(expected), Describe(got), [&](size_t e, size_t g) {
    return expected[e].labels == got[g].labels &&
           SameValue(expected[e].value, got[g].value, fuzzy) &&
           TextOf(expected[e].histogram) == TextOf(got[g].histogram);
  });
}

}  // namespace tocsin::app
