// Chunks and their packed columns: what goes in comes out bit by bit, in few bytes, and foreign
// bytes are refused.
#include "storage/chunk_codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "storage/packed_column.h"

namespace tocsin::storage {
namespace {

constexpr int64_t kStart = 1'700'000'000'000;
constexpr SeriesRef kRef = 7;

template <typename Value>
SampleBatch Regular(size_t n, Value&& value) {
  SampleBatch batch;
  for (size_t i = 0; i < n; ++i)
    batch.Add(kRef, kStart + static_cast<int64_t>(i) * 10'000, value(i));
  return batch;
}

// Decodes what was encoded and compares bits; returns bytes a sample.
double RoundTrip(const SampleBatch& in) {
  const std::string bytes = EncodeChunk(in, 0, in.size());
  SampleBatch out;
  const absl::Status status = DecodeChunk(bytes, kRef, out);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(out.times_ms, in.times_ms);
  EXPECT_EQ(out.refs, in.refs);
  for (size_t i = 0; i < in.size() && i < out.size(); ++i) {
    EXPECT_EQ(std::bit_cast<uint64_t>(out.values[i]), std::bit_cast<uint64_t>(in.values[i])) << i;
    EXPECT_EQ(out.histogram(i) == nullptr, in.histogram(i) == nullptr) << i;
    if (in.histogram(i) != nullptr && out.histogram(i) != nullptr) {
      EXPECT_TRUE(SameHistogram(*in.histogram(i), *out.histogram(i))) << i;
    }
  }
  return static_cast<double>(bytes.size()) / static_cast<double>(in.size());
}

TEST(ChunkCodecTest, RegularSeriesTakeFewBytes) {
  SeededRandom random(1);
  const auto uniform = [&](double max) { return std::floor(random.Uniform() * max); };
  double counter = 0;
  EXPECT_LT(RoundTrip(Regular(180, [](size_t) { return 1.0; })), 0.15) << "constant";
  EXPECT_LT(RoundTrip(Regular(180, [&](size_t) { return counter += uniform(100); })), 1.1);
  EXPECT_LT(RoundTrip(Regular(180, [&](size_t) { return uniform(10'000) / 100; })), 2.0);
  EXPECT_LT(RoundTrip(Regular(180, [&](size_t) { return random.Uniform(); })), 8.2);
}

TEST(ChunkCodecTest, JitterOfTimesCostsItsBits) {
  SeededRandom random(2);
  SampleBatch batch;
  for (int64_t i = 0; i < 180; ++i) {
    batch.Add(kRef, kStart + i * 15'000 + static_cast<int64_t>(random.Next() % 8), 1);
  }
  EXPECT_LT(RoundTrip(batch), 1.0);
}

TEST(ChunkCodecTest, OddValuesLeaveTheOthersDecimal) {
  const SampleBatch batch = Regular(100, [](size_t i) {
    return i == 99 ? StaleMarker() : i == 50 ? -0.0 : static_cast<double>(i % 10) / 10;
  });
  EXPECT_LT(RoundTrip(batch), 1.2);
}

TEST(ChunkCodecTest, AnyDoubleComesBack) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const double odd[] = {0.0,           -0.0,   kInf,     -kInf, std::nan(""),
                        StaleMarker(), 5e-324, -1.7e308, 1e15,  9007199254740993.0,
                        0.1 + 0.2,     1e-12,  -123.456};
  RoundTrip(Regular(std::size(odd), [&](size_t i) { return odd[i]; }));
  SeededRandom random(3);
  for (size_t n = 1; n < 70; ++n) {
    RoundTrip(Regular(n, [&](size_t) {
      return random.Next() % 3 == 0 ? odd[random.Next() % std::size(odd)]
                                    : std::bit_cast<double>(random.Next() << 8);
    }));
  }
}

TEST(ChunkCodecTest, HistogramsComeBack) {
  NativeHistogram histogram;
  histogram.count = 3;
  histogram.sum = 4.5;
  histogram.zero_count = 3;
  SampleBatch batch = Regular(5, [](size_t i) { return static_cast<double>(i); });
  batch.Add(kRef, kStart + 60'000, std::make_shared<const NativeHistogram>(histogram));
  batch.Add(kRef, kStart + 70'000, 1);
  RoundTrip(batch);
}

TEST(ChunkCodecTest, RandomColumnsComeBack) {
  SeededRandom random(4);
  for (int round = 0; round < 2000; ++round) {
    std::vector<int64_t> in(random.Next() % 100);
    const uint64_t width = random.Next() % 65;
    uint64_t sum = random.Next();
    for (int64_t& number : in) {
      const uint64_t word = width == 0 ? 0 : random.Next() >> (64 - width);
      number = static_cast<int64_t>(round % 2 == 0 ? word : sum += word);
    }
    std::string bytes;
    AppendPackedColumn(bytes, in.data(), in.size());
    bytes += "tail";
    absl::string_view rest = bytes;
    std::vector<int64_t> out(in.size());
    ASSERT_TRUE(TakePackedColumn(rest, in.size(), out.data())) << round;
    ASSERT_EQ(out, in) << round;
    ASSERT_EQ(rest, "tail") << round;
  }
}

TEST(ChunkCodecTest, ForeignBytesAreRefused) {
  const SampleBatch batch = Regular(40, [](size_t i) { return static_cast<double>(i * i); });
  const std::string good = EncodeChunk(batch, 0, batch.size());
  SampleBatch out;
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(DecodeChunk(absl::string_view(good).substr(0, i), kRef, out).ok())
        << "cut at " << i;
    std::string flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    EXPECT_FALSE(DecodeChunk(flipped, kRef, out).ok()) << "flipped at " << i;
  }
  std::string newer = good;
  newer[0] = 2;
  EXPECT_EQ(DecodeChunk(newer, kRef, out).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tocsin::storage
