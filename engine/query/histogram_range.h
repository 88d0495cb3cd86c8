#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/query/operator.h"
#include "engine/query/window.h"

namespace tocsin::engine {

// What a range function makes of windows that hold native histograms, alone or among floats.
class HistogramRange {
 public:
  enum class Kind {
    kRate,
    kIncrease,
    kDelta,
    kIrate,
    kIdelta,
    kChanges,
    kResets,
    kSum,
    kAverage,
    kFirst,
    kLast,
    kFloatsOnly,  // histograms are ignored, which is told
    kAnySample,   // makes no difference between the two
  };

  // Of the range function of this name.
  static Kind KindOf(absl::string_view function);

  explicit HistogramRange(Kind kind) : kind_(kind) {}

  struct Result {
    enum class Type { kNone, kFloat, kHistogram, kOfFloats } type = Type::kNone;
    double value = 0;
    HistogramPtr histogram;
    Samples floats;  // kOfFloats: what the function of floats is to be computed from
  };
  // The window is not empty and has histograms. `metric` gives the row's metric name when a note
  // needs it.
  Result Compute(const Samples& samples, const RangeVector::View& range,
                 const std::function<std::string()>& metric, std::vector<Note>& notes);

 private:
  Samples Floats(const Samples& samples);

  Kind kind_;
  // The floats of the last window.
  std::vector<int64_t> times_;
  std::vector<double> values_;
};

}  // namespace tocsin::engine
