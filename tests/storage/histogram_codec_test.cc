#include "storage/histogram_codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <memory>

#include "absl/strings/escaping.h"
#include "base/random.h"
#include "base/sample.h"
#include "storage/log_record.h"

namespace tocsin::storage {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string Encoded(const NativeHistogram& histogram) {
  std::string bytes;
  AppendHistogram(bytes, histogram);
  return bytes;
}

void ExpectSameBuckets(const std::vector<HistogramBucket>& a, const std::vector<HistogramBucket>& b,
                       const std::string& name) {
  ASSERT_EQ(a.size(), b.size()) << name;
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].index, b[i].index) << name << " bucket " << i;
    EXPECT_EQ(std::bit_cast<uint64_t>(a[i].count), std::bit_cast<uint64_t>(b[i].count))
        << name << " bucket " << i;
  }
}

void ExpectRoundTrip(const NativeHistogram& histogram, const std::string& name) {
  ASSERT_TRUE(Validate(histogram).ok()) << name;
  const std::string bytes = Encoded(histogram) + "rest";
  absl::string_view in(bytes);
  const HistogramPtr read = TakeHistogram(in);
  ASSERT_NE(read, nullptr) << name;
  EXPECT_EQ(in, "rest") << name;
  EXPECT_TRUE(SameHistogram(*read, histogram)) << name;
  EXPECT_EQ(read->counter_reset, histogram.counter_reset) << name;
  ExpectSameBuckets(read->positive, histogram.positive, name);
  ExpectSameBuckets(read->negative, histogram.negative, name);
}

NativeHistogram Usual() {
  NativeHistogram h;
  h.schema = 3;
  h.zero_threshold = 0.001;
  h.zero_count = 2;
  h.count = 12;
  h.sum = 18.4;
  h.positive = {{-2, 1}, {-1, 2}, {0, 0}, {5, 3}};
  h.negative = {{1, 4}};
  return h;
}

NativeHistogram CustomBounds() {
  NativeHistogram h;
  h.schema = NativeHistogram::kCustomSchema;
  h.count = 5;
  h.sum = 1;
  h.positive = {{0, 2}, {2, 3}};
  h.custom_bounds = {0.5, 1};
  return h;
}

TEST(HistogramCodecTest, RoundTrips) {
  ExpectRoundTrip(NativeHistogram(), "empty");
  ExpectRoundTrip(Usual(), "usual");
  ExpectRoundTrip(CustomBounds(), "custom bounds");
  for (CounterReset reset : {CounterReset::kUnknown, CounterReset::kReset, CounterReset::kNotReset,
                             CounterReset::kGauge}) {
    NativeHistogram h = Usual();
    h.counter_reset = reset;
    ExpectRoundTrip(h, "counter reset");
  }
  const double counts[] = {0.5, -0.0, 1e300, 9007199254740992.0, 9007199254740994.0, kInfinity};
  for (double count : counts) {
    NativeHistogram in_bucket = Usual(), in_zero = Usual(), total = Usual();
    in_bucket.positive[1].count = count;
    in_zero.zero_count = count;
    total.count = count;
    ExpectRoundTrip(in_bucket, "count of a bucket");
    ExpectRoundTrip(in_zero, "zero count");
    ExpectRoundTrip(total, "count");
  }
  NativeHistogram ends = Usual();
  ends.positive = {{INT32_MIN, 1}, {INT32_MAX, 2}};
  ends.negative = {{INT32_MAX - 1, 1}, {INT32_MAX, 1}};
  ends.sum = -kInfinity;
  ExpectRoundTrip(ends, "ends of the numbers");
}

TEST(HistogramCodecTest, RandomHistograms) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    SeededRandom random(seed);
    NativeHistogram h;
    h.schema = static_cast<int32_t>(random.Next() % 13) - 4;
    h.sum = random.Uniform() * 100;
    const bool integers = random.Next() % 2 == 0;
    const auto count = [&] {
      const auto number = static_cast<double>(random.Next() % 1000);
      return integers ? number : number / 7;
    };
    for (auto* side : {&h.positive, &h.negative}) {
      auto index = static_cast<int32_t>(random.Next() % 200) - 100;
      for (size_t i = random.Next() % 40; i > 0; --i) {
        side->push_back({index, count()});
        index += random.Next() % 4 ? 1 : 1 + static_cast<int32_t>(random.Next() % 50);
      }
    }
    h.count = count();
    if (random.Next() % 2) h.zero_count = count();
    ExpectRoundTrip(h, "seed " + std::to_string(seed));
  }
}

TEST(HistogramCodecTest, UsualHistogramsAreSmall) {
  NativeHistogram h;
  h.schema = 3;
  h.count = 16'000;
  h.sum = 1234.5;
  for (int32_t i = 0; i < 160; ++i) h.positive.push_back({i - 80, 100.0 + i % 5});
  EXPECT_LT(Encoded(h).size(), 190u);
}

// Bytes that need not be what an encoder writes are refused, or are a valid histogram within what
// they can pay for (run under sanitizers).
void ExpectBounded(absl::string_view bytes, const std::string& name) {
  absl::string_view in(bytes);
  const HistogramPtr read = TakeHistogram(in);
  if (read == nullptr) return;
  EXPECT_TRUE(Validate(*read).ok()) << name;
  EXPECT_LE(read->positive.size() + read->negative.size(), bytes.size()) << name;
}

TEST(HistogramCodecTest, EveryTruncationIsRefused) {
  for (const NativeHistogram& h : {NativeHistogram(), Usual(), CustomBounds()}) {
    const std::string good = Encoded(h);
    for (size_t size = 0; size < good.size(); ++size) {
      absl::string_view in = absl::string_view(good).substr(0, size);
      EXPECT_EQ(TakeHistogram(in), nullptr) << "cut to " << size << " of " << good.size();
    }
  }
}

TEST(HistogramCodecTest, EveryFlippedBitIsRefusedOrBounded) {
  for (const NativeHistogram& h : {Usual(), CustomBounds()}) {
    const std::string good = Encoded(h);
    for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
      std::string bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
      ExpectBounded(bad, "bit " + std::to_string(bit));
    }
  }
}

TEST(HistogramCodecTest, ArbitraryBytesAreRefusedOrBounded) {
  size_t taken = 0;
  for (uint64_t seed = 1; seed <= 20'000; ++seed) {
    SeededRandom random(seed);
    std::string bytes(random.Next() % 60, '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(random.Next() % 3 ? random.Next() % 6 : random.Next());
    }
    ExpectBounded(bytes, "seed " + std::to_string(seed));
    absl::string_view in(bytes);
    taken += TakeHistogram(in) != nullptr ? 1 : 0;
  }
  EXPECT_GT(taken, 100u);
}

TEST(HistogramCodecTest, RefusesWhatNoHistogramIs) {
  struct Case {
    const char* name;
    std::string hex;
  };
  const std::string sum = "0000000000000000";
  const Case cases[] = {
      {"unknown flag", "4400" + sum + "0000"},
      {"unknown schema", "0412" + sum + "0000"},
      {"negative count", "0400" + sum + "0100"},
      {"more buckets than bytes", "0400" + sum + "00" + "0100" + "ffffffff7f" + "02"},
      {"number beyond 32 bits", "0400" + sum + "00" + "01" + "8080808020" + "01" + "02"},
      {"two runs of one number", "0400" + sum + "00" + "02" + "0001" + "0101" + "0202"},
      {"custom bounds without their schema", "2400" + sum + "00" + "00" + "01" + sum},
  };
  for (const Case& c : cases) {
    const std::string bytes = absl::HexStringToBytes(c.hex);
    absl::string_view in(bytes);
    EXPECT_EQ(TakeHistogram(in), nullptr) << c.name;
  }
  const std::string bytes = absl::HexStringToBytes("0400" + sum + "0000");
  absl::string_view in(bytes);
  EXPECT_NE(TakeHistogram(in), nullptr) << "the frame of the cases";
}

// Decoded histograms stay in windows: they must not keep the room they grew by.
TEST(HistogramCodecTest, KeepsNoMoreThanItHas) {
  NativeHistogram histogram;
  for (int32_t i = 0; i < 65; ++i) histogram.positive.push_back({i, 1});
  histogram.count = 65;
  std::string bytes;
  AppendHistogram(bytes, histogram);
  absl::string_view in(bytes);
  const HistogramPtr read = TakeHistogram(in);
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->positive.capacity(), 65u);
  EXPECT_LE(HistogramBytes(*read), sizeof(NativeHistogram) + 16 * bytes.size());
}

}  // namespace
}  // namespace tocsin::storage
