#include "base/native_histogram.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "base/histogram/text.h"
#include "tests/histogram/literal.h"

namespace tocsin::engine {
namespace {

struct BoundCase {
  int32_t schema;
  int32_t index;
  double bound;
};

TEST(BucketBoundTest, OfExponentialSchemas) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  constexpr double kMax = std::numeric_limits<double>::max();
  const BoundCase cases[] = {{0, 0, 1},         {0, 1, 2},
                             {0, -1, 0.5},      {0, 10, 1024},
                             {-1, 1, 4},        {-4, 1, 65536},
                             {-4, -1, 0x1p-16}, {1, 1, std::sqrt(2)},
                             {1, 2, 2},         {1, -1, std::sqrt(0.5)},
                             {2, 4, 2},         {2, 1, std::pow(2, 0.25)},
                             {8, 256, 2},       {8, -256, 0.5},
                             {0, 1024, kMax},   {0, 1025, kInf},
                             {1, 2048, kMax},   {1, 2049, kInf},
                             {-4, 64, kMax}};
  for (const BoundCase& c : cases) {
    EXPECT_DOUBLE_EQ(ExponentialUpperBound(c.schema, c.index), c.bound)
        << "schema " << c.schema << ", index " << c.index;
  }
}

struct TextCase {
  const char* name;
  const char* notation;
  const char* text;
};

TEST(HistogramTextTest, ListsPopulatedBucketsFromBelow) {
  const TextCase cases[] = {
      {"empty", "{{}}", "{count:0, sum:0}"},
      {"both_sides",
       "{{count:20 sum:10 z_bucket_w:0.001 z_bucket:2 buckets:[1 2] n_buckets:[1 2]}}",
       "{count:20, sum:10, [-2,-1):2, [-1,-0.5):1, [-0.001,0.001]:2, (0.5,1]:1, (1,2]:2}"},
      {"gap", "{{count:2 sum:2.5 buckets:[1 0 1] offset:-1}}",
       "{count:2, sum:2.5, (0.25,0.5]:1, (1,2]:1}"},
      {"custom", "{{schema:-53 count:6 sum:1 buckets:[1 2 3] custom_values:[5 10]}}",
       "{count:6, sum:1, [-Inf,5]:1, (5,10]:2, (10,+Inf]:3}"},
      {"large", "{{count:1234567 sum:1e21}}", "{count:1.234567e+06, sum:1e+21}"}};
  for (const TextCase& c : cases) EXPECT_EQ(HistogramText(H(c.notation)), c.text) << c.name;
}

TEST(HistogramTextTest, NotationReadsBackEqual) {
  for (const char* text :
       {"{{}}", "{{schema:3 count:5 sum:-2.5 buckets:[1 2]}}",
        "{{schema:-53 count:4 sum:9 custom_values:[1 2] buckets:[1 0 3]}}",
        "{{count:7 z_bucket:1 z_bucket_w:0.5 counter_reset_hint:gauge offset:-3 buckets:[1 0 0 2] "
        "n_offset:2 n_buckets:[3]}}"}) {
    EXPECT_EQ(HistogramNotation(H(text)), text);
  }
}

TEST(SameHistogramTest, LooksAtObservationsOnly) {
  const NativeHistogram h = H("{{schema:1 count:3 sum:2 buckets:[1 2]}}");
  EXPECT_TRUE(SameHistogram(h, h));
  EXPECT_TRUE(SameHistogram(h, H("{{schema:1 count:3 sum:2 buckets:[1 2 0]}}")));
  EXPECT_TRUE(
      SameHistogram(h, H("{{schema:1 count:3 sum:2 buckets:[1 2] counter_reset_hint:gauge}}")));
  for (const char* other :
       {"{{schema:2 count:3 sum:2 buckets:[1 2]}}", "{{schema:1 count:4 sum:2 buckets:[1 2]}}",
        "{{schema:1 count:3 sum:1 buckets:[1 2]}}", "{{schema:1 count:3 sum:2 buckets:[1 3]}}",
        "{{schema:1 count:3 sum:2 buckets:[1 2] offset:1}}",
        "{{schema:1 count:3 sum:2 buckets:[1 2] z_bucket_w:1}}",
        "{{schema:1 count:3 sum:2 n_buckets:[1 2]}}"}) {
    EXPECT_FALSE(SameHistogram(h, H(other))) << other;
  }
  EXPECT_FALSE(SameHistogram(H("{{schema:-53 count:1 custom_values:[1]}}"),
                             H("{{schema:-53 count:1 custom_values:[2]}}")));
}

TEST(AllBucketsTest, EndAtTheZeroBucket) {
  // The first positive bucket (0.25, 0.5] overlaps the zero bucket.
  const auto buckets =
      AllBuckets(H("{{count:6 z_bucket:1 z_bucket_w:0.3 buckets:[1 2] offset:-1 n_buckets:[2]}}"));
  std::string text;
  for (const BucketRange& b : buckets) absl::StrAppend(&text, b.lower, "..", b.upper, " ");
  EXPECT_EQ(text, "-1..-0.5 -0.3..0.3 0.3..0.5 0.5..1 ");
}

struct InvalidCase {
  const char* notation;
  const char* reason;
};

TEST(ValidateTest, NamesWhatIsBroken) {
  const InvalidCase cases[] = {
      {"{{schema:9}}", "unknown schema 9"},
      {"{{schema:-52}}", "unknown schema -52"},
      {"{{count:-1}}", "a count is negative or not a number"},
      {"{{buckets:[1 -2]}}", "a count is negative or not a number"},
      {"{{buckets:[NaN]}}", "a count is negative or not a number"},
      {"{{z_bucket_w:-1}}", "the zero threshold is negative or not a number"},
      {"{{custom_values:[1]}}", "custom bounds with an exponential schema"},
      {"{{schema:-53 custom_values:[2 1]}}", "custom bounds are not ascending"},
      {"{{schema:-53 custom_values:[1 1]}}", "custom bounds are not ascending"},
      {"{{schema:-53 custom_values:[1 Inf]}}", "a custom bound is not finite"},
      {"{{schema:-53 custom_values:[1] buckets:[1 2 3]}}", "a bucket has no custom bound"},
      {"{{schema:-53 custom_values:[1] n_buckets:[1]}}",
       "custom buckets have neither a zero bucket nor negative buckets"}};
  for (const InvalidCase& c : cases) {
    EXPECT_EQ(Validate(H(c.notation)).message(), absl::StrCat("native histogram: ", c.reason))
        << c.notation;
  }
  EXPECT_TRUE(Validate(H("{{schema:8 count:2 sum:NaN buckets:[1 1] z_bucket_w:1e-9}}")).ok());
  EXPECT_TRUE(Validate(H("{{schema:-53 count:6 custom_values:[1 2] buckets:[1 2 3]}}")).ok());
}

}  // namespace
}  // namespace tocsin::engine
