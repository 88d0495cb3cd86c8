// expr[range:step]: the values of an expression at the multiples of the step within a range, as
// samples.
//
// A step is evaluated once, when it comes into the range, and again only if a sample came that it
// may have seen: one of its series with a time up to the step's. Often that is the newest step
// alone, whose last samples were still on their way. The inner operators are not inputs, since they
// are evaluated at times of their own, and for the same reason not shared with operators outside.
#include <algorithm>
#include <bit>
#include <utility>

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
  SubqueryRange(SubqueryOptions options, OperatorPtr inner)
      : RangeVector({}, options.shift, options.range_ms),
        options_(std::move(options)),
        inner_(MakeMerge(std::move(inner))) {}

  View view() const override {
    return {.columns = columns_.data(),
            .versions = versions_.data(),
            .newest_may_change = settled_steps_ < kSettled,
            .begin_ms = end_ms_ - range_ms_,
            .end_ms = end_ms_};
  }
  Labels LabelsOf(size_t row) const override { return inner_->LabelsOf(row); }
  bool drops_name(size_t row) const override { return inner_->drops_name(row); }

  std::vector<int64_t> Newest(int64_t t) const override {
    FollowNewest();
    std::vector<int64_t> newest(rows_, INT64_MIN);
    for (size_t row = 0; row < rows_; ++row) {
      if (HasSample(row)) newest[row] = std::min(shift_.When(newest_[row]), t);
    }
    return newest;
  }

  int64_t NextStep(int64_t t) const override {
    if (options_.ahead_ms == SubqueryOptions::kAnywhere) return t + 1;
    return shift_.When(LastStep(shift_.Apply(t)) + options_.step_ms);
  }
  // When a step enters or leaves, or another time of the query may be seen in all of them.
  int64_t NextChange(int64_t t) const override {
    if (options_.ahead_ms == SubqueryOptions::kAnywhere) return t + 1;
    const int64_t end = shift_.Apply(t);
    const int64_t first = FirstStep(end), last = LastStep(end);
    return shift_.When(
        std::min(last + options_.step_ms, first <= last ? first + range_ms_ : INT64_MAX));
  }

 protected:
  bool Index() override { return true; }
  bool IndexIsStale() const override { return version() == 0; }

  absl::Status Compute(int64_t t) override {
    end_ms_ = shift_.Apply(t);
    const absl::Status status = BringUpToDate();
    if (!status.ok()) held_ = {};
    TakeRows();
    return status;
  }

 private:
  // After so many new steps without one that was evaluated again, samples are taken to be there
  // when their step is evaluated.
  static constexpr uint32_t kSettled = 16;

  // Steps whose values the columns hold: all of [first, last].
  struct Held {
    int64_t first = INT64_MAX;
    int64_t last = INT64_MIN;
  };

  // The greatest multiple of the step at or before `time`.
  int64_t LastStep(int64_t time) const {
    const int64_t at = time / options_.step_ms * options_.step_ms;
    return at > time ? at - options_.step_ms : at;
  }
  // The first after the beginning of the range.
  int64_t FirstStep(int64_t end) const { return LastStep(end - range_ms_) + options_.step_ms; }

  absl::Status BringUpToDate() {
    const int64_t first = FirstStep(end_ms_), last = LastStep(end_ms_);
    int64_t changed = options_.watch->TakeOldest();
    // The inner rows are not evaluated each time, and would not notice that they were renumbered.
    const uint64_t removals = options_.watch->removals();
    if (std::exchange(removals_, removals) != removals && !EvaluateInner(last).ok()) held_ = {};
    if (options_.ahead_ms == SubqueryOptions::kAnywhere && query_t_ != moment().query_t) {
      changed = INT64_MIN;
      query_t_ = moment().query_t;
    }
    // Rows that come up on the way may renumber the others: then once more, with all of them known.
    do {
      if (inner_->layout() != layout_held_ || held_.first > first) StartAnew(first);
      held_.last = std::max(held_.last, first - options_.step_ms);
      TOCSIN_RETURN_IF_ERROR(Again(std::max(first, FirstToSee(changed))));
      for (int64_t step = held_.last + options_.step_ms; step <= last; step += options_.step_ms) {
        TOCSIN_RETURN_IF_ERROR(Step(step));
        held_.last = step;
        ++settled_steps_;
      }
    } while (inner_->layout() != layout_held_);
    held_.first = first;
    return absl::OkStatus();
  }

  // The first step that may have seen a sample of this time.
  int64_t FirstToSee(int64_t changed) const {
    if (changed == INT64_MAX) return INT64_MAX;
    if (options_.ahead_ms == SubqueryOptions::kAnywhere) return INT64_MIN;
    return LastStep(changed - options_.ahead_ms - 1) + options_.step_ms;
  }

  void StartAnew(int64_t first) {
    ResizeTo(inner_->rows());
    for (Column& column : columns_) column.Clear();
    for (uint32_t& version : versions_) ++version;
    std::fill(newest_.begin(), newest_.end(), INT64_MIN);
    layout_held_ = inner_->layout();
    held_ = {first, first - options_.step_ms};
  }

  void ResizeTo(size_t rows) {
    columns_.resize(rows);
    versions_.resize(rows, 1);
    newest_.resize(rows, INT64_MIN);
  }

  absl::Status Again(int64_t from) {
    if (from <= held_.last) settled_steps_ = 0;
    for (int64_t step = from; step <= held_.last; step += options_.step_ms) {
      TOCSIN_RETURN_IF_ERROR(Step(step));
    }
    return absl::OkStatus();
  }

  absl::Status EvaluateInner(int64_t step) {
    TOCSIN_RETURN_IF_ERROR(inner_->Evaluate({step, moment().generation, moment().query_t}));
    if (columns_.size() < inner_->rows()) ResizeTo(inner_->rows());
    return absl::OkStatus();
  }

  // Evaluates at this step and puts what is there into the columns.
  absl::Status Step(int64_t step) {
    TOCSIN_RETURN_IF_ERROR(EvaluateInner(step));
    const Frame& frame = inner_->frame();
    for (size_t row = 0; row < frame.rows(); ++row) {
      if (Put(columns_[row], step, frame, row)) ++versions_[row];
    }
    if (follows_newest_) TakeNewest(step);
    return absl::OkStatus();
  }

  // Of the inner operator's last evaluation, at this step.
  void TakeNewest(int64_t step) const {
    const std::vector<int64_t> newest = inner_->Newest(step);
    for (size_t row = 0; row < std::min(newest.size(), newest_.size()); ++row) {
      if (inner_->frame().present(row)) newest_[row] = std::max(newest_[row], newest[row]);
    }
  }

  // Few rules ever ask for the times of their inputs, so that those of steps are not followed
  // before somebody does.
  void FollowNewest() const {
    if (std::exchange(follows_newest_, true)) return;
    for (int64_t step = held_.first; step <= held_.last; step += options_.step_ms) {
      const Moment at{step, moment().generation, moment().query_t};
      if (inner_->Evaluate(at).ok() && inner_->layout() == layout_held_) TakeNewest(step);
    }
  }

  // Makes the column hold what the frame has in this row. True if it did not already.
  bool Put(Column& column, int64_t step, const Frame& frame, size_t row) const {
    // One step more than the range, for who goes on from before the newest.
    column.Trim(end_ms_ - range_ms_ - options_.step_ms);
    const bool present = frame.present(row);
    const bool known = column.size() > 0 && column.newest().time_ms >= step && Has(column, step);
    if (!known) {
      if (present) Add(column, step, frame, row);
      return present;
    }
    const bool floats = frame.histogram(row) == nullptr && column.histograms() == nullptr;
    if (!present || !floats) {
      column.Remove(step);
      if (present) Add(column, step, frame, row);
      return true;
    }
    const double before = column.at(column.FirstAfter(step) - 1).value;
    if (std::bit_cast<uint64_t>(before) == std::bit_cast<uint64_t>(frame.value(row))) return false;
    column.Replace(step, frame.value(row));
    return true;
  }
  static bool Has(const Column& column, int64_t step) {
    const uint32_t after = column.FirstAfter(step);
    return after > column.begin() && column.time(after - 1) == step;
  }
  static void Add(Column& column, int64_t step, const Frame& frame, size_t row) {
    if (const HistogramPtr& histogram = frame.histogram(row)) {
      column.AppendAsIs(step, WithoutCounterReset(histogram));
    } else {
      column.Append(step, frame.value(row));
    }
  }

  void TakeRows() {
    if (inner_->version() == seen_version_) return;
    seen_version_ = inner_->version();
    rows_ = columns_.size();
    layout_ = inner_->layout();
    distinct_ = inner_->distinct();
    distinct_without_name_ = inner_->distinct_without_name();
    RowsChanged();
  }

  const SubqueryOptions options_;
  const OperatorPtr inner_;
  uint64_t seen_version_ = 0;
  int64_t query_t_ = INT64_MIN;  // of the last evaluation; only if it matters
  uint64_t layout_held_ = 0;
  Held held_;
  uint64_t removals_ = 0;       // of the watch, at the last evaluation
  uint32_t settled_steps_ = 0;  // since a step was evaluated again
  std::vector<Column> columns_;
  std::vector<uint32_t> versions_;
  // Per row, the newest input of its steps; once somebody asked for it.
  mutable bool follows_newest_ = false;
  mutable std::vector<int64_t> newest_;
};

}  // namespace

std::shared_ptr<RangeVector> MakeSubquery(SubqueryOptions options, OperatorPtr inner) {
  return std::make_shared<SubqueryRange>(std::move(options), std::move(inner));
}

}  // namespace tocsin::engine
