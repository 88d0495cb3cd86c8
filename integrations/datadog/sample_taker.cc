#include "integrations/datadog/sample_taker.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tocsin::datadog {

using ingest::RejectReason;

namespace {

// A rate is a rounded quotient, so the product may miss the number that was counted by a little.
double CountOf(double rate, int64_t interval_s) {
  const double count = rate * static_cast<double>(std::max<int64_t>(interval_s, 1));
  const double whole = std::nearbyint(count);
  return std::abs(count - whole) <= 1e-12 * std::abs(whole) ? whole : count;
}

}  // namespace

absl::Status SampleTaker::Count(uint64_t points) {
  points_ += std::max<uint64_t>(points, 1);
  if (points_ <= limits_.samples_per_request_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("more than ", limits_.samples_per_request_max,
                                                   " points (samples_per_request_max)"));
}

// A bin is two bytes on the wire and more in memory.
absl::Status SampleTaker::TakeHistogramBytes(const SentSeries& series) {
  uint64_t bytes = 0;
  for (const SentPoint& point : series.points) {
    if (point.histogram != nullptr) bytes += HistogramBytes(*point.histogram);
  }
  if (bytes == 0) return absl::OkStatus();
  histogram_bytes_ += bytes;
  if (histogram_bytes_ > limits_.ingest_decode_bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat("histograms that take more than ",
                                                     limits_.ingest_decode_bytes_max,
                                                     " bytes (ingest_decode_bytes_max)"));
  }
  return room_ == nullptr ? absl::OkStatus() : room_->Grow(bytes);
}

bool SampleTaker::InTime(int64_t time_ms) {
  const bool too_new = time_ms > now_.millis() + static_cast<int64_t>(limits_.future_ms_max);
  if (!too_new && time_ms >= now_.millis() - static_cast<int64_t>(limits_.past_ms_max)) return true;
  rejected_.AddOne(too_new ? RejectReason::kTooNew : RejectReason::kTooOld, [&] {
    return absl::StrCat("dated ", FormatTimestamp(Timestamp::FromMillis(time_ms)), ", beyond ",
                        too_new ? "future_ms_max" : "past_ms_max");
  });
  return false;
}

bool SampleTaker::IsUsable(const SentPoint& point) {
  if (point.histogram != nullptr || !std::isnan(point.value)) return InTime(point.time_ms);
  rejected_.Add(RejectReason::kNoValue, 1, "a value that is not a number");
  return false;
}

absl::Status SampleTaker::Take(SentSeries& series) {
  std::vector<SentPoint>& points = series.points;
  TOCSIN_RETURN_IF_ERROR(
      Count(points.size() + series.points_without_value + series.bad_histograms));
  TOCSIN_RETURN_IF_ERROR(TakeHistogramBytes(series));
  if (series.hidden) {
    ++hidden_;
    return absl::OkStatus();
  }
  rejected_.Add(RejectReason::kNoValue, series.points_without_value, "a point without a number");
  rejected_.Add(RejectReason::kInvalidHistogram, series.bad_histograms,
                "a sketch whose bins do not fit");
  std::erase_if(points, [&](const SentPoint& point) { return !IsUsable(point); });
  if (points.empty()) return absl::OkStatus();
  TOCSIN_ASSIGN_OR_RETURN(const SeriesRef ref,
                          series_.Resolve(series.identity, sender_, points.size(), rejected_));
  if (ref == 0) return absl::OkStatus();
  const bool rate = series.type == MetricType::kRate;
  int64_t newest_ms = INT64_MIN;
  for (SentPoint& point : points) {
    newest_ms = std::max(newest_ms, point.time_ms);
    if (point.histogram != nullptr) {
      batch_.Add(ref, point.time_ms, std::move(point.histogram));
    } else {
      batch_.Add(ref, point.time_ms, rate ? CountOf(point.value, series.interval_s) : point.value);
    }
  }
  if (series.type == MetricType::kGauge || series.interval_s <= 0) return absl::OkStatus();
  return intervals_.Note(series.identity.metric, series.type, series.interval_s, newest_ms, batch_);
}

}  // namespace tocsin::datadog
