#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/grow.h"
#include "engine/query/histogram_range.h"
#include "engine/query/range_kernel.h"
#include "engine/query/rowwise.h"

namespace tocsin::engine {

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
//   NeededSoon(state)                       if there is such: memory outside of the state that the
//                                           next sample to enter or expire touches; may be null
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
    for (const Row& row : states_) next = std::min(next, row.cursor.valid_until());
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
    if (view.end_ms < last_end_ms_) BeginAllAnew();
    last_end_ms_ = view.end_ms;
    for (size_t row = 0; row < rows_; ++row) {
      if (row + kFarthest < rows_) {
        // Where one ends the next begins.
        const Row* far_state = &states_[row + kFarthest];
        __builtin_prefetch(reinterpret_cast<const char*>(far_state) + 64, 1);
        __builtin_prefetch(far_state + 1, 1);
        __builtin_prefetch(&view.column(row + kFarthest) + 1);
        __builtin_prefetch(view.column(row + kFar).Chunks());
        if (const auto* chunk = view.column(row + kNear).OldestChunk()) {
          __builtin_prefetch(chunk);
          __builtin_prefetch(chunk + 64);
        }
        if constexpr (requires(const Row& near) { kernel_.NeededSoon(near.state); }) {
          __builtin_prefetch(kernel_.NeededSoon(states_[row + kNear].state));
        }
      }
      Row& state = states_[row];
      if (!state.cursor.Holds(view.version(row), view.end_ms) && !Slide(row, view)) {
        Follow(row, view);
      }
      if (state.cursor.samples == 0) continue;
      const RowWindow window{t, view.begin_ms, view.end_ms, param, state.cursor, row, range_};
      double out = 0;
      if (state.cursor.histograms) [[unlikely]] {
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
  bool HasFloats(size_t row) {
    const WindowCursor& cursor = states_[row].cursor;
    if (!cursor.histograms) return cursor.samples > 0;
    const Samples samples = range_.Read(row);
    return samples.histograms == nullptr ||
           std::find(samples.histograms, samples.histograms + samples.size, nullptr) !=
               samples.histograms + samples.size;
  }

 private:
  struct Row {
    WindowCursor cursor;
    typename Kernel::State state;
  };

  // With a hundred thousand rows nothing of them is in a cache, least of all what they point to,
  // and waiting for memory would cost more than everything else. So it is asked for that many rows
  // ahead. Only ever in Compute() itself: a function that does nothing else has no effect that the
  // compiler knows of, and calls of it are left out.
  static constexpr size_t kFarthest = 24, kFar = 12, kNear = 6;

  // Not inlined, nor what else is rare: it would take the registers that the usual case needs.
  [[gnu::noinline]] void Follow(size_t row, const RangeVector::View& view) {
    WindowCursor& cursor = states_[row].cursor;
    const Column& column = view.column(row);
    const uint32_t known = cursor.rewrites;
    if (GoesOn(cursor, column, view) || GoBeforeNewest(row, column, view)) {
      cursor.rewrites = column.rewrites();
      Enter(row, column, view);
    } else {
      Begin(row, column, view);
    }
    if (known != column.rewrites()) column.TakeNote();
    const bool expires = cursor.samples > 0 && cursor.first.time_ms <= view.begin_ms;
    if (expires && cursor.begin < column.begin()) Begin(row, column, view);  // trimmed meanwhile
    if (expires) Expire(row, column, view);
    if (cursor.samples > 0 && !cursor.histograms && kernel_.Drifted(states_[row].state, cursor)) {
      Begin(row, column, view);
    }
    Settle(row, column, view);
  }

  // The usual case: one float came since the last look, which the arrays of the table have, and at
  // most one left. False, and nothing is touched, where there is more to it.
  bool Slide(size_t row, const RangeVector::View& view) {
    Row& state = states_[row];
    WindowCursor& cursor = state.cursor;
    if (view.newest_times == nullptr || !cursor.complete) return false;
    const size_t slot = view.slot(row);
    const Column& column = view.columns[slot];
    const Sample newest{view.newest_times[slot], view.newest_values[slot]};
    // No rewrite: what came is the newest.
    const bool steady = view.versions[slot] == cursor.version + 1 &&
                        column.rewrites() == cursor.rewrites && newest.time_ms <= view.end_ms &&
                        cursor.samples > 0 && !cursor.histograms && !IsMark(newest.value);
    if (!steady) return false;
    Sample second;
    const bool leaves = cursor.first.time_ms <= view.begin_ms;
    if (leaves) {
      if (cursor.begin + 1 < column.begin()) return false;
      second = column.at(cursor.begin + 1);
      if (second.time_ms <= view.begin_ms || IsStaleMarker(second.value)) return false;
    }
    ++cursor.version;
    kernel_.Enter(state.state, cursor.end++, newest, column);
    if (leaves) {
      const Sample first = cursor.first;
      cursor.first = second;
      ++cursor.begin;
      kernel_.Expire(state.state, first, &second, cursor);
    } else {
      ++cursor.samples;
    }
    cursor.SetValidUntil(cursor.first.time_ms + (view.end_ms - view.begin_ms));
    if (kernel_.Drifted(state.state, cursor)) [[unlikely]] {
      Begin(row, column, view);
      Settle(row, column, view);
    }
    return true;
  }
  static bool IsMark(double value) { return IsStaleMarker(value) || IsHistogramMark(value); }

  static bool GoesOn(const WindowCursor& cursor, const Column& column,
                     const RangeVector::View& view) {
    // A sample that is dated ahead makes all that come before it late, but not to the window.
    return cursor.samples > 0 && column.KeptBefore(cursor.end, cursor.rewrites) &&
           cursor.begin >= column.begin() && column.time(cursor.end - 1) > view.begin_ms;
  }

  [[gnu::noinline]] void Begin(size_t row, const Column& column, const RangeVector::View& view) {
    Row& state = states_[row];
    WindowCursor& cursor = state.cursor;
    cursor = {};
    cursor.rewrites = column.rewrites();
    cursor.begin = cursor.end = column.FirstAfter(view.begin_ms);
    state.state = kernel_.Fresh(row);
    Enter(row, column, view);
  }

  void EnterOne(Row& state, uint32_t position, const Sample& sample, const Column& column) {
    WindowCursor& cursor = state.cursor;
    if (IsStaleMarker(sample.value)) return;
    if (cursor.samples++ == 0) {
      cursor.begin = position;
      cursor.first = sample;
    }
    if (IsHistogramMark(sample.value)) cursor.histograms = 1;
    if (!cursor.histograms) kernel_.Enter(state.state, position, sample, column);
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

  void BeginAllAnew() {
    for (Row& row : states_) row.cursor = {};
    for (Row& row : before_newest_) row.cursor = {};
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
      const bool more = --cursor.samples > 0;
      while (more) {
        cursor.first = column.at(++cursor.begin);
        if (!IsStaleMarker(cursor.first.value)) break;
      }
      if (!cursor.histograms) {
        kernel_.Expire(state.state, left, more ? &cursor.first : nullptr, cursor);
      } else if (IsHistogramMark(left.value) &&
                 !column.histograms()->Any(cursor.begin, cursor.end)) {
        return Begin(row, column, view);  // the kernel has not seen the floats beside it
      }
    }
  }

  [[gnu::noinline]] void Settle(size_t row, const Column& column, const RangeVector::View& view) {
    Row& state = states_[row];
    WindowCursor& cursor = state.cursor;
    cursor.version = view.version(row);
    const int64_t next_ms = cursor.complete ? INT64_MAX : column.time(cursor.end);
    if (cursor.samples == 0) {
      cursor.first.time_ms = next_ms;
      cursor.valid_for_ms = 0;
      cursor.begin = cursor.end;
      cursor.histograms = 0;
      state.state = kernel_.Fresh(row);
      return;
    }
    cursor.SetValidUntil(std::min(next_ms, cursor.first.time_ms + (view.end_ms - view.begin_ms)));
  }

  [[gnu::noinline]] void WithHistograms(const RowWindow& window, const RangeVector::View& view) {
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
  int64_t last_end_ms_ = INT64_MIN;
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
