// Single points of each form: see OtlpWalk.

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/ingest/otlp_histogram.h"
#include "integrations/ingest/otlp_walk.h"

namespace tocsin::ingest {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Of a native histogram on its way, besides itself: its owners' count, and its place in a batch,
// which grows by doubling.
constexpr uint64_t kHistogramPlaceBytes = 16 + 2 * sizeof(HistogramPtr);
// Of one of a point's several series: its place among those that wait and in the batch, which grow
// by doubling, with a sample where it began.
constexpr uint64_t kPartBytes = 2 * (sizeof(PendingSample) + sizeof(PendingExtra) +
                                     sizeof(absl::uint128) + sizeof(KnownSeries)) +
                                2 * 2 * (sizeof(SeriesRef) + sizeof(Sample));

absl::Status Malformed() {
  return absl::InvalidArgumentError("not a well-formed ExportMetricsServiceRequest");
}

// "": the buckets are as they should be.
std::string FaultOf(const HistogramPoint& point) {
  const size_t counts = point.counts.size(), bounds = point.bounds.size();
  if (counts != bounds + 1 && (counts != 0 || bounds != 0)) {
    return absl::StrCat("a histogram of ", counts, " buckets with ", bounds, " bounds");
  }
  for (size_t i = 0; i < bounds; ++i) {
    if (!std::isfinite(point.bounds[i]) || (i > 0 && point.bounds[i] <= point.bounds[i - 1])) {
      return "the bounds of a histogram are not ascending numbers";
    }
  }
  return "";
}

}  // namespace

absl::Status OtlpWalk::Point(absl::string_view message, const OtlpMetric& metric) {
  switch (metric.form) {
    case PointForm::kNumber:
      return Number(message);
    case PointForm::kHistogram:
      return Histogram(message);
    case PointForm::kExponential:
      return ExponentialHistogram(message);
    case PointForm::kSummary:
      return Summary(message);
  }
  return absl::OkStatus();
}

absl::Status OtlpWalk::Number(absl::string_view message) {
  NumberPoint point;
  if (!ReadNumberPoint(message, point)) return Malformed();
  if (!InTime(point)) return absl::OkStatus();
  if (point.has_no_recorded_value()) {
    gathered_.EnterPoint(message, point);
    gathered_.AddStale(Part::kWhole, 0);
    return absl::OkStatus();
  }
  if (!point.has_value) {
    gathered_.Reject(RejectReason::kNoValue, "a point without a value");
    return absl::OkStatus();
  }
  gathered_.AddNumber(message, point, point.value);
  return absl::OkStatus();
}

absl::Status OtlpWalk::Histogram(absl::string_view message) {
  HistogramPoint& point = histogram_;
  point = HistogramPoint{.counts = std::move(point.counts), .bounds = std::move(point.bounds)};
  point.counts.clear();
  point.bounds.clear();
  if (!ReadHistogramPoint(message, point)) return Malformed();
  if (!InTime(point)) return absl::OkStatus();
  if (point.counts.size() > limits_.histogram_buckets_max) {
    gathered_.Reject(
        RejectReason::kBucketLimit,
        absl::StrCat("a histogram of ", point.counts.size(), " buckets; at most ",
                     limits_.histogram_buckets_max, " are taken (histogram_buckets_max)"));
    return absl::OkStatus();
  }
  const bool stale = point.has_no_recorded_value();
  // What a point without a value says of its buckets is which there were.
  if (const std::string fault = FaultOf(point); !fault.empty() && !stale) {
    gathered_.Reject(RejectReason::kInvalidHistogram, fault);
    return absl::OkStatus();
  }
  TOCSIN_RETURN_IF_ERROR(CountSeries(point.bounds.size() + 3));
  gathered_.EnterPoint(message, point);
  if (stale) {
    for (const Part part : {Part::kSum, Part::kCount}) gathered_.AddStale(part, 0);
    for (const double bound : point.bounds) gathered_.AddStale(Part::kBucket, bound);
    gathered_.AddStale(Part::kBucket, kInfinity);
    return absl::OkStatus();
  }
  if (point.has_sum) gathered_.Add(Part::kSum, 0, point.sum);
  gathered_.Add(Part::kCount, 0, static_cast<double>(point.count));
  uint64_t below = 0;
  for (size_t i = 0; i < point.bounds.size(); ++i) {
    below += point.counts[i];
    gathered_.Add(Part::kBucket, point.bounds[i], static_cast<double>(below));
  }
  gathered_.Add(Part::kBucket, kInfinity, static_cast<double>(point.count));
  return absl::OkStatus();
}

absl::Status OtlpWalk::ExponentialHistogram(absl::string_view message) {
  ExponentialPoint point;
  if (!ReadExponentialPoint(message, point)) return Malformed();
  if (!InTime(point)) return absl::OkStatus();
  if (point.has_no_recorded_value()) {
    gathered_.EnterPoint(message, point);
    gathered_.AddStale(Part::kWhole, 0);
    return absl::OkStatus();
  }
  NativeResult native = NativeFromExponential(point, limits_.histogram_buckets_max);
  if (native.reason) {
    gathered_.Reject(*native.reason, native.detail);
    return absl::OkStatus();
  }
  if (native.histogram == nullptr) return Malformed();
  TOCSIN_RETURN_IF_ERROR(TakeBytes(HistogramBytes(*native.histogram) + kHistogramPlaceBytes));
  gathered_.EnterPoint(message, point);
  gathered_.Add(std::move(native.histogram));
  return absl::OkStatus();
}

absl::Status OtlpWalk::Summary(absl::string_view message) {
  SummaryPoint point;
  if (!ReadSummaryPoint(message, point)) return Malformed();
  if (!InTime(point)) return absl::OkStatus();
  if (point.quantiles.size() > limits_.histogram_buckets_max) {
    gathered_.Reject(
        RejectReason::kBucketLimit,
        absl::StrCat("a summary of ", point.quantiles.size(), " quantiles; at most ",
                     limits_.histogram_buckets_max, " are taken (histogram_buckets_max)"));
    return absl::OkStatus();
  }
  TOCSIN_RETURN_IF_ERROR(CountSeries(point.quantiles.size() + 2));
  gathered_.EnterPoint(message, point);
  if (point.has_no_recorded_value()) {
    for (const Part part : {Part::kSum, Part::kCount}) gathered_.AddStale(part, 0);
    for (const auto& [quantile, value] : point.quantiles) {
      gathered_.AddStale(Part::kQuantile, quantile);
    }
    return absl::OkStatus();
  }
  gathered_.Add(Part::kSum, 0, point.sum);
  gathered_.Add(Part::kCount, 0, static_cast<double>(point.count));
  for (const auto& [quantile, value] : point.quantiles) {
    gathered_.Add(Part::kQuantile, quantile, value);
  }
  return absl::OkStatus();
}

// The point itself is counted already.
absl::Status OtlpWalk::CountSeries(uint64_t series) {
  TOCSIN_RETURN_IF_ERROR(CountPoints(series - 1));
  return TakeBytes(series * kPartBytes);
}

// A bucket is a few bytes on the wire and many in memory, so that room is taken for what came.
absl::Status OtlpWalk::TakeBytes(uint64_t bytes) {
  taken_bytes_ += bytes;
  if (taken_bytes_ > limits_.ingest_decode_bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat("histograms that take more than ",
                                                     limits_.ingest_decode_bytes_max,
                                                     " bytes (ingest_decode_bytes_max)"));
  }
  return room_ == nullptr ? absl::OkStatus() : room_->Grow(bytes);
}

bool OtlpWalk::InTime(const PointHead& head) {
  const int64_t time_ms = Timestamp::FromNanos(head.time_ns).millis();
  const bool too_new = time_ms > newest_ms_;
  if (!too_new && time_ms >= oldest_ms_) [[likely]]
    return true;
  gathered_.rejected().AddOne(too_new ? RejectReason::kTooNew : RejectReason::kTooOld, [&] {
    return absl::StrCat("dated ", FormatTimestamp(Timestamp::FromMillis(time_ms)), ", beyond ",
                        too_new ? "future_ms_max" : "past_ms_max");
  });
  return false;
}

}  // namespace tocsin::ingest
