#include "integrations/ingest/otlp_decode.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "tests/ingest/fake_sink.h"
#include "tests/ingest/peak_memory.h"

namespace tocsin::ingest {
namespace {

using opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kNowMs = 1'000'000'000;

ExportMetricsServiceRequest Parse(const std::string& text) {
  ExportMetricsServiceRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
  return request;
}

// A point at kNowMs.
std::string Point(const std::string& fields) {
  return "data_points { time_unix_nano: 1000000000000000 " + fields + " }";
}

std::string Attribute(const std::string& key, const std::string& value) {
  return "attributes { key: '" + key + "' value { string_value: '" + value + "' } } ";
}

// One request with these metrics, sent by no particular resource.
std::string Metrics(const std::string& metrics) {
  return "resource_metrics { scope_metrics { " + metrics + " } }";
}

class OtlpDecodeTest : public testing::Test {
 protected:
  absl::StatusOr<OtlpSamples> Decode(const std::string& text) {
    return decoder_.Decode(Parse(text).SerializeAsString(), Timestamp::FromMillis(kNowMs));
  }
  // The samples as text, after asserting that nothing was rejected.
  std::vector<std::string> Lines(const std::string& text) {
    const auto result = Decode(text);
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return {};
    EXPECT_EQ(result->rejected.Describe(), "");
    return sink_.LinesOf(result->batch);
  }

  Limits limits_;
  FakeSink sink_;
  OtlpDecoder decoder_{limits_, sink_};
};

TEST_F(OtlpDecodeTest, GaugesAndSums) {
  EXPECT_THAT(
      Lines(Metrics(
          "metrics { name: 'cpu.load' gauge { " + Point("as_double: 1.5") +
          " } }"
          "metrics { name: 'queue' unit: 'By' sum { aggregation_temporality: 2 " +
          Point("as_int: -3") +
          " } }"
          "metrics { name: 'requests' sum { aggregation_temporality: 2 is_monotonic: true " +
          Point("as_int: 7 " + Attribute("http.method", "GET")) + " } }")),
      ElementsAre("cpu_load 1.5 @1000000000", "queue_bytes -3 @1000000000",
                  "requests_total{http_method=\"GET\"} 7 @1000000000"));
}

TEST_F(OtlpDecodeTest, ResourceBecomesJobInstanceAndTargetInfo) {
  EXPECT_THAT(
      Lines("resource_metrics { resource { " + Attribute("service.namespace", "shop") +
            Attribute("service.name", "cart") + Attribute("service.instance.id", "i-1") +
            Attribute("host.name", "h1") + "} scope_metrics { metrics { name: 'up' gauge { " +
            Point("as_int: 1 " + Attribute("job", "overwritten") + Attribute("b", "2")) +
            "data_points { time_unix_nano: 999999000000000 as_int: 0 } } } } }"),
      ElementsAre(
          "up{b=\"2\", instance=\"i-1\", job=\"shop/cart\"} 1 @1000000000",
          "up{instance=\"i-1\", job=\"shop/cart\"} 0 @999999000",
          "target_info{host_name=\"h1\", instance=\"i-1\", job=\"shop/cart\"} 1 @1000000000"));
}

TEST_F(OtlpDecodeTest, NoTargetInfoWithoutIdentityOrAttributes) {
  EXPECT_THAT(
      Lines("resource_metrics { resource { " + Attribute("host.name", "h1") +
            "} scope_metrics { metrics { name: 'up' gauge { " + Point("as_int: 1") + " } } } }"),
      ElementsAre("up 1 @1000000000"));
  EXPECT_THAT(
      Lines("resource_metrics { resource { " + Attribute("service.name", "cart") +
            "} scope_metrics { metrics { name: 'up' gauge { " + Point("as_int: 1") + " } } } }"),
      ElementsAre("up{job=\"cart\"} 1 @1000000000"));
}

TEST_F(OtlpDecodeTest, CollidingLabelsAreJoinedInTheOrderOfTheirKeys) {
  EXPECT_THAT(
      Lines(Metrics("metrics { name: 'm' gauge { " +
                    Point("as_int: 1 " + Attribute("a_b", "last") + Attribute("a.b", "dot") +
                          Attribute("a-b", "dash") + Attribute("empty", "")) +
                    " } }")),
      ElementsAre("m{a_b=\"dash;dot;last\"} 1 @1000000000"));
}

TEST_F(OtlpDecodeTest, NoRecordedValueIsAStaleMarker) {
  EXPECT_THAT(Lines(Metrics("metrics { name: 'm' gauge { " + Point("flags: 1") + " } }")),
              ElementsAre("m stale @1000000000"));
}

TEST_F(OtlpDecodeTest, KnownSeriesAreNotResolvedAgain) {
  const std::string text =
      Metrics("metrics { name: 'm' gauge { " + Point("as_int: 1 " + Attribute("a", "1")) +
              Point("as_int: 2 " + Attribute("a", "2")) + " } }");
  EXPECT_THAT(Lines(text), ElementsAre("m{a=\"1\"} 1 @1000000000", "m{a=\"2\"} 2 @1000000000"));
  EXPECT_EQ(sink_.resolved(), 2u);
  EXPECT_THAT(Lines(text), ElementsAre("m{a=\"1\"} 1 @1000000000", "m{a=\"2\"} 2 @1000000000"));
  EXPECT_EQ(sink_.resolved(), 2u);
}

// What distinguishes series must be part of the cache's key: equal attributes under another unit,
// kind, name or resource are other series.
TEST_F(OtlpDecodeTest, CacheKeepsSeriesApart) {
  const std::string point = Point("as_int: 1 " + Attribute("a", "1"));
  const std::string text =
      Metrics("metrics { name: 'ab' gauge { " + point +
              " } }"
              "metrics { name: 'a' unit: 'b' gauge { " +
              point +
              " } }"
              "metrics { name: 'ab' sum { aggregation_temporality: 2 is_monotonic: true " +
              point +
              " } }"
              "metrics { name: 'ab' unit: '1' gauge { " +
              point + " } }") +
      "resource_metrics { resource { " + Attribute("service.name", "s") +
      "} scope_metrics { metrics { name: 'ab' gauge { " + point + " } } } }";
  const std::vector<std::string> want = {
      "ab{a=\"1\"} 1 @1000000000", "a_b{a=\"1\"} 1 @1000000000", "ab_total{a=\"1\"} 1 @1000000000",
      "ab_ratio{a=\"1\"} 1 @1000000000", "ab{a=\"1\", job=\"s\"} 1 @1000000000"};
  EXPECT_EQ(Lines(text), want);
  EXPECT_EQ(Lines(text), want);
}

TEST_F(OtlpDecodeTest, CacheIsBounded) {
  limits_.series_max = 10;
  OtlpDecoder decoder(limits_, sink_);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) {
      const auto request =
          Parse(Metrics("metrics { name: 'm' gauge { " +
                        Point("as_int: 1 " + Attribute("a", std::to_string(i))) + " } }"));
      const auto result =
          decoder.Decode(request.SerializeAsString(), Timestamp::FromMillis(kNowMs));
      ASSERT_TRUE(result.ok());
      EXPECT_THAT(sink_.LinesOf(result->batch),
                  ElementsAre("m{a=\"" + std::to_string(i) + "\"} 1 @1000000000"));
      EXPECT_LE(decoder.cached_series(), 20u);
    }
  }
}

struct RejectCase {
  const char* why;
  std::string text;
  RejectReason reason;
  uint64_t count;
};

TEST_F(OtlpDecodeTest, RejectsWithAReason) {
  const std::string good = "metrics { name: 'good' gauge { " + Point("as_int: 1") + " } }";
  const RejectCase cases[] = {
      {"delta of a level",
       "metrics { name: 'd' sum { aggregation_temporality: 1 " + Point("as_int: 1") + " } }",
       RejectReason::kDeltaTemporality, 1},
      {"histogram without temporality",
       "metrics { name: 'h' histogram { " + Point("count: 1") + Point("count: 1") + " } }",
       RejectReason::kUnknownTemporality, 2},
      {"counts without bounds",
       "metrics { name: 'h' histogram { aggregation_temporality: 2 " +
           Point("bucket_counts: [1, 2] explicit_bounds: [1, 2]") + " } }",
       RejectReason::kInvalidHistogram, 1},
      {"bounds that fall",
       "metrics { name: 'h' histogram { aggregation_temporality: 2 " +
           Point("bucket_counts: [1, 2, 3] explicit_bounds: [2, 1]") + " } }",
       RejectReason::kInvalidHistogram, 1},
      {"histogram whose series are refused",
       "metrics { name: 'h' histogram { aggregation_temporality: 2 " +
           Point("bucket_counts: [1, 2] explicit_bounds: [2] " +
                 Attribute("a", FakeSink::kTooLong)) +
           " } }",
       RejectReason::kLabelLimit, 1},
      {"no temporality", "metrics { name: 'd' sum { " + Point("as_int: 1") + " } }",
       RejectReason::kUnknownTemporality, 1},
      {"no name", "metrics { gauge { " + Point("as_int: 1") + Point("as_int: 2") + " } }",
       RejectReason::kInvalidName, 2},
      {"no label name",
       "metrics { name: 'm' gauge { " + Point("as_int: 1 " + Attribute("", "v")) + " } }",
       RejectReason::kInvalidLabel, 1},
      {"no value", "metrics { name: 'm' gauge { " + Point("") + " } }", RejectReason::kNoValue, 1},
      {"too new",
       "metrics { name: 'm' gauge { data_points { time_unix_nano: 1001000000000000 as_int: 1 } } }",
       RejectReason::kTooNew, 1},
      {"no time", "metrics { name: 'm' gauge { data_points { as_int: 1 } } }",
       RejectReason::kTooOld, 1},
      {"label limit",
       "metrics { name: 'm' gauge { " + Point("as_int: 1 " + Attribute("a", FakeSink::kTooLong)) +
           " } }",
       RejectReason::kLabelLimit, 1},
      {"series limit",
       "metrics { name: 'm' gauge { " +
           Point("as_int: 1 " + Attribute("a", FakeSink::kOneTooMany)) + " } }",
       RejectReason::kSeriesLimit, 1},
  };
  for (const RejectCase& c : cases) {
    const auto result = Decode(Metrics(c.text + good));
    ASSERT_TRUE(result.ok()) << c.why;
    EXPECT_EQ(result->rejected.count(c.reason), c.count) << c.why;
    EXPECT_EQ(result->rejected.total(), c.count) << c.why;
    EXPECT_THAT(result->rejected.Describe(), HasSubstr(RejectReasonName(c.reason))) << c.why;
    // The rest of the request is taken all the same.
    EXPECT_THAT(sink_.LinesOf(result->batch), ElementsAre("good 1 @1000000000")) << c.why;
  }
}

TEST_F(OtlpDecodeTest, TimesAtTheLimitsAreTaken) {
  limits_.future_ms_max = 5;
  limits_.past_ms_max = 5;
  const auto at = [](int64_t ms) {
    return "data_points { time_unix_nano: " + std::to_string(ms) + "000000 as_int: 1 }";
  };
  const auto result = Decode(Metrics("metrics { name: 'm' gauge { " + at(kNowMs + 5) +
                                     at(kNowMs + 6) + at(kNowMs - 5) + at(kNowMs - 6) + " } }"));
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(sink_.LinesOf(result->batch), ElementsAre("m 1 @1000000005", "m 1 @999999995"));
  EXPECT_EQ(result->rejected.count(RejectReason::kTooNew), 1u);
  EXPECT_EQ(result->rejected.count(RejectReason::kTooOld), 1u);
}

TEST_F(OtlpDecodeTest, RefusedTargetInfoIsAWarning) {
  const auto result =
      Decode("resource_metrics { resource { " + Attribute("service.name", "s") +
             Attribute("a", FakeSink::kTooLong) + "} scope_metrics { metrics { name: 'm' gauge { " +
             Point("as_int: 1") + " } } } }");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->rejected.total(), 0u);
  EXPECT_THAT(result->warning, HasSubstr("target_info"));
  EXPECT_THAT(sink_.LinesOf(result->batch), ElementsAre("m{job=\"s\"} 1 @1000000000"));
}

TEST_F(OtlpDecodeTest, InvalidUtf8IsRejectedNotRepeated) {
  auto request = Parse(Metrics("metrics { name: 'XX' gauge { " + Point("as_int: 1") + " } }"));
  std::string bytes = request.SerializeAsString();
  bytes.replace(bytes.find("XX"), 2, "\xff\xfe");
  const auto result = decoder_.Decode(bytes, Timestamp::FromMillis(kNowMs));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->rejected.count(RejectReason::kInvalidUtf8), 1u);
  EXPECT_EQ(result->rejected.Describe(), "1 invalid_utf8: metric name or unit");
}

TEST_F(OtlpDecodeTest, LimitsOfARequest) {
  limits_.samples_per_request_max = 2;
  const std::string two =
      "metrics { name: 'm' gauge { " + Point("as_int: 1") + Point("as_int: 2") + " } }";
  EXPECT_TRUE(Decode(Metrics(two)).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(
      Decode(Metrics(two + "metrics { name: 'h' summary { data_points { } } }")).status()));
  limits_.request_bytes_max = 10;
  EXPECT_TRUE(absl::IsResourceExhausted(Decode(Metrics(two)).status()));
}

TEST_F(OtlpDecodeTest, EmptyRequestsAreFine) {
  EXPECT_THAT(Lines(""), IsEmpty());
  EXPECT_THAT(Lines("resource_metrics { }"), IsEmpty());
  EXPECT_THAT(Lines(Metrics("metrics { name: 'm' }  metrics { name: 'm' gauge { } }")), IsEmpty());
}

// What holds no point costs time and room as well: without a count of its own, 60 KiB of gzip
// became gigabytes.
TEST_F(OtlpDecodeTest, WhatIsEmptyCountsAsOnePoint) {
  limits_.samples_per_request_max = 2;
  const auto repeat = [](const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  for (const std::string text : {"metrics { }", "metrics { gauge { } }", "metrics { sum { } }",
                                 "metrics { histogram { } }"}) {
    EXPECT_TRUE(Decode(Metrics(repeat(text, 2))).ok()) << text;
    EXPECT_TRUE(absl::IsResourceExhausted(Decode(Metrics(repeat(text, 3))).status())) << text;
  }
  for (const std::string text :
       {"resource_metrics { }", "resource_metrics { scope_metrics { } }"}) {
    EXPECT_TRUE(Decode(repeat(text, 2)).ok()) << text;
    EXPECT_TRUE(absl::IsResourceExhausted(Decode(repeat(text, 3)).status())) << text;
  }
  const std::string scopes = "resource_metrics { " + repeat("scope_metrics { } ", 3) + "}";
  EXPECT_TRUE(absl::IsResourceExhausted(Decode(scopes).status()));
  // What is not empty is counted once, by its points.
  EXPECT_TRUE(
      Decode(repeat(Metrics("metrics { name: 'm' gauge { " + Point("as_int: 1") + " } }"), 2))
          .ok());
}

// A field of a message: its tag, its length as five bytes, its content.
std::string Field(char tag, const std::string& content) {
  std::string out(1, tag);
  for (int i = 0; i < 5; ++i) {
    out.push_back(static_cast<char>((content.size() >> (7 * i) & 0x7f) | (i < 4 ? 0x80 : 0)));
  }
  return out + content;
}

TEST_F(OtlpDecodeTest, EmptyMetricsTakeNoMemory) {
  std::string metrics;
  metrics.reserve(16 << 20);
  while (metrics.size() < 16 << 20) metrics.append("\x12\x02\x2a\x00", 4);  // metrics { gauge { } }
  const std::string request = Field('\x0a', Field('\x12', metrics));
  limits_.samples_per_request_max = 20'000'000;
  const PeakMemory memory;
  EXPECT_TRUE(decoder_.Decode(request, Timestamp::FromMillis(kNowMs)).ok());
  limits_.samples_per_request_max = 1'000'000;
  EXPECT_TRUE(
      absl::IsResourceExhausted(decoder_.Decode(request, Timestamp::FromMillis(kNowMs)).status()));
  EXPECT_LT(memory.grown_kib(), 16u << 10);
}

// Points that are refused leave nothing behind, whatever stands with them.
TEST_F(OtlpDecodeTest, RejectedPointsTakeNoMemory) {
  // Attributes that stand apart, and no time: dated 1970.
  const std::string point = Field('\x0a', std::string("\x3a\x00\x40\x00\x3a\x00", 6));
  const std::string metric = Field('\x12', Field('\x2a', point));
  std::string metrics;
  metrics.reserve(50 << 20);
  for (int i = 0; i < 1'000'000; ++i) metrics += metric;
  const std::string request = Field('\x0a', Field('\x12', metrics));
  const PeakMemory memory;
  const auto result = decoder_.Decode(request, Timestamp::FromMillis(kNowMs));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rejected.count(RejectReason::kTooOld), 1'000'000u);
  EXPECT_LT(memory.grown_kib(), 16u << 10);
}

std::string Repeated(const std::string& text, int times) {
  std::string out;
  out.reserve(text.size() * static_cast<size_t>(times));
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

// Attributes are copied when a series is new: only as far as they can become labels.
TEST_F(OtlpDecodeTest, OversizedAttributesTakeNoMemory) {
  const std::string time_and_value =
      std::string("\x19\x00\x80\xc6\xa4\x7e\x8d\x03\x00", 9) +  // kNowMs
      std::string("\x31\x01\x00\x00\x00\x00\x00\x00\x00", 9);
  const auto request_of = [&](const std::string& resource, const std::string& attributes) {
    const std::string point = Field('\x0a', attributes + time_and_value);
    const std::string metric = Field('\x12', Field('\x0a', "m") + Field('\x2a', point));
    return Field('\x0a', Field('\x0a', resource) + Field('\x12', metric));
  };
  const auto attribute_of = [](char tag, const std::string& value) {
    return Field(tag, Field('\x0a', "k") + Field('\x12', value));
  };
  std::string members;
  for (int i = 0; i < 400'000; ++i) members += Field('\x0a', Field('\x0a', std::to_string(i)));
  const struct {
    const char* why;
    std::string request;
    size_t rejected;
  } cases[] = {
      {"many of a point", request_of("", Repeated(std::string("\x3a\x00", 2), 4'000'000)), 1},
      {"many of a resource", request_of(Repeated(std::string("\x0a\x00", 2), 4'000'000), ""), 1},
      {"long array",
       request_of("", attribute_of('\x3a',
                                   Field('\x2a', Repeated(std::string("\x0a\x00", 2), 8'000'000)))),
       0},
      {"long list", request_of("", attribute_of('\x3a', Field('\x32', members))), 0},
      {"long string in an array",
       request_of("", attribute_of(
                          '\x3a',
                          Field('\x2a', Field('\x0a', Field('\x0a', std::string(16 << 20, '<')))))),
       0},
  };
  for (const auto& c : cases) {
    const PeakMemory memory;
    const auto result = decoder_.Decode(c.request, Timestamp::FromMillis(kNowMs));
    ASSERT_TRUE(result.ok()) << c.why << ": " << result.status();
    EXPECT_EQ(result->rejected.count(RejectReason::kLabelLimit), c.rejected) << c.why;
    EXPECT_LT(memory.grown_kib(), 16u << 10) << c.why;
    // The others are refused by the engine, which sees that they are too long.
    EXPECT_EQ(result->batch.size(), 1 - c.rejected) << c.why << result->rejected.Describe();
  }
}

TEST_F(OtlpDecodeTest, MalformedBytesAreInvalid) {
  for (const std::string& bytes :
       {std::string("\x0a"), std::string("\x0a\x05x"), std::string("\x07"), std::string("\x00", 1),
        std::string("not protobuf"), std::string("\x0a\x02\x12\x7f", 4)}) {
    EXPECT_TRUE(
        absl::IsInvalidArgument(decoder_.Decode(bytes, Timestamp::FromMillis(kNowMs)).status()))
        << testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace tocsin::ingest
