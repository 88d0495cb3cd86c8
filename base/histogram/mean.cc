#include "base/histogram/mean.h"

namespace tocsin {

std::optional<CombineNotes> HistogramMean::Add(const NativeHistogram& other) {
  count_ += 1;
  if (!incremental_) {
    HistogramSum next = total_;
    const auto notes = next.Add(other);
    if (!notes || !next.overflows()) {
      if (notes) total_ = std::move(next);
      return notes;
    }
    incremental_ = true;
    total_.Multiply(1 / (count_ - 1));
  }
  total_.Multiply((count_ - 1) / count_);
  NativeHistogram part = other;
  Divide(part, count_);
  return total_.Add(part);
}

}  // namespace tocsin
