#include "base/histogram/mean.h"
#include "base/histogram/sum.h"
#include "base/histogram/text.h"
#include "tests/histogram/literal.h"

namespace tocsin::engine {
namespace {

struct CombineCase {
  const char* name;
  const char* a;
  const char* b;
  const char* sum;
  const char* difference;
};

const CombineCase kCases[] = {
    {"same_buckets", "{{count:3 sum:4 buckets:[1 2]}}", "{{count:2 sum:1 buckets:[1 1]}}",
     "{{count:5 sum:5 buckets:[2 3]}}", "{{count:1 sum:3 offset:1 buckets:[1]}}"},
    {"other_buckets", "{{count:1 sum:1 buckets:[1] offset:4}}",
     "{{count:3 sum:2 buckets:[2 0 1] offset:2}}", "{{count:4 sum:3 offset:2 buckets:[2 0 2]}}",
     "{{count:-2 sum:-1 offset:2 buckets:[-2]}}"},
    {"both_sides", "{{count:3 sum:0 buckets:[1] n_buckets:[2]}}",
     "{{count:3 sum:1 buckets:[2] n_buckets:[1]}}", "{{count:6 sum:1 buckets:[3] n_buckets:[3]}}",
     "{{sum:-1 buckets:[-1] n_buckets:[1]}}"},
    // (1, 2] and (2, 4] of schema 0 are one bucket of schema -1.
    {"coarser_schema_wins", "{{schema:0 count:6 sum:9 buckets:[1 2 3]}}",
     "{{schema:-1 count:1 sum:1 buckets:[0 1]}}", "{{schema:-1 count:7 sum:10 buckets:[1 6]}}",
     "{{schema:-1 count:5 sum:8 buckets:[1 4]}}"},
    {"coarser_first", "{{schema:-1 count:1 sum:1 buckets:[0 1]}}",
     "{{schema:0 count:6 sum:9 buckets:[1 2 3]}}", "{{schema:-1 count:7 sum:10 buckets:[1 6]}}",
     "{{schema:-1 count:-5 sum:-8 buckets:[-1 -4]}}"},
    // The bucket (0.5, 1] is within the larger zero bucket.
    {"larger_zero_bucket", "{{count:4 sum:4 z_bucket:1 z_bucket_w:0.001 buckets:[1 2]}}",
     "{{count:3 sum:0 z_bucket:2 z_bucket_w:1 buckets:[0 1]}}",
     "{{count:7 sum:4 z_bucket:4 z_bucket_w:1 offset:1 buckets:[3]}}",
     "{{count:1 sum:4 z_bucket_w:1 offset:1 buckets:[1]}}"},
    // A threshold of 0.75 would cut (0.5, 1], so the zero bucket grows to 1.
    {"zero_bucket_cuts_none", "{{count:3 sum:1 z_bucket:1 z_bucket_w:0.001 buckets:[1 1]}}",
     "{{count:2 sum:0 z_bucket:2 z_bucket_w:0.75}}",
     "{{count:5 sum:1 z_bucket:4 z_bucket_w:1 offset:1 buckets:[1]}}",
     "{{count:1 sum:1 z_bucket_w:1 offset:1 buckets:[1]}}"},
    // Growing to 1 for the positive side cuts nothing, but for the negative one to 2 then does.
    {"zero_bucket_of_both_sides", "{{count:2 z_bucket_w:0.1 buckets:[1] n_buckets:[0 1]}}",
     "{{count:1 z_bucket:1 z_bucket_w:1.5}}", "{{count:3 z_bucket:3 z_bucket_w:2}}",
     "{{count:1 z_bucket:1 z_bucket_w:2}}"},
    {"custom", "{{schema:-53 count:6 sum:1 custom_values:[1 2] buckets:[1 2 3]}}",
     "{{schema:-53 count:3 sum:1 custom_values:[1 2] buckets:[1 1 1]}}",
     "{{schema:-53 count:9 sum:2 custom_values:[1 2] buckets:[2 3 4]}}",
     "{{schema:-53 count:3 custom_values:[1 2] offset:1 buckets:[1 2]}}"},
    {"custom_common_bounds",
     "{{schema:-53 count:10 sum:1 custom_values:[1 2 3] buckets:[1 2 3 4]}}",
     "{{schema:-53 count:26 sum:1 custom_values:[1 3 5] buckets:[5 6 7 8]}}",
     "{{schema:-53 count:36 sum:2 custom_values:[1 3] buckets:[6 11 19]}}",
     "{{schema:-53 count:-16 custom_values:[1 3] buckets:[-4 -1 -11]}}"},
    {"custom_nothing_in_common", "{{schema:-53 count:6 sum:1 custom_values:[1 2] buckets:[1 2 3]}}",
     "{{schema:-53 count:15 sum:1 custom_values:[7 8] buckets:[4 5 6]}}",
     "{{schema:-53 count:21 sum:2 custom_values:[] buckets:[21]}}",
     "{{schema:-53 count:-9 custom_values:[] buckets:[-9]}}"},
};

TEST(CombineTest, AddsAndSubtracts) {
  for (const CombineCase& c : kCases) {
    NativeHistogram sum = H(c.a), difference = H(c.a);
    ASSERT_TRUE(AddTo(sum, H(c.b))) << c.name;
    ASSERT_TRUE(SubtractFrom(difference, H(c.b))) << c.name;
    EXPECT_EQ(HistogramNotation(sum), c.sum) << c.name;
    EXPECT_EQ(HistogramNotation(difference), c.difference) << c.name;
  }
}

TEST(CombineTest, ExponentialAndCustomBucketsDoNotMix) {
  const NativeHistogram before = H("{{count:1 sum:1 buckets:[1]}}");
  NativeHistogram h = before;
  EXPECT_FALSE(AddTo(h, H("{{schema:-53 count:1 custom_values:[1] buckets:[1]}}")));
  EXPECT_FALSE(SubtractFrom(h, H("{{schema:-53 count:1 custom_values:[1] buckets:[1]}}")));
  EXPECT_TRUE(SameHistogram(h, before));
}

TEST(CombineTest, TellsOfReconciledBounds) {
  NativeHistogram h = H("{{schema:-53 count:1 custom_values:[1 2] buckets:[1]}}");
  EXPECT_FALSE(AddTo(h, h)->bounds_reconciled);
  EXPECT_TRUE(
      AddTo(h, H("{{schema:-53 count:1 custom_values:[2 3] buckets:[1]}}"))->bounds_reconciled);
}

struct ResetCase {
  CounterReset a, b, result;
  bool collision;
};

TEST(CombineTest, CounterResets) {
  using enum CounterReset;
  const ResetCase cases[] = {
      {kUnknown, kUnknown, kUnknown, false}, {kReset, kReset, kReset, false},
      {kGauge, kReset, kGauge, false},       {kReset, kGauge, kGauge, false},
      {kUnknown, kReset, kUnknown, false},   {kNotReset, kUnknown, kUnknown, false},
      {kReset, kNotReset, kUnknown, true},   {kNotReset, kReset, kUnknown, true}};
  for (const ResetCase& c : cases) {
    NativeHistogram a = H("{{count:1}}"), b = a;
    a.counter_reset = c.a;
    b.counter_reset = c.b;
    const auto notes = AddTo(a, b);
    EXPECT_EQ(a.counter_reset, c.result);
    EXPECT_EQ(notes->reset_collision, c.collision);
  }
}

TEST(ScaleTest, ScalesAllCounts) {
  NativeHistogram h = H("{{count:4 sum:5 z_bucket:1 z_bucket_w:0.1 buckets:[1] n_buckets:[2]}}");
  Multiply(h, 2);
  EXPECT_EQ(HistogramNotation(h),
            "{{count:8 sum:10 z_bucket:2 z_bucket_w:0.1 buckets:[2] n_buckets:[4]}}");
  Divide(h, 4);
  EXPECT_EQ(HistogramNotation(h),
            "{{count:2 sum:2.5 z_bucket:0.5 z_bucket_w:0.1 buckets:[0.5] n_buckets:[1]}}");
  Multiply(h, -1);
  EXPECT_EQ(h.counter_reset, CounterReset::kGauge);
  EXPECT_EQ(h.count, -2);
}

TEST(ScaleTest, DivisionByZeroLeavesNoBuckets) {
  NativeHistogram h = H("{{count:4 sum:-5 z_bucket:0 z_bucket_w:0.1 buckets:[1]}}");
  Divide(h, 0);
  EXPECT_EQ(HistogramText(h), "{count:+Inf, sum:-Inf, [-0.1,0.1]:NaN}");
}

TEST(AtSchemaTest, MergesBuckets) {
  EXPECT_EQ(HistogramNotation(AtSchema(H("{{schema:1 count:10 buckets:[1 2 3 4]}}"), 0)),
            "{{count:10 buckets:[1 5 4]}}");
  EXPECT_EQ(HistogramNotation(AtSchema(H("{{schema:2 count:1 n_buckets:[1] n_offset:-7}}"), 0)),
            "{{count:1 n_offset:-1 n_buckets:[1]}}");
}

TEST(HistogramSumTest, KeepsWhatRoundingLoses) {
  HistogramSum sum(H("{{count:1e100 sum:1e100 buckets:[1e100]}}"));
  for (int i = 0; i < 10; ++i) sum.Add(H("{{count:1 sum:1 buckets:[1]}}"));
  sum.Subtract(H("{{count:1e100 sum:1e100 buckets:[1e100]}}"));
  EXPECT_EQ(HistogramNotation(sum.Total()), "{{count:10 sum:10 buckets:[10]}}");
  EXPECT_EQ(HistogramNotation(sum.Plain()), "{{}}");
}

TEST(HistogramMeanTest, OfTwo) {
  HistogramMean mean(H("{{count:3 sum:1 buckets:[1 2]}}"));
  mean.Add(H("{{count:4 sum:2 buckets:[1 2 1]}}"));
  EXPECT_EQ(HistogramNotation(mean.Get()), "{{count:3.5 sum:1.5 buckets:[1 2 0.5]}}");
}

TEST(HistogramMeanTest, DoesNotOverflow) {
  HistogramMean mean(H("{{count:1 sum:1.5e308 buckets:[1]}}"));
  for (int i = 0; i < 3; ++i) mean.Add(H("{{count:1 sum:1.5e308 buckets:[1]}}"));
  EXPECT_DOUBLE_EQ(mean.Get().sum, 1.5e308);
  EXPECT_DOUBLE_EQ(mean.Get().count, 1);
}

}  // namespace
}  // namespace tocsin::engine
