#include "integrations/ingest/remote_write_histogram.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/sample.h"
#include "integrations/ingest/remote_write_histogram_message.h"

namespace tocsin::ingest {
namespace {

constexpr int64_t kIndexMax = 1 << 20;  // far beyond all numbers, at schema 8 too
constexpr int32_t kFinestSchema = 52;
constexpr uint64_t kGauge = 3;  // ResetHint

// The running sum of differences; false if a count is negative or leaves 64 bits.
bool CountsOf(const std::vector<int64_t>& deltas, std::vector<double>& counts, uint64_t& total) {
  int64_t count = 0;
  counts.reserve(deltas.size());
  for (const int64_t delta : deltas) {
    if (__builtin_add_overflow(count, delta, &count) || count < 0) return false;
    if (__builtin_add_overflow(total, static_cast<uint64_t>(count), &total)) return false;
    counts.push_back(static_cast<double>(count));
  }
  return true;
}

// Gives each count its bucket; `shift` makes the schema coarser. False if spans and counts differ,
// spans overlap or a bucket is beyond all numbers.
bool Place(const std::vector<BucketSpan>& spans, const std::vector<double>& counts, int shift,
           std::vector<HistogramBucket>& buckets) {
  buckets.reserve(counts.size());
  int64_t index = 0;
  size_t next = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    const BucketSpan& span = spans[i];
    if (i > 0 && span.offset < 0) return false;
    index += span.offset;
    if (span.length > counts.size() - next) return false;
    for (uint64_t left = span.length; left > 0; --left, ++index) {
      const int64_t place = ((index - 1) >> shift) + 1;
      if (std::abs(place) > kIndexMax) return false;
      if (!buckets.empty() && buckets.back().index == place) {
        buckets.back().count += counts[next++];
      } else {
        buckets.push_back({static_cast<int32_t>(place), counts[next++]});
      }
    }
  }
  return next == counts.size();
}

class Builder {
 public:
  explicit Builder(HistogramMessage message) : message_(std::move(message)) {}

  // The reason with its detail, or nothing and histogram().
  std::optional<std::string> Build() {
    histogram_.schema = std::min(message_.schema, SchemaMax());
    histogram_.sum = message_.sum;
    histogram_.zero_threshold = message_.zero_threshold;
    histogram_.custom_bounds = std::move(message_.custom_values.kept);
    if (message_.reset_hint == kGauge) histogram_.counter_reset = CounterReset::kGauge;
    std::optional<std::string> problem = message_.is_float ? Floats() : Integers();
    if (problem) return problem;
    const absl::Status valid = Validate(histogram_);
    if (!valid.ok()) return std::string(valid.message());
    Compact(histogram_);
    return std::nullopt;
  }
  NativeHistogram& histogram() { return histogram_; }

 private:
  int32_t SchemaMax() const {
    return message_.schema == NativeHistogram::kCustomSchema ? message_.schema
                                                             : NativeHistogram::kSchemaMax;
  }
  bool PlaceAll(const std::vector<double>& positive, const std::vector<double>& negative) {
    const int shift = message_.schema - histogram_.schema;
    return Place(message_.positive.spans.kept, positive, shift, histogram_.positive) &&
           Place(message_.negative.spans.kept, negative, shift, histogram_.negative);
  }
  std::optional<std::string> Floats() {
    histogram_.count = message_.count_float;
    histogram_.zero_count = message_.zero_count_float;
    if (PlaceAll(message_.positive.counts.kept, message_.negative.counts.kept)) return std::nullopt;
    return "spans of a histogram do not fit its counts";
  }
  std::optional<std::string> Integers() {
    histogram_.count = static_cast<double>(message_.count_int);
    histogram_.zero_count = static_cast<double>(message_.zero_count_int);
    std::vector<double> positive, negative;
    uint64_t total = message_.zero_count_int;
    if (!CountsOf(message_.positive.deltas.kept, positive, total) ||
        !CountsOf(message_.negative.deltas.kept, negative, total)) {
      return "a bucket of a histogram has a count that is negative or too large";
    }
    if (!PlaceAll(positive, negative)) return "spans of a histogram do not fit its counts";
    // NaN observations are counted, but are in no bucket; then the sum is NaN too.
    const uint64_t count = message_.count_int;
    if (std::isnan(message_.sum) ? total <= count : total == count) return std::nullopt;
    return absl::StrCat("a histogram counts ", count, " observations, its buckets hold ", total);
  }

  HistogramMessage message_;
  NativeHistogram histogram_;
};

bool IsKnownSchema(int32_t schema) {
  return schema == NativeHistogram::kCustomSchema ||
         (schema >= NativeHistogram::kSchemaMin && schema <= kFinestSchema);
}

}  // namespace

SentHistogram ReadSentHistogram(absl::string_view bytes, uint64_t buckets_max) {
  SentHistogram out;
  HistogramMessage message;
  if (!ReadHistogramMessage(bytes, buckets_max, message)) {
    out.malformed = true;
    return out;
  }
  out.time_ms = message.time_ms;
  out.start_ms = message.start_ms;
  if (IsStaleMarker(message.sum)) {
    out.stale = true;
    return out;
  }
  const auto refuse = [&out](RejectReason reason, std::string detail) {
    out.reason = reason;
    out.detail = std::move(detail);
    return out;
  };
  if (!IsKnownSchema(message.schema)) {
    return refuse(RejectReason::kHistogramScale,
                  absl::StrCat("a histogram of schema ", message.schema));
  }
  if (const uint64_t listed = message.MostListed(); listed > buckets_max) {
    return refuse(RejectReason::kBucketLimit,
                  absl::StrCat("a histogram of ", listed, " buckets; at most ", buckets_max,
                               " are taken (histogram_buckets_max)"));
  }
  Builder builder(std::move(message));
  if (std::optional<std::string> problem = builder.Build()) {
    return refuse(RejectReason::kInvalidHistogram, *std::move(problem));
  }
  out.histogram = std::make_shared<const NativeHistogram>(std::move(builder.histogram()));
  return out;
}

}  // namespace tocsin::ingest
