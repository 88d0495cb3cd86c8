#include "integrations/ingest/remote_write_decode.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <bit>

#include "proto/io/prometheus/write/v1/request.pb.h"
#include "proto/io/prometheus/write/v2/request.pb.h"
#include "tests/ingest/fake_sink.h"

namespace tocsin::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Timestamp kNow = Timestamp::FromMillis(1'700'000'000'000);

template <typename Message>
std::string Bytes(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message.SerializeAsString();
}
std::string V1(const std::string& text) {
  return Bytes<io::prometheus::write::v1::WriteRequest>(text);
}
std::string V2(const std::string& text) {
  return Bytes<io::prometheus::write::v2::Request>(text);
}
// A series of 1.0 with these labels and one sample.
std::string OneV1(const std::string& labels) {
  return V1("timeseries { " + labels + " samples { value: 1 timestamp: 1700000000000 } }");
}
// A series of one histogram.
std::string HistogramV1(const std::string& fields) {
  return V1(
      "timeseries { labels { name: '__name__' value: 'h' } histograms { "
      "timestamp: 1700000000000 " +
      fields + " } }");
}

class RemoteWriteDecodeTest : public ::testing::Test {
 protected:
  absl::StatusOr<RemoteWriteSamples> Decode(RemoteWriteVersion version, const std::string& bytes) {
    return decoder_.Decode(version, bytes, kNow);
  }
  std::vector<std::string> Lines(RemoteWriteVersion version, const std::string& bytes) {
    const auto decoded = Decode(version, bytes);
    EXPECT_TRUE(decoded.ok()) << decoded.status();
    if (!decoded.ok()) return {};
    EXPECT_EQ(decoded->rejected.Describe(), "");
    return sink_.LinesOf(decoded->batch);
  }

  // Traces of the series that came as number `ref`, the newest first, as "trace/span=value@time".
  std::vector<std::string> Traces(SeriesRef ref) {
    std::vector<std::string> traces;
    for (const Exemplar& one : exemplars_.Newest(ref)) {
      traces.push_back(absl::StrCat(one.trace_id, "/", one.span_id, "=", one.value, "@",
                                    one.time.millis() - kNow.millis()));
    }
    return traces;
  }

  Limits limits_;
  FakeSink sink_;
  ExemplarStore exemplars_{10};
  RemoteWriteDecoder decoder_{limits_, sink_, &exemplars_};
};

TEST_F(RemoteWriteDecodeTest, VersionOne) {
  EXPECT_THAT(Lines(RemoteWriteVersion::kV1, V1(R"(
                timeseries {
                  labels { name: "__name__" value: "up" } labels { name: "job" value: "node" }
                  samples { value: 1 timestamp: 1699999999000 }
                  samples { value: 0 timestamp: 1700000000000 }
                  exemplars { labels { name: "trace_id" value: "x" } value: 3 timestamp: 1 }
                }
                metadata { type: 1 metric_family_name: "up" help: "h" }
                timeseries {
                  labels { name: "job" value: "" } labels { name: "__name__" value: "t" }
                  samples { value: nan timestamp: 1700000000000 }
                })")),
              ElementsAre("up{job=\"node\"} 1 @1699999999000", "up{job=\"node\"} 0 @1700000000000",
                          "t nan @1700000000000"));
}

TEST_F(RemoteWriteDecodeTest, VersionTwo) {
  EXPECT_THAT(
      Lines(RemoteWriteVersion::kV2, V2(R"(
                symbols: "" symbols: "__name__" symbols: "up" symbols: "job" symbols: "node"
                timeseries {
                  labels_refs: [1, 2, 3, 4]
                  samples { value: 1 timestamp: 1700000000000 }
                  exemplars { labels_refs: [3, 4] value: 3 } metadata { type: 2 help_ref: 4 }
                }
                timeseries {
                  labels_refs: [3, 2, 1, 4] samples { value: 2 timestamp: 1700000000000 }
                })")),
      ElementsAre("up{job=\"node\"} 1 @1700000000000", "node{job=\"up\"} 2 @1700000000000"));
}

// As Prometheus sends them: in series of their own, behind the samples.
TEST_F(RemoteWriteDecodeTest, ExemplarsOfVersionOne) {
  const std::string up = "labels { name: '__name__' value: 'up' }";
  const auto exemplar = [](const char* name, const std::string& value, int64_t ago_ms) {
    return absl::StrCat("exemplars { labels { name: '", name, "' value: '", value,
                        "' } value: 3 timestamp: ", kNow.millis() - ago_ms, " } ");
  };
  const std::string bytes =
      V1("timeseries { " + up + exemplar("trace_id", "early", 1) + "}" + "timeseries { " + up +
         " samples { value: 1 timestamp: 1700000000000 } } timeseries { " + up +
         exemplar("traceID", "a", 10) + exemplar("TraceID", "b", 20) + exemplar("other", "c", 30) +
         exemplar("trace_id", "", 40) + exemplar("trace_id", "a b", 50) +
         exemplar("trace_id", std::string(129, 'x'), 60) + exemplar("trace_id", "old", 3'700'000) +
         exemplar("trace_id", "ahead", -700'000) +
         "exemplars { labels { name: 'span_id' value: 's' } labels { name: 'trace_id' value: 't' } "
         "value: 4 timestamp: 1700000000000 } } "
         "timeseries { labels { name: '__name__' value: 'stranger' } " +
         exemplar("trace_id", "d", 0) + "}");
  const auto decoded = Decode(RemoteWriteVersion::kV1, bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->rejected.Describe(), "");
  EXPECT_THAT(sink_.LinesOf(decoded->batch), ElementsAre("up 1 @1700000000000"));
  EXPECT_EQ(decoded->exemplars, 4u);
  EXPECT_EQ(sink_.resolved(), 1u) << "an exemplar makes no series";
  EXPECT_THAT(Traces(1), ElementsAre("t/s=4@0", "early/=3@-1", "a/=3@-10", "b/=3@-20"));
}

TEST_F(RemoteWriteDecodeTest, ExemplarsOfVersionTwo) {
  const auto decoded = Decode(RemoteWriteVersion::kV2, V2(R"(
    symbols: "" symbols: "__name__" symbols: "up" symbols: "trace_id" symbols: "t" symbols: "span_id"
    symbols: "s"
    timeseries { labels_refs: [1, 2] samples { value: 1 timestamp: 1700000000000 } }
    timeseries {
      labels_refs: [1, 2]
      exemplars { labels_refs: [3, 4, 5, 6] value: 2 timestamp: 1700000000000 }
      exemplars { labels_refs: [3, 6] value: 3 timestamp: 1699999999000 }
      exemplars { labels_refs: [3, 99] timestamp: 1700000000000 }
      exemplars { labels_refs: [3] timestamp: 1700000000000 }
      exemplars { labels_refs: [5, 6] timestamp: 1700000000000 }
      exemplars { }
    }
    timeseries { labels_refs: [1, 99] exemplars { labels_refs: [3, 4] timestamp: 1700000000000 } })"));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->rejected.Describe(), "") << "exemplars are never refused";
  EXPECT_EQ(decoded->exemplars, 2u);
  EXPECT_THAT(Traces(1), ElementsAre("t/s=2@0", "s/=3@-1000"));
}

TEST_F(RemoteWriteDecodeTest, MalformedExemplarsAreLeftOut) {
  io::prometheus::write::v1::WriteRequest request;
  auto* series = request.add_timeseries();
  series->add_labels()->set_name("__name__");
  series->mutable_labels(0)->set_value("up");
  series->add_samples()->set_timestamp(kNow.millis());
  std::string bytes = series->SerializeAsString() + std::string("\x1a\x02\x0a\x7f", 4);
  bytes = std::string(1, '\x0a') + static_cast<char>(bytes.size()) + bytes;
  const auto decoded = Decode(RemoteWriteVersion::kV1, bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->exemplars, 0u);
  EXPECT_EQ(decoded->batch.size(), 1u);
}

TEST_F(RemoteWriteDecodeTest, SoManyExemplarsOfARequestAreLookedAt) {
  io::prometheus::write::v1::WriteRequest request;
  auto* series = request.add_timeseries();
  series->add_labels()->set_name("__name__");
  series->mutable_labels(0)->set_value("up");
  series->add_samples()->set_timestamp(kNow.millis());
  for (size_t i = 0; i < RemoteWriteDecoder::kExemplarsMax + 5; ++i) {
    auto* exemplar = series->add_exemplars();
    exemplar->set_timestamp(kNow.millis());
    exemplar->add_labels()->set_name("trace_id");
    exemplar->mutable_labels(0)->set_value("t");
  }
  const auto decoded = Decode(RemoteWriteVersion::kV1, request.SerializeAsString());
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->exemplars, RemoteWriteDecoder::kExemplarsMax);
}

TEST_F(RemoteWriteDecodeTest, KnownSeriesAreNotResolvedAgain) {
  const std::string v1 = OneV1("labels { name: '__name__' value: 'up' }");
  const std::string v2 =
      V2("symbols: '' symbols: '__name__' symbols: 'up' timeseries { labels_refs: [1, 2] "
         "samples { value: 1 timestamp: 1700000000000 } }");
  // The same texts at other places.
  const std::string moved = V2(
      "symbols: '' symbols: 'x' symbols: 'up' symbols: '__name__' timeseries { labels_refs: [3, 2] "
      "samples { value: 1 timestamp: 1700000000000 } }");
  for (int i = 0; i < 3; ++i) Lines(RemoteWriteVersion::kV1, v1);
  EXPECT_EQ(sink_.resolved(), 1u);
  for (const std::string& bytes : {v2, v2, moved}) {
    EXPECT_THAT(Lines(RemoteWriteVersion::kV2, bytes), ElementsAre("up 1 @1700000000000"));
  }
  EXPECT_EQ(sink_.resolved(), 2u);
}

// Protobuf lets fields stand in any order: samples before labels, labels apart, series before
// symbols, places not packed.
TEST_F(RemoteWriteDecodeTest, FieldsMayStandInAnyOrder) {
  const std::string sample =
      Bytes<io::prometheus::write::v1::TimeSeries>("samples { value: 1 timestamp: 1700000000000 }");
  const std::string name =
      Bytes<io::prometheus::write::v1::TimeSeries>("labels { name: '__name__' value: 'a' }");
  const std::string job =
      Bytes<io::prometheus::write::v1::TimeSeries>("labels { name: 'job' value: 'b' }");
  const auto request = [](uint32_t field, const std::string& series) {
    return std::string(1, static_cast<char>(field << 3 | 2)) +
           std::string(1, static_cast<char>(series.size())) + series;
  };
  for (const std::string& series :
       {sample + name + job, name + sample + job, job + sample + name + sample.substr(0, 0),
        name + job + sample}) {
    EXPECT_THAT(Lines(RemoteWriteVersion::kV1, request(1, series)),
                ElementsAre("a{job=\"b\"} 1 @1700000000000"));
  }
  const std::string one_by_one = std::string("\x08\x01\x08\x02", 4) + sample;
  const std::string symbols = V2("symbols: '' symbols: '__name__' symbols: 'c'");
  EXPECT_THAT(Lines(RemoteWriteVersion::kV2, request(5, one_by_one) + symbols),
              ElementsAre("c 1 @1700000000000"));
}

// A series c of 2.0 with these further fields.
std::string CountedV2(const std::string& series) {
  return V2(
      "symbols: ['', '__name__', 'c', 'quantile', '0.5'] timeseries { "
      "labels_refs: [1, 2] " +
      series + " }");
}

TEST_F(RemoteWriteDecodeTest, ACounterBeginsWithZeroWhereItsStartIsTold) {
  const std::string two_samples =
      "samples { value: 5 timestamp: 1699999999000 start_timestamp: 1699999990000 } "
      "samples { value: 6 timestamp: 1700000000000 start_timestamp: 1699999990000 } "
      "metadata { type: 1 }";
  const auto decoded = Decode(RemoteWriteVersion::kV2, CountedV2(two_samples));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_THAT(sink_.LinesOf(decoded->batch),
              ElementsAre("c 0 @1699999990000", "c 5 @1699999999000", "c 6 @1700000000000"));
  EXPECT_EQ(decoded->floats(), 2u);
  EXPECT_EQ(decoded->begun.size(), 1u);
  // Known, and older than the one that is known.
  EXPECT_THAT(Lines(RemoteWriteVersion::kV2, CountedV2(two_samples)),
              ElementsAre("c 5 @1699999999000", "c 6 @1700000000000"));
  EXPECT_THAT(Lines(RemoteWriteVersion::kV2,
                    CountedV2("metadata { type: 1 } samples { value: 2 timestamp: 1700000000000 "
                              "start_timestamp: 1699999980000 }")),
              ElementsAre("c 2 @1700000000000"));
  // A reset.
  EXPECT_THAT(Lines(RemoteWriteVersion::kV2,
                    CountedV2("metadata { type: 1 } samples { value: 1 timestamp: 1700000000000 "
                              "start_timestamp: 1699999999500 }")),
              ElementsAre("c 0 @1699999999500", "c 1 @1700000000000"));
}

TEST_F(RemoteWriteDecodeTest, AHistogramBeginsEmptyWhereItsStartIsTold) {
  const auto decoded = Decode(
      RemoteWriteVersion::kV2,
      CountedV2("histograms { count_int: 3 sum: 4 schema: 1 zero_threshold: 0.5 "
                "positive_spans { offset: 1 length: 1 } positive_deltas: 3 "
                "timestamp: 1700000000000 start_timestamp: 1699999990000 } metadata { type: 3 }"));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->histograms, 1u);
  EXPECT_EQ(decoded->floats(), 0u);
  ASSERT_EQ(decoded->batch.size(), 2u);
  EXPECT_EQ(decoded->batch.times_ms, (std::vector<int64_t>{1699999990000, 1700000000000}));
  EXPECT_EQ(decoded->batch.histogram(0)->count, 0);
  EXPECT_EQ(decoded->batch.histogram(0)->schema, 1);
  EXPECT_EQ(decoded->batch.histogram(1)->count, 3);
}

TEST_F(RemoteWriteDecodeTest, WhatDoesNotCountFromAStartOnBeginsAsItIs) {
  const auto sample = [](const char* start) {
    return absl::StrCat("samples { value: 5 timestamp: 1700000000000 start_timestamp: ", start,
                        " } ");
  };
  const std::string start = sample("1699999990000");
  for (const std::string& series : {
           start + "metadata { type: 2 }",  // a gauge
           start + "metadata { type: 4 }",  // a histogram of a state
           start + "metadata { type: 6 }",
           start + "metadata { type: 7 }",
           sample("1700000000000") + "metadata { type: 1 }",  // counts from its first value on
           sample("1700000000001") + "metadata { type: 1 }",  // ahead of it
           sample("1699996399999") + "metadata { type: 1 }",  // older than past_ms_max
           sample("-5") + "metadata { type: 1 }",
       }) {
    EXPECT_THAT(Lines(RemoteWriteVersion::kV2, CountedV2(series)),
                ElementsAre("c 5 @1700000000000"))
        << series;
  }
  EXPECT_THAT(Lines(RemoteWriteVersion::kV2,
                    CountedV2("labels_refs: [3, 4] metadata { type: 5 } " + start)),
              ElementsAre("c{quantile=\"0.5\"} 5 @1700000000000"));
  // Prometheus itself leaves the type out unless it is told to record metadata.
  const auto decoded = Decode(RemoteWriteVersion::kV2, CountedV2(start));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_THAT(sink_.LinesOf(decoded->batch),
              ElementsAre("c 0 @1699999990000", "c 5 @1700000000000"));
}

// The zeros were not sent: they are neither written nor rejected.
TEST_F(RemoteWriteDecodeTest, StartsOfRefusedSeriesGoWithThem) {
  const std::string sample =
      "samples { value: 5 timestamp: 1700000000000 start_timestamp: 1699999990000 } "
      "metadata { type: 1 } ";
  for (const std::string labels : {"labels_refs: [3, 4]", "labels_refs: [1, 9]"}) {
    const auto decoded =
        Decode(RemoteWriteVersion::kV2,
               V2("symbols: ['', '__name__', 'c', 'quantile', '0.5'] timeseries { " + labels + " " +
                  sample + "} timeseries { labels_refs: [1, 2] " + sample + "}"));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->rejected.total(), 1u) << labels;
    EXPECT_EQ(decoded->floats(), 1u);
    EXPECT_EQ(sink_.LinesOf(decoded->batch).back(), "c 5 @1700000000000");
  }
}

TEST_F(RemoteWriteDecodeTest, StaleMarkersKeepTheirBits) {
  io::prometheus::write::v1::WriteRequest request;
  auto* series = request.add_timeseries();
  series->add_labels()->set_name("__name__");
  series->mutable_labels(0)->set_value("up");
  series->add_samples()->set_value(StaleMarker());
  series->mutable_samples(0)->set_timestamp(kNow.millis());
  series->add_histograms()->set_sum(StaleMarker());
  series->mutable_histograms(0)->set_timestamp(kNow.millis());
  EXPECT_THAT(Lines(RemoteWriteVersion::kV1, request.SerializeAsString()),
              ElementsAre("up stale @1700000000000", "up stale @1700000000000"));
}

TEST_F(RemoteWriteDecodeTest, SeriesThatAreRefused) {
  limits_.labels_per_series_max = 3;
  const std::string name = "labels { name: '__name__' value: 'up' }";
  const std::pair<std::string, const char*> cases[] = {
      {"", "1 invalid_name"},
      {"labels { name: 'job' value: 'x' }", "1 invalid_name"},
      {"labels { name: '__name__' value: '' }", "1 invalid_name"},
      {name + "labels { name: '' value: 'x' }", "1 invalid_label"},
      {name + "labels { name: 'a' value: 'x' } labels { name: 'a' value: 'y' }",
       "1 duplicate_label"},
      {name + "labels { name: 'a' value: 'x' } labels { name: 'a' value: '' }",
       "1 duplicate_label"},
      {name + "labels { name: 'a' } labels { name: 'b' } labels { name: 'c' }", "1 label_limit"},
      {name + "labels { name: 'a' value: 'too long' }", "1 label_limit"},
      {name + "labels { name: 'a' value: 'one too many' }", "1 series_limit"},
  };
  for (const auto& [labels, want] : cases) {
    const auto decoded = Decode(RemoteWriteVersion::kV1, OneV1(labels));
    ASSERT_TRUE(decoded.ok()) << labels << decoded.status();
    EXPECT_THAT(decoded->rejected.Describe(), testing::StartsWith(want)) << labels;
    EXPECT_TRUE(decoded->batch.empty());
  }
  std::string bytes = OneV1(name + "labels { name: 'a' value: 'QQ' }");
  bytes[bytes.find("QQ")] = '\xff';
  EXPECT_THAT(Decode(RemoteWriteVersion::kV1, bytes)->rejected.Describe(),
              testing::StartsWith("1 invalid_utf8"));
}

// Samples and histograms around a refused series keep their own values.
TEST_F(RemoteWriteDecodeTest, RefusedSeriesLeaveTheOthersAlone) {
  const auto decoded = Decode(RemoteWriteVersion::kV1, V1(R"(
    timeseries { labels { name: "__name__" value: "a" } samples { value: 1 timestamp: 1700000000000 } }
    timeseries { labels { name: "job" value: "x" } samples { value: 2 timestamp: 1700000000000 }
                 histograms { timestamp: 1700000000000 } }
    timeseries { labels { name: "__name__" value: "h" }
                 histograms { count_int: 1 zero_count_int: 1 sum: 5 timestamp: 1700000000000 } }
    timeseries { samples { value: 3 timestamp: 1700000000000 } }
    timeseries { labels { name: "__name__" value: "b" } samples { value: 4 timestamp: 1700000000000 } })"));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->rejected.count(RejectReason::kInvalidName), 3u);
  EXPECT_THAT(sink_.LinesOf(decoded->batch),
              ElementsAre("a 1 @1700000000000", HasSubstr("h {{"), "b 4 @1700000000000"));
  EXPECT_EQ(decoded->histograms, 1u);
  EXPECT_EQ(decoded->floats(), 2u);
}

TEST_F(RemoteWriteDecodeTest, PlacesThatAreNotThere) {
  for (const char* refs : {"1, 2, 3", "1, 3", "1, 4294967295"}) {
    const auto decoded =
        Decode(RemoteWriteVersion::kV2,
               V2(std::string(
                      "symbols: '' symbols: '__name__' symbols: 'up' timeseries { labels_refs: [") +
                  refs +
                  "] samples { value: 1 timestamp: 1700000000000 } } timeseries { "
                  "labels_refs: [1, 2] samples { value: 7 timestamp: 1700000000000 } }"));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->rejected.count(RejectReason::kInvalidLabel), 1u) << refs;
    EXPECT_THAT(sink_.LinesOf(decoded->batch), ElementsAre("up 7 @1700000000000")) << refs;
  }
}

TEST_F(RemoteWriteDecodeTest, Histograms) {
  struct Case {
    const char* name;
    std::string fields;
    std::string want;  // of a sample; or of the rejection
  };
  const Case cases[] = {
      {"integers",
       "count_int: 12 sum: 18.4 schema: 1 zero_threshold: 0.001 zero_count_int: 2 "
       "positive_spans { offset: 0 length: 2 } positive_spans { offset: 1 length: 1 } "
       "positive_deltas: [1, 1, -1] negative_spans { offset: -1 length: 2 } "
       "negative_deltas: [2, 2]",
       "{{schema:1 count:12 sum:18.4 z_bucket:2 z_bucket_w:0.001 buckets:[1 2 0 1] n_offset:-1 "
       "n_buckets:[2 4]}}"},
      {"floats",
       "count_float: 3.5 sum: 1 schema: -4 zero_count_float: 0.5 positive_spans { offset: 3 "
       "length: 2 } positive_counts: [1, 2] reset_hint: YES",
       "{{schema:-4 count:3.5 sum:1 z_bucket:0.5 offset:3 buckets:[1 2]}}"},
      {"gauge", "count_int: 1 sum: 1 zero_count_int: 1 reset_hint: GAUGE",
       "{{count:1 sum:1 z_bucket:1 counter_reset_hint:gauge}}"},
      {"custom buckets",
       "count_int: 3 sum: 9 schema: -53 custom_values: [1, 5] positive_spans { offset: 0 length: "
       "3 } positive_deltas: [1, 0, 0]",
       "{{schema:-53 count:3 sum:9 custom_values:[1 5] buckets:[1 1 1]}}"},
      {"finer than 8",
       "count_int: 4 sum: 1 schema: 9 positive_spans { offset: 1 length: 4 } "
       "positive_deltas: [1, 0, 0, 0]",
       "{{schema:8 count:4 sum:1 offset:1 buckets:[2 2]}}"},
      {"observations that are no numbers", "count_int: 5 sum: nan zero_count_int: 2",
       "{{count:5 sum:NaN z_bucket:2}}"},
      {"does not add up", "count_int: 5 zero_count_int: 2", "invalid_histogram"},
      {"more in buckets than counted", "count_int: 1 sum: nan zero_count_int: 2",
       "invalid_histogram"},
      {"negative count", "positive_spans { length: 2 } positive_deltas: [1, -2]",
       "invalid_histogram"},
      {"negative float count", "count_float: 1 positive_spans { length: 1 } positive_counts: -1",
       "invalid_histogram"},
      {"spans longer than counts", "count_int: 1 positive_spans { length: 2 } positive_deltas: 1",
       "invalid_histogram"},
      {"spans shorter than counts",
       "count_int: 2 positive_spans { length: 1 } positive_deltas: [1, 0]", "invalid_histogram"},
      {"a huge span", "count_int: 1 positive_spans { length: 4294967295 } positive_deltas: 1",
       "invalid_histogram"},
      {"spans that overlap",
       "count_int: 2 positive_spans { length: 1 } positive_spans { offset: -1 length: 1 } "
       "positive_deltas: [1, 0]",
       "invalid_histogram"},
      {"beyond all numbers",
       "count_int: 1 positive_spans { offset: 2000000000 length: 1 } positive_deltas: 1",
       "invalid_histogram"},
      {"bounds out of order",
       "schema: -53 count_int: 1 custom_values: [5, 1] positive_spans { length: 1 } "
       "positive_deltas: 1",
       "invalid_histogram"},
      {"a bucket without a bound",
       "schema: -53 count_int: 1 custom_values: 1 positive_spans { offset: 2 length: 1 } "
       "positive_deltas: 1",
       "invalid_histogram"},
      {"unknown schema", "schema: -5", "histogram_scale"},
      {"unknown schema above", "schema: 53", "histogram_scale"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto decoded = Decode(RemoteWriteVersion::kV1, HistogramV1(c.fields));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    if (decoded->rejected.total() > 0) {
      EXPECT_THAT(decoded->rejected.Describe(), testing::StartsWith("1 " + c.want));
      EXPECT_TRUE(decoded->batch.empty());
    } else {
      EXPECT_THAT(sink_.LinesOf(decoded->batch), ElementsAre("h " + c.want + " @1700000000000"));
    }
  }
}

TEST_F(RemoteWriteDecodeTest, HistogramsBeyondTheLimitOfBuckets) {
  limits_.histogram_buckets_max = 3;
  for (const char* fields :
       {"positive_spans { length: 4 } positive_deltas: [0, 0, 0, 0]",
        "negative_spans { length: 2 } negative_deltas: [0, 0] positive_spans { length: 2 } "
        "positive_deltas: [0, 0]",
        "positive_spans {} positive_spans {} positive_spans {} positive_spans {}",
        "schema: -53 custom_values: [1, 2, 3, 4]"}) {
    const auto decoded = Decode(RemoteWriteVersion::kV1, HistogramV1(fields));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->rejected.count(RejectReason::kBucketLimit), 1u) << fields;
  }
}

TEST_F(RemoteWriteDecodeTest, TimesOutOfRangeAreRejected) {
  const auto decoded = Decode(RemoteWriteVersion::kV1, V1(R"(
    timeseries { labels { name: "__name__" value: "a" }
      samples { value: 1 timestamp: 1699996399999 } samples { value: 2 timestamp: 1699996400000 }
      samples { value: 3 timestamp: 1700000600000 } samples { value: 4 timestamp: 1700000600001 }
      samples { value: 5 timestamp: -9223372036854775808 }
      histograms { timestamp: 9223372036854775807 } })"));
  ASSERT_TRUE(decoded.ok());
  EXPECT_THAT(sink_.LinesOf(decoded->batch),
              ElementsAre("a 2 @1699996400000", "a 3 @1700000600000"));
  EXPECT_EQ(decoded->rejected.count(RejectReason::kTooOld), 2u);
  EXPECT_EQ(decoded->rejected.count(RejectReason::kTooNew), 2u);
}

// Whatever costs time or memory has a limit: samples, series without any, symbols.
TEST_F(RemoteWriteDecodeTest, LimitsOnTheRequest) {
  limits_.samples_per_request_max = 2;
  limits_.ingest_decode_bytes_max = 1000;
  const std::string sample = "samples { value: 1 timestamp: 1700000000000 }";
  const std::string name = "labels { name: '__name__' value: 'a' }";
  EXPECT_TRUE(
      Decode(RemoteWriteVersion::kV1, V1("timeseries { " + name + sample + sample + "}")).ok());
  std::string symbols;
  for (int i = 0; i < 100; ++i) symbols += "symbols: '' ";
  const std::pair<RemoteWriteVersion, std::string> cases[] = {
      {RemoteWriteVersion::kV1, V1("timeseries { " + name + sample + sample + sample + "}")},
      {RemoteWriteVersion::kV1, V1("timeseries {} timeseries {} timeseries {}")},
      {RemoteWriteVersion::kV2, V2("timeseries {} timeseries {} timeseries {}")},
      {RemoteWriteVersion::kV2, V2(symbols)},
  };
  for (const auto& [version, bytes] : cases) {
    const auto decoded = Decode(version, bytes);
    EXPECT_TRUE(absl::IsResourceExhausted(decoded.status())) << decoded.status();
  }
}

TEST_F(RemoteWriteDecodeTest, DamagedRequestsAreRefusedAsAWhole) {
  const std::string whole = V1(R"(
    timeseries { labels { name: "__name__" value: "a" } samples { value: 1 timestamp: 1700000000000 }
      histograms { count_int: 1 zero_count_int: 1 timestamp: 1700000000000 } })");
  for (size_t size = 1; size < whole.size(); ++size) {
    const auto decoded = Decode(RemoteWriteVersion::kV1, whole.substr(0, size));
    EXPECT_TRUE(absl::IsInvalidArgument(decoded.status())) << size << decoded.status();
  }
}

}  // namespace
}  // namespace tocsin::ingest
