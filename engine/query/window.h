#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/query/operator.h"
#include "engine/query/selector.h"

namespace tocsin::engine {

// The samples of one row inside a range, without stale markers, in order of time.
struct Samples {
  const int64_t* times = nullptr;
  const double* values = nullptr;
  // Of each sample, null where it is a float; null if all of them are floats.
  const HistogramPtr* histograms = nullptr;
  size_t size = 0;
};

// A range vector: rows of samples instead of a frame.
//
// Functions over it remember per row how far they have looked (WindowCursor), and look at what
// entered and left since; the range vector itself keeps nothing.
class RangeVector : public Operator {
 public:
  RangeVector(std::vector<OperatorPtr> inputs, TimeShift shift, int64_t range_ms)
      : Operator(std::move(inputs)), shift_(shift), range_ms_(range_ms) {}

  // Where the rows' samples are, and a number of each that grows with every change of them. The
  // range is (end_ms - range_ms, end_ms]; columns may hold samples outside. Valid until the table
  // changes.
  struct View {
    const Column* columns = nullptr;
    const uint32_t* versions = nullptr;
    const int64_t* newest_times = nullptr;  // of each column; null: not known apart
    const double* newest_values = nullptr;
    const uint32_t* slots = nullptr;  // of each row; null: they are the rows' own numbers
    // The newest sample of a column is likely to get another value. If not, it may all the same.
    bool newest_may_change = false;
    int64_t begin_ms = 0;
    int64_t end_ms = 0;

    size_t slot(size_t row) const { return slots == nullptr ? row : slots[row]; }
    const Column& column(size_t row) const { return columns[slot(row)]; }
    uint32_t version(size_t row) const { return versions[slot(row)]; }
  };
  // Of the last evaluation.
  virtual View view() const = 0;

  // All samples of a row in the range, read out; valid until the next call. For functions that look
  // at all of them each time.
  Samples Read(size_t row);
  // Whether there is one.
  bool HasSample(size_t row) const;

  // When a sample comes in that the columns do not hold at `t`.
  virtual int64_t NextStep(int64_t) const { return INT64_MAX; }

  int64_t range_ms() const { return range_ms_; }
  const TimeShift& shift() const { return shift_; }

 protected:
  const TimeShift shift_;
  const int64_t range_ms_;
  int64_t end_ms_ = 0;

 private:
  std::vector<int64_t> times_;
  std::vector<double> values_;
  std::vector<HistogramPtr> histograms_;
};

// A range of the table's columns.
class Window final : public RangeVector {
 public:
  Window(SelectorSource source, int64_t range_ms);

  View view() const override;
  Labels LabelsOf(size_t row) const override {
    return source_.table->labels(source_.set->slots[row]);
  }
  std::vector<int64_t> Newest(int64_t t) const override;
  int64_t NextChange(int64_t t) const override;

 protected:
  bool Index() override;
  bool IndexIsStale() const override {
    return version() == 0 || rows_ != source_.set->slots.size() || layout_ != source_.set->layout;
  }
  absl::Status Compute(int64_t t) override;

 private:
  const SelectorSource source_;
};

}  // namespace tocsin::engine
