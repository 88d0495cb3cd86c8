#pragma once

#include <cstdint>
#include <vector>

#include "engine/query/operator.h"
#include "engine/query/selector.h"

namespace tocsin::engine {

// The samples of one row inside a range, without stale markers, in order of time.
//
// While `lineage` stays the same, positions number the same samples from one evaluation to the next
// (the first one has number `position`), so functions can go on where they stopped. kNoLineage:
// numbers mean nothing.
struct Samples {
  static constexpr uint64_t kNoLineage = UINT64_MAX;
  const int64_t* times = nullptr;
  const double* values = nullptr;
  // Of each sample, null where it is a float; null if all of them are floats.
  const HistogramPtr* histograms = nullptr;
  size_t size = 0;
  uint64_t position = 0;
  uint64_t lineage = kNoLineage;
};

// A range vector: rows of samples instead of a frame.
class RangeVector : public Operator {
 public:
  RangeVector(std::vector<OperatorPtr> inputs, TimeShift shift, int64_t range_ms)
      : Operator(std::move(inputs)), shift_(shift), range_ms_(range_ms) {}

  // Of the last evaluation; valid until the next call for any row.
  virtual Samples At(size_t row) = 0;

  // The range is (end - range, end].
  int64_t end_ms() const { return end_ms_; }
  int64_t range_ms() const { return range_ms_; }

 protected:
  const TimeShift shift_;
  const int64_t range_ms_;
  int64_t end_ms_ = 0;
};

// A range of the table's columns. Each row remembers where its window began and ended: as time goes
// on, only samples that enter or leave are looked at. A row is set up anew when time went back or
// samples came late.
class Window final : public RangeVector {
 public:
  Window(SelectorSource source, int64_t range_ms);

  Samples At(size_t row) override;
  Labels LabelsOf(size_t row) const override {
    return source_.table->labels(source_.set->slots[row]);
  }
  std::vector<int64_t> Newest(int64_t t) const override;
  int64_t NextChange(int64_t t) const override;

 protected:
  bool Index() override;
  bool IndexIsStale() const override {
    return version() == 0 || rows_ != source_.set->slots.size();
  }
  absl::Status Compute(int64_t t) override;

 private:
  // Positions in the whole series, see SeriesTable::dropped().
  struct Bounds {
    uint64_t begin = 0;
    uint64_t end = 0;
    uint64_t clean_from = 0;         // no stale marker in [clean_from, end)
    uint64_t rewrites = UINT64_MAX;  // not set up yet
  };
  const Column& column(size_t row) const { return source_.table->column(source_.set->slots[row]); }
  bool Continues(const Bounds& bounds, const Column& samples) const;
  void Advance(Bounds& bounds, const Column& samples) const;
  Samples WithoutMarkers(const Samples& raw);
  Samples WithHistograms(const Samples& raw, const ColumnHistograms& histograms);

  const SelectorSource source_;
  std::vector<Bounds> bounds_;
  // The last row that held stale markers, without them.
  std::vector<int64_t> clean_times_;
  std::vector<double> clean_values_;
  // Of the last row that held histograms.
  std::vector<HistogramPtr> clean_histograms_;
};

}  // namespace tocsin::engine
