#include "tests/support/naive/histogram_fold.h"

#include "absl/strings/str_cat.h"
#include "base/histogram/sum.h"

namespace tocsin::naive {

HistogramFold FoldHistograms(const std::vector<HistogramPtr>& histograms, bool mean) {
  HistogramFold fold;
  const double count = mean ? static_cast<double>(histograms.size()) : 1;
  bool reset = false, no_reset = false;
  std::optional<HistogramSum> sum;
  for (size_t i = 0; i < histograms.size(); ++i) {
    reset = reset || histograms[i]->counter_reset == CounterReset::kReset;
    no_reset = no_reset || histograms[i]->counter_reset == CounterReset::kNotReset;
    NativeHistogram part = *histograms[i];
    Divide(part, count);  // cannot overflow where the sum would
    if (i == 0) {
      sum.emplace(part);
      continue;
    }
    const auto notes = sum->Add(part);
    if (!notes) {
      fold.failed_at = i;
      return fold;
    }
    fold.bounds_reconciled = fold.bounds_reconciled || notes->bounds_reconciled;
  }
  fold.reset_collision = reset && no_reset;
  fold.result = std::make_shared<NativeHistogram>(sum->Total());
  return fold;
}

std::string MixedSchemas(const Labels& labels) {
  return absl::StrCat(
      "vector contains a mix of histograms with exponential and custom buckets schemas for metric "
      "name \"",
      labels.metric_name(), "\"");
}

}  // namespace tocsin::naive
