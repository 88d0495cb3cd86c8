#include "integrations/datadog/distribution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "base/histogram/statistics.h"
#include "base/histogram/text.h"

namespace tocsin::datadog {
namespace {

// What histogram_quantile() may be off by: a sketch's own error, and the width of a bucket.
constexpr double kErrorMax = 1.0 / 128 + 0.0027075;

TEST(SketchKeyTest, VectorsOfTheAgent) {
  const std::pair<double, int32_t> cases[] = {
      {1, 1338}, {2, 1383},  {10, 1487},  {100, 1635},       {0.001, 892},        {1e6, 2229},
      {0, 0},    {1e-10, 0}, {-2, -1383}, {INFINITY, 32767}, {-INFINITY, -32767}, {1e-9, 1},
  };
  for (const auto& [value, key] : cases) {
    EXPECT_EQ(SketchKeyOf(value), key) << value;
    if (value == 0 || std::isinf(value) || std::abs(value) < 1e-9) continue;
    EXPECT_NEAR(SketchValueOf(key) / value, 1, 1.0 / 127) << value;
  }
}

TEST(SketchKeyTest, AnyKeyIsAValue) {
  for (const int32_t key : {0, 1, -1, 5000, 32766, 32767, 40000, INT32_MAX, INT32_MIN}) {
    EXPECT_FALSE(std::isnan(SketchValueOf(key))) << key;
  }
}

TEST(DistributionTest, QuantilesOfASketchAreWithinItsError) {
  std::mt19937_64 random(7);
  for (const double sigma : {0.01, 0.5, 3.0}) {
    std::lognormal_distribution<double> draw(1, sigma);
    std::vector<double> values(2001);
    Distribution distribution;
    for (double& value : values) {
      value = draw(random);
      distribution.AddSketchKey(SketchKeyOf(value), 1);
      distribution.AddToSum(value);
    }
    std::sort(values.begin(), values.end());
    const HistogramPtr histogram = distribution.Build(2048);
    ASSERT_TRUE(Validate(*histogram).ok());
    for (const size_t rank : {20u, 200u, 1000u, 1800u, 1980u}) {
      // A quantile in the middle of the step of that rank.
      const double q = (static_cast<double>(rank) + 0.5) / 2001;
      EXPECT_NEAR(HistogramQuantile(q, *histogram).value / values[rank], 1, kErrorMax)
          << sigma << " " << rank;
    }
  }
}

TEST(DistributionTest, ASingleValueIsFoundAtEachQuantile) {
  for (const double value : {0.001, 0.37, 1.0, 2.0, 10.0, 123.4, 1e6, -5.0}) {
    Distribution distribution;
    distribution.AddSketchKey(SketchKeyOf(value), 100'000);
    const HistogramPtr histogram = distribution.Build(2048);
    for (const double q : {0.01, 0.5, 0.99, 1.0}) {
      EXPECT_NEAR(HistogramQuantile(q, *histogram).value / value, 1, kErrorMax)
          << value << " " << q;
    }
  }
}

TEST(DistributionTest, RepeatedKeysAndSketchesOfManySendersAddUp) {
  Distribution repeated;  // an older Agent: at most 65535 in a bin
  for (const double count : {65535.0, 65535.0, 10.0}) repeated.AddSketchKey(1487, count);
  repeated.AddSketchKey(0, 3);
  repeated.AddSketchKey(-1338, 2);
  const HistogramPtr histogram = repeated.Build(2048);
  EXPECT_EQ(histogram->count, 131085);
  EXPECT_EQ(histogram->zero_count, 3);
  ASSERT_EQ(histogram->positive.size(), 1u);
  EXPECT_EQ(histogram->positive[0].count, 131080);
  ASSERT_EQ(histogram->negative.size(), 1u);
  EXPECT_EQ(histogram->negative[0].index, 0);
  EXPECT_EQ(histogram->counter_reset, CounterReset::kGauge);
}

TEST(DistributionTest, ValuesInAnyOrderAreInTheirBuckets) {
  Distribution distribution;
  for (const double value : {4.0, 0.5, 4.0, 1.0, -1.0, 0.0, 1e-12, 0.5})
    distribution.AddValue(value, 2);
  const HistogramPtr histogram = distribution.Build(2048);
  EXPECT_EQ(histogram->count, 16);
  EXPECT_EQ(histogram->zero_count, 4);
  EXPECT_DOUBLE_EQ(histogram->sum, 2 * (4 + 0.5 + 4 + 1 - 1 + 1e-12 + 0.5));
  const std::vector<HistogramBucket> wanted = {{-256, 4}, {0, 2}, {512, 4}};
  EXPECT_EQ(histogram->positive, wanted);
}

TEST(DistributionTest, IsCoarserWhereThereWouldBeTooManyBuckets) {
  Distribution distribution;
  for (int32_t key = 1; key <= 4000; ++key) distribution.AddSketchKey(key, 1);
  const HistogramPtr histogram = distribution.Build(500);
  EXPECT_LE(histogram->positive.size(), 500u);
  EXPECT_EQ(histogram->count, 4000);
  double total = 0;
  for (const auto& bucket : histogram->positive) total += bucket.count;
  EXPECT_EQ(total, 4000);
  EXPECT_TRUE(Validate(*histogram).ok());
}

TEST(DistributionTest, InfinityAndTheLargestNumbersAreTaken) {
  Distribution distribution;
  for (const int32_t key : {32767, -32767, 32766}) distribution.AddSketchKey(key, 1);
  distribution.AddValue(INFINITY, 1);
  distribution.AddValue(1.7e308, 1);
  const HistogramPtr histogram = distribution.Build(8);
  EXPECT_TRUE(Validate(*histogram).ok()) << HistogramNotation(*histogram);
  EXPECT_EQ(histogram->count, 5);
}

}  // namespace
}  // namespace tocsin::datadog
