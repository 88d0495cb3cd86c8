#include "storage/log_record.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <limits>
#include <memory>

#include "base/labels.h"
#include "base/random.h"
#include "storage/column_codec.h"

namespace tocsin::storage {
namespace {

constexpr Timestamp kCommitted = Timestamp::FromMillis(1'700'000'000'000);

// Times and values as bits, so that NaNs compare.
void ExpectSame(const SampleBatch& a, const SampleBatch& b, const std::string& name) {
  EXPECT_EQ(a.refs, b.refs) << name;
  EXPECT_EQ(a.times_ms, b.times_ms) << name;
  ASSERT_EQ(a.values.size(), b.values.size()) << name;
  for (size_t i = 0; i < a.values.size(); ++i) {
    EXPECT_EQ(std::bit_cast<uint64_t>(a.values[i]), std::bit_cast<uint64_t>(b.values[i]))
        << name << " value " << i;
    ASSERT_EQ(a.histogram(i) != nullptr, b.histogram(i) != nullptr) << name << " sample " << i;
    if (a.histogram(i) == nullptr) continue;
    EXPECT_TRUE(SameHistogram(*a.histogram(i), *b.histogram(i))) << name << " sample " << i;
  }
}

void ExpectRoundTrip(const SampleBatch& batch, const std::string& name) {
  const auto read = DecodeLogRecord(EncodeLogRecord(batch, kCommitted));
  ASSERT_TRUE(read.ok()) << name << ": " << read.status();
  EXPECT_EQ(read->committed, kCommitted) << name;
  ExpectSame(read->samples, batch, name);
}

SampleBatch ExtremeBatch() {
  SampleBatch batch;
  const uint64_t refs[] = {0, ~uint64_t{0}, 1, uint64_t{1} << 63, (uint64_t{1} << 63) - 1};
  const int64_t times[] = {INT64_MIN, INT64_MAX, 0, -1, 1'700'000'000'000};
  const double values[] = {0.0,
                           -0.0,
                           1.0,
                           -1.5,
                           0.1,
                           StaleMarker(),
                           std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::denorm_min(),
                           std::numeric_limits<double>::max(),
                           std::bit_cast<double>(~uint64_t{0})};
  for (uint64_t ref : refs) {
    for (int64_t time : times) {
      for (double value : values) batch.Add(ref, time, value);
    }
  }
  return batch;
}

TEST(LogRecordTest, EmptyAndSingle) {
  ExpectRoundTrip({}, "empty");
  SampleBatch one;
  one.Add(7, 1'700'000'000'123, 0.25);
  ExpectRoundTrip(one, "one");
}

TEST(LogRecordTest, ExtremesSurviveBitForBit) {
  ExpectRoundTrip(ExtremeBatch(), "extremes");
}

// Random batches of many shapes: each column switches between its modes.
TEST(LogRecordTest, RandomBatches) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SeededRandom random(seed);
    const uint64_t ref_step = 1 + random.Next() % 3;
    const uint64_t time_step = random.Next() % 3;
    const unsigned value_bits = random.Next() % 65;
    SampleBatch batch;
    uint64_t ref = random.Next() % 1000;
    int64_t time = kCommitted.millis();
    for (size_t i = random.Next() % 200; i > 0; --i) {
      ref += random.Next() % ref_step;
      time += static_cast<int64_t>(random.Next() % (time_step + 1)) - 1;
      const uint64_t mask = value_bits == 0 ? 0 : ~uint64_t{0} << (64 - value_bits);
      batch.Add(ref, time, std::bit_cast<double>(random.Next() & mask));
    }
    ExpectRoundTrip(batch, "seed " + std::to_string(seed));
  }
}

TEST(LogRecordTest, UsualBatchesAreSmall) {
  struct Case {
    const char* name;
    double bytes_per_sample_max;
    double (*value)(Random&);
  };
  const Case cases[] = {
      {"zeros", 0.6, [](Random&) { return 0.0; }},
      {"counts", 4, [](Random& random) { return static_cast<double>(random.Next() % 100'000); }},
      {"full precision", 8.6, [](Random& random) { return random.Uniform(); }},
  };
  for (const Case& c : cases) {
    SeededRandom random(1);
    SampleBatch batch;
    for (uint64_t ref = 1; ref <= 1000; ++ref) batch.Add(ref, 1'699'999'999'000, c.value(random));
    const double bytes = static_cast<double>(EncodeLogRecord(batch, kCommitted).size()) / 1000;
    EXPECT_LT(bytes, c.bytes_per_sample_max) << c.name;
  }
}

TEST(LogRecordTest, EveryChangedByteIsNoticed) {
  SampleBatch batch;
  for (uint64_t i = 0; i < 10; ++i) batch.Add(i * i, 1000, 0.1 * static_cast<double>(i));
  const std::string good = EncodeLogRecord(batch, kCommitted);
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    EXPECT_FALSE(DecodeLogRecord(bad).ok()) << "byte " << at;
    EXPECT_FALSE(DecodeCommitTime(bad).ok()) << "byte " << at;
  }
  for (size_t size = 0; size < good.size(); ++size) {
    const auto read = DecodeLogRecord(absl::string_view(good).substr(0, size));
    EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << "cut to " << size;
  }
}

TEST(LogRecordTest, NewerVersionIsToldApartFromDamage) {
  std::string newer = EncodeLogRecord({}, kCommitted);
  newer[0] = 3;
  EXPECT_EQ(DecodeLogRecord(newer).status().code(), absl::StatusCode::kFailedPrecondition);
}

HistogramPtr HistogramOf(double count) {
  auto histogram = std::make_shared<NativeHistogram>();
  histogram->schema = 1;
  histogram->count = histogram->sum = count;
  histogram->positive = {{-1, count}, {3, 0.5}};
  return histogram;
}

SampleBatch MixedBatch() {
  SampleBatch batch;
  for (uint64_t i = 0; i < 20; ++i) {
    const auto value = static_cast<double>(i);
    if (i % 3 == 1) {
      batch.Add(i, 1000, HistogramOf(value));
    } else {
      batch.Add(i, 1000, i % 5 == 0 ? StaleMarker() : value);
    }
  }
  return batch;
}

TEST(LogRecordTest, HistogramsComeBackAtTheirSamples) {
  ExpectRoundTrip(MixedBatch(), "mixed");
  SampleBatch one;
  one.Add(7, 1000, HistogramOf(3));
  ExpectRoundTrip(one, "one");
}

TEST(LogRecordTest, VersionTwoOnlyWithHistograms) {
  EXPECT_EQ(EncodeLogRecord(ExtremeBatch(), kCommitted)[0], 1);
  EXPECT_EQ(EncodeLogRecord(MixedBatch(), kCommitted)[0], 2);
}

// Before there were histograms a float could have the bits that mark one now.
TEST(LogRecordTest, MarkInAnOldRecordIsNoHistogram) {
  SampleBatch old;
  old.Add(7, 1000, 1);
  old.values[0] = HistogramMark();
  const auto read = DecodeLogRecord(EncodeLogRecord(old, kCommitted));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->samples.size(), 1u);
  EXPECT_EQ(read->samples.histogram(0), nullptr);
}

// A record with another body, and the checksum that belongs to it.
std::string WithBody(std::string record, absl::string_view body) {
  constexpr size_t kChecksumAt = 1, kCommittedAt = 9, kBodyAt = 17;
  record.resize(kBodyAt);
  record.append(body.data(), body.size());
  const uint64_t checksum = Hash64(absl::string_view(record).substr(kCommittedAt));
  std::memcpy(record.data() + kChecksumAt, &checksum, sizeof(checksum));
  return record;
}

TEST(LogRecordTest, DamageBehindAGoodChecksumIsDataLossOrBounded) {
  const std::string good = EncodeLogRecord(MixedBatch(), kCommitted);
  const std::string body = good.substr(17);
  ASSERT_EQ(WithBody(good, body), good);
  for (size_t size = 0; size < body.size(); ++size) {
    const auto read = DecodeLogRecord(WithBody(good, absl::string_view(body).substr(0, size)));
    EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << "cut to " << size;
  }
  EXPECT_EQ(DecodeLogRecord(WithBody(good, body + "x")).status().code(),
            absl::StatusCode::kDataLoss);
  size_t refused = 0;
  for (size_t bit = 0; bit < 8 * body.size(); ++bit) {
    std::string bad = body;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    const auto read = DecodeLogRecord(WithBody(good, bad));
    if (read.ok()) continue;
    EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << "bit " << bit;
    ++refused;
  }
  EXPECT_GT(refused, body.size());
}

// Without the checksum's protection: any bytes are refused or decode within bounds (run under
// sanitizers).
TEST(ColumnCodecTest, ArbitraryBytesStayInBounds) {
  size_t refused = 0;
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    SeededRandom random(seed);
    std::string bytes(random.Next() % 40, '\0');
    for (char& byte : bytes)
      byte = static_cast<char>(random.Next() % 4 ? random.Next() % 4 : random.Next());
    const size_t count = random.Next() % 20;
    std::vector<uint64_t> numbers(count);
    std::vector<double> values(count);
    absl::string_view integers(bytes);
    absl::string_view doubles(bytes);
    refused += TakeIntegerColumn(integers, count, 0, numbers.data()) ? 0 : 1;
    refused += TakeDoubleColumn(doubles, count, values.data()) ? 0 : 1;
  }
  EXPECT_GT(refused, 100u);
}

TEST(ColumnCodecTest, RunLongerThanTheColumnIsRefused) {
  const std::string bytes("\x00\x02\x05", 3);  // runs: +1, six times
  std::vector<uint64_t> numbers(6);
  absl::string_view in(bytes);
  ASSERT_TRUE(TakeIntegerColumn(in, 6, 0, numbers.data()));
  EXPECT_EQ(numbers.back(), 6u);
  in = bytes;
  EXPECT_FALSE(TakeIntegerColumn(in, 5, 0, numbers.data()));
}

}  // namespace
}  // namespace tocsin::storage
