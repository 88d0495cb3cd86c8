#include "integrations/ingest/otlp_walk.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

constexpr uint64_t kDelta = 1;  // AggregationTemporality
constexpr uint64_t kCumulative = 2;

// Members of the oneof `data` of a metric, by field number.
constexpr uint32_t kGaugeData = 5;
constexpr uint32_t kSumData = 7;
constexpr uint32_t kHistogramData = 9;
constexpr uint32_t kExponentialData = 10;
constexpr uint32_t kSummaryData = 11;

absl::Status Malformed() {
  return absl::InvalidArgumentError("not a well-formed ExportMetricsServiceRequest");
}

// All occurrences of one field, wherever they stand, and of another one the last.
struct Found {
  MergedField merged;
  absl::string_view last;
};

bool Search(absl::string_view message, uint32_t merged_field, uint32_t last_field, Found& found) {
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == Tag(merged_field, WireType::kBytes)) {
      found.merged.Add(fields.Bytes());
    } else if (fields.tag() == Tag(last_field, WireType::kBytes)) {
      found.last = fields.Bytes();
    } else {
      fields.Skip();
    }
  }
  return fields.ok();
}

struct Aggregation {
  uint64_t temporality = 0;
  bool monotonic = false;
};

bool ReadAggregation(absl::string_view data, Aggregation& aggregation) {
  WireReader fields(data);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(2, WireType::kVarint):
        aggregation.temporality = fields.Varint();
        break;
      case Tag(3, WireType::kVarint):
        aggregation.monotonic = fields.Varint() != 0;
        break;
      default:
        fields.Skip();
    }
  }
  return fields.ok();
}

const char* NameOf(uint32_t kind) {
  return kind == kSumData ? "sum" : kind == kHistogramData ? "histogram" : "exponential histogram";
}

PointForm FormOf(uint32_t kind) {
  switch (kind) {
    case kHistogramData:
      return PointForm::kHistogram;
    case kExponentialData:
      return PointForm::kExponential;
    case kSummaryData:
      return PointForm::kSummary;
    default:
      return PointForm::kNumber;
  }
}

}  // namespace

OtlpWalk::OtlpWalk(const OtlpShared& shared, Timestamp now, BudgetLease* room,
                   absl::string_view sender)
    : limits_(shared.limits),
      scopes_(shared.options.promote_scope_metadata),
      room_(room),
      oldest_ms_(now.millis() - static_cast<int64_t>(shared.limits.past_ms_max)),
      newest_ms_(now.millis() + static_cast<int64_t>(shared.limits.future_ms_max)),
      gathered_(shared, now, sender) {}

absl::Status OtlpWalk::Request(absl::string_view message) {
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

absl::Status OtlpWalk::ResourceMetrics(absl::string_view message) {
  // The resource may stand anywhere on the wire, so it is looked for first.
  Found found;
  if (!Search(message, 1, 0, found)) return Malformed();
  gathered_.EnterResource(found.merged.bytes());

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
  return gathered_.LeaveResource();
}

absl::Status OtlpWalk::ScopeMetrics(absl::string_view message) {
  Found found;
  if (scopes_) {
    if (!Search(message, 1, 3, found)) return Malformed();
    gathered_.EnterScope(found.merged.bytes(), found.last);
  }
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == Tag(2, WireType::kBytes)) {
      const uint64_t points_before = points_;
      TOCSIN_RETURN_IF_ERROR(Metric(fields.Bytes()));
      TOCSIN_RETURN_IF_ERROR(CountIfEmpty(points_before));
    } else {
      fields.Skip();
    }
  }
  if (!fields.ok()) return Malformed();
  // Samples not yet looked up are named by the scope they came in.
  return scopes_ ? gathered_.Flush() : absl::OkStatus();
}

absl::Status OtlpWalk::Metric(absl::string_view message) {
  OtlpMetric metric;
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
      case Tag(kGaugeData, WireType::kBytes):
      case Tag(kSumData, WireType::kBytes):
      case Tag(kHistogramData, WireType::kBytes):
      case Tag(kExponentialData, WireType::kBytes):
      case Tag(kSummaryData, WireType::kBytes):
        if (kind != tag >> 3) data.Clear();
        kind = tag >> 3;
        data.Add(fields.Bytes());
        break;
      default:
        fields.Skip();
    }
  }
  if (!fields.ok()) return Malformed();
  if (kind == 0) return absl::OkStatus();  // no data, no points
  TOCSIN_RETURN_IF_ERROR(Data(kind, data.bytes(), metric));
  // Samples not yet looked up would outlive bytes that were joined here.
  return data.joined() ? gathered_.Flush() : absl::OkStatus();
}

absl::Status OtlpWalk::Data(uint32_t kind, absl::string_view data, OtlpMetric metric) {
  metric.form = FormOf(kind);
  if (kind == kGaugeData) return Points(data, metric);
  metric.kind = PointKind::kSum;  // to its name: the unit is all that is added
  metric.counts = true;
  if (kind == kSummaryData) return Points(data, metric);

  Aggregation aggregation;
  if (!ReadAggregation(data, aggregation)) return Malformed();
  if (aggregation.temporality != kCumulative && aggregation.temporality != kDelta) {
    return Reject(data, RejectReason::kUnknownTemporality,
                  absl::StrCat(NameOf(kind), " without temporality"));
  }
  metric.delta = aggregation.temporality == kDelta;
  if (kind == kSumData) {
    metric.counts = aggregation.monotonic;
    if (aggregation.monotonic) metric.kind = PointKind::kMonotonicSum;
    if (!aggregation.monotonic && metric.delta) {
      return Reject(data, RejectReason::kDeltaTemporality,
                    "deltas of a sum that is not monotonic, whose level is not known; set "
                    "cumulative in the sender");
    }
  }
  return Points(data, metric);
}

absl::Status OtlpWalk::Reject(absl::string_view data, RejectReason reason,
                              absl::string_view detail) {
  uint64_t points = 0;
  WireReader fields(data);
  while (fields.Next()) {
    if (fields.tag() == Tag(1, WireType::kBytes)) ++points;
    fields.Skip();
  }
  if (!fields.ok()) return Malformed();
  TOCSIN_RETURN_IF_ERROR(CountPoints(points));
  gathered_.rejected().Add(reason, points, detail);
  return absl::OkStatus();
}

absl::Status OtlpWalk::Points(absl::string_view data, const OtlpMetric& metric) {
  gathered_.EnterMetric(metric);
  WireReader fields(data);
  while (fields.Next()) {
    if (fields.tag() != Tag(1, WireType::kBytes)) {
      fields.Skip();
      continue;
    }
    TOCSIN_RETURN_IF_ERROR(CountPoints(1));
    TOCSIN_RETURN_IF_ERROR(Point(fields.Bytes(), metric));
    TOCSIN_RETURN_IF_ERROR(gathered_.FlushIfMany());
  }
  return fields.ok() ? absl::OkStatus() : Malformed();
}

absl::Status OtlpWalk::CountPoints(uint64_t points) {
  points_ += points;
  if (points_ <= limits_.samples_per_request_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("more than ", limits_.samples_per_request_max,
                   " points and empty metrics (samples_per_request_max)"));
}

// A metric, scope or resource without points is a few bytes of input, a few of gzip for thousands
// of them, and takes about as long to walk as a point.
absl::Status OtlpWalk::CountIfEmpty(uint64_t points_before) {
  return points_ == points_before ? CountPoints(1) : absl::OkStatus();
}

}  // namespace tocsin::ingest
