#include "storage/histogram_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "storage/codec.h"

namespace tocsin::storage {
namespace {

static_assert(std::endian::native == std::endian::little, "doubles are copied as little-endian");

// First byte. Bits 0 and 1 are the counter reset.
constexpr uint8_t kResetMask = 3;
constexpr uint8_t kIntegers = 4;  // all counts are integers
constexpr uint8_t kZero = 8;      // there is a zero bucket
constexpr uint8_t kNegative = 16;
constexpr uint8_t kCustom = 32;  // there are custom bounds
constexpr uint8_t kKnownFlags = 63;

// Integers up to here are doubles without gaps, and their differences fit 64 bits.
constexpr double kIntegerMax = 9007199254740992;

using Buckets = std::vector<HistogramBucket>;

bool IsInteger(double count) {
  return !std::signbit(count) && count <= kIntegerMax &&
         count == static_cast<double>(static_cast<uint64_t>(count));
}
bool AreIntegers(const Buckets& buckets) {
  return std::all_of(buckets.begin(), buckets.end(),
                     [](const HistogramBucket& bucket) { return IsInteger(bucket.count); });
}

uint8_t FlagsOf(const NativeHistogram& h) {
  auto flags = static_cast<uint8_t>(h.counter_reset);
  if (IsInteger(h.count) && IsInteger(h.zero_count) && AreIntegers(h.positive) &&
      AreIntegers(h.negative)) {
    flags |= kIntegers;
  }
  const bool no_zero =
      std::bit_cast<uint64_t>(h.zero_count) == 0 && std::bit_cast<uint64_t>(h.zero_threshold) == 0;
  if (!no_zero) flags |= kZero;
  if (!h.negative.empty()) flags |= kNegative;
  if (!h.custom_bounds.empty()) flags |= kCustom;
  return flags;
}

void AppendDouble(std::string& out, double value) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out.append(bytes, sizeof(value));
}
bool TakeDouble(absl::string_view& in, double& value) {
  if (in.size() < sizeof(value)) return false;
  std::memcpy(&value, in.data(), sizeof(value));
  in.remove_prefix(sizeof(value));
  return true;
}

void AppendSigned(std::string& out, int64_t value) {
  AppendVarint(out, ZigZag(static_cast<uint64_t>(value)));
}
bool TakeSigned(absl::string_view& in, int64_t& value) {
  uint64_t coded = 0;
  if (!TakeVarint(in, coded)) return false;
  value = static_cast<int64_t>(UnZigZag(coded));
  return true;
}

// The counts of one histogram, each as the difference to the one before while they are integers.
class CountWriter {
 public:
  CountWriter(std::string& out, uint8_t flags) : out_(out), integers_(flags & kIntegers) {}
  void Put(double count) {
    if (!integers_) return AppendDouble(out_, count);
    const auto number = static_cast<int64_t>(count);
    AppendSigned(out_, number - previous_);
    previous_ = number;
  }

 private:
  std::string& out_;
  const bool integers_;
  int64_t previous_ = 0;
};

class CountReader {
 public:
  CountReader(absl::string_view& in, uint8_t flags) : in_(in), integers_(flags & kIntegers) {}
  size_t bytes_min() const { return integers_ ? 1 : sizeof(double); }
  bool Take(double& count) {
    if (!integers_) return TakeDouble(in_, count);
    int64_t step = 0;
    if (!TakeSigned(in_, step)) return false;
    previous_ =
        static_cast<int64_t>(static_cast<uint64_t>(previous_) + static_cast<uint64_t>(step));
    count = static_cast<double>(previous_);
    return previous_ >= 0 && count <= kIntegerMax;
  }

 private:
  absl::string_view& in_;
  const bool integers_;
  int64_t previous_ = 0;
};

// How many buckets from `at` on have numbers without a gap.
size_t RunLength(const Buckets& buckets, size_t at) {
  size_t end = at + 1;
  while (end < buckets.size() && int64_t{buckets[end - 1].index} + 1 == buckets[end].index) ++end;
  return end - at;
}

void AppendSide(std::string& out, const Buckets& buckets, CountWriter& counts) {
  size_t runs = 0;
  for (size_t at = 0; at < buckets.size(); at += RunLength(buckets, at)) ++runs;
  AppendVarint(out, runs);
  int64_t end = 0;  // one behind the run before
  for (size_t at = 0; at < buckets.size();) {
    const size_t length = RunLength(buckets, at);
    AppendSigned(out, buckets[at].index - end);
    AppendVarint(out, length);
    at += length;
    end = int64_t{buckets[at - 1].index} + 1;
  }
  for (const HistogramBucket& bucket : buckets) counts.Put(bucket.count);
}

bool TakeRun(absl::string_view& in, uint64_t buckets_max, int64_t& end, Buckets& buckets) {
  int64_t gap = 0;
  uint64_t length = 0;
  if (!TakeSigned(in, gap) || !TakeVarint(in, length)) return false;
  constexpr int64_t kGapMax = int64_t{1} << 33;  // wider than all numbers are apart
  if (gap < -kGapMax || gap > kGapMax || length > buckets_max - buckets.size()) return false;
  const int64_t begin = end + gap;
  end = begin + static_cast<int64_t>(length);
  if (begin < std::numeric_limits<int32_t>::min() ||
      end - 1 > std::numeric_limits<int32_t>::max()) {
    return false;
  }
  for (int64_t index = begin; index < end; ++index) {
    buckets.push_back({static_cast<int32_t>(index), 0});
  }
  return true;
}

bool TakeSide(absl::string_view& in, Buckets& buckets, CountReader& counts) {
  uint64_t runs = 0;
  if (!TakeVarint(in, runs)) return false;
  // Before anything is made of it: each bucket has its count in what follows.
  const uint64_t buckets_max = in.size() / counts.bytes_min();
  int64_t end = 0;
  for (; runs > 0; --runs) {
    if (!TakeRun(in, buckets_max, end, buckets)) return false;
  }
  for (HistogramBucket& bucket : buckets) {
    if (!counts.Take(bucket.count)) return false;
  }
  buckets.shrink_to_fit();  // they stay, in windows, and grew by doubling
  return true;
}

bool TakeBounds(absl::string_view& in, std::vector<double>& bounds) {
  uint64_t count = 0;
  if (!TakeVarint(in, count) || count > in.size() / sizeof(double)) return false;
  bounds.resize(count);
  for (double& bound : bounds) {
    if (!TakeDouble(in, bound)) return false;
  }
  return true;
}

bool TakeParts(absl::string_view& in, NativeHistogram& h) {
  if (in.empty()) return false;
  const auto flags = static_cast<uint8_t>(in.front());
  in.remove_prefix(1);
  if ((flags & ~kKnownFlags) != 0) return false;
  h.counter_reset = static_cast<CounterReset>(flags & kResetMask);
  int64_t schema = 0;
  if (!TakeSigned(in, schema) || schema != static_cast<int32_t>(schema)) return false;
  h.schema = static_cast<int32_t>(schema);
  CountReader counts(in, flags);
  if (!TakeDouble(in, h.sum) || !counts.Take(h.count)) return false;
  if ((flags & kZero) && !(TakeDouble(in, h.zero_threshold) && counts.Take(h.zero_count))) {
    return false;
  }
  if (!TakeSide(in, h.positive, counts)) return false;
  if ((flags & kNegative) && !TakeSide(in, h.negative, counts)) return false;
  return !(flags & kCustom) || TakeBounds(in, h.custom_bounds);
}

}  // namespace

void AppendHistogram(std::string& out, const NativeHistogram& h) {
  const uint8_t flags = FlagsOf(h);
  out.push_back(static_cast<char>(flags));
  AppendSigned(out, h.schema);
  AppendDouble(out, h.sum);
  CountWriter counts(out, flags);
  counts.Put(h.count);
  if (flags & kZero) {
    AppendDouble(out, h.zero_threshold);
    counts.Put(h.zero_count);
  }
  AppendSide(out, h.positive, counts);
  if (flags & kNegative) AppendSide(out, h.negative, counts);
  if (flags & kCustom) {
    AppendVarint(out, h.custom_bounds.size());
    for (double bound : h.custom_bounds) AppendDouble(out, bound);
  }
}

HistogramPtr TakeHistogram(absl::string_view& in) {
  auto histogram = std::make_shared<NativeHistogram>();
  if (!TakeParts(in, *histogram) || !Validate(*histogram).ok()) return nullptr;
  return histogram;
}

}  // namespace tocsin::storage
