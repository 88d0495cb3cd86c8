#include "integrations/ingest/otlp_histogram.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tocsin::ingest {
namespace {

// Prometheus' default, for senders that have none.
constexpr double kZeroThreshold = 1e-128;
// Even at the finest schema no double is in a bucket with a number beyond this.
constexpr int64_t kIndexMax = 1 << 20;

struct SentBucket {
  uint64_t place = 0;  // among those sent
  uint64_t count = 0;
};

// One message Buckets.
struct SentBuckets {
  int64_t offset = 0;
  uint64_t listed = 0;
  std::vector<SentBucket> populated;  // of the first `buckets_max` listed

  void Add(uint64_t count, uint64_t buckets_max) {
    if (count != 0 && listed < buckets_max) populated.push_back({listed, count});
    ++listed;
  }
};

bool AddPacked(absl::string_view packed, uint64_t buckets_max, SentBuckets& buckets) {
  WireReader numbers(packed);
  const char* end = packed.data() + packed.size();
  while (numbers.ok() && numbers.position() != end) {
    const uint64_t count = numbers.Varint();
    if (numbers.ok()) buckets.Add(count, buckets_max);
  }
  return numbers.ok();
}

bool ReadBuckets(absl::string_view message, uint64_t buckets_max, SentBuckets& buckets) {
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kVarint): {
        const auto bits = static_cast<uint32_t>(fields.Varint());
        buckets.offset = static_cast<int32_t>((bits >> 1) ^ (0 - (bits & 1)));
        break;
      }
      case Tag(2, WireType::kBytes):
        if (!AddPacked(fields.Bytes(), buckets_max, buckets)) return false;
        break;
      case Tag(2, WireType::kVarint):
        buckets.Add(fields.Varint(), buckets_max);
        break;
      default:
        fields.Skip();
    }
  }
  return fields.ok();
}

// False if a bucket is beyond all numbers. `total` grows by all counts, `overflow` says that it
// could not.
bool Convert(const SentBuckets& sent, int shift, std::vector<HistogramBucket>& buckets,
             uint64_t& total, bool& overflow) {
  buckets.reserve(sent.populated.size());
  for (const SentBucket& bucket : sent.populated) {
    const int64_t index = ((sent.offset + static_cast<int64_t>(bucket.place)) >> shift) + 1;
    if (std::abs(index) > kIndexMax) return false;
    overflow |= __builtin_add_overflow(total, bucket.count, &total);
    const auto count = static_cast<double>(bucket.count);
    if (!buckets.empty() && buckets.back().index == index) {
      buckets.back().count += count;
    } else {
      buckets.push_back({static_cast<int32_t>(index), count});
    }
  }
  return true;
}

NativeResult Refused(RejectReason reason, std::string detail) {
  return {nullptr, reason, std::move(detail)};
}

// NaN observations are counted, but are in no bucket; then the sum is NaN too.
bool AddsUp(const ExponentialPoint& point, uint64_t in_buckets) {
  return std::isnan(point.sum) ? in_buckets <= point.count : in_buckets == point.count;
}

NativeResult Make(const ExponentialPoint& point, const SentBuckets& positive,
                  const SentBuckets& negative) {
  // Wider than any distance of two numbers, and defined.
  constexpr int64_t kShiftMax = 62;
  const int64_t finer = int64_t{point.scale} - NativeHistogram::kSchemaMax;
  const int shift = static_cast<int>(std::clamp<int64_t>(finer, 0, kShiftMax));
  auto histogram = std::make_shared<NativeHistogram>();
  histogram->schema = std::min<int32_t>(point.scale, NativeHistogram::kSchemaMax);
  histogram->count = static_cast<double>(point.count);
  histogram->sum = point.sum;
  histogram->zero_count = static_cast<double>(point.zero_count);
  histogram->zero_threshold = point.zero_threshold == 0 ? kZeroThreshold : point.zero_threshold;
  uint64_t total = point.zero_count;
  bool overflow = false;
  if (!Convert(positive, shift, histogram->positive, total, overflow) ||
      !Convert(negative, shift, histogram->negative, total, overflow)) {
    return Refused(RejectReason::kInvalidHistogram,
                   "a bucket of an exponential histogram is beyond all numbers");
  }
  if (overflow || !AddsUp(point, total)) {
    return Refused(RejectReason::kInvalidHistogram,
                   absl::StrCat("an exponential histogram counts ", point.count,
                                " observations, its buckets hold ",
                                overflow ? "more than 2^64" : absl::StrCat(total)));
  }
  if (!(histogram->zero_threshold > 0) || std::isinf(histogram->zero_threshold)) {
    return Refused(RejectReason::kInvalidHistogram,
                   absl::StrCat("zero threshold ", point.zero_threshold));
  }
  return {std::move(histogram), std::nullopt, ""};
}

}  // namespace

NativeResult NativeFromExponential(const ExponentialPoint& point, uint64_t buckets_max) {
  SentBuckets positive, negative;
  if (!ReadBuckets(point.positive.bytes(), buckets_max, positive) ||
      !ReadBuckets(point.negative.bytes(), buckets_max, negative)) {
    return {};
  }
  if (point.scale < NativeHistogram::kSchemaMin) {
    return Refused(RejectReason::kHistogramScale,
                   absl::StrCat("an exponential histogram of scale ", point.scale, "; scales from ",
                                NativeHistogram::kSchemaMin, " are taken"));
  }
  const uint64_t listed = positive.listed + negative.listed;
  if (listed > buckets_max) {
    return Refused(RejectReason::kBucketLimit,
                   absl::StrCat("an exponential histogram of ", listed, " buckets; at most ",
                                buckets_max, " are taken (histogram_buckets_max)"));
  }
  return Make(point, positive, negative);
}

}  // namespace tocsin::ingest
