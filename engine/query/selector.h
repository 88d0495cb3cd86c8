#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/sample.h"
#include "engine/query/operator.h"
#include "engine/query/series_set.h"
#include "engine/query/series_table.h"

namespace tocsin::engine {

// Which instant a selector looks at: the evaluation time or a fixed one, moved by the offset.
struct TimeShift {
  int64_t offset_ms = 0;         // negative looks ahead
  std::optional<int64_t> at_ms;  // `@`
  // `@ start()` and `@ end()` inside a subquery: the evaluation time of the whole query, kept here
  // by who evaluates.
  const int64_t* query_time = nullptr;

  bool fixed() const { return at_ms.has_value() || query_time != nullptr; }
  int64_t Apply(int64_t t) const {
    return (query_time != nullptr ? *query_time : at_ms.value_or(t)) - offset_ms;
  }
  // When the shifted time reaches `instant`; never for a fixed time.
  int64_t When(int64_t instant) const { return fixed() ? INT64_MAX : instant + offset_ms; }
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
    return version() == 0 || rows_ != source_.set->slots.size() || layout_ != source_.set->layout;
  }
  absl::Status Compute(int64_t t) override;

 private:
  void SetHistograms(int64_t instant);

  const SelectorSource source_;
  const int64_t lookback_ms_;
  const bool take_time_;  // the value is the sample's time in seconds: timestamp(selector)
};

// Position of the newest of `column`'s samples at or before `instant`; nullopt if there is none.
std::optional<uint32_t> NewestAt(const Column& column, int64_t instant);

// Per row of the source, the time of its newest sample at `t`, by Operator::Newest()'s rules, where
// counts(row, that sample's own time) says so; INT64_MIN elsewhere.
template <typename Counts>
std::vector<int64_t> NewestOf(const SelectorSource& source, int64_t t, Counts&& counts) {
  const int64_t instant = source.shift.Apply(t);
  std::vector<int64_t> newest(source.set->slots.size(), INT64_MIN);
  for (size_t row = 0; row < newest.size(); ++row) {
    const SeriesTable::Slot slot = source.set->slots[row];
    int64_t time = source.table->newest_times()[slot];
    if (time > instant) {
      const auto at = NewestAt(source.table->column(slot), instant);
      if (!at) continue;
      time = source.table->column(slot).time(*at);
    }
    if (time != INT64_MIN && counts(row, time)) {
      newest[row] = std::min(source.shift.When(time), t);
    }
  }
  return newest;
}

}  // namespace tocsin::engine
