#pragma once

#include <optional>

#include "base/histogram/sum.h"

namespace tocsin {

// A mean of histograms: of their sum while no count overflows, incremental from where one would.
class HistogramMean {
 public:
  explicit HistogramMean(const NativeHistogram& first) : total_(first) {}

  // As HistogramSum::Add().
  std::optional<CombineNotes> Add(const NativeHistogram& other);
  NativeHistogram Get() const { return total_.Total(incremental_ ? 1 : count_); }

 private:
  HistogramSum total_;  // the mean once it is incremental
  double count_ = 1;
  bool incremental_ = false;
};

}  // namespace tocsin
