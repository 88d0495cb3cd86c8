#pragma once

#include <cstdint>
#include <deque>

#include "base/native_histogram.h"

namespace tocsin::engine {

// The native histograms of one series, beside its column of values, which has HistogramMark() in
// their places. They are numbered as samples of the whole series are: what was cut off the front
// keeps its number.
class ColumnHistograms {
 public:
  // Of a sample just taken in at `position`, where no histogram is. Marks it, and the one after it,
  // as StoredCounterReset() says.
  void Set(uint64_t position, const NativeHistogram& histogram);
  // The same as it is, without another mark.
  void SetAsIs(uint64_t position, HistogramPtr histogram);
  // A sample was taken in at `position`: those from there on moved up by one.
  void MakeGap(uint64_t position);
  // The sample at `position` was taken out: those behind it moved down by one.
  void CloseGap(uint64_t position);
  // The sample at `position` is no histogram any more.
  void Erase(uint64_t position);
  void TrimBefore(uint64_t position);

  // Null: the sample is none.
  const HistogramPtr* Find(uint64_t position) const;
  // Whether there is one in [begin, end).
  bool Any(uint64_t begin, uint64_t end) const;

 private:
  struct Entry {
    uint64_t position = 0;
    HistogramPtr histogram;
  };
  using Entries = std::deque<Entry>;
  Entries::iterator FirstFrom(uint64_t position);
  Entries::const_iterator FirstFrom(uint64_t position) const;

  Entries entries_;  // ascending
};

}  // namespace tocsin::engine
