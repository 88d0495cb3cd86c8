#include "integrations/ingest/remote_write_histogram.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/sample.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

constexpr int64_t kIndexMax = 1 << 20;  // far beyond all numbers, at schema 8 too
constexpr int32_t kFinestSchema = 52;
constexpr uint64_t kGauge = 3;  // ResetHint

int64_t FromZigZag(uint64_t bits) {
  return static_cast<int64_t>((bits >> 1) ^ (0 - (bits & 1)));
}

// A repeated field of which only so many are kept; all are counted.
template <typename T>
struct Repeated {
  std::vector<T> kept;
  uint64_t sent = 0;

  void Add(T value, uint64_t max) {
    if (++sent <= max) kept.push_back(value);
  }
};

struct Span {
  int64_t offset = 0;
  uint64_t length = 0;
};

// Buckets of one sign.
struct Side {
  Repeated<Span> spans;
  Repeated<int64_t> deltas;  // integer histograms
  Repeated<double> counts;   // float histograms
};

struct Message {
  uint64_t count_int = 0;
  double count_float = 0;
  bool is_float = false;
  uint64_t zero_count_int = 0;
  double zero_count_float = 0;
  double sum = 0;
  int32_t schema = 0;
  double zero_threshold = 0;
  Side positive, negative;
  Repeated<double> custom_values;
  uint64_t reset_hint = 0;
  int64_t time_ms = 0;
};

bool AddSpan(absl::string_view message, uint64_t max, Side& side) {
  Span span;
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kVarint):
        span.offset = static_cast<int32_t>(FromZigZag(fields.Varint() & UINT32_MAX));
        break;
      case Tag(2, WireType::kVarint):
        span.length = static_cast<uint32_t>(fields.Varint());
        break;
      default:
        fields.Skip();
    }
  }
  side.spans.Add(span, max);
  return fields.ok();
}

bool AddDeltas(absl::string_view packed, uint64_t max, Repeated<int64_t>& deltas) {
  WireReader values(packed);
  while (values.position() != packed.data() + packed.size()) {
    const uint64_t bits = values.Varint();
    if (!values.ok()) return false;
    deltas.Add(FromZigZag(bits), max);
  }
  return true;
}

bool AddDoubles(absl::string_view packed, uint64_t max, Repeated<double>& doubles) {
  if (packed.size() % sizeof(double) != 0) return false;
  WireReader values(packed);
  for (size_t i = 0; i < packed.size() / sizeof(double); ++i) doubles.Add(values.Double(), max);
  return true;
}

// The fields of one sign begin at `first`: 8 for negative, 11 for positive buckets. True if it was
// one of them.
bool ReadSideField(uint32_t first, WireReader& fields, uint64_t max, Side& side, bool& whole) {
  if (fields.tag() == Tag(first, WireType::kBytes)) {
    whole &= AddSpan(fields.Bytes(), max, side);
  } else if (fields.tag() == Tag(first + 1, WireType::kBytes)) {
    whole &= AddDeltas(fields.Bytes(), max, side.deltas);
  } else if (fields.tag() == Tag(first + 1, WireType::kVarint)) {
    side.deltas.Add(FromZigZag(fields.Varint()), max);
  } else if (fields.tag() == Tag(first + 2, WireType::kBytes)) {
    whole &= AddDoubles(fields.Bytes(), max, side.counts);
  } else if (fields.tag() == Tag(first + 2, WireType::kFixed64)) {
    side.counts.Add(fields.Double(), max);
  } else {
    return false;
  }
  return true;
}

// Fields outside the buckets; the last member of a oneof is the one that counts.
bool ReadField(WireReader& fields, uint64_t max, Message& out) {
  bool whole = true;
  switch (fields.tag()) {
    case Tag(1, WireType::kVarint):
      out.count_int = fields.Varint();
      out.is_float = false;
      break;
    case Tag(2, WireType::kFixed64):
      out.count_float = fields.Double();
      out.is_float = true;
      break;
    case Tag(3, WireType::kFixed64):
      out.sum = fields.Double();
      break;
    case Tag(4, WireType::kVarint):
      out.schema = static_cast<int32_t>(FromZigZag(fields.Varint() & UINT32_MAX));
      break;
    case Tag(5, WireType::kFixed64):
      out.zero_threshold = fields.Double();
      break;
    case Tag(6, WireType::kVarint):
      out.zero_count_int = fields.Varint();
      break;
    case Tag(7, WireType::kFixed64):
      out.zero_count_float = fields.Double();
      break;
    case Tag(14, WireType::kVarint):
      out.reset_hint = fields.Varint();
      break;
    case Tag(15, WireType::kVarint):
      out.time_ms = static_cast<int64_t>(fields.Varint());
      break;
    case Tag(16, WireType::kBytes):
      whole = AddDoubles(fields.Bytes(), max, out.custom_values);
      break;
    case Tag(16, WireType::kFixed64):
      out.custom_values.Add(fields.Double(), max);
      break;
    default:
      fields.Skip();
  }
  return whole;
}

bool ReadMessage(absl::string_view message, uint64_t max, Message& out) {
  bool whole = true;
  WireReader fields(message);
  while (whole && fields.Next()) {
    if (ReadSideField(8, fields, max, out.negative, whole)) continue;
    if (ReadSideField(11, fields, max, out.positive, whole)) continue;
    whole &= ReadField(fields, max, out);
  }
  return whole && fields.ok();
}

uint64_t MostListed(const Message& message) {
  uint64_t buckets = 0;
  uint64_t others = message.custom_values.sent;
  for (const Side* side : {&message.positive, &message.negative}) {
    buckets += side->deltas.sent + side->counts.sent;
    others = std::max(others, side->spans.sent);
  }
  return std::max(buckets, others);
}

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
bool Place(const std::vector<Span>& spans, const std::vector<double>& counts, int shift,
           std::vector<HistogramBucket>& buckets) {
  buckets.reserve(counts.size());
  int64_t index = 0;
  size_t next = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    const Span& span = spans[i];
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
  explicit Builder(Message message) : message_(std::move(message)) {}

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

  Message message_;
  NativeHistogram histogram_;
};

bool IsKnownSchema(int32_t schema) {
  return schema == NativeHistogram::kCustomSchema ||
         (schema >= NativeHistogram::kSchemaMin && schema <= kFinestSchema);
}

}  // namespace

SentHistogram ReadSentHistogram(absl::string_view bytes, uint64_t buckets_max) {
  SentHistogram out;
  Message message;
  if (!ReadMessage(bytes, buckets_max, message)) {
    out.malformed = true;
    return out;
  }
  out.time_ms = message.time_ms;
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
  if (const uint64_t listed = MostListed(message); listed > buckets_max) {
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
