#include "engine/query/column_histograms.h"

#include <algorithm>
#include <utility>

#include "base/histogram/counter_reset.h"

namespace tocsin::engine {
namespace {

HistogramPtr Marked(const NativeHistogram& histogram, CounterReset reset) {
  auto marked = std::make_shared<NativeHistogram>(histogram);
  marked->counter_reset = reset;
  return marked;
}

}  // namespace

ColumnHistograms::Entries::iterator ColumnHistograms::FirstFrom(uint64_t position) {
  // Nearly always at the end.
  if (entries_.empty() || entries_.back().position < position) return entries_.end();
  return std::partition_point(entries_.begin(), entries_.end(),
                              [&](const Entry& entry) { return entry.position < position; });
}

ColumnHistograms::Entries::const_iterator ColumnHistograms::FirstFrom(uint64_t position) const {
  return const_cast<ColumnHistograms*>(this)->FirstFrom(position);
}

void ColumnHistograms::Set(uint64_t position, const NativeHistogram& histogram) {
  const auto next = FirstFrom(position);
  const bool follows = next != entries_.begin() && std::prev(next)->position + 1 == position;
  const NativeHistogram* previous = follows ? std::prev(next)->histogram.get() : nullptr;
  const HistogramPtr stored = Marked(histogram, StoredCounterReset(histogram, previous));
  if (next != entries_.end() && next->position == position + 1) {
    const CounterReset reset = StoredCounterReset(*next->histogram, stored.get());
    next->histogram = Marked(*next->histogram, reset);
  }
  entries_.insert(next, {position, stored});
}

void ColumnHistograms::SetAsIs(uint64_t position, HistogramPtr histogram) {
  entries_.insert(FirstFrom(position), {position, std::move(histogram)});
}

void ColumnHistograms::Erase(uint64_t position) {
  const auto it = FirstFrom(position);
  if (it != entries_.end() && it->position == position) entries_.erase(it);
}

void ColumnHistograms::CloseGap(uint64_t position) {
  Erase(position);
  for (auto it = FirstFrom(position); it != entries_.end(); ++it) --it->position;
}

void ColumnHistograms::MakeGap(uint64_t position) {
  const auto first = FirstFrom(position);
  // What came directly before is no longer known to be its predecessor.
  if (first != entries_.end() && first->position == position) {
    first->histogram = Marked(*first->histogram, StoredCounterReset(*first->histogram, nullptr));
  }
  for (auto it = first; it != entries_.end(); ++it) ++it->position;
}

void ColumnHistograms::TrimBefore(uint64_t position) {
  while (!entries_.empty() && entries_.front().position < position) entries_.pop_front();
}

const HistogramPtr* ColumnHistograms::Find(uint64_t position) const {
  const auto it = FirstFrom(position);
  return it != entries_.end() && it->position == position ? &it->histogram : nullptr;
}

bool ColumnHistograms::Any(uint64_t begin, uint64_t end) const {
  const auto it = FirstFrom(begin);
  return it != entries_.end() && it->position < end;
}

}  // namespace tocsin::engine
