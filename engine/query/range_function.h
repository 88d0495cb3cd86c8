#pragma once

#include <memory>

#include "absl/strings/string_view.h"
#include "engine/query/histogram_range.h"
#include "engine/query/operator.h"
#include "engine/query/rowwise.h"
#include "engine/query/window.h"

namespace tocsin::engine {

// What a function over a range is told beside the samples.
struct RangeCall {
  int64_t t = 0;       // evaluation time
  int64_t end_ms = 0;  // the range is (end - range, end]
  int64_t range_ms = 0;
  double param = 0;  // of the functions that take a scalar
};

// How far a function has looked at a row's samples, so that the next evaluation looks at new ones
// only.
struct Scan {
  uint64_t lineage = Samples::kNoLineage;
  uint64_t begin = 0;  // the last window was [begin, end)
  uint64_t end = 0;
  uint64_t mark = 0;  // a position the function remembers
};

// The index of the first sample not looked at before; 0 if `scan` says nothing about these samples.
// Afterwards `scan` covers all of them; its mark is left alone.
size_t Resume(const Samples& samples, Scan& scan);

// The index of the last sample for which event(its predecessor, itself) holds; 0 if there is none
// in the window. Each pair of neighbours is looked at once as the window moves on.
template <typename Event>
size_t LastEvent(const Samples& samples, Scan& scan, Event&& event) {
  size_t i = Resume(samples, scan);
  if (i == 0) {
    scan.mark = 0;
    i = 1;
  }
  for (; i < samples.size; ++i) {
    if (event(samples.values[i - 1], samples.values[i])) scan.mark = samples.position + i;
  }
  return scan.mark > samples.position ? scan.mark - samples.position : 0;
}

// What all functions over a range have in common: windows with native histograms are not for the
// kernels.
class RangeOperator : public RowwiseOperator {
 public:
  using RowwiseOperator::RowwiseOperator;
  void SetHistogramKind(HistogramRange::Kind kind) { histograms_ = HistogramRange(kind); }

 protected:
  // Sets the row if the result is a histogram or a float; kOfFloats is left to the kernel.
  HistogramRange::Result ComputeMixed(size_t row, const Samples& samples, const RangeCall& call);
  static bool HasFloats(const Samples& samples);

 private:
  HistogramRange histograms_{HistogramRange::Kind::kFloatsOnly};
};

// A function over each row of a range vector. `Kernel` computes one row from at least one sample:
//   static constexpr bool kTracks;
//   bool operator()(const Samples&, const RangeCall&, Scan*, double& out);  // false: no result
template <typename Kernel>
class RangeFunction : public RangeOperator {
 public:
  RangeFunction(std::shared_ptr<RangeVector> range, OperatorPtr param, NameRule name_rule,
                Kernel kernel = {})
      : RangeOperator(
            param ? std::vector<OperatorPtr>{range, param} : std::vector<OperatorPtr>{range},
            name_rule),
        range_(*range),
        kernel_(kernel) {}

 protected:
  bool Index() override {
    const uint64_t layout = layout_;
    RangeOperator::Index();
    if (layout != layout_) scans_.clear();
    if (Kernel::kTracks) scans_.resize(rows_);
    return true;
  }

  absl::Status Compute(int64_t t) override {
    const RangeCall call{t, range_.end_ms(), range_.range_ms(), inputs() > 1 ? scalar(1) : 0};
    frame_.Reset(rows_);
    for (size_t row = 0; row < rows_; ++row) {
      const Samples samples = range_.At(row);
      if (samples.size == 0) continue;
      if (samples.histograms != nullptr) [[unlikely]] {
        WithHistograms(row, samples, call);
        continue;
      }
      Seen(row);
      double out = 0;
      if (kernel_(samples, call, Kernel::kTracks ? &scans_[row] : nullptr, out))
        frame_.Set(row, out);
    }
    return absl::OkStatus();
  }

  // A row with floats, for who has something to say about it.
  virtual void Seen(size_t) {}

 private:
  void WithHistograms(size_t row, const Samples& samples, const RangeCall& call) {
    if (HasFloats(samples)) Seen(row);
    const HistogramRange::Result result = ComputeMixed(row, samples, call);
    if (result.type != HistogramRange::Result::Type::kOfFloats) return;
    Scan scan;
    double out = 0;
    if (kernel_(result.floats, call, &scan, out)) frame_.Set(row, out);
  }

  RangeVector& range_;
  Kernel kernel_;
  std::vector<Scan> scans_;
};

// The function of this name over `range`; null if there is none. `param` as the function demands
// it.
OperatorPtr MakeRangeFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                              OperatorPtr param, bool delayed_name_removal);
bool IsRangeFunction(absl::string_view name);

// The families that MakeRangeFunction() asks in turn.
OperatorPtr MakeCounterFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                                NameRule drop);
OperatorPtr MakeOverTimeFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                                 OperatorPtr param, NameRule drop);
OperatorPtr MakeRegressionFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                                   OperatorPtr param, NameRule drop);

}  // namespace tocsin::engine
