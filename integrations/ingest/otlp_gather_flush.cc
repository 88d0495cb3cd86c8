#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/ingest/exemplars.h"
#include "integrations/ingest/otlp_delta.h"
#include "integrations/ingest/otlp_gather.h"
#include "integrations/ingest/resource_watch.h"

// What becomes of the samples that SampleGatherer has: their series, totals of deltas, starts, and
// what describes the resource.
namespace tocsin::ingest {
namespace {

// In the cache: this resource has no such series, so that its attributes need not be decoded to
// know.
constexpr SeriesRef kNoSeries = UINT64_MAX;

int64_t ToMillis(uint64_t ns) {
  return Timestamp::FromNanos(ns).millis();
}

// Where the count at the start of a sample stands. A counter that is exported in the millisecond it
// began still counts from 0, so that its start is the millisecond before.
int64_t StartMillis(const PendingSample& sample) {
  return std::min(ToMillis(sample.start_ns), ToMillis(sample.time_ns) - 1);
}

RejectReason ReasonOf(DeltaVerdict verdict) {
  switch (verdict) {
    case DeltaVerdict::kOverlaps:
      return RejectReason::kDeltaOverlap;
    case DeltaVerdict::kFull:
      return RejectReason::kDeltaLimit;
    default:
      return RejectReason::kDeltaOutOfOrder;
  }
}

std::string DetailOf(DeltaVerdict verdict, const OtlpMetric& metric, const PendingSample& sample) {
  const std::string span = absl::StrCat(
      "a delta of ", metric.name, " from ", FormatTimestamp(Timestamp::FromNanos(sample.start_ns)),
      " to ", FormatTimestamp(Timestamp::FromNanos(sample.time_ns)));
  switch (verdict) {
    case DeltaVerdict::kOverlaps:
      return absl::StrCat(span,
                          " begins before the one counted last ended; two senders of one "
                          "series need attributes that tell them apart");
    case DeltaVerdict::kFull:
      return absl::StrCat("no room to add up deltas of another series, ", metric.name);
    default:
      return absl::StrCat(span, " does not end after the one counted last");
  }
}

}  // namespace

// Deltas of a series are added up in the order of time, however they stand in the request.
void SampleGatherer::Order() {
  order_.clear();
  const auto by_time = [this](uint32_t a, uint32_t b) {
    return samples_[a].time_ns < samples_[b].time_ns;
  };
  if (!deltas_) return;
  order_.resize(samples_.size());
  std::iota(order_.begin(), order_.end(), 0);
  std::stable_sort(order_.begin(), order_.end(), by_time);
}

absl::Status SampleGatherer::Flush() {
  known_.resize(samples_.size());
  shared_.cache.Find(keys_, known_);
  Order();
  for (size_t i = 0; i < samples_.size(); ++i) {
    const PendingSample& sample = samples_[i];
    const bool known = known_[i].ref != 0 && known_[i].start_ns == sample.start_ns;
    if (known && !deltas_ && sample.extra == PendingSample::kNoExtra) [[likely]] {
      AddAt(known_[i].ref, ToMillis(sample.time_ns), sample.value);
    } else {
      TOCSIN_RETURN_IF_ERROR(TakeSample(order_.empty() ? i : order_[i]));
    }
  }
  samples_.clear();
  keys_.clear();
  metrics_.clear();
  extras_.clear();
  metric_added_ = false;
  deltas_ = false;
  joined_attributes_.clear();
  return absl::OkStatus();
}

template <typename Value>
void SampleGatherer::AddAt(SeriesRef series, int64_t time_ms, Value value) {
  out_.batch.Add(series, time_ms, std::move(value));
  newest_ms_ = std::max(newest_ms_, time_ms);
}

// All that can be with a sample; most are settled by Flush().
absl::Status SampleGatherer::TakeSample(size_t i) {
  if (known_[i].ref == 0) [[unlikely]]
    TOCSIN_RETURN_IF_ERROR(NameSeries(i));
  const SeriesRef ref = known_[i].ref;
  if (ref == 0) return absl::OkStatus();
  PendingSample& sample = samples_[i];
  const int64_t time_ms = ToMillis(sample.time_ns);
  if (metrics_[sample.metric].delta) [[unlikely]] {
    AddDelta(i);
  } else {
    if (sample.start_ns != known_[i].start_ns) [[unlikely]]
      AddStart(i);
    if (sample.extra == PendingSample::kNoExtra || ExtraOf(sample).histogram == nullptr) {
      AddAt(ref, time_ms, sample.value);
    } else {
      AddAt(ref, time_ms, std::move(ExtraOf(sample).histogram));
    }
  }
  if (sample.extra != PendingSample::kNoExtra) KeepExemplar(i);
  return absl::OkStatus();
}

absl::Status SampleGatherer::NameSeries(size_t i) {
  TOCSIN_ASSIGN_OR_RETURN(const NamedSeries named,
                          namer_.Name(metrics_[samples_[i].metric], samples_[i].attributes,
                                      samples_[i].part, ExtraOf(std::as_const(samples_[i])).bound));
  known_[i].ref = named.ref;
  if (named.ref == 0) {
    RejectPoint(i, named.refusal.first, named.refusal.second);
  } else {
    shared_.cache.Insert(keys_[i], named.ref);
  }
  return absl::OkStatus();
}

// Only a start that is newer than all we were told of: two senders of one series, each with a start
// of its own, do not reset it with each point.
void SampleGatherer::AddStart(size_t i) {
  const PendingSample& sample = samples_[i];
  if (sample.start_ns <= known_[i].start_ns || sample.start_ns > sample.time_ns) return;
  if (!shared_.cache.Advance(keys_[i], known_[i].ref, sample.start_ns)) return;
  // Some senders count from a first value on, which they say by its time as the start.
  if (sample.start_ns == sample.time_ns) return;
  const int64_t start_ms = StartMillis(sample);
  if (start_ms < oldest_ms_) return;
  out_.begun.push_back(keys_[i]);
  if (const HistogramPtr& histogram = ExtraOf(sample).histogram) {
    out_.batch.Add(known_[i].ref, start_ms, EmptyLike(*histogram));
  } else {
    out_.batch.Add(known_[i].ref, start_ms, 0);
  }
}

void SampleGatherer::AddDelta(size_t i) {
  const PendingSample& sample = samples_[i];
  if (const HistogramPtr& histogram = ExtraOf(sample).histogram) {
    AddTotal(i, histogram);
  } else if (IsStaleMarker(sample.value)) {
    AddAt(known_[i].ref, ToMillis(sample.time_ns), sample.value);
  } else if (!std::isfinite(sample.value)) {
    // It would stay in the total for good.
    RejectPoint(i, RejectReason::kNoValue, "a delta that is infinite or not a number");
  } else {
    AddTotal(i, sample.value);
  }
}

template <typename Value>
void SampleGatherer::AddTotal(size_t i, const Value& value) {
  const PendingSample& sample = samples_[i];
  const int64_t start_ms = StartMillis(sample), time_ms = ToMillis(sample.time_ns);
  const auto total = shared_.deltas.Add(keys_[i], {sample.start_ns, sample.time_ns}, value, now_);
  if (total.verdict != DeltaVerdict::kCounted && total.verdict != DeltaVerdict::kRepeated) {
    return RejectPoint(i, ReasonOf(total.verdict),
                       DetailOf(total.verdict, metrics_[sample.metric], sample));
  }
  if (total.gap && sample.part != Part::kBucket && sample.part != Part::kSum) ++out_.delta_gaps;
  if (total.start_is_new && start_ms >= oldest_ms_ && sample.start_ns < sample.time_ns) {
    out_.batch.Add(known_[i].ref, start_ms, total.before);
  }
  AddAt(known_[i].ref, time_ms, total.total);
}

void SampleGatherer::KeepExemplar(size_t i) {
  const absl::string_view message = ExtraOf(std::as_const(samples_[i])).exemplar;
  if (message.empty()) return;
  if (const auto exemplar = DecodeExemplar(message)) {
    shared_.exemplars->Add(known_[i].ref, *exemplar);
  }
}

// Several series of one point may be refused; it is one point that was.
void SampleGatherer::RejectPoint(size_t i, RejectReason reason, absl::string_view detail) {
  if (samples_[i].point == rejected_point_) return;
  rejected_point_ = samples_[i].point;
  out_.rejected.Add(reason, 1, detail);
}

absl::Status SampleGatherer::LeaveResource() {
  TOCSIN_RETURN_IF_ERROR(Flush());
  if (newest_ms_ != INT64_MIN) TOCSIN_RETURN_IF_ERROR(AddTargetInfo());
  if (resource_sent_ && shared_.resources != nullptr) TOCSIN_RETURN_IF_ERROR(AddResourceUp());
  return absl::OkStatus();
}

// A series that describes the resource, by a key that no metric has; kNoSeries: there is none. It
// has no point of its own: if it is refused, that is said as a warning, and the points stay.
template <typename LabelsOf>
absl::StatusOr<SeriesRef> SampleGatherer::DescribingSeries(absl::string_view name, char kind,
                                                           LabelsOf labels_of) {
  const absl::uint128 key = MetricKey({.name = name, .kind = static_cast<PointKind>(kind)});
  SeriesRef ref = 0;
  shared_.cache.Find(std::span(&key, 1), std::span(&ref, 1));
  if (ref != 0) return ref;
  TOCSIN_ASSIGN_OR_RETURN(const ResourceLabels* resource, namer_.Resource());
  const std::optional<Labels>* labels = resource == nullptr ? nullptr : labels_of(*resource);
  if (labels == nullptr || !labels->has_value()) {
    shared_.cache.Insert(key, kNoSeries);
    return kNoSeries;
  }
  TOCSIN_ASSIGN_OR_RETURN(const NamedSeries named, namer_.Name(**labels));
  if (named.ref == 0) {
    out_.warning = absl::StrCat(name, " was left out: ", named.refusal.second);
    return kNoSeries;
  }
  shared_.cache.Insert(key, named.ref);
  return named.ref;
}

absl::Status SampleGatherer::AddTargetInfo() {
  TOCSIN_ASSIGN_OR_RETURN(const SeriesRef ref,
                          DescribingSeries("target_info", 't', [](const ResourceLabels& labels) {
                            return &labels.target_info;
                          }));
  if (ref != kNoSeries) out_.batch.Add(ref, newest_ms_, 1);
  return absl::OkStatus();
}

absl::Status SampleGatherer::AddResourceUp() {
  TOCSIN_ASSIGN_OR_RETURN(const SeriesRef ref, DescribingSeries("tocsin_resource_up", 'u',
                                                                [](const ResourceLabels& labels) {
                                                                  return &labels.up;
                                                                }));
  if (ref != kNoSeries && shared_.resources->Seen(ref, now_)) {
    out_.batch.Add(ref, now_.millis(), 1);
  }
  return absl::OkStatus();
}

}  // namespace tocsin::ingest
