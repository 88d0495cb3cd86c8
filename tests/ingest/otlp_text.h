#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"

// Requests as protobuf text, for tables.
namespace tocsin::ingest {

inline std::string BytesOfRequest(const std::string& text) {
  opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
  return request.SerializeAsString();
}

// A data point with times in milliseconds; a start of 0 is left out.
inline std::string PointAt(int64_t start_ms, int64_t time_ms, const std::string& fields) {
  const auto nanos = [](int64_t ms) { return std::to_string(ms) + "000000 "; };
  return "data_points { time_unix_nano: " + nanos(time_ms) +
         (start_ms == 0 ? "" : "start_time_unix_nano: " + nanos(start_ms)) + fields + " } ";
}

// One request with these metrics, sent by no particular resource.
inline std::string RequestOf(const std::string& metrics) {
  return "resource_metrics { scope_metrics { " + metrics + " } }";
}

inline std::string TextAttribute(const std::string& key, const std::string& value) {
  return "attributes { key: '" + key + "' value { string_value: '" + value + "' } } ";
}

}  // namespace tocsin::ingest
