// Exponential histograms of OTLP on their way to native ones.
#include "integrations/ingest/otlp_histogram.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/metrics.h"
#include "integrations/ingest/otlp_decode.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "tests/ingest/fake_sink.h"

namespace tocsin::ingest {
namespace {

using opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kNowMs = 1'000'000'000;

// One point of metric "latency" [ms] at kNowMs.
std::string Request(const std::string& point, const std::string& temporality = "2") {
  ExportMetricsServiceRequest request;
  const std::string text = absl::StrCat(
      "resource_metrics { scope_metrics { metrics { name: 'latency' unit: 'ms' "
      "exponential_histogram { aggregation_temporality: ",
      temporality, " data_points { time_unix_nano: 1000000000000000 ", point, " } } } } }");
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
  return request.SerializeAsString();
}

class OtlpHistogramTest : public testing::Test {
 protected:
  absl::StatusOr<OtlpSamples> Decode(const std::string& request) {
    return decoder_.Decode(request, Timestamp::FromMillis(kNowMs));
  }
  // The value of the only sample, after asserting that it was taken.
  std::string Value(const std::string& point) {
    const auto result = Decode(Request(point));
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return "";
    EXPECT_EQ(result->rejected.Describe(), "") << point;
    const std::vector<std::string> lines = sink_.LinesOf(result->batch);
    EXPECT_EQ(lines.size(), 1u) << point;
    constexpr absl::string_view kBegin = "latency_milliseconds ", kEnd = " @1000000000";
    if (lines.empty() || !absl::StartsWith(lines[0], kBegin)) return "";
    return lines[0].substr(kBegin.size(), lines[0].size() - kBegin.size() - kEnd.size());
  }

  Limits limits_;
  FakeSink sink_;
  OtlpDecoder decoder_{limits_, sink_};
};

struct Case {
  const char* name;
  std::string point;
  std::string want;
};

TEST_F(OtlpHistogramTest, BecomesANativeHistogram) {
  const Case cases[] = {
      {"nothing observed", "", "{{z_bucket_w:1e-128}}"},
      // OTLP's bucket 0 begins at 1; the native bucket that does has number 1.
      {"positive buckets", "count: 6 sum: 10 positive { offset: 0 bucket_counts: [1, 2, 3] }",
       "{{count:6 sum:10 z_bucket_w:1e-128 offset:1 buckets:[1 2 3]}}"},
      {"negative offset", "count: 3 sum: 1 scale: 2 positive { offset: -5 bucket_counts: [1, 2] }",
       "{{schema:2 count:3 sum:1 z_bucket_w:1e-128 offset:-4 buckets:[1 2]}}"},
      {"both sides and zero",
       "count: 10 sum: 1 zero_count: 4 zero_threshold: 0.5 "
       "positive { offset: 1 bucket_counts: 2 } negative { offset: 3 bucket_counts: [3, 1] }",
       "{{count:10 sum:1 z_bucket:4 z_bucket_w:0.5 offset:2 buckets:[2] n_offset:4 n_buckets:[3 "
       "1]}}"},
      {"empty buckets are left out",
       "count: 2 sum: 1 positive { offset: -1 bucket_counts: [0, 1, 0, 0, 1, 0] }",
       "{{count:2 sum:1 z_bucket_w:1e-128 offset:1 buckets:[1 0 0 1]}}"},
      {"no sum", "count: 1 positive { bucket_counts: 1 }",
       "{{count:1 z_bucket_w:1e-128 offset:1 buckets:[1]}}"},
      {"sum NaN: observations in no bucket", "count: 3 sum: nan positive { bucket_counts: 1 }",
       "{{count:3 sum:NaN z_bucket_w:1e-128 offset:1 buckets:[1]}}"},
      {"the finest scale", "count: 1 sum: 1 scale: 8 positive { offset: 7 bucket_counts: 1 }",
       "{{schema:8 count:1 sum:1 z_bucket_w:1e-128 offset:8 buckets:[1]}}"},
      {"the coarsest scale", "count: 1 sum: 1 scale: -4 positive { offset: 2 bucket_counts: 1 }",
       "{{schema:-4 count:1 sum:1 z_bucket_w:1e-128 offset:3 buckets:[1]}}"},
      // Scale 10: four buckets become one. Numbers -3 to 4 are -1 (3), 0 (4) and 1 (1) of scale 8.
      {"a finer scale is made 8",
       "count: 36 sum: 1 scale: 10 positive { offset: -3 bucket_counts: [1, 2, 3, 4, 5, 6, 7, 8] }",
       "{{schema:8 count:36 sum:1 z_bucket_w:1e-128 buckets:[6 22 8]}}"},
      {"the finest that can be said",
       "count: 3 sum: 1 scale: 2147483647 positive { offset: 5 bucket_counts: [1, 2] }",
       "{{schema:8 count:3 sum:1 z_bucket_w:1e-128 offset:1 buckets:[3]}}"},
      {"no recorded value", "flags: 1 count: 7", "stale"},
  };
  for (const Case& c : cases) EXPECT_EQ(Value(c.point), c.want) << c.name;
}

TEST_F(OtlpHistogramTest, AttributesAreThoseOfItsOwnField) {
  const auto result =
      Decode(Request("count: 1 positive { bucket_counts: 1 } "
                     "attributes { key: 'path' value { string_value: '/a' } }"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(sink_.LinesOf(result->batch),
              ElementsAre("latency_milliseconds{path=\"/a\"} {{count:1 z_bucket_w:1e-128 "
                          "offset:1 buckets:[1]}} @1000000000"));
}

struct RejectCase {
  const char* name;
  std::string point;
  RejectReason reason;
  std::string detail;
};

TEST_F(OtlpHistogramTest, RejectsWithAReason) {
  limits_.histogram_buckets_max = 5;
  const RejectCase cases[] = {
      {"too coarse", "scale: -5", RejectReason::kHistogramScale, "scale -5"},
      {"too many buckets",
       "positive { bucket_counts: [0, 0, 0] } negative { bucket_counts: [0, 0, 0] }",
       RejectReason::kBucketLimit, "6 buckets; at most 5 are taken (histogram_buckets_max)"},
      {"more in buckets than counted", "count: 1 positive { bucket_counts: 2 }",
       RejectReason::kInvalidHistogram, "counts 1 observations, its buckets hold 2"},
      {"fewer in buckets than counted", "count: 2 zero_count: 1", RejectReason::kInvalidHistogram,
       "counts 2 observations, its buckets hold 1"},
      {"counts that overflow", "count: 0 positive { bucket_counts: [18446744073709551615, 1] }",
       RejectReason::kInvalidHistogram, "more than 2^64"},
      {"a bucket beyond all numbers",
       "count: 1 scale: 8 positive { offset: 2147483647 bucket_counts: [0, 1] }",
       RejectReason::kInvalidHistogram, "beyond all numbers"},
      {"a bucket before all numbers",
       "count: 1 scale: 8 negative { offset: -2147483648 bucket_counts: 1 }",
       RejectReason::kInvalidHistogram, "beyond all numbers"},
      {"negative zero threshold", "zero_threshold: -1", RejectReason::kInvalidHistogram,
       "zero threshold -1"},
      {"infinite zero threshold", "zero_threshold: inf", RejectReason::kInvalidHistogram,
       "zero threshold inf"},
  };
  for (const RejectCase& c : cases) {
    const auto result = Decode(Request(c.point));
    ASSERT_TRUE(result.ok()) << c.name << ": " << result.status();
    EXPECT_TRUE(result->batch.empty()) << c.name;
    EXPECT_EQ(result->rejected.count(c.reason), 1u) << c.name << result->rejected.Describe();
    EXPECT_THAT(result->rejected.Describe(), HasSubstr(c.detail)) << c.name;
  }
}

TEST_F(OtlpHistogramTest, NoneWithoutTemporalityIsTaken) {
  const auto result = Decode(Request("", "0"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rejected.count(RejectReason::kUnknownTemporality), 1u);
}

// A zero is a byte on the wire and nothing in memory; what is populated is paid for.
TEST_F(OtlpHistogramTest, TakesRoomForPopulatedBuckets) {
  Metrics metrics;
  Budget budget(metrics, {.reason = "decode_bytes", .limit = "a limit", .amount_max = 1 << 20});
  const auto held = [&](const char* counts) {
    BudgetLease room(budget);
    const std::string request =
        Request(absl::StrCat("count: 3 positive { bucket_counts: [", counts, "] }"));
    EXPECT_TRUE(decoder_.Decode(request, Timestamp::FromMillis(kNowMs), &room).ok());
    return room.held();
  };
  EXPECT_EQ(held("3, 0, 0"), held("3"));
  EXPECT_EQ(held("1, 1, 1"), held("3") + 2 * sizeof(HistogramBucket));
}

TEST_F(OtlpHistogramTest, RequestBeyondTheRoomIsRefusedAsAWhole) {
  Metrics metrics;
  Budget budget(metrics, {.reason = "decode_bytes", .limit = "a limit", .amount_max = 100});
  BudgetLease other(budget);
  ASSERT_TRUE(other.Grow(90).ok());
  BudgetLease room(budget);
  const std::string request = Request("count: 1 positive { bucket_counts: 1 }");
  EXPECT_TRUE(
      absl::IsUnavailable(decoder_.Decode(request, Timestamp::FromMillis(kNowMs), &room).status()));

  limits_.ingest_decode_bytes_max = 100;
  const absl::Status status = Decode(request).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("ingest_decode_bytes_max"));
}

TEST_F(OtlpHistogramTest, BucketsThatAreNoMessageAreMalformed) {
  std::string request = Request("count: 1 positive { bucket_counts: 300 }");
  const std::string count = "\xac\x02";  // 300; cut in the middle
  const size_t at = request.find(count);
  ASSERT_NE(at, std::string::npos);
  request[at + 1] = '\xff';
  EXPECT_TRUE(absl::IsInvalidArgument(Decode(request).status()));
}

}  // namespace
}  // namespace tocsin::ingest
