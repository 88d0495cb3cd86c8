#include "base/histogram/statistics.h"

#include <cmath>
#include <limits>

#include "tests/histogram/literal.h"

namespace tocsin::engine {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

void ExpectNear(double actual, double expected, const std::string& what) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(actual)) << what << ": " << actual;
  } else if (std::isinf(expected)) {
    EXPECT_EQ(actual, expected) << what;
  } else {
    EXPECT_NEAR(actual, expected, 1e-12) << what;
  }
}

struct QuantileCase {
  const char* name;
  const char* histogram;
  double q;
  double value;
};

TEST(HistogramQuantileTest, Cases) {
  const char* positive = "{{count:12 sum:20 buckets:[2 3 0 7] z_bucket:0}}";
  const char* mirrored =
      "{{count:8 sum:0 z_bucket:2 z_bucket_w:0.5 buckets:[0 3] n_buckets:[0 3]}}";
  const char* custom = "{{schema:-53 count:10 sum:1 custom_values:[5 10] buckets:[2 6 2]}}";
  const QuantileCase cases[] = {
      {"below", positive, -0.1, -kInf},
      {"above", positive, 1.1, kInf},
      {"nan", positive, kNan, kNan},
      {"empty", "{{}}", 0.5, kNan},
      {"lowest", positive, 0, 0.5},
      {"highest", positive, 1, 8},
      // rank 1 of 2 in (0.5, 1]: half way on the logarithmic scale.
      {"exponential", positive, 1.0 / 12, std::sqrt(0.5)},
      {"from_above", positive, 1 - 3.5 / 12, 4 * std::sqrt(2)},
      {"negative", mirrored, 1.5 / 8, -std::sqrt(2)},
      {"zero_bucket_is_linear", mirrored, 3.5 / 8, -0.25},
      {"zero_bucket_of_positive_side", "{{count:4 z_bucket:2 z_bucket_w:0.5 buckets:[0 2]}}", 0.25,
       0.25},
      {"zero_bucket_of_negative_side", "{{count:4 z_bucket:2 z_bucket_w:0.5 n_buckets:[0 2]}}",
       0.75, -0.25},
      {"zero_bucket_alone", "{{count:4 z_bucket:4 z_bucket_w:0.5}}", 0.25, -0.25},
      {"custom_is_linear", custom, 0.5, 7.5},
      {"custom_first_begins_at_zero", custom, 0.1, 2.5},
      {"custom_last_is_its_bound", custom, 0.95, 10},
      {"custom_first_below_zero", "{{schema:-53 count:2 sum:1 custom_values:[-5 10] buckets:[2]}}",
       0.5, -5},
  };
  for (const QuantileCase& c : cases) {
    const Reading reading = HistogramQuantile(c.q, H(c.histogram));
    ExpectNear(reading.value, c.value, c.name);
    EXPECT_EQ(reading.nan, Reading::NanNote::kNone) << c.name;
  }
}

TEST(HistogramQuantileTest, NanObservationsAreAboveAllOthers) {
  const NativeHistogram h = H("{{count:8 sum:NaN buckets:[0 4]}}");
  const Reading median = HistogramQuantile(0.25, h);
  EXPECT_NEAR(median.value, std::sqrt(2), 1e-12);
  EXPECT_EQ(median.nan, Reading::NanNote::kSkewedHigher);
  const Reading high = HistogramQuantile(0.9, h);
  EXPECT_TRUE(std::isnan(high.value));
  EXPECT_EQ(high.nan, Reading::NanNote::kResultIsNan);
  // Infinities make the sum NaN, too, but are in a bucket.
  EXPECT_EQ(HistogramQuantile(0.5, H("{{count:4 sum:NaN buckets:[0 4]}}")).nan,
            Reading::NanNote::kNone);
}

struct FractionCase {
  const char* name;
  const char* histogram;
  double lower, upper;
  double value;
};

TEST(HistogramFractionTest, Cases) {
  const char* positive = "{{count:12 sum:20 buckets:[2 3 0 7] z_bucket:0}}";
  const char* mirrored =
      "{{count:8 sum:0 z_bucket:2 z_bucket_w:0.5 buckets:[0 3] n_buckets:[0 3]}}";
  const char* custom = "{{schema:-53 count:10 sum:1 custom_values:[5 10] buckets:[2 6 2]}}";
  const FractionCase cases[] = {
      {"all", positive, -kInf, kInf, 1},
      {"bucket", positive, 1, 2, 3.0 / 12},
      {"split", positive, std::sqrt(2), 2, 1.5 / 12},
      {"nothing", positive, 3, 3, 0},
      {"reversed", positive, 4, 2, 0},
      {"beyond", positive, 100, 200, 0},
      {"nan_bound", positive, kNan, 1, kNan},
      {"empty", "{{}}", 0, 1, kNan},
      {"negative", mirrored, -std::sqrt(2), -1, 1.5 / 8},
      {"zero_bucket_is_linear", mirrored, -0.25, 0.5, 1.5 / 8},
      {"custom", custom, 5, 7.5, 0.3},
      {"custom_first", custom, -kInf, 5, 0.2},
      {"custom_last_splits_to_nothing", custom, 10, 20, 0},
      {"custom_last", custom, 10, kInf, 0.2},
  };
  for (const FractionCase& c : cases) {
    ExpectNear(HistogramFraction(c.lower, c.upper, H(c.histogram)).value, c.value, c.name);
  }
}

TEST(HistogramFractionTest, NanObservationsAreInNone) {
  const Reading reading = HistogramFraction(-kInf, kInf, H("{{count:8 sum:NaN buckets:[0 4]}}"));
  EXPECT_EQ(reading.value, 0.5);
  EXPECT_EQ(reading.nan, Reading::NanNote::kLeftOutOfFraction);
}

TEST(HistogramVarianceTest, Cases) {
  EXPECT_EQ(HistogramAverage(H("{{count:4 sum:10}}")), 2.5);
  EXPECT_TRUE(std::isnan(HistogramAverage(H("{{}}"))));
  // All at the geometric middle of (1, 2]; the mean is 1.5.
  EXPECT_NEAR(HistogramVariance(H("{{count:2 sum:3 buckets:[0 2]}}")),
              std::pow(std::sqrt(2) - 1.5, 2), 1e-12);
  EXPECT_NEAR(HistogramVariance(H("{{count:2 sum:-3 n_buckets:[0 2]}}")),
              std::pow(std::sqrt(2) - 1.5, 2), 1e-12);
  EXPECT_NEAR(HistogramVariance(H("{{count:2 sum:2 z_bucket:2 z_bucket_w:0.1}}")), 1, 1e-12);
  EXPECT_NEAR(
      HistogramVariance(H("{{schema:-53 count:2 sum:12 custom_values:[5 10] buckets:[0 2]}}")),
      std::pow(7.5 - 6, 2), 1e-12);
}

}  // namespace
}  // namespace tocsin::engine
