#include "integrations/ingest/exemplars.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

constexpr size_t kTraceIdBytes = 16, kSpanIdBytes = 8;

bool SameMeasurement(const Exemplar& a, const Exemplar& b) {
  return a.time == b.time && a.trace_id == b.trace_id && a.span_id == b.span_id;
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

void ExemplarStore::Add(SeriesRef series, Exemplar exemplar) {
  MutexLock lock(mutex_);
  const auto found = by_series_.find(series);
  if (found != by_series_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
  } else {
    if (entries_.size() >= series_max_) {
      by_series_.erase(entries_.back().series);
      entries_.pop_back();
    }
    entries_.push_front({series, {}});
    by_series_[series] = entries_.begin();
  }
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

size_t ExemplarStore::series() const {
  MutexLock lock(mutex_);
  return entries_.size();
}

}  // namespace tocsin::ingest
