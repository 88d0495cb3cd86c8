#include "engine/query/window.h"

#include <algorithm>

#include "base/sample.h"

namespace tocsin::engine {

Window::Window(SelectorSource source, int64_t range_ms)
    : RangeVector({}, source.shift, range_ms), source_(std::move(source)) {}

bool Window::Index() {
  rows_ = source_.set->slots.size();
  bounds_.resize(rows_);
  distinct_without_name_ = source_.set->matchers.metric().has_value();
  return true;
}

absl::Status Window::Compute(int64_t t) {
  end_ms_ = shift_.Apply(t);
  return absl::OkStatus();
}

// The samples before the bounds are still outside: what is before `begin` is too old, and nothing
// before `end` is too new.
bool Window::Continues(const Bounds& bounds, const Column& samples) const {
  const uint64_t first = samples.dropped();
  if (bounds.rewrites != samples.rewrites()) return false;
  if (bounds.begin > first && samples.times()[bounds.begin - first - 1] > end_ms_ - range_ms_) {
    return false;
  }
  return bounds.end <= first || samples.times()[bounds.end - first - 1] <= end_ms_;
}

void Window::Advance(Bounds& bounds, const Column& samples) const {
  const uint64_t first = samples.dropped();
  const int64_t* times = samples.times();
  const size_t size = samples.size();
  if (!Continues(bounds, samples)) {
    const auto begin = std::upper_bound(times, times + size, end_ms_ - range_ms_);
    bounds = {first + (begin - times), 0, 0, samples.rewrites()};
  }
  size_t begin = std::max(bounds.begin, first) - first;
  while (begin < size && times[begin] <= end_ms_ - range_ms_) ++begin;
  size_t end = std::max(std::max(bounds.end, first) - first, begin);
  while (end < size && times[end] <= end_ms_) {
    if (IsStaleMarker(samples.values()[end])) [[unlikely]]
      bounds.clean_from = first + end + 1;
    ++end;
  }
  bounds.begin = first + begin;
  bounds.end = first + end;
}

Samples Window::At(size_t row) {
  const Column& samples = column(row);
  Bounds& bounds = bounds_[row];
  Advance(bounds, samples);
  const size_t begin = bounds.begin - samples.dropped();
  const Samples raw{samples.times() + begin,
                    samples.values() + begin,
                    nullptr,
                    bounds.end - bounds.begin,
                    bounds.begin,
                    bounds.rewrites};
  const ColumnHistograms* histograms = samples.histograms();
  if (histograms != nullptr && histograms->Any(bounds.begin, bounds.end)) [[unlikely]] {
    return WithHistograms(raw, *histograms);
  }
  return bounds.clean_from <= bounds.begin ? raw : WithoutMarkers(raw);
}

Samples Window::WithoutMarkers(const Samples& raw) {
  clean_times_.clear();
  clean_values_.clear();
  for (size_t i = 0; i < raw.size; ++i) {
    if (IsStaleMarker(raw.values[i])) continue;
    clean_times_.push_back(raw.times[i]);
    clean_values_.push_back(raw.values[i]);
  }
  return {clean_times_.data(), clean_values_.data(), nullptr, clean_times_.size()};
}

Samples Window::WithHistograms(const Samples& raw, const ColumnHistograms& histograms) {
  const Samples clean = WithoutMarkers(raw);
  clean_histograms_.clear();
  for (size_t i = 0; i < raw.size; ++i) {
    if (IsStaleMarker(raw.values[i])) continue;
    const HistogramPtr* found = histograms.Find(raw.position + i);
    clean_histograms_.push_back(found ? *found : nullptr);
  }
  return {clean.times, clean.values, clean_histograms_.data(), clean.size};
}

std::vector<int64_t> Window::Newest(int64_t t) const {
  std::vector<int64_t> newest(rows_, INT64_MIN);
  for (size_t row = 0; row < rows_; ++row) {
    const auto at = NewestAt(column(row), shift_.Apply(t));
    if (at && column(row).times()[*at] > shift_.Apply(t) - range_ms_) {
      newest[row] = std::min(shift_.When(column(row).times()[*at]), t);
    }
  }
  return newest;
}

int64_t Window::NextChange(int64_t t) const {
  const int64_t end = shift_.Apply(t);
  int64_t next = INT64_MAX;
  for (size_t row = 0; row < source_.set->slots.size(); ++row) {
    const Column& samples = column(row);
    const int64_t* times = samples.times();
    const auto at = NewestAt(samples, end);
    const size_t following = at ? *at + 1 : 0;
    if (following < samples.size()) next = std::min(next, times[following]);
    const auto oldest = std::upper_bound(times, times + following, end - range_ms_);
    if (oldest != times + following) next = std::min(next, *oldest + range_ms_);
  }
  return next == INT64_MAX ? next : shift_.When(next);
}

}  // namespace tocsin::engine
