#include "engine/query/window.h"

#include <algorithm>

#include "base/sample.h"

namespace tocsin::engine {

Samples RangeVector::Read(size_t row) {
  const View at = view();
  const Column& column = at.column(row);
  const uint32_t from = column.FirstAfter(at.begin_ms), to = column.FirstAfter(at.end_ms);
  times_.resize(to - from);
  values_.resize(to - from);
  column.Read(from, to, times_.data(), values_.data());
  const ColumnHistograms* known = column.histograms();
  const bool any = known != nullptr && known->Any(from, to);
  histograms_.clear();
  size_t kept = 0;
  for (size_t i = 0; i < values_.size(); ++i) {
    if (IsStaleMarker(values_[i])) continue;
    times_[kept] = times_[i];
    values_[kept++] = values_[i];
    if (!any) continue;
    const HistogramPtr* histogram = known->Find(from + i);
    histograms_.push_back(histogram ? *histogram : nullptr);
  }
  return {times_.data(), values_.data(), any ? histograms_.data() : nullptr, kept};
}

bool RangeVector::HasSample(size_t row) const {
  const View at = view();
  const Column& column = at.column(row);
  for (uint32_t p = column.FirstAfter(at.end_ms); p > column.begin(); --p) {
    const Sample sample = column.at(p - 1);
    if (sample.time_ms <= at.begin_ms) return false;
    if (!IsStaleMarker(sample.value)) return true;
  }
  return false;
}

Window::Window(SelectorSource source, int64_t range_ms)
    : RangeVector({}, source.shift, range_ms), source_(std::move(source)) {}

bool Window::Index() {
  rows_ = source_.set->slots.size();
  layout_ = source_.set->layout;
  distinct_without_name_ = source_.set->matchers.metric().has_value();
  return true;
}

absl::Status Window::Compute(int64_t t) {
  end_ms_ = shift_.Apply(t);
  return absl::OkStatus();
}

RangeVector::View Window::view() const {
  const SeriesTable& table = *source_.table;
  return {.columns = table.columns(),
          .versions = table.versions(),
          .newest_times = table.newest_times(),
          .newest_values = table.newest_values(),
          .slots = source_.set->slots.data(),
          .begin_ms = end_ms_ - range_ms_,
          .end_ms = end_ms_};
}

// A stale marker ends a series: nothing is computed from it.
std::vector<int64_t> Window::Newest(int64_t t) const {
  const int64_t end = shift_.Apply(t);
  std::vector<int64_t> newest(source_.set->slots.size(), INT64_MIN);
  for (size_t row = 0; row < newest.size(); ++row) {
    const Column& column = source_.table->column(source_.set->slots[row]);
    for (uint32_t at = column.FirstAfter(end); at > column.begin(); --at) {
      const Sample sample = column.at(at - 1);
      if (sample.time_ms <= end - range_ms_) break;
      if (IsStaleMarker(sample.value)) continue;
      newest[row] = std::min(shift_.When(sample.time_ms), t);
      break;
    }
  }
  return newest;
}

int64_t Window::NextChange(int64_t t) const {
  const int64_t end = shift_.Apply(t);
  int64_t next = INT64_MAX;
  for (const SeriesTable::Slot slot : source_.set->slots) {
    const Column& column = source_.table->column(slot);
    const uint32_t oldest = column.FirstAfter(end - range_ms_), after = column.FirstAfter(end);
    if (after < column.end()) next = std::min(next, column.time(after));
    if (oldest < after) next = std::min(next, column.time(oldest) + range_ms_);
  }
  return next == INT64_MAX ? next : shift_.When(next);
}

}  // namespace tocsin::engine
