#include "integrations/ingest/json_wire.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "proto/io/prometheus/write/v1/request.pb.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"

namespace tocsin::ingest {
namespace {

using Request = opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;
using Histogram = io::prometheus::write::v1::Histogram;  // has every kind of number

template <typename Message>
absl::StatusOr<std::string> Wire(const std::string& json, size_t bytes_max = 1 << 20,
                                 BudgetLease* room = nullptr) {
  return WireFromJson(json, *Message::descriptor(), bytes_max, room);
}

template <typename Message>
void ExpectText(const std::string& json, const std::string& text) {
  const auto wire = Wire<Message>(json);
  ASSERT_TRUE(wire.ok()) << json << ": " << wire.status();
  Message got, want;
  ASSERT_TRUE(got.ParseFromString(*wire)) << json;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &want)) << text;
  EXPECT_EQ(got.ShortDebugString(), want.ShortDebugString()) << json;  // where NaN is NaN
}

// The example of the specification, shortened.
TEST(JsonWireTest, ARequestAsSendersWriteIt) {
  ExpectText<Request>(R"({"resourceMetrics": [{
      "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "größe"}}]},
      "scopeMetrics": [{"scope": {"name": "x", "unknown": [1, {"a": [[]]}]}, "metrics": [
        {"name": "my.counter", "unit": "1", "sum": {"aggregationTemporality": 2, "isMonotonic": true,
         "dataPoints": [{"asDouble": 5, "timeUnixNano": "1544712660300000000",
                         "attributes": [{"key": "n", "value": {"intValue": "-3"}}]},
                        {"asInt": "7", "timeUnixNano": 1544712660300000000}]}},
        {"name": "h", "exponentialHistogram": {"dataPoints": [
          {"scale": -1, "count": 3, "positive": {"offset": -2, "bucketCounts": ["1", 2, 0]}}]}}]}]}],
      "later": {"deep": null}})",
                      R"(resource_metrics {
      resource { attributes { key: "service.name" value { string_value: "größe" } } }
      scope_metrics { scope { name: "x" } metrics { name: "my.counter" unit: "1" sum {
        data_points { time_unix_nano: 1544712660300000000 as_double: 5
                      attributes { key: "n" value { int_value: -3 } } }
        data_points { time_unix_nano: 1544712660300000000 as_int: 7 }
        aggregation_temporality: AGGREGATION_TEMPORALITY_CUMULATIVE is_monotonic: true } }
        metrics { name: "h" exponential_histogram { data_points {
          scale: -1 count: 3 positive { offset: -2 bucket_counts: [1, 2, 0] } } } } } })");
}

TEST(JsonWireTest, Values) {
  const std::pair<const char*, const char*> cases[] = {
      {"{}", ""},
      {R"({"sum": 1})", "sum: 1"},
      {R"({"sum": "1.5"})", "sum: 1.5"},
      {R"({"sum": "NaN"})", "sum: nan"},
      {R"({"sum": "-Infinity"})", "sum: -inf"},
      {R"({"countInt": "18446744073709551615"})", "count_int: 18446744073709551615"},
      {R"({"countInt": 18446744073709551615})", "count_int: 18446744073709551615"},
      {R"({"count_int": 1e3})", "count_int: 1000"},
      {R"({"schema": "-53"})", "schema: -53"},
      {R"({"schema": 2147483647})", "schema: 2147483647"},
      {R"({"timestamp": "-9223372036854775808"})", "timestamp: -9223372036854775808"},
      {R"({"resetHint": 3})", "reset_hint: GAUGE"},
      {R"({"resetHint": "GAUGE"})", "reset_hint: GAUGE"},
      {R"({"positiveDeltas": [1, "-2", 0]})", "positive_deltas: [1, -2, 0]"},
      {R"({"positiveCounts": [1, "NaN"]})", "positive_counts: [1, nan]"},
      {R"({"positiveDeltas": []})", ""},
      {R"({"sum": null, "positiveSpans": null})", ""},
      {R"({"positiveSpans": [{"offset": -1}, {}]})",
       "positive_spans { offset: -1 } positive_spans {}"},
      {R"({"sum": 1, "sum": 2})", "sum: 2"},
  };
  for (const auto& [json, text] : cases) ExpectText<Histogram>(json, text);
}

TEST(JsonWireTest, Bytes) {
  using Value = opentelemetry::proto::common::v1::AnyValue;
  ExpectText<Value>(R"({"bytesValue": "AP8="})", R"(bytes_value: "\000\377")");
  ExpectText<Value>(R"({"bytesValue": "__8"})", R"(bytes_value: "\377\377")");
  EXPECT_TRUE(absl::IsInvalidArgument(Wire<Value>(R"({"bytesValue": "!"})").status()));
}

TEST(JsonWireTest, WhatIsNotSuchAMessage) {
  for (const char* json : {"",
                           "[]",
                           "1",
                           "null",
                           "\"x\"",
                           "{",
                           "{\"sum\": }",
                           "{} {}",
                           "{\"sum\": true}",
                           "{\"sum\": {}}",
                           "{\"sum\": [1]}",
                           "{\"sum\": \"x\"}",
                           "{\"sum\": \"1e999\"}",
                           "{\"sum\": 1e999}",
                           "{\"countInt\": -1}",
                           "{\"countInt\": 1.5}",
                           "{\"countInt\": \"18446744073709551616\"}",
                           "{\"countInt\": 1e30}",
                           "{\"timestamp\": 9223372036854775808}",
                           "{\"schema\": 2147483648}",
                           "{\"schema\": \"-2147483649\"}",
                           "{\"resetHint\": \"LATER\"}",
                           "{\"positiveSpans\": {}}",
                           "{\"positiveSpans\": [1]}",
                           "{\"positiveSpans\": [[]]}",
                           "{\"positiveSpans\": [null]}",
                           "{\"positiveDeltas\": 1}",
                           "{\"positiveSpans\": [{\"length\": -1}]}",
                           "{\"\xff\": 1}"}) {
    const auto wire = Wire<Histogram>(json);
    EXPECT_TRUE(absl::IsInvalidArgument(wire.status())) << json << ": " << wire.status();
    EXPECT_NE(wire.status().message(), "") << json;
  }
  using KeyValue = opentelemetry::proto::common::v1::KeyValue;
  EXPECT_FALSE(Wire<KeyValue>(R"({"key": 1})").ok());
  EXPECT_FALSE(Wire<KeyValue>(R"({"value": {"boolValue": 1}})").ok());
}

TEST(JsonWireTest, Limits) {
  std::string deep = "{\"x\": ";
  for (int i = 0; i < 200; ++i) deep += "[";
  EXPECT_TRUE(absl::IsInvalidArgument(Wire<Histogram>(deep).status()));

  std::string long_json = "{\"positiveSpans\": [{}";
  for (int i = 0; i < 100'000; ++i) long_json += ",{}";
  long_json += "]}";
  EXPECT_TRUE(Wire<Histogram>(long_json).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Wire<Histogram>(long_json, 100'000).status()));

  Metrics metrics;
  Budget budget(metrics, {.reason = "r", .limit = "l", .amount_max = 200'000});
  BudgetLease others(budget);
  ASSERT_TRUE(others.Grow(100'000).ok());
  BudgetLease room(budget);
  EXPECT_TRUE(absl::IsUnavailable(Wire<Histogram>(long_json, 1 << 20, &room).status()));
  EXPECT_TRUE(Wire<Histogram>("{}", 1 << 20, &room).ok());
}

}  // namespace
}  // namespace tocsin::ingest
