// expr[range:step]: the values of an expression at the multiples of the step within a range, as
// samples.
//
// All steps are evaluated anew each time: a late sample may change any of them. The inner operators
// are not inputs, since they are evaluated at times of their own, and for the same reason not
// shared with operators outside.
#include <algorithm>

#include "base/status_macros.h"
#include "engine/query/operators.h"

namespace tocsin::engine {
namespace {

// The steps may leave samples out, so the mark of a counter histogram, which speaks of the sample
// before it, no longer holds.
HistogramPtr WithoutCounterReset(const HistogramPtr& histogram) {
  const CounterReset reset = histogram->counter_reset;
  if (reset == CounterReset::kUnknown || reset == CounterReset::kGauge) return histogram;
  auto unmarked = std::make_shared<NativeHistogram>(*histogram);
  unmarked->counter_reset = CounterReset::kUnknown;
  return unmarked;
}

class SubqueryRange final : public RangeVector {
 public:
  SubqueryRange(const SubqueryOptions& options, OperatorPtr inner)
      : RangeVector({}, options.shift, options.range_ms),
        step_ms_(options.step_ms),
        inner_(MakeMerge(std::move(inner))) {}

  Samples At(size_t row) override {
    const Row& samples = samples_[row];
    const HistogramPtr* histograms =
        samples.histograms.empty() ? nullptr : samples.histograms.data();
    return {samples.times.data(), samples.values.data(), histograms, samples.times.size()};
  }
  Labels LabelsOf(size_t row) const override { return inner_->LabelsOf(row); }
  bool drops_name(size_t row) const override { return inner_->drops_name(row); }

  std::vector<int64_t> Newest(int64_t t) const override {
    std::vector<int64_t> newest(rows_, INT64_MIN);
    const int64_t end = shift_.Apply(t);
    for (int64_t s = FirstStep(end); s <= end; s += step_ms_) {
      if (!inner_->Evaluate({s, moment().generation}).ok()) continue;
      const std::vector<int64_t> times = inner_->Newest(s);
      inner_->frame().ForEach([&](size_t row) { newest[row] = std::max(newest[row], times[row]); });
    }
    for (int64_t& time : newest) {
      if (time != INT64_MIN) time = std::min(shift_.When(time), t);
    }
    return newest;
  }

  // When a step enters or leaves.
  int64_t NextChange(int64_t t) const override {
    const int64_t end = shift_.Apply(t);
    const int64_t first = FirstStep(end);
    const int64_t entering = first + (end >= first ? ((end - first) / step_ms_ + 1) * step_ms_ : 0);
    return shift_.When(std::min(entering, end >= first ? first + range_ms_ : entering));
  }

 protected:
  bool Index() override { return true; }
  bool IndexIsStale() const override { return version() == 0; }

  absl::Status Compute(int64_t t) override {
    end_ms_ = shift_.Apply(t);
    // Rows that come up on the way may renumber the others: then once more, with all of them known.
    for (uint64_t layout = inner_->layout() - 1; layout != inner_->layout();) {
      layout = inner_->layout();
      TOCSIN_RETURN_IF_ERROR(Collect());
    }
    samples_.resize(inner_->rows());
    if (inner_->version() != seen_version_) {
      seen_version_ = inner_->version();
      rows_ = inner_->rows();
      layout_ = inner_->layout();
      distinct_ = inner_->distinct();
      distinct_without_name_ = inner_->distinct_without_name();
      RowsChanged();
    }
    return absl::OkStatus();
  }

 private:
  struct Row {
    std::vector<int64_t> times;
    std::vector<double> values;
    std::vector<HistogramPtr> histograms;  // empty: all are floats

    void Add(int64_t time_ms, const Frame& frame, size_t row) {
      times.push_back(time_ms);
      values.push_back(frame.value(row));
      const HistogramPtr& histogram = frame.histogram(row);
      if (histogram == nullptr && histograms.empty()) return;
      histograms.resize(times.size());
      if (histogram != nullptr) histograms.back() = WithoutCounterReset(histogram);
    }
  };

  // The first multiple of the step after the beginning of the range.
  int64_t FirstStep(int64_t end) const {
    const int64_t begin = end - range_ms_;
    const int64_t at = begin / step_ms_ * step_ms_;
    return at <= begin ? at + step_ms_ : at;
  }

  absl::Status Collect() {
    for (Row& row : samples_) {
      row.times.clear();
      row.values.clear();
      row.histograms.clear();
    }
    for (int64_t s = FirstStep(end_ms_); s <= end_ms_; s += step_ms_) {
      TOCSIN_RETURN_IF_ERROR(inner_->Evaluate({s, moment().generation}));
      if (samples_.size() < inner_->rows()) samples_.resize(inner_->rows());
      inner_->frame().ForEach([&](size_t row) { samples_[row].Add(s, inner_->frame(), row); });
    }
    return absl::OkStatus();
  }

  const int64_t step_ms_;
  const OperatorPtr inner_;
  uint64_t seen_version_ = 0;
  std::vector<Row> samples_;
};

}  // namespace

std::shared_ptr<RangeVector> MakeSubquery(const SubqueryOptions& options, OperatorPtr inner) {
  return std::make_shared<SubqueryRange>(options, std::move(inner));
}

}  // namespace tocsin::engine
