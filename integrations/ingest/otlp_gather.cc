#include "integrations/ingest/otlp_gather.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "integrations/ingest/exemplars.h"
#include "integrations/ingest/wire.h"

// What comes in, point by point. What becomes of it: otlp_gather_flush.cc.
namespace tocsin::ingest {
namespace {

// Both are well-mixed hashes; the odd factor keeps (a, b) and (b, a) apart.
absl::uint128 Combine(absl::uint128 metric, absl::uint128 attributes) {
  constexpr auto kOdd = absl::MakeUint128(0x9e3779b97f4a7c15, 0xf39cc0605cedc835);
  return metric * kOdd + attributes;
}

uint64_t Mixed(uint64_t bits) {
  bits ^= bits >> 32;
  bits *= 0xd6e8feb86659fd93;
  bits ^= bits >> 32;
  bits *= 0xd6e8feb86659fd93;
  return bits ^ bits >> 32;
}

// The key of one of a point's series. Of equal parts and bounds only: the mixing is one-to-one in
// each half.
absl::uint128 PartKey(absl::uint128 point, Part part, double bound) {
  if (part == Part::kWhole) return point;
  uint64_t bits;
  std::memcpy(&bits, &bound, sizeof(bits));
  const uint64_t salt = static_cast<uint64_t>(part) * 0x9e3779b97f4a7c15;
  return Combine(point, absl::MakeUint128(Mixed(bits + salt), Mixed(bits ^ ~salt)));
}

}  // namespace

SampleGatherer::SampleGatherer(const OtlpShared& shared, Timestamp now, absl::string_view sender)
    : shared_(shared),
      now_(now),
      oldest_ms_(now.millis() - static_cast<int64_t>(shared.limits.past_ms_max)),
      namer_(shared.limits, shared.options, shared.sink, sender) {}

void SampleGatherer::EnterResource(absl::string_view resource) {
  resource_key_ = Fingerprint128(resource);
  newest_ms_ = INT64_MIN;
  resource_sent_ = false;
  namer_.EnterResource(resource);
}

void SampleGatherer::EnterScope(absl::string_view scope, absl::string_view schema_url) {
  namer_.EnterScope(scope, schema_url);
  scope_key_ = Combine(Fingerprint128(scope), Fingerprint128(schema_url));
}

void SampleGatherer::EnterMetric(const OtlpMetric& metric) {
  metric_ = metric;
  metric_.key = MetricKey(metric);
  metric_added_ = false;
}

// A scope that is not promoted is no part of a key: it makes no labels.
absl::uint128 SampleGatherer::MetricKey(const OtlpMetric& metric) {
  absl::uint128 key = resource_key_;
  if (shared_.options.promote_scope_metadata) key = Combine(key, scope_key_);
  scratch_.clear();
  const uint64_t parts[] = {absl::Uint128High64(key), absl::Uint128Low64(key), metric.name.size()};
  scratch_.append(reinterpret_cast<const char*>(parts), sizeof(parts));
  scratch_.push_back(static_cast<char>(metric.kind));
  scratch_.push_back(static_cast<char>(metric.form));
  absl::StrAppend(&scratch_, metric.name, metric.unit);
  return Fingerprint128(scratch_);
}

// Metrics are kept for the samples that wait, so that those without a point, or with refused ones
// only, take no room.
void SampleGatherer::EnterPoint(absl::string_view message, const PointHead& head) {
  if (!metric_added_) metrics_.push_back(metric_);
  metric_added_ = true;
  ++point_;
  resource_sent_ = true;
  deltas_ |= metric_.delta;
  head_.metric = static_cast<uint16_t>(metrics_.size() - 1);
  head_.point = point_;
  head_.time_ns = head.time_ns;
  head_.start_ns = metric_.counts ? head.start_ns : 0;
  exemplar_ = shared_.exemplars == nullptr ? absl::string_view() : head.exemplar;
  head_.attributes = head.attributes;
  if (head.attributes_apart) [[unlikely]]
    head_.attributes = JoinedAttributes(message, metric_.attributes_field());
  point_key_ = Combine(metric_.key, Fingerprint128(head_.attributes));
}

void SampleGatherer::AddNumber(absl::string_view message, const PointHead& head, double value) {
  EnterPoint(message, head);
  if (!exemplar_.empty()) [[unlikely]] {
    Add(Part::kWhole, 0, value);
    return;
  }
  keys_.push_back(point_key_);
  samples_.push_back(head_);
  samples_.back().value = value;
}

PendingSample& SampleGatherer::NewSample(Part part, double bound) {
  keys_.push_back(PartKey(point_key_, part, bound));
  PendingSample& sample = samples_.emplace_back(head_);
  sample.part = part;
  if (bound != 0) ExtraOf(sample).bound = bound;
  const bool told = part == Part::kWhole || part == Part::kCount;
  if (!exemplar_.empty() && told) [[unlikely]]
    ExtraOf(sample).exemplar = exemplar_;
  return sample;
}

PendingExtra& SampleGatherer::ExtraOf(PendingSample& sample) {
  if (sample.extra == PendingSample::kNoExtra) {
    sample.extra = static_cast<uint32_t>(extras_.size());
    extras_.emplace_back();
  }
  return extras_[sample.extra];
}

const PendingExtra& SampleGatherer::ExtraOf(const PendingSample& sample) const {
  static const auto& none = *new PendingExtra();
  return sample.extra == PendingSample::kNoExtra ? none : extras_[sample.extra];
}

void SampleGatherer::Add(Part part, double bound, double value) {
  PendingSample& sample = NewSample(part, bound);
  sample.value = value;
  if (part == Part::kQuantile) sample.start_ns = 0;  // a quantile does not count
}

void SampleGatherer::Add(HistogramPtr histogram) {
  ExtraOf(NewSample(Part::kWhole, 0)).histogram = std::move(histogram);
}

void SampleGatherer::AddStale(Part part, double bound) {
  PendingSample& sample = NewSample(part, bound);
  sample.value = StaleMarker();
  sample.start_ns = 0;
}

absl::string_view SampleGatherer::JoinedAttributes(absl::string_view point, uint32_t field) {
  std::string& joined = joined_attributes_.emplace_back();
  WireReader fields(point);
  for (const char* at = point.data(); fields.Next(); at = fields.position()) {
    const bool attribute = fields.tag() == Tag(field, WireType::kBytes);
    fields.Skip();
    if (attribute) joined.append(at, fields.position());
  }
  return joined;
}

}  // namespace tocsin::ingest
