#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/native_histogram.h"
#include "engine/query/operator.h"
#include "engine/query/window.h"

namespace tocsin::engine {

// How much a histogram grew over a window that holds at least two, and nothing else: last - first,
// plus what counter resets took away. Null, with a note, if exponential and custom buckets meet.
std::shared_ptr<NativeHistogram> HistogramGrowth(const Samples& samples, bool counter,
                                                 const std::function<std::string()>& metric,
                                                 std::vector<Note>& notes);

// The same between the last two samples. Null likewise.
std::shared_ptr<NativeHistogram> HistogramStep(const NativeHistogram& before,
                                               const NativeHistogram& last, bool counter,
                                               const std::function<std::string()>& metric,
                                               std::vector<Note>& notes);

}  // namespace tocsin::engine
