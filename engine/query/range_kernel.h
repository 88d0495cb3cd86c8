#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/sample.h"
#include "engine/query/window.h"

namespace tocsin::engine {

// Which of a row's samples are in the window, and for which ends of the range that holds as long
// as the column does not change. Ends of the range only ever grow: who goes back begins anew.
//
// There is one for each row of each function over a range, and waiting for its memory is most of
// what a row costs. So it is kept small.
struct WindowCursor {
  Sample first{INT64_MIN, 0};  // in the window; if it is empty, the time is valid_until()'s
  uint32_t valid_for_ms = 0;   // from first's time on; what is longer is cut
  uint32_t begin = 0;          // positions; begin is first's
  uint32_t end = 0;
  uint32_t version = 0;         // of the column, at the last look
  uint32_t rewrites = 0;        // likewise
  uint32_t samples : 30 = 0;    // in the window, without stale markers
  uint32_t histograms : 1 = 0;  // some of these are native histograms
  uint32_t complete : 1 = 0;    // nothing of the column lies behind the window

  // Ends of the range before this see the same samples.
  int64_t valid_until() const { return first.time_ms + valid_for_ms; }
  bool Holds(uint32_t column_version, int64_t end_ms) const {
    return version == column_version && end_ms < valid_until();
  }
  // Of a window that is not empty.
  void SetValidUntil(int64_t time_ms) {
    valid_for_ms = static_cast<uint32_t>(std::min<int64_t>(time_ms - first.time_ms, UINT32_MAX));
  }
};
static_assert(sizeof(WindowCursor) == 40);

// What a kernel is told of a row at an evaluation.
struct RowWindow {
  int64_t t = 0;         // evaluation time
  int64_t begin_ms = 0;  // the range is (begin, end]
  int64_t end_ms = 0;
  double param = 0;  // of functions that take a scalar
  const WindowCursor& cursor;
  size_t row = 0;
  RangeVector& range;
  const Samples* floats = nullptr;  // the window has histograms too, which do not count

  double seconds() const { return static_cast<double>(end_ms - begin_ms) / 1000; }
  // All samples, for the rare case that needs them.
  Samples Read() const { return floats != nullptr ? *floats : range.Read(row); }
  // Of the sample that entered with this position.
  int64_t TimeOf(uint32_t position) const {
    if (floats != nullptr) return floats->times[position];
    return range.view().column(row).time(position);
  }
};

// What a kernel may leave out.
struct KernelDefaults {
  template <typename State>
  void Enter(State&, uint32_t /*position*/, const Sample&, const Column&) const {}
  template <typename State>
  void Expire(State&, const Sample&, const Sample* /*next*/, const WindowCursor&) const {}
  template <typename State>
  bool Drifted(const State&, const WindowCursor&) const {
    return false;
  }
};

}  // namespace tocsin::engine
