#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/grow.h"
#include "base/sample.h"
#include "engine/query/histogram_range.h"
#include "engine/query/operator.h"
#include "engine/query/rowwise.h"
#include "engine/query/window.h"

namespace tocsin::engine {

// Which of a row's samples are in the window, and for which ends of the range that holds as long
// as the column does not change.
struct WindowCursor {
  int64_t newest_ms = INT64_MIN;    // of what was looked at, stale markers included
  int64_t left_ms = INT64_MIN;      // of the newest sample that is too old
  int64_t valid_until = INT64_MIN;  // range ends before this
  Sample first;                     // in the window, unless it is empty
  uint32_t begin = 0;               // positions; begin is first's
  uint32_t end = 0;
  uint32_t samples = 0;     // in the window, without stale markers
  uint32_t histograms = 0;  // of these, native histograms
  uint32_t version = 0;     // of the column, at the last look
  uint32_t rewrites = 0;    // likewise
  bool complete = false;    // nothing of the column lies behind the window

  bool Holds(uint32_t column_version, int64_t begin_ms, int64_t end_ms) const {
    return version == column_version && end_ms < valid_until && end_ms >= newest_ms &&
           begin_ms >= left_ms;
  }
};

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
  void Prefetch(const State&) const {}
  template <typename State>
  bool Drifted(const State&, const WindowCursor&) const {
    return false;
  }
};

// What all functions over a range have in common: windows with native histograms are not for the
// kernels.
class RangeOperator : public RowwiseOperator {
 public:
  using RowwiseOperator::RowwiseOperator;
  void SetHistogramKind(HistogramRange::Kind kind) { histograms_ = HistogramRange(kind); }

 protected:
  // Sets the row if the result is a histogram or a float; kOfFloats is left to the kernel.
  HistogramRange::Result ComputeMixed(size_t row, const Samples& samples,
                                      const RangeVector::View& range);

 private:
  HistogramRange histograms_{HistogramRange::Kind::kFloatsOnly};
};

// A function over each row of a range vector that follows the window as it slides. What a row costs
// is proportional to the samples that entered and left since the last evaluation, however long the
// window; a row where nothing happened does not even have its column looked at. A window that
// jumped, went back or had late samples put in is entered anew. Where the newest sample is likely
// to get another value, rows are kept as they were before it and go on from there. A window with
// native histograms is read as a whole each time.
//
// `Kernel` has a `State` per row, which summarises the samples in the window:
//   State Fresh(row)                        of an empty window
//   Enter(state, position, sample, column)  a sample newer than all before
//   Expire(state, sample, next, cursor)     the oldest sample left; next: the one after it, null if
//                                           the window is empty now
//   Drifted(state, cursor)                  true: begin anew, what was left behind is too inexact
//   Value(state, window, out)               false: no result; the window is not empty; may keep
//                                           in the state what it found out
//   Prefetch(state)                         a row that comes soon: its memory may be asked for
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

  int64_t NextChange(int64_t t) const override {
    if (!EvaluatedAt(t)) return range_.NextChange(t);
    int64_t next = INT64_MAX;
    for (const Row& row : states_) next = std::min(next, row.cursor.valid_until);
    if (next != INT64_MAX) next = range_.shift().When(next);
    return std::min(next, range_.NextStep(t));
  }

 protected:
  bool Index() override {
    const uint64_t layout = layout_;
    RowwiseOperator::Index();
    if (layout != layout_) {
      states_.clear();
      before_newest_.clear();
    }
    ReserveGently(states_, rows_);
    while (states_.size() < rows_) states_.push_back({{}, kernel_.Fresh(states_.size())});
    return true;
  }

  absl::Status Compute(int64_t t) override {
    const RangeVector::View view = range_.view();
    const double param = inputs() > 1 ? scalar(1) : 0;
    frame_.Reset(rows_);
    PrepareBeforeNewest(view);
    for (size_t row = 0; row < rows_; ++row) {
      Prefetch(row, view);
      Row& state = states_[row];
      if (!state.cursor.Holds(view.version(row), view.begin_ms, view.end_ms)) Follow(row, view);
      if (state.cursor.samples == 0) continue;
      const RowWindow window{t, view.begin_ms, view.end_ms, param, state.cursor, row, range_};
      double out = 0;
      if (state.cursor.histograms > 0) [[unlikely]] {
        WithHistograms(window, view);
      } else if (kernel_.Value(state.state, window, out)) {
        frame_.Set(row, out);
      }
    }
    Annotate();
    return absl::OkStatus();
  }

  // For who has something to say about the rows.
  virtual void Annotate() {}
  bool HasFloats(size_t row) const {
    return states_[row].cursor.samples > states_[row].cursor.histograms;
  }

 private:
  struct Row {
    WindowCursor cursor;
    typename Kernel::State state;
  };

  // Rows are walked in order, but what they point to lies anywhere: with a hundred thousand of them
  // nothing of it is in a cache, and waiting for memory would cost more than everything else.
  void Prefetch(size_t row, const RangeVector::View& view) const {
    constexpr size_t kFar = 12, kNear = 6;
    if (row + kFar >= rows_) return;
    view.column(row + kFar).PrefetchChunks();
    view.column(row + kNear).PrefetchOldest();
    kernel_.Prefetch(states_[row + kNear].state);
  }

  void Follow(size_t row, const RangeVector::View& view) {
    WindowCursor& cursor = states_[row].cursor;
    const Column& column = view.column(row);
    if (!TakeNewest(row, view)) {
      const uint32_t known = cursor.rewrites;
      if (GoesOn(cursor, column, view) || GoBeforeNewest(row, column, view)) {
        cursor.rewrites = column.rewrites();
        Enter(row, column, view);
      } else {
        Begin(row, column, view);
      }
      if (known != column.rewrites()) column.TakeNote();
    }
    const bool expires = cursor.samples > 0 && cursor.first.time_ms <= view.begin_ms;
    if (expires && cursor.begin < column.begin()) Begin(row, column, view);  // trimmed meanwhile
    if (expires) Expire(row, column, view);
    if (cursor.samples > 0 && cursor.histograms == 0 &&
        kernel_.Drifted(states_[row].state, cursor)) {
      Begin(row, column, view);
    }
    Settle(row, column, view);
  }

  // The usual case: one sample came since the last look, and the arrays of the table have it.
  bool TakeNewest(size_t row, const RangeVector::View& view) {
    Row& state = states_[row];
    WindowCursor& cursor = state.cursor;
    if (view.newest_times == nullptr || !cursor.complete) return false;
    const size_t slot = view.slot(row);
    const Sample newest{view.newest_times[slot], view.newest_values[slot]};
    const bool steady = view.versions[slot] == cursor.version + 1 &&
                        newest.time_ms > cursor.newest_ms && newest.time_ms <= view.end_ms &&
                        cursor.newest_ms > view.begin_ms && view.begin_ms >= cursor.left_ms;
    if (!steady) return false;
    EnterOne(state, cursor.end++, newest, view.columns[slot]);
    return true;
  }

  static bool GoesOn(const WindowCursor& cursor, const Column& column,
                     const RangeVector::View& view) {
    // A sample that is dated ahead makes all that come before it late, but not to the window.
    return column.KeptBefore(cursor.end, cursor.rewrites) && cursor.begin >= column.begin() &&
           view.end_ms >= cursor.newest_ms && view.begin_ms >= cursor.left_ms &&
           cursor.newest_ms > view.begin_ms;
  }

  void Begin(size_t row, const Column& column, const RangeVector::View& view) {
    Row& state = states_[row];
    WindowCursor& cursor = state.cursor;
    cursor = {};
    cursor.rewrites = column.rewrites();
    cursor.begin = cursor.end = column.FirstAfter(view.begin_ms);
    if (cursor.begin > column.begin()) cursor.left_ms = column.time(cursor.begin - 1);
    state.state = kernel_.Fresh(row);
    Enter(row, column, view);
  }

  void EnterOne(Row& state, uint32_t position, const Sample& sample, const Column& column) {
    WindowCursor& cursor = state.cursor;
    cursor.newest_ms = sample.time_ms;
    if (IsStaleMarker(sample.value)) return;
    if (cursor.samples++ == 0) {
      cursor.begin = position;
      cursor.first = sample;
    }
    if (IsHistogramMark(sample.value)) ++cursor.histograms;
    if (cursor.histograms == 0) kernel_.Enter(state.state, position, sample, column);
  }

  void Enter(size_t row, const Column& column, const RangeVector::View& view) {
    Row& state = states_[row];
    WindowCursor& cursor = state.cursor;
    const uint32_t to = column.FirstAfter(view.end_ms);
    cursor.complete = to == column.end();
    if (to <= cursor.end) return;
    if (view.newest_may_change && cursor.complete) {
      EnterUpTo(state, to - 1, column);
      before_newest_[row] = state;
    }
    EnterUpTo(state, to, column);
  }

  void EnterUpTo(Row& state, uint32_t to, const Column& column) {
    column.ForEach(state.cursor.end, to, [&](uint32_t position, const Sample& sample) {
      EnterOne(state, position, sample, column);
    });
    state.cursor.end = to;
  }

  void PrepareBeforeNewest(const RangeVector::View& view) {
    if (view.newest_may_change) {
      before_newest_.resize(rows_, Row{{}, kernel_.Fresh(0)});
    } else if (!before_newest_.empty()) {
      std::vector<Row>().swap(before_newest_);
    }
  }

  // Makes the row what it was, if the window can go on from there.
  bool GoBeforeNewest(size_t row, const Column& column, const RangeVector::View& view) {
    if (before_newest_.empty() || !GoesOn(before_newest_[row].cursor, column, view)) return false;
    states_[row] = before_newest_[row];
    return true;
  }

  void Expire(size_t row, const Column& column, const RangeVector::View& view) {
    Row& state = states_[row];
    WindowCursor& cursor = state.cursor;
    while (cursor.samples > 0 && cursor.first.time_ms <= view.begin_ms) {
      const Sample left = cursor.first;
      cursor.left_ms = left.time_ms;
      const bool more = --cursor.samples > 0;
      while (more) {
        cursor.first = column.at(++cursor.begin);
        if (!IsStaleMarker(cursor.first.value)) break;
      }
      if (cursor.histograms == 0) {
        kernel_.Expire(state.state, left, more ? &cursor.first : nullptr, cursor);
      } else if (IsHistogramMark(left.value) && --cursor.histograms == 0) {
        return Begin(row, column, view);  // the kernel has not seen the floats beside it
      }
    }
  }

  void Settle(size_t row, const Column& column, const RangeVector::View& view) {
    Row& state = states_[row];
    WindowCursor& cursor = state.cursor;
    cursor.version = view.version(row);
    cursor.valid_until = cursor.complete ? INT64_MAX : column.time(cursor.end);
    if (cursor.samples == 0) {
      cursor.begin = cursor.end;
      state.state = kernel_.Fresh(row);
      return;
    }
    cursor.valid_until =
        std::min(cursor.valid_until, cursor.first.time_ms + (view.end_ms - view.begin_ms));
  }

  void WithHistograms(const RowWindow& window, const RangeVector::View& view) {
    const HistogramRange::Result result = ComputeMixed(window.row, range_.Read(window.row), view);
    if (result.type != HistogramRange::Result::Type::kOfFloats) return;
    // The kernel over what is left of the window.
    Column floats;
    WindowCursor cursor;
    typename Kernel::State state = kernel_.Fresh(window.row);
    for (size_t i = 0; i < result.floats.size; ++i) {
      const Sample sample{result.floats.times[i], result.floats.values[i]};
      floats.Append(sample.time_ms, sample.value);
      if (cursor.samples++ == 0) cursor.first = sample;
      cursor.end = floats.end();
      kernel_.Enter(state, cursor.end - 1, sample, floats);
    }
    const RowWindow of_floats{window.t, window.begin_ms, window.end_ms, window.param,
                              cursor,   window.row,      range_,        &result.floats};
    double out = 0;
    if (kernel_.Value(state, of_floats, out)) frame_.Set(window.row, out);
  }

  RangeVector& range_;
  Kernel kernel_;
  std::vector<Row> states_;
  std::vector<Row> before_newest_;  // empty: not kept
};

// The function with this kernel, of a range alone.
template <typename Kernel>
OperatorPtr MakeRangeFunctionOf(std::shared_ptr<RangeVector> range, NameRule rule, Kernel kernel) {
  return std::make_shared<RangeFunction<Kernel>>(std::move(range), nullptr, rule, kernel);
}

// The function of this name over `range`; null if there is none. `param` as the function demands
// it.
OperatorPtr MakeRangeFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                              OperatorPtr param, bool delayed_name_removal);
bool IsRangeFunction(absl::string_view name);

// The families that MakeRangeFunction() asks in turn.
OperatorPtr MakeCounterFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                                NameRule drop);
OperatorPtr MakeEndFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                            NameRule drop);
OperatorPtr MakeMomentFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                               NameRule drop);
OperatorPtr MakeOrderFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                              OperatorPtr param, NameRule drop);
OperatorPtr MakeRegressionFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                                   OperatorPtr param, NameRule drop);

}  // namespace tocsin::engine
