#include "integrations/ingest/otlp_decode.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "base/status_macros.h"
#include "integrations/ingest/otlp_attributes.h"
#include "integrations/ingest/otlp_histogram.h"
#include "integrations/ingest/otlp_labels.h"
#include "integrations/ingest/otlp_names.h"
#include "integrations/ingest/otlp_point.h"
#include "integrations/ingest/utf8.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

// Points gathered before their series are looked up together: enough to spread the cost of the
// cache's lock, few enough to stay in the processor's cache.
constexpr size_t kPointsPerLookup = 512;
// The shortest point that is taken: its head, a time, and the flag that says there is no value.
constexpr uint64_t kPointBytesMin = 2 + 9 + 2;
constexpr uint64_t kCumulative = 2;  // AggregationTemporality
constexpr uint64_t kDelta = 1;
// In the cache: this resource has no target_info, so that its attributes need not be decoded to
// know.
constexpr SeriesRef kNoTargetInfo = UINT64_MAX;
constexpr uint32_t kResourceAttributes = 1;  // field number
// Of a histogram on its way, besides itself: its owners' count, and its place in a batch, which
// grows by doubling.
constexpr uint64_t kHistogramPlaceBytes = 16 + 2 * sizeof(HistogramPtr);

// More attributes than labels may be fine: empty ones are no labels, and some are joined.
AttributeLimits AttributeLimitsOf(const Limits& limits) {
  constexpr uint64_t kAttributesMax = 1024;
  return {.count_max = std::max(kAttributesMax, limits.labels_per_series_max),
          .text_bytes_max = limits.label_value_bytes_max};
}

absl::Status Malformed() {
  return absl::InvalidArgumentError("not a well-formed ExportMetricsServiceRequest");
}

// The resource whose metrics are being walked. Labels are made when the first unknown series needs
// them.
struct Resource {
  absl::string_view bytes;
  absl::uint128 key = 0;
  bool labels_made = false;
  ResourceLabels labels;
  std::optional<std::pair<RejectReason, std::string>>
      refusal;                    // of all series: the attributes are no labels
  int64_t newest_ms = INT64_MIN;  // of the points taken
};

struct Metric {
  absl::string_view name;
  absl::string_view unit;
  PointKind kind = PointKind::kGauge;
  bool exponential = false;  // its points are exponential histograms
  absl::uint128 key = 0;     // covers the resource too

  uint32_t attributes_field() const {
    return exponential ? kExponentialAttributes : kNumberAttributes;
  }
};

// A point whose series is still to be looked up.
struct Point {
  absl::string_view attributes;  // the fields as they stand in the point
  size_t metric = 0;             // index into metrics_
  int64_t time_ms = 0;
  double value = 0;
  HistogramPtr histogram;  // null: a float
};

// The scope is no part of a key: its name and attributes are not labels (as in Prometheus by
// default).
absl::uint128 MetricKey(const Resource& resource, const Metric& metric, std::string& scratch) {
  scratch.clear();
  const uint64_t parts[] = {absl::Uint128High64(resource.key), absl::Uint128Low64(resource.key),
                            metric.name.size()};
  scratch.append(reinterpret_cast<const char*>(parts), sizeof(parts));
  scratch.push_back(static_cast<char>(metric.kind));
  absl::StrAppend(&scratch, metric.name, metric.unit);
  return Fingerprint128(scratch);
}

// Both are well-mixed hashes; the odd factor keeps (a, b) and (b, a) apart.
absl::uint128 Combine(absl::uint128 metric, absl::uint128 attributes) {
  constexpr auto kOdd = absl::MakeUint128(0x9e3779b97f4a7c15, 0xf39cc0605cedc835);
  return metric * kOdd + attributes;
}

// The walk over one request.
class Walk {
 public:
  Walk(const Limits& limits, engine::SampleSink& sink, SeriesCache& cache, Timestamp now,
       BudgetLease* room, absl::string_view sender)
      : limits_(limits),
        sink_(sink),
        sender_(sender),
        cache_(cache),
        room_(room),
        oldest_ms_(now.millis() - static_cast<int64_t>(limits.past_ms_max)),
        newest_ms_(now.millis() + static_cast<int64_t>(limits.future_ms_max)) {}

  absl::Status Request(absl::string_view message);
  OtlpSamples Take() { return std::move(out_); }

 private:
  absl::Status ResourceMetrics(absl::string_view message);
  absl::Status ScopeMetrics(absl::string_view message);
  absl::Status MetricData(absl::string_view message);
  absl::Status PointsOf(uint32_t kind, absl::string_view data, const Metric& metric);
  absl::Status Sum(absl::string_view message, Metric metric);
  absl::Status ExponentialHistogram(absl::string_view message, Metric metric);
  absl::Status IfCumulative(absl::string_view message, const Metric& metric, uint64_t temporality,
                            absl::string_view what);
  absl::Status Points(absl::string_view message, Metric metric);
  absl::Status OneNumber(absl::string_view message, const Metric& metric);
  absl::Status OneHistogram(absl::string_view message, const Metric& metric);
  absl::Status TakeHistogramBytes(const NativeHistogram& histogram);
  absl::Status Unsupported(absl::string_view message, RejectReason reason,
                           absl::string_view detail);

  bool InTime(int64_t time_ms);
  absl::Status CountPoints(uint64_t points);
  absl::Status CountIfEmpty(uint64_t points_before);

  void AddPending(const Metric& metric, absl::string_view message, const PointHead& head,
                  Point point);
  absl::string_view JoinedAttributes(absl::string_view point, uint32_t field);
  absl::Status LookUpPending();
  absl::Status ResolveMissing(size_t i);
  absl::StatusOr<SeriesRef> NewSeries(const Metric& metric, const Point& point);
  absl::StatusOr<SeriesRef> ResolveOrReject(const absl::StatusOr<Labels>& labels);
  absl::Status MakeResourceLabels();
  absl::Status AddTargetInfo();
  SeriesRef Reject(RejectReason reason, absl::string_view detail) {
    out_.rejected.Add(reason, 1, detail);
    return 0;
  }

  const Limits& limits_;
  engine::SampleSink& sink_;
  const absl::string_view sender_;
  SeriesCache& cache_;
  BudgetLease* const room_;
  const int64_t oldest_ms_;
  const int64_t newest_ms_;

  OtlpSamples out_;
  uint64_t histogram_bytes_ = 0;  // of all histograms taken
  uint64_t points_ = 0;           // seen in the whole request; what is empty counts as one
  Resource resource_;

  // Points not yet looked up, in columns of equal length, and what they refer to: at most
  // kPointsPerLookup of each.
  std::vector<Point> pending_;
  std::vector<absl::uint128> keys_;
  std::vector<SeriesRef> refs_;
  std::vector<Metric> metrics_;
  bool metric_added_ = false;                  // the one being walked is the last of metrics_
  std::deque<std::string> joined_attributes_;  // of points whose attributes do not stand together
  std::string scratch_;
};

absl::Status Walk::Request(absl::string_view message) {
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == Tag(1, WireType::kBytes)) {
      const uint64_t points_before = points_;
      TOCSIN_RETURN_IF_ERROR(ResourceMetrics(fields.Bytes()));
      TOCSIN_RETURN_IF_ERROR(CountIfEmpty(points_before));
    } else {
      fields.Skip();
    }
  }
  return fields.ok() ? absl::OkStatus() : Malformed();
}

absl::Status Walk::ResourceMetrics(absl::string_view message) {
  // The resource may stand anywhere on the wire, so it is looked for first.
  MergedField resource;
  WireReader search(message);
  while (search.Next()) {
    if (search.tag() == Tag(1, WireType::kBytes)) {
      resource.Add(search.Bytes());
    } else {
      search.Skip();
    }
  }
  if (!search.ok()) return Malformed();
  resource_ = Resource{.bytes = resource.bytes(), .key = Fingerprint128(resource.bytes())};

  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == Tag(2, WireType::kBytes)) {
      const uint64_t points_before = points_;
      TOCSIN_RETURN_IF_ERROR(ScopeMetrics(fields.Bytes()));
      TOCSIN_RETURN_IF_ERROR(CountIfEmpty(points_before));
    } else {
      fields.Skip();
    }
  }
  TOCSIN_RETURN_IF_ERROR(LookUpPending());
  return AddTargetInfo();
}

absl::Status Walk::ScopeMetrics(absl::string_view message) {
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == Tag(2, WireType::kBytes)) {
      const uint64_t points_before = points_;
      TOCSIN_RETURN_IF_ERROR(MetricData(fields.Bytes()));
      TOCSIN_RETURN_IF_ERROR(CountIfEmpty(points_before));
    } else {
      fields.Skip();
    }
  }
  return fields.ok() ? absl::OkStatus() : Malformed();
}

absl::Status Walk::MetricData(absl::string_view message) {
  Metric metric;
  uint32_t kind = 0;  // field number of the last member of the oneof
  MergedField data;
  WireReader fields(message);
  while (fields.Next()) {
    const uint32_t tag = fields.tag();
    switch (tag) {
      case Tag(1, WireType::kBytes):
        metric.name = fields.Bytes();
        break;
      case Tag(3, WireType::kBytes):
        metric.unit = fields.Bytes();
        break;
      case Tag(5, WireType::kBytes):
      case Tag(7, WireType::kBytes):
      case Tag(9, WireType::kBytes):
      case Tag(10, WireType::kBytes):
      case Tag(11, WireType::kBytes):
        if (kind != tag >> 3) data.Clear();
        kind = tag >> 3;
        data.Add(fields.Bytes());
        break;
      default:
        fields.Skip();
    }
  }
  if (!fields.ok()) return Malformed();
  TOCSIN_RETURN_IF_ERROR(PointsOf(kind, data.bytes(), metric));
  // Points not yet looked up would outlive bytes that were joined here.
  return data.joined() ? LookUpPending() : absl::OkStatus();
}

absl::Status Walk::PointsOf(uint32_t kind, absl::string_view data, const Metric& metric) {
  switch (kind) {
    case 5:
      return Points(data, metric);
    case 7:
      return Sum(data, metric);
    case 9:
      return Unsupported(data, RejectReason::kHistogram, "not supported yet: histograms");
    case 10:
      return ExponentialHistogram(data, metric);
    case 11:
      return Unsupported(data, RejectReason::kSummary, "not supported yet: summaries");
    default:
      return absl::OkStatus();  // no data, no points
  }
}

absl::Status Walk::Sum(absl::string_view message, Metric metric) {
  uint64_t temporality = 0;
  metric.kind = PointKind::kSum;
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(2, WireType::kVarint):
        temporality = fields.Varint();
        break;
      case Tag(3, WireType::kVarint):
        metric.kind = fields.Varint() != 0 ? PointKind::kMonotonicSum : PointKind::kSum;
        break;
      default:
        fields.Skip();
    }
  }
  if (!fields.ok()) return Malformed();
  return IfCumulative(message, metric, temporality, "sum");
}

absl::Status Walk::ExponentialHistogram(absl::string_view message, Metric metric) {
  uint64_t temporality = 0;
  metric.kind = PointKind::kSum;  // to its name it is one: the unit is all that is added
  metric.exponential = true;
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == Tag(2, WireType::kVarint)) {
      temporality = fields.Varint();
    } else {
      fields.Skip();
    }
  }
  if (!fields.ok()) return Malformed();
  return IfCumulative(message, metric, temporality, "exponential histogram");
}

absl::Status Walk::IfCumulative(absl::string_view message, const Metric& metric,
                                uint64_t temporality, absl::string_view what) {
  if (temporality == kCumulative) return Points(message, metric);
  if (temporality == kDelta) {
    return Unsupported(message, RejectReason::kDeltaTemporality,
                       absl::StrCat("not supported yet: ", what,
                                    "s of delta temporality; set cumulative in the sender"));
  }
  return Unsupported(message, RejectReason::kUnknownTemporality,
                     absl::StrCat(what, " without temporality"));
}

absl::Status Walk::Unsupported(absl::string_view message, RejectReason reason,
                               absl::string_view detail) {
  uint64_t points = 0;
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == Tag(1, WireType::kBytes)) ++points;
    fields.Skip();
  }
  if (!fields.ok()) return Malformed();
  TOCSIN_RETURN_IF_ERROR(CountPoints(points));
  out_.rejected.Add(reason, points, detail);
  return absl::OkStatus();
}

absl::Status Walk::Points(absl::string_view message, Metric metric) {
  metric.key = MetricKey(resource_, metric, scratch_);
  metric_added_ = false;
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() != Tag(1, WireType::kBytes)) {
      fields.Skip();
      continue;
    }
    TOCSIN_RETURN_IF_ERROR(CountPoints(1));
    TOCSIN_RETURN_IF_ERROR(metric.exponential ? OneHistogram(fields.Bytes(), metric)
                                              : OneNumber(fields.Bytes(), metric));
    if (pending_.size() >= kPointsPerLookup) TOCSIN_RETURN_IF_ERROR(LookUpPending());
  }
  return fields.ok() ? absl::OkStatus() : Malformed();
}

absl::Status Walk::CountPoints(uint64_t points) {
  points_ += points;
  if (points_ <= limits_.samples_per_request_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("more than ", limits_.samples_per_request_max,
                   " points and empty metrics (samples_per_request_max)"));
}

// A metric, scope or resource without points is a few bytes of input, a few of gzip for thousands
// of them, and takes about as long to walk as a point.
absl::Status Walk::CountIfEmpty(uint64_t points_before) {
  return points_ == points_before ? CountPoints(1) : absl::OkStatus();
}

absl::Status Walk::OneNumber(absl::string_view message, const Metric& metric) {
  NumberPoint point;
  if (!ReadNumberPoint(message, point)) return Malformed();
  const int64_t time_ms = Timestamp::FromNanos(point.time_ns).millis();
  if (!InTime(time_ms)) return absl::OkStatus();
  if (point.has_no_recorded_value()) {
    point.value = StaleMarker();
  } else if (!point.has_value) {
    Reject(RejectReason::kNoValue, "a point without a value");
    return absl::OkStatus();
  }
  AddPending(metric, message, point, {.time_ms = time_ms, .value = point.value});
  return absl::OkStatus();
}

absl::Status Walk::OneHistogram(absl::string_view message, const Metric& metric) {
  ExponentialPoint point;
  if (!ReadExponentialPoint(message, point)) return Malformed();
  const int64_t time_ms = Timestamp::FromNanos(point.time_ns).millis();
  if (!InTime(time_ms)) return absl::OkStatus();
  if (point.has_no_recorded_value()) {
    AddPending(metric, message, point, {.time_ms = time_ms, .value = StaleMarker()});
    return absl::OkStatus();
  }
  NativeResult native = NativeFromExponential(point, limits_.histogram_buckets_max);
  if (native.reason) {
    Reject(*native.reason, native.detail);
    return absl::OkStatus();
  }
  if (native.histogram == nullptr) return Malformed();
  TOCSIN_RETURN_IF_ERROR(TakeHistogramBytes(*native.histogram));
  AddPending(metric, message, point,
             {.time_ms = time_ms, .histogram = std::move(native.histogram)});
  return absl::OkStatus();
}

// A bucket is a byte on the wire and many in memory, so that room is taken for what came.
absl::Status Walk::TakeHistogramBytes(const NativeHistogram& histogram) {
  const uint64_t bytes = HistogramBytes(histogram) + kHistogramPlaceBytes;
  histogram_bytes_ += bytes;
  if (histogram_bytes_ > limits_.ingest_decode_bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat("histograms that take more than ",
                                                     limits_.ingest_decode_bytes_max,
                                                     " bytes (ingest_decode_bytes_max)"));
  }
  return room_ == nullptr ? absl::OkStatus() : room_->Grow(bytes);
}

// Metrics are kept for the points that wait, so that those without a point, or with refused ones
// only, take no room.
void Walk::AddPending(const Metric& metric, absl::string_view message, const PointHead& head,
                      Point point) {
  if (!metric_added_) metrics_.push_back(metric);
  metric_added_ = true;
  point.metric = metrics_.size() - 1;
  point.attributes = head.attributes;
  if (head.attributes_apart) [[unlikely]]
    point.attributes = JoinedAttributes(message, metric.attributes_field());
  keys_.push_back(Combine(metric.key, Fingerprint128(point.attributes)));
  pending_.push_back(std::move(point));
}

absl::string_view Walk::JoinedAttributes(absl::string_view point, uint32_t field) {
  std::string& joined = joined_attributes_.emplace_back();
  WireReader fields(point);
  for (const char* at = point.data(); fields.Next(); at = fields.position()) {
    const bool attribute = fields.tag() == Tag(field, WireType::kBytes);
    fields.Skip();
    if (attribute) joined.append(at, fields.position());
  }
  return joined;
}

bool Walk::InTime(int64_t time_ms) {
  const bool too_new = time_ms > newest_ms_;
  if (!too_new && time_ms >= oldest_ms_) [[likely]]
    return true;
  out_.rejected.AddOne(too_new ? RejectReason::kTooNew : RejectReason::kTooOld, [&] {
    return absl::StrCat("dated ", FormatTimestamp(Timestamp::FromMillis(time_ms)), ", beyond ",
                        too_new ? "future_ms_max" : "past_ms_max");
  });
  return false;
}

absl::Status Walk::LookUpPending() {
  refs_.assign(pending_.size(), 0);
  cache_.Find(keys_, refs_);
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (refs_[i] == 0) [[unlikely]]
      TOCSIN_RETURN_IF_ERROR(ResolveMissing(i));
    if (refs_[i] == 0) continue;
    Point& point = pending_[i];
    if (point.histogram != nullptr) [[unlikely]] {
      out_.batch.Add(refs_[i], point.time_ms, std::move(point.histogram));
    } else {
      out_.batch.Add(refs_[i], point.time_ms, point.value);
    }
    resource_.newest_ms = std::max(resource_.newest_ms, point.time_ms);
  }
  pending_.clear();
  keys_.clear();
  metrics_.clear();
  metric_added_ = false;
  joined_attributes_.clear();
  return absl::OkStatus();
}

absl::Status Walk::ResolveMissing(size_t i) {
  TOCSIN_ASSIGN_OR_RETURN(refs_[i], NewSeries(metrics_[pending_[i].metric], pending_[i]));
  if (refs_[i] != 0) cache_.Insert(keys_[i], refs_[i]);
  return absl::OkStatus();
}

// 0 if the point was rejected.
absl::StatusOr<SeriesRef> Walk::NewSeries(const Metric& metric, const Point& point) {
  TOCSIN_RETURN_IF_ERROR(MakeResourceLabels());
  if (resource_.refusal) return Reject(resource_.refusal->first, resource_.refusal->second);
  if (!IsUtf8(metric.name) || !IsUtf8(metric.unit)) {
    return Reject(RejectReason::kInvalidUtf8, "metric name or unit");
  }
  const absl::StatusOr<std::string> name =
      MetricNameFromOtlp(metric.name, metric.unit, metric.kind);
  if (!name.ok()) return Reject(RejectReason::kInvalidName, name.status().message());

  Attributes attributes;
  switch (DecodeAttributes(point.attributes, metric.attributes_field(), AttributeLimitsOf(limits_),
                           attributes)) {
    case AttributeError::kMalformed:
      return Malformed();
    case AttributeError::kInvalidUtf8:
      return Reject(RejectReason::kInvalidUtf8, absl::StrCat("attributes of ", metric.name));
    case AttributeError::kTooDeep:
      return Reject(RejectReason::kInvalidLabel,
                    absl::StrCat("attributes of ", metric.name, " are nested too deeply"));
    case AttributeError::kTooMany:
      return Reject(RejectReason::kLabelLimit,
                    absl::StrCat("too many attributes of ", metric.name));
    case AttributeError::kNone:
      break;
  }
  return ResolveOrReject(LabelsOfSeries(*name, attributes, resource_.labels));
}

absl::StatusOr<SeriesRef> Walk::ResolveOrReject(const absl::StatusOr<Labels>& labels) {
  if (!labels.ok()) return Reject(RejectReason::kInvalidLabel, labels.status().message());
  const absl::StatusOr<SeriesRef> ref = sink_.ResolveFrom(sender_, *labels);
  if (absl::IsInvalidArgument(ref.status()) || absl::IsResourceExhausted(ref.status())) {
    return Reject(ReasonOfResolve(ref.status()), ref.status().message());
  }
  return ref;
}

absl::Status Walk::MakeResourceLabels() {
  if (resource_.labels_made) return absl::OkStatus();
  resource_.labels_made = true;
  Attributes attributes;
  switch (DecodeAttributes(resource_.bytes, kResourceAttributes, AttributeLimitsOf(limits_),
                           attributes)) {
    case AttributeError::kMalformed:
      return Malformed();
    case AttributeError::kInvalidUtf8:
      resource_.refusal = {RejectReason::kInvalidUtf8, "attributes of the resource"};
      return absl::OkStatus();
    case AttributeError::kTooDeep:
      resource_.refusal = {RejectReason::kInvalidLabel,
                           "resource attributes are nested too deeply"};
      return absl::OkStatus();
    case AttributeError::kTooMany:
      resource_.refusal = {RejectReason::kLabelLimit, "too many attributes of the resource"};
      return absl::OkStatus();
    case AttributeError::kNone:
      break;
  }
  absl::StatusOr<ResourceLabels> labels = LabelsOfResource(attributes);
  if (labels.ok()) {
    resource_.labels = *std::move(labels);
  } else {
    resource_.refusal = {RejectReason::kInvalidLabel, std::string(labels.status().message())};
  }
  return absl::OkStatus();
}

// target_info has no point of its own: if its series is refused, that is said as a warning, and the
// points stay.
absl::Status Walk::AddTargetInfo() {
  if (resource_.newest_ms == INT64_MIN) return absl::OkStatus();
  // The kind 't' of no metric keeps this key apart from all others.
  Metric target{.name = "target_info", .kind = static_cast<PointKind>('t')};
  const absl::uint128 key = MetricKey(resource_, target, scratch_);
  SeriesRef ref = 0;
  cache_.Find(std::span(&key, 1), std::span(&ref, 1));
  if (ref == 0) {
    TOCSIN_RETURN_IF_ERROR(MakeResourceLabels());
    if (!resource_.labels.target_info) {
      cache_.Insert(key, kNoTargetInfo);
      return absl::OkStatus();
    }
    const absl::StatusOr<SeriesRef> made =
        sink_.ResolveFrom(sender_, *resource_.labels.target_info);
    if (absl::IsInvalidArgument(made.status()) || absl::IsResourceExhausted(made.status())) {
      out_.warning = absl::StrCat("target_info was left out: ", made.status().message());
      return absl::OkStatus();
    }
    TOCSIN_RETURN_IF_ERROR(made.status());
    ref = *made;
    cache_.Insert(key, ref);
  }
  if (ref != kNoTargetInfo) out_.batch.Add(ref, resource_.newest_ms, 1);
  return absl::OkStatus();
}

}  // namespace

// The batch: its columns grow by doubling, and each point may bring a sample of target_info. Not
// in it: fields a sender writes in pieces, which are joined; no known sender does; and histograms,
// see TakeHistogramBytes().
uint64_t OtlpDecoder::BytesToDecode(size_t request_bytes) const {
  const uint64_t samples =
      std::min<uint64_t>(request_bytes / kPointBytesMin, 2 * limits_.samples_per_request_max);
  return samples * 2 * (sizeof(SeriesRef) + sizeof(Sample));
}

absl::StatusOr<OtlpSamples> OtlpDecoder::Decode(absl::string_view request, Timestamp now,
                                                BudgetLease* room, absl::string_view sender) {
  if (request.size() > limits_.request_bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat("request of ", request.size(),
                                                     " bytes; at most ", limits_.request_bytes_max,
                                                     " are taken (request_bytes_max)"));
  }
  Walk walk(limits_, sink_, cache_, now, room, sender);
  TOCSIN_RETURN_IF_ERROR(walk.Request(request));
  return walk.Take();
}

}  // namespace tocsin::ingest
