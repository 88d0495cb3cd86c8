// What becomes of each kind of metric: classic series of histograms and summaries, sums of deltas,
// and the sample of 0 where a counter began.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integrations/ingest/exemplars.h"
#include "integrations/ingest/otlp_decode.h"
#include "integrations/ingest/resource_watch.h"
#include "tests/ingest/fake_sink.h"
#include "tests/ingest/otlp_text.h"

namespace tocsin::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kNowMs = 1'000'000'000;

class OtlpKindsTest : public testing::Test {
 protected:
  absl::StatusOr<OtlpSamples> Decode(const std::string& metrics) {
    return decoder_.Decode(BytesOfRequest(RequestOf(metrics)), Timestamp::FromMillis(kNowMs));
  }
  // The samples as text; what was rejected follows.
  std::vector<std::string> Lines(const std::string& metrics) {
    const auto result = Decode(metrics);
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return {};
    std::vector<std::string> lines = sink_.LinesOf(result->batch);
    if (result->rejected.total() > 0) lines.push_back(result->rejected.Describe());
    return lines;
  }
  static std::string Counter(const std::string& points, const char* more = "") {
    return "metrics { name: 'c' sum { aggregation_temporality: 2 is_monotonic: true " + points +
           more + "} } ";
  }
  static std::string DeltaCounter(const std::string& points) {
    return "metrics { name: 'c' sum { aggregation_temporality: 1 is_monotonic: true " + points +
           "} } ";
  }

  Limits limits_;
  FakeSink sink_;
  OtlpDecoder decoder_{limits_, sink_};
};

TEST_F(OtlpKindsTest, HistogramsBecomeClassicSeries) {
  EXPECT_THAT(Lines("metrics { name: 'd' unit: 's' histogram { aggregation_temporality: 2 " +
                    PointAt(0, kNowMs,
                            "count: 7 sum: 2.5 bucket_counts: [1, 0, 4, 2] "
                            "explicit_bounds: [0.005, 1, 1e22] " +
                                TextAttribute("r", "/")) +
                    "} }"),
              ElementsAre("d_seconds_sum{r=\"/\"} 2.5 @1000000000",
                          "d_seconds_count{r=\"/\"} 7 @1000000000",
                          "d_seconds_bucket{le=\"0.005\", r=\"/\"} 1 @1000000000",
                          "d_seconds_bucket{le=\"1\", r=\"/\"} 1 @1000000000",
                          "d_seconds_bucket{le=\"10000000000000000000000\", r=\"/\"} 5 @1000000000",
                          "d_seconds_bucket{le=\"+Inf\", r=\"/\"} 7 @1000000000"));
}

TEST_F(OtlpKindsTest, HistogramWithoutSumOrBuckets) {
  EXPECT_THAT(Lines("metrics { name: 'd' histogram { aggregation_temporality: 2 " +
                    PointAt(0, kNowMs, "count: 7") + "} }"),
              ElementsAre("d_count 7 @1000000000", "d_bucket{le=\"+Inf\"} 7 @1000000000"));
}

TEST_F(OtlpKindsTest, KnownSeriesOfHistogramsAreNotNamedAgain) {
  const std::string text = "metrics { name: 'd' histogram { aggregation_temporality: 2 " +
                           PointAt(0, kNowMs, "count: 7 bucket_counts: [3, 4] explicit_bounds: 1") +
                           "} }";
  const auto first = Lines(text);
  const size_t resolved = sink_.resolved();
  EXPECT_EQ(resolved, 3u);
  EXPECT_EQ(Lines(text), first);
  EXPECT_EQ(sink_.resolved(), resolved);
}

TEST_F(OtlpKindsTest, SummariesBecomeQuantiles) {
  EXPECT_THAT(Lines("metrics { name: 's' unit: 'ms' summary { " +
                    PointAt(0, kNowMs,
                            "count: 3 sum: 9 quantile_values { quantile: 0.5 value: 2 } "
                            "quantile_values { quantile: 1 value: 4 }") +
                    "} }"),
              ElementsAre("s_milliseconds_sum 9 @1000000000", "s_milliseconds_count 3 @1000000000",
                          "s_milliseconds{quantile=\"0.5\"} 2 @1000000000",
                          "s_milliseconds{quantile=\"1\"} 4 @1000000000"));
}

TEST_F(OtlpKindsTest, NoRecordedValueEndsAllSeriesOfAPoint) {
  EXPECT_THAT(Lines("metrics { name: 'd' histogram { aggregation_temporality: 2 " +
                    PointAt(kNowMs - 9, kNowMs, "flags: 1 explicit_bounds: [1]") + "} }"),
              ElementsAre("d_sum stale @1000000000", "d_count stale @1000000000",
                          "d_bucket{le=\"1\"} stale @1000000000",
                          "d_bucket{le=\"+Inf\"} stale @1000000000"));
  EXPECT_THAT(Lines("metrics { name: 's' summary { " +
                    PointAt(0, kNowMs, "flags: 1 quantile_values { quantile: 0.5 }") + "} }"),
              ElementsAre("s_sum stale @1000000000", "s_count stale @1000000000",
                          "s{quantile=\"0.5\"} stale @1000000000"));
  EXPECT_THAT(Lines(DeltaCounter(PointAt(kNowMs - 9, kNowMs, "flags: 1"))),
              ElementsAre("c_total stale @1000000000"));
  EXPECT_THAT(Lines("metrics { name: 'e' exponential_histogram { aggregation_temporality: 1 " +
                    PointAt(kNowMs - 9, kNowMs, "flags: 1") + "} }"),
              ElementsAre("e stale @1000000000"));
}

TEST_F(OtlpKindsTest, BucketsAreLimited) {
  limits_.histogram_buckets_max = 2;
  EXPECT_THAT(Lines("metrics { name: 'd' histogram { aggregation_temporality: 2 " +
                    PointAt(0, kNowMs, "bucket_counts: [1, 1, 1] explicit_bounds: [1, 2]") + "} }"),
              ElementsAre(HasSubstr("1 bucket_limit: a histogram of 3 buckets; at most 2")));
  EXPECT_THAT(
      Lines("metrics { name: 's' summary { " +
            PointAt(0, kNowMs, "quantile_values { } quantile_values { } quantile_values { }") +
            "} }"),
      ElementsAre(HasSubstr("1 bucket_limit: a summary of 3 quantiles; at most 2")));
}

// Each series of a histogram counts, since it takes as much as a point.
TEST_F(OtlpKindsTest, SeriesOfHistogramsCountTowardsTheRequest) {
  const std::string text = "metrics { name: 'd' histogram { aggregation_temporality: 2 " +
                           PointAt(0, kNowMs, "bucket_counts: [1, 1] explicit_bounds: [1]") + "} }";
  limits_.samples_per_request_max = 4;
  EXPECT_TRUE(Decode(text).ok());
  limits_.samples_per_request_max = 3;
  EXPECT_TRUE(absl::IsResourceExhausted(Decode(text).status()));
}

TEST_F(OtlpKindsTest, CounterBeginsAtZeroWhereItsStartSays) {
  EXPECT_THAT(Lines(Counter(PointAt(kNowMs - 500, kNowMs - 400, "as_int: 5") +
                            PointAt(kNowMs - 500, kNowMs - 300, "as_int: 6"))),
              ElementsAre("c_total 0 @999999500", "c_total 5 @999999600", "c_total 6 @999999700"));
  // Known by now.
  EXPECT_THAT(Lines(Counter(PointAt(kNowMs - 500, kNowMs - 200, "as_int: 7"))),
              ElementsAre("c_total 7 @999999800"));
  // A new start is a reset; an older one is another sender.
  EXPECT_THAT(Lines(Counter(PointAt(kNowMs - 150, kNowMs - 100, "as_int: 9"))),
              ElementsAre("c_total 0 @999999850", "c_total 9 @999999900"));
  EXPECT_THAT(Lines(Counter(PointAt(kNowMs - 500, kNowMs, "as_int: 8"))),
              ElementsAre("c_total 8 @1000000000"));
}

// As Node's SDK does it with observed counters: the start is the time of the first value, also in
// the points that follow.
TEST_F(OtlpKindsTest, CounterFromAFirstValueOnHasNoZero) {
  EXPECT_THAT(Lines(Counter(PointAt(kNowMs - 9, kNowMs - 9, "as_int: 5"))),
              ElementsAre("c_total 5 @999999991"));
  EXPECT_THAT(Lines(Counter(PointAt(kNowMs - 9, kNowMs, "as_int: 6"))),
              ElementsAre("c_total 6 @1000000000"));
}

// Exported in the millisecond that it began: the 0 stands in the one before.
TEST_F(OtlpKindsTest, CounterThatIsYoungerThanAMillisecond) {
  const std::string times =
      "time_unix_nano: 1000000000000900 start_time_unix_nano: 1000000000000100 ";
  EXPECT_THAT(Lines(Counter("data_points { as_int: 5 " + times + "} ")),
              ElementsAre("c_total 0 @999999999", "c_total 5 @1000000000"));
}

TEST_F(OtlpKindsTest, StartsThatSayNothing) {
  limits_.past_ms_max = 1000;
  struct Case {
    const char* why;
    std::string metric;
    const char* line;
  };
  const Case cases[] = {
      {"not said", Counter(PointAt(0, kNowMs, "as_int: 5")), "c_total 5 @1000000000"},
      {"too old", Counter(PointAt(kNowMs - 1001, kNowMs, "as_int: 5")), "c_total 5 @1000000000"},
      {"the point's own time", Counter(PointAt(kNowMs, kNowMs, "as_int: 5")),
       "c_total 5 @1000000000"},
      {"after the point", Counter(PointAt(kNowMs + 1, kNowMs, "as_int: 5")),
       "c_total 5 @1000000000"},
      {"of a gauge",
       "metrics { name: 'g' gauge { " + PointAt(kNowMs - 9, kNowMs, "as_int: 5") + "} }",
       "g 5 @1000000000"},
      {"of a level",
       "metrics { name: 'l' sum { aggregation_temporality: 2 " +
           PointAt(kNowMs - 9, kNowMs, "as_int: 5") + "} }",
       "l 5 @1000000000"},
  };
  for (const Case& c : cases) EXPECT_THAT(Lines(c.metric), ElementsAre(c.line)) << c.why;
}

TEST_F(OtlpKindsTest, HistogramsAndSummariesBeginAtZeroToo) {
  EXPECT_THAT(Lines("metrics { name: 'd' histogram { aggregation_temporality: 2 " +
                    PointAt(kNowMs - 9, kNowMs, "count: 1 sum: 2") + "} }"),
              ElementsAre("d_sum 0 @999999991", "d_sum 2 @1000000000", "d_count 0 @999999991",
                          "d_count 1 @1000000000", "d_bucket{le=\"+Inf\"} 0 @999999991",
                          "d_bucket{le=\"+Inf\"} 1 @1000000000"));
  EXPECT_THAT(
      Lines("metrics { name: 's' summary { " +
            PointAt(kNowMs - 9, kNowMs, "quantile_values { quantile: 1 value: 4 }") + "} }"),
      ElementsAre("s_sum 0 @999999991", "s_sum 0 @1000000000", "s_count 0 @999999991",
                  "s_count 0 @1000000000", "s{quantile=\"1\"} 4 @1000000000"));
  EXPECT_THAT(
      Lines("metrics { name: 'e' exponential_histogram { aggregation_temporality: 2 " +
            PointAt(kNowMs - 9, kNowMs, "count: 1 sum: 1 positive { offset: 0 bucket_counts: 1 }") +
            "} }"),
      ElementsAre(HasSubstr("@999999991"), HasSubstr("count:1")));
}

TEST_F(OtlpKindsTest, DeltasAreAddedUp) {
  EXPECT_THAT(Lines(DeltaCounter(PointAt(kNowMs - 400, kNowMs - 300, "as_int: 5"))),
              ElementsAre("c_total 0 @999999600", "c_total 5 @999999700"));
  EXPECT_THAT(Lines(DeltaCounter(PointAt(kNowMs - 300, kNowMs - 200, "as_int: 2"))),
              ElementsAre("c_total 7 @999999800"));
  EXPECT_EQ(sink_.resolved(), 1u);
  EXPECT_EQ(decoder_.delta_streams(), 1u);
}

// What stands in one request in any order is added up in the order of time.
TEST_F(OtlpKindsTest, DeltasOfARequestAreOrdered) {
  EXPECT_THAT(Lines(DeltaCounter(PointAt(kNowMs - 20, kNowMs - 10, "as_int: 2") +
                                 PointAt(kNowMs - 30, kNowMs - 20, "as_int: 1"))),
              ElementsAre("c_total 0 @999999970", "c_total 1 @999999980", "c_total 3 @999999990"));
}

// A sender leaves out intervals in which nothing was counted, so that the next one would be a jump
// that no window sees the beginning of.
TEST_F(OtlpKindsTest, DeltaAfterAGapSaysWhatWasBeforeIt) {
  Lines(DeltaCounter(PointAt(kNowMs - 400, kNowMs - 300, "as_int: 5")));
  const auto result = Decode(DeltaCounter(PointAt(kNowMs - 100, kNowMs, "as_int: 2")));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->delta_gaps, 1u);
  EXPECT_THAT(sink_.LinesOf(result->batch),
              ElementsAre("c_total 5 @999999900", "c_total 7 @1000000000"));
}

TEST_F(OtlpKindsTest, DeltasThatCannotBeCountedAreRejected) {
  Lines(DeltaCounter(PointAt(kNowMs - 400, kNowMs - 300, "as_int: 5")));
  EXPECT_THAT(Lines(DeltaCounter(PointAt(kNowMs - 500, kNowMs - 400, "as_int: 5"))),
              ElementsAre(HasSubstr("1 delta_out_of_order: a delta of c from ")));
  EXPECT_THAT(Lines(DeltaCounter(PointAt(kNowMs - 350, kNowMs - 200, "as_int: 5"))),
              ElementsAre(HasSubstr("1 delta_overlap: a delta of c from ")));
  EXPECT_THAT(Lines(DeltaCounter(PointAt(kNowMs - 300, kNowMs, "as_double: inf"))),
              ElementsAre(HasSubstr("1 no_value: a delta that is infinite")));
  // The request that was told to try again: counted once.
  EXPECT_THAT(Lines(DeltaCounter(PointAt(kNowMs - 400, kNowMs - 300, "as_int: 5"))),
              ElementsAre("c_total 0 @999999600", "c_total 5 @999999700"));
}

TEST_F(OtlpKindsTest, DeltaHistogramsAreAddedUp) {
  const auto metric = [](int64_t start_ms, int64_t time_ms, const std::string& fields) {
    return "metrics { name: 'd' histogram { aggregation_temporality: 1 " +
           PointAt(start_ms, time_ms, fields) + "} }";
  };
  Lines(metric(kNowMs - 30, kNowMs - 20,
               "count: 3 sum: 4 bucket_counts: [1, 2] explicit_bounds: [1]"));
  EXPECT_THAT(Lines(metric(kNowMs - 20, kNowMs - 10,
                           "count: 1 sum: 1 bucket_counts: [1, 0] explicit_bounds: [1]")),
              ElementsAre("d_sum 5 @999999990", "d_count 4 @999999990",
                          "d_bucket{le=\"1\"} 2 @999999990", "d_bucket{le=\"+Inf\"} 4 @999999990"));
  // One point, however many series it has.
  EXPECT_THAT(Lines(metric(kNowMs - 25, kNowMs - 15,
                           "count: 1 sum: 1 bucket_counts: [1, 0] explicit_bounds: [1]")),
              ElementsAre(HasSubstr("1 delta_out_of_order")));
}

TEST_F(OtlpKindsTest, DeltaExponentialHistogramsAreAddedUp) {
  const auto metric = [](int64_t start_ms, int64_t time_ms, const std::string& fields) {
    return "metrics { name: 'e' exponential_histogram { aggregation_temporality: 1 " +
           PointAt(start_ms, time_ms, fields) + "} }";
  };
  Lines(metric(kNowMs - 30, kNowMs - 20,
               "scale: 1 count: 3 sum: 4 positive { offset: 0 bucket_counts: [1, 2] }"));
  EXPECT_THAT(Lines(metric(kNowMs - 20, kNowMs - 10,
                           "scale: 0 count: 1 sum: 1 positive { offset: 0 bucket_counts: 1 }")),
              ElementsAre("e {{count:4 sum:5 z_bucket_w:1e-128 offset:1 buckets:[4]}} @999999990"));
}

TEST_F(OtlpKindsTest, DeltaStreamsAreLimited) {
  limits_.series_max = 1;
  OtlpDecoder decoder(limits_, sink_);
  const auto result = decoder.Decode(
      BytesOfRequest(RequestOf(
          DeltaCounter(PointAt(kNowMs - 2, kNowMs, "as_int: 1 " + TextAttribute("a", "1")) +
                       PointAt(kNowMs - 2, kNowMs, "as_int: 1 " + TextAttribute("a", "2"))))),
      Timestamp::FromMillis(kNowMs));
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->rejected.Describe(), HasSubstr("1 delta_limit"));
  EXPECT_EQ(decoder.delta_streams(), 1u);
}

TEST_F(OtlpKindsTest, PromotedAttributesBecomeLabels) {
  struct Case {
    OtlpOptions options;
    std::vector<std::string> lines;
  };
  const std::string request =
      "resource_metrics { resource { " + TextAttribute("service.name", "s") +
      TextAttribute("cloud.region", "eu") + TextAttribute("host.name", "h") +
      "} scope_metrics { scope { name: 'lib' version: '1' " + TextAttribute("x.y", "z") +
      "} schema_url: 'u' metrics { name: 'http.load' unit: '1' gauge { " +
      PointAt(0, kNowMs, "as_int: 1 " + TextAttribute("host.name", "own")) + "} } } }";
  const std::string info =
      "target_info{cloud_region=\"eu\", host_name=\"h\", job=\"s\"} 1 @1000000000";
  OtlpOptions listed, all, scope, identity, utf8;
  listed.promote_resource_attributes = {"cloud.region", "host.name"};
  all.promote_all_resource_attributes = true;
  all.ignore_resource_attributes = {"cloud.region"};
  scope.promote_scope_metadata = true;
  identity.keep_identifying_resource_attributes = true;
  utf8.translation_strategy = TranslationStrategy::kNoTranslation;
  const Case cases[] = {
      {{}, {"http_load_ratio{host_name=\"own\", job=\"s\"} 1 @1000000000", info}},
      {listed,
       {"http_load_ratio{cloud_region=\"eu\", host_name=\"own\", job=\"s\"} 1 @1000000000", info}},
      {all,
       {"http_load_ratio{host_name=\"own\", job=\"s\", service_name=\"s\"} 1 @1000000000", info}},
      {scope,
       {"http_load_ratio{host_name=\"own\", job=\"s\", otel_scope_name=\"lib\", "
        "otel_scope_schema_url=\"u\", otel_scope_version=\"1\", otel_scope_x_y=\"z\"} 1 "
        "@1000000000",
        info}},
      {identity,
       {"http_load_ratio{host_name=\"own\", job=\"s\"} 1 @1000000000",
        "target_info{cloud_region=\"eu\", host_name=\"h\", job=\"s\", service_name=\"s\"} 1 "
        "@1000000000"}},
      {utf8,
       {"{\"http.load\", \"host.name\"=\"own\", job=\"s\"} 1 @1000000000",
        "target_info{\"cloud.region\"=\"eu\", \"host.name\"=\"h\", job=\"s\"} 1 @1000000000"}},
  };
  for (const Case& c : cases) {
    OtlpDecoder decoder(limits_, sink_, c.options);
    const auto result = decoder.Decode(BytesOfRequest(request), Timestamp::FromMillis(kNowMs));
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(sink_.LinesOf(result->batch), c.lines);
  }
}

// Two scopes with the same metric are two series only if scopes make labels.
TEST_F(OtlpKindsTest, ScopesAreKeptApartWherePromoted) {
  const std::string metric =
      "metrics { name: 'g' gauge { " + PointAt(0, kNowMs, "as_int: 1") + "} } ";
  const std::string request = "resource_metrics { scope_metrics { scope { name: 'a' } " + metric +
                              "} scope_metrics { scope { name: 'b' } " + metric + "} }";
  OtlpDecoder decoder(limits_, sink_, {.promote_scope_metadata = true});
  for (int round = 0; round < 2; ++round) {
    const auto result = decoder.Decode(BytesOfRequest(request), Timestamp::FromMillis(kNowMs));
    ASSERT_TRUE(result.ok());
    EXPECT_THAT(sink_.LinesOf(result->batch), ElementsAre(HasSubstr("otel_scope_name=\"a\""),
                                                          HasSubstr("otel_scope_name=\"b\"")));
  }
}

TEST_F(OtlpKindsTest, ResourcesAreWatched) {
  ResourceWatch watch({});
  OtlpDecoder decoder(limits_, sink_, {}, {.resources = &watch});
  const auto request = [](const std::string& resource, const std::string& points) {
    return BytesOfRequest("resource_metrics { resource { " + resource +
                          "} scope_metrics { metrics { name: 'g' gauge { " + points + "} } } }");
  };
  const std::string old_point = PointAt(0, kNowMs - 5000, "as_int: 1");
  const auto lines = [&](const std::string& bytes, int64_t now_ms) {
    const auto result = decoder.Decode(bytes, Timestamp::FromMillis(now_ms));
    EXPECT_TRUE(result.ok());
    return sink_.LinesOf(result->batch);
  };
  // By the time it came, whatever its points are dated.
  const std::string known = request(TextAttribute("service.name", "s"), old_point);
  EXPECT_THAT(lines(known, kNowMs), ElementsAre("g{job=\"s\"} 1 @999995000",
                                                "tocsin_resource_up{job=\"s\"} 1 @1000000000"));
  EXPECT_THAT(lines(known, kNowMs + 1), ElementsAre("g{job=\"s\"} 1 @999995000"));
  EXPECT_THAT(lines(request(TextAttribute("host.name", "h"), old_point), kNowMs),
              ElementsAre("g 1 @999995000"));
  EXPECT_EQ(watch.resources(), 1u);
}

TEST_F(OtlpKindsTest, ExemplarsOfTracesAreKept) {
  ExemplarStore exemplars(10);
  OtlpDecoder decoder(limits_, sink_, {}, {.exemplars = &exemplars});
  const std::string exemplar =
      "exemplars { time_unix_nano: 999999000000000 as_double: 2.5 span_id: '12345678' "
      "trace_id: '0123456789abcdef' }";
  const auto result = decoder.Decode(
      BytesOfRequest(RequestOf("metrics { name: 'd' histogram { aggregation_temporality: 2 " +
                               PointAt(0, kNowMs, "count: 1 " + exemplar) +
                               "} } metrics { name: 'g' gauge { " +
                               PointAt(0, kNowMs, "as_int: 1 exemplars { as_int: 3 }") + "} }")),
      Timestamp::FromMillis(kNowMs));
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(sink_.LinesOf(result->batch)[0], "d_count 1 @1000000000");
  const auto kept = exemplars.Newest(result->batch.refs[0]);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].trace_id, "30313233343536373839616263646566");
  EXPECT_EQ(kept[0].span_id, "3132333435363738");
  EXPECT_EQ(kept[0].value, 2.5);
  EXPECT_EQ(kept[0].time, Timestamp::FromMillis(kNowMs - 1000));
  EXPECT_EQ(exemplars.series(), 1u);
}

}  // namespace
}  // namespace tocsin::ingest
