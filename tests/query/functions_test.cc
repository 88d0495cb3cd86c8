// Functions over instant vectors, labels, dates and histograms.
#include <gtest/gtest.h>

#include "tests/query/fixture.h"

namespace tocsin::engine {
namespace {

constexpr char kData[] = R"(
  v{i="1"} -2.5x10
  v{i="2"} 4x10
  t        1700000000x10
  h_bucket{le="0.1", s="a"}  10x10
  h_bucket{le="0.5", s="a"}  30x10
  h_bucket{le="+Inf", s="a"} 40x10
  h_bucket{le="1", s="b"}    10x10
  h_bucket{le="2", s="b"}    5x10
  h_bucket{le="+Inf", s="b"} 20x10
  h_bucket{le="1", s="c"}    5x10
  h_bucket{le="x", s="d"}    5x10
)";

TEST(FunctionTest, ValueByValue) {
  Check(kData, {
                   {"abs", "abs(v)", "{i=\"1\"} 2.5; {i=\"2\"} 4"},
                   {"ceil", "ceil(v)", "{i=\"1\"} -2; {i=\"2\"} 4"},
                   {"floor", "floor(v{i=\"1\"})", "{i=\"1\"} -3"},
                   {"round halves upwards", "round(v{i=\"1\"})", "{i=\"1\"} -2"},
                   {"round to", "round(v{i=\"1\"}, 0.4)", "{i=\"1\"} -2.4"},
                   {"sqrt of negative", "sqrt(v{i=\"1\"})", "{i=\"1\"} NaN"},
                   {"ln of zero", "ln(v{i=\"2\"} - 4)", "{i=\"2\"} -Inf"},
                   {"log2", "log2(v{i=\"2\"})", "{i=\"2\"} 2"},
                   {"sgn", "sgn(v)", "{i=\"1\"} -1; {i=\"2\"} 1"},
                   {"clamp", "clamp(v, -1, 2)", "{i=\"1\"} -1; {i=\"2\"} 2"},
                   {"clamp upside down", "clamp(v, 2, -1)", ""},
                   {"clamp_min", "clamp_min(v, 0)", "{i=\"1\"} 0; {i=\"2\"} 4"},
                   {"clamp_max by NaN", "clamp_max(v{i=\"2\"}, NaN)", "{i=\"2\"} NaN"},
                   {"degrees", "deg(v{i=\"2\"} / 4 * pi())", "{i=\"2\"} 180"},
               });
}

TEST(FunctionTest, ScalarsAndAbsence) {
  Check(kData, {
                   {"time", "time()", "600"},
                   {"scalar", "scalar(v{i=\"2\"})", "4"},
                   {"scalar of several", "scalar(v)", "NaN"},
                   {"vector", "vector(time())", "{} 600"},
                   {"string", "\"text\"", "text"},
                   {"absent", "absent(nope{a=\"b\", c!=\"d\", e=~\"f\"})", "{a=\"b\"} 1"},
                   {"absent with a label pinned twice", "absent(nope{a=\"b\", a=\"c\"})", "{} 1"},
                   {"absent of an expression", "absent(sum(nope{a=\"b\"}))", "{} 1"},
                   {"there", "absent(v)", ""},
               });
}

TEST(FunctionTest, Dates) {
  Check(kData, {
                   {"year", "year(t)", "{} 2023"},
                   {"month", "month(t)", "{} 11"},
                   {"day_of_month", "day_of_month(t)", "{} 14"},
                   {"day_of_week", "day_of_week(t)", "{} 2"},
                   {"day_of_year", "day_of_year(t)", "{} 318"},
                   {"days_in_month", "days_in_month(vector(1709210096))", "{} 29"},
                   {"hour", "hour(t)", "{} 22"},
                   {"minute of now", "minute()", "{} 10"},
                   {"before the epoch", "year(vector(-1))", "{} 1969"},
                   {"no instant", "year(vector(NaN))", "{} NaN"},
               });
}

TEST(FunctionTest, Labels) {
  Check(kData,
        {
            {"replace", "label_replace(v{i=\"2\"}, \"j\", \"<$1>\", \"i\", \"(.*)\")",
             "v{i=\"2\", j=\"<2>\"} 4"},
            {"no match, no change", "label_replace(v{i=\"2\"}, \"j\", \"x\", \"i\", \"3\")",
             "v{i=\"2\"} 4"},
            {"named group", "label_replace(v{i=\"2\"}, \"j\", \"${n}x\", \"i\", \"(?P<n>.)\")",
             "v{i=\"2\", j=\"2x\"} 4"},
            {"empty deletes", "label_replace(v{i=\"2\"}, \"i\", \"\", \"i\", \".*\")", "v 4"},
            {"labels become equal", "label_replace(v, \"i\", \"\", \"i\", \".*\")",
             "error: vector cannot contain metrics with the same labelset"},
            {"join", "label_join(v{i=\"2\"}, \"j\", \"-\", \"i\", \"nope\", \"i\")",
             "v{i=\"2\", j=\"2--2\"} 4"},
        });
}

TEST(FunctionTest, HistogramQuantile) {
  Check(kData,
        {
            {"interpolates", "histogram_quantile(0.5, h_bucket{s=\"a\"})", "{s=\"a\"} 0.3"},
            {"lowest bucket begins at zero", "histogram_quantile(0.125, h_bucket{s=\"a\"})",
             "{s=\"a\"} 0.05"},
            {"highest bucket", "histogram_quantile(0.9, h_bucket{s=\"a\"})", "{s=\"a\"} 0.5"},
            {"no quantile", "histogram_quantile(2, h_bucket{s=\"a\"})", "{s=\"a\"} +Inf"},
            {"falling counts are raised", "histogram_quantile(0.5, h_bucket{s=\"b\"})",
             "{s=\"b\"} 1"},
            {"no highest bucket", "histogram_quantile(0.5, h_bucket{s=\"c\"})", "{s=\"c\"} NaN"},
            {"bad bound", "histogram_quantile(0.5, h_bucket{s=\"d\"})", ""},
            {"over rates", "histogram_quantile(0.5, sum by (le) (h_bucket{s=\"a\"}))", "{} 0.3"},
        });
  QueryOptions delayed;
  delayed.delayed_name_removal = true;
  QueryFixture fixture, delayed_fixture(delayed);
  fixture.Load(absl::Minutes(1), kData);
  delayed_fixture.Load(absl::Minutes(1), kData);
  const std::string malformed = "histogram_quantile(0.5, h_bucket{s=\"d\"})";
  EXPECT_EQ(
      fixture.Notes(malformed, absl::Minutes(1)),
      "PromQL warning: bucket label \"le\" is missing or has a malformed value of \"x\" (1:25)");
  // The metric name is only known where it is removed late.
  EXPECT_EQ(
      delayed_fixture.Notes(malformed, absl::Minutes(1)),
      "PromQL warning: bucket label \"le\" is missing or has a malformed value of \"x\" for metric "
      "name \"h_bucket\" (1:25)");
  EXPECT_EQ(fixture.Notes("histogram_quantile(7, h_bucket{s=\"a\"})", absl::Minutes(1)),
            "PromQL warning: quantile value should be between 0 and 1, got 7 (1:20)");
}

}  // namespace
}  // namespace tocsin::engine
