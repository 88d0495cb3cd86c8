#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "engine/query/operator.h"
#include "engine/query/series_set.h"
#include "engine/query/series_table.h"

namespace tocsin::engine {

// Which instant a selector looks at: the evaluation time or a fixed one, moved by the offset.
struct TimeShift {
  int64_t offset_ms = 0;         // negative looks ahead
  std::optional<int64_t> at_ms;  // `@`

  int64_t Apply(int64_t t) const { return at_ms.value_or(t) - offset_ms; }
  // When the shifted time reaches `instant`; never for a fixed time.
  int64_t When(int64_t instant) const { return at_ms ? INT64_MAX : instant + offset_ms; }
};

// What every selector needs.
struct SelectorSource {
  const SeriesTable* table = nullptr;
  std::shared_ptr<const SeriesSet> set;
  TimeShift shift;
};

// The newest sample of each series that is not older than the lookback (left-open), unless it is a
// stale marker.
class InstantSelector final : public Operator {
 public:
  InstantSelector(SelectorSource source, int64_t lookback_ms, bool take_time);

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
  const Column& column(size_t row) const { return source_.table->column(source_.set->slots[row]); }
  void SetHistograms(int64_t instant);

  const SelectorSource source_;
  const int64_t lookback_ms_;
  const bool take_time_;  // the value is the sample's time in seconds: timestamp(selector)
};

// Index of the newest of `column`'s samples at or before `instant`; nullopt if there is none.
std::optional<size_t> NewestAt(const Column& column, int64_t instant);

}  // namespace tocsin::engine
