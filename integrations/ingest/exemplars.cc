#include "integrations/ingest/exemplars.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

constexpr size_t kTraceIdBytes = 16, kSpanIdBytes = 8;

bool SameMeasurement(const Exemplar& a, const Exemplar& b) {
  return a.time == b.time && a.trace_id == b.trace_id && a.span_id == b.span_id;
}

// Newer first; among equals always the same one, whatever order they come in.
bool ComesBefore(const Exemplar& a, const Exemplar& b) {
  return std::tie(b.time, a.trace_id, a.span_id) < std::tie(a.time, b.trace_id, b.span_id);
}

// Puts one into a list of at most `max`, each of another trace.
void TakeNewest(const Exemplar& exemplar, size_t max, std::vector<const Exemplar*>& newest) {
  const auto comes_before = [](const Exemplar* a, const Exemplar* b) {
    return ComesBefore(*a, *b);
  };
  if (newest.size() == max && !ComesBefore(exemplar, *newest.back())) return;
  const auto same = std::find_if(newest.begin(), newest.end(), [&](const Exemplar* one) {
    return one->trace_id == exemplar.trace_id;
  });
  if (same != newest.end()) {
    if (!ComesBefore(exemplar, **same)) return;
    newest.erase(same);
  }
  newest.insert(std::upper_bound(newest.begin(), newest.end(), &exemplar, comes_before), &exemplar);
  if (newest.size() > max) newest.pop_back();
}

uint64_t LabelHash(const LabelView& label) {
  return Hash64(absl::StrCat(label.name, "=", label.value));
}

// What is looked for is among the first few; all of what may be 128 would be too much to keep.
template <typename Fn>
void ForEachIndexed(const Labels& labels, Fn&& fn) {
  constexpr size_t kIndexedMax = 16;
  size_t indexed = 0;
  for (const LabelView label : labels) {
    if (label.name == kMetricName) continue;
    if (indexed++ == kIndexedMax) return;
    fn(label);
  }
}

}  // namespace

std::optional<Exemplar> DecodeExemplar(absl::string_view message) {
  Exemplar exemplar;
  absl::string_view trace, span;
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(2, WireType::kFixed64):
        exemplar.time = Timestamp::FromNanos(fields.Fixed64());
        break;
      case Tag(3, WireType::kFixed64):
        exemplar.value = fields.Double();
        break;
      case Tag(4, WireType::kBytes):
        span = fields.Bytes();
        break;
      case Tag(5, WireType::kBytes):
        trace = fields.Bytes();
        break;
      case Tag(6, WireType::kFixed64):
        exemplar.value = static_cast<double>(static_cast<int64_t>(fields.Fixed64()));
        break;
      default:
        fields.Skip();
    }
  }
  if (!fields.ok() || trace.size() != kTraceIdBytes) return std::nullopt;
  exemplar.trace_id = absl::BytesToHexString(trace);
  if (span.size() == kSpanIdBytes) exemplar.span_id = absl::BytesToHexString(span);
  return exemplar;
}

absl::string_view HistogramOf(absl::string_view metric) {
  for (const char* suffix : {"_bucket", "_count", "_sum"}) {
    if (absl::ConsumeSuffix(&metric, suffix)) return metric;
  }
  return {};
}

absl::string_view ExemplarStore::FamilyOf(absl::string_view metric) {
  const absl::string_view histogram = HistogramOf(metric);
  // With the underscore: a metric of the histogram's bare name is another one.
  return histogram.empty() ? metric : metric.substr(0, histogram.size() + 1);
}

void ExemplarStore::Family::Add(Entries::iterator entry) {
  all[entry->series] = entry;
  ForEachIndexed(entry->labels, [&](const LabelView& label) {
    by_label[LabelHash(label)][entry->series] = entry;
    ++with_name[label.name];
  });
}

void ExemplarStore::Family::Remove(Entries::iterator entry) {
  all.erase(entry->series);
  ForEachIndexed(entry->labels, [&](const LabelView& label) {
    const auto places = by_label.find(LabelHash(label));
    places->second.erase(entry->series);
    if (places->second.empty()) by_label.erase(places);
    const auto named = with_name.find(label.name);
    if (--named->second == 0) with_name.erase(named);
  });
}

// By the label that tells most of them apart, of those that all have: one without it agrees, too.
const ExemplarStore::Places* ExemplarStore::Family::Narrow(const Labels& row) const {
  const Places* fewest = &all;
  for (const LabelView label : row) {
    const auto named = with_name.find(label.name);
    if (named == with_name.end() || named->second != all.size()) continue;
    const auto places = by_label.find(LabelHash(label));
    if (places == by_label.end()) return nullptr;
    if (places->second.size() < fewest->size()) fewest = &places->second;
  }
  return fewest;
}

bool ExemplarStore::Touch(SeriesRef series) {
  const auto found = by_series_.find(series);
  if (found == by_series_.end()) return false;
  entries_.splice(entries_.begin(), entries_, found->second);
  return true;
}

void ExemplarStore::Begin(SeriesRef series, Labels labels) {
  if (entries_.size() >= series_max_) DropLast();
  entries_.push_front({series, std::move(labels), {}});
  by_series_[series] = entries_.begin();
  by_family_[FamilyOf(entries_.front().labels.metric_name())].Add(entries_.begin());
}

void ExemplarStore::DropLast() {
  const auto last = std::prev(entries_.end());
  const auto family = by_family_.find(FamilyOf(last->labels.metric_name()));
  family->second.Remove(last);
  if (family->second.all.empty()) by_family_.erase(family);
  by_series_.erase(last->series);
  entries_.pop_back();
}

void ExemplarStore::Add(SeriesRef series, Exemplar exemplar) {
  {
    MutexLock lock(mutex_);
    if (Touch(series)) return Keep(std::move(exemplar));
  }
  // Asked without the lock, since who answers has one, too.
  Labels labels = labels_of_ ? labels_of_(series) : Labels();
  MutexLock lock(mutex_);
  if (!Touch(series)) Begin(series, std::move(labels));
  Keep(std::move(exemplar));
}

// Of the series in front.
void ExemplarStore::Keep(Exemplar exemplar) {
  std::vector<Exemplar>& kept = entries_.front().exemplars;
  for (const Exemplar& one : kept) {
    if (SameMeasurement(one, exemplar)) return;
  }
  const auto place = std::find_if(kept.begin(), kept.end(),
                                  [&](const Exemplar& one) { return one.time < exemplar.time; });
  kept.insert(place, std::move(exemplar));
  if (kept.size() > kPerSeries) kept.pop_back();
}

std::vector<Exemplar> ExemplarStore::Newest(SeriesRef series) const {
  MutexLock lock(mutex_);
  const auto found = by_series_.find(series);
  return found == by_series_.end() ? std::vector<Exemplar>() : found->second->exemplars;
}

std::vector<Exemplar> ExemplarStore::Find(absl::string_view metric, const Labels& row,
                                          const std::function<bool(const Labels&)>& wanted,
                                          Timestamp oldest, size_t max, size_t& series_left) const {
  std::vector<const Exemplar*> newest;  // of each trace
  const auto look_at = [&](const Family& family) {
    const Places* places = family.Narrow(row);
    if (places == nullptr) return;
    for (const auto& [series, entry] : *places) {
      if (series_left == 0) return;
      --series_left;
      // Most have no news, which is told faster than whether they are wanted.
      const Exemplar& last = entry->exemplars.front();
      if (last.time < oldest || (newest.size() == max && !ComesBefore(last, *newest.back()))) {
        continue;
      }
      if (!wanted(entry->labels)) continue;
      for (const Exemplar& exemplar : entry->exemplars) {
        if (exemplar.time >= oldest) TakeNewest(exemplar, max, newest);
      }
    }
  };
  MutexLock lock(mutex_);
  if (metric.empty()) {
    for (const auto& [name, family] : by_family_) look_at(family);
  } else if (const auto family = by_family_.find(FamilyOf(metric)); family != by_family_.end()) {
    look_at(family->second);
  }
  std::vector<Exemplar> found;
  for (const Exemplar* exemplar : newest) found.push_back(*exemplar);
  return found;
}

size_t ExemplarStore::series() const {
  MutexLock lock(mutex_);
  return entries_.size();
}

}  // namespace tocsin::ingest
