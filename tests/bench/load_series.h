#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "integrations/ingest/otlp_encode.h"
#include "integrations/ingest/wire.h"

// What the senders of ingest_load have in common: the series they send, and what they did.
namespace tocsin::ingest {

struct Options {
  std::string protocol = "otlp";
  std::string target = "127.0.0.1:4317";
  std::string path;  // over HTTP; "": the protocol's own
  size_t series = 100'000;
  size_t samples_per_request = 1000;
  double seconds = 10;
  size_t connections = 2;
  size_t in_flight = 16;
  int server_pid = 0;
  double rate = 0;           // points a second of all connections together; 0: as fast as it goes
  bool in_resource = false;  // OTLP: points have one attribute, the resource has the others
};

// What one connection did.
struct Tally {
  uint64_t points = 0;
  uint64_t rejected = 0;
  uint64_t errors = 0;
  uint64_t left_out = 0;  // requests
  std::vector<double> answer_ms;
  std::string last_error;
};

inline constexpr size_t kMetrics = 50;
inline constexpr size_t kMetricRun = 20;  // neighbouring series of one metric

inline std::string MetricOf(size_t i) {
  return absl::StrCat("load_metric_", i / kMetricRun % kMetrics);
}
inline Attributes AttributesOf(size_t i) {
  return {{"host", absl::StrCat("host-", i)},
          {"service", absl::StrCat("service-", i % 17)},
          {"env", "production"},
          {"az", absl::StrCat("eu-west-1", i % 3)},
          {"instance_type", "m5.large"},
          {"team", absl::StrCat("team-", i % 5)}};
}

// Where the times and values of a serialized request stand, so that it can be sent again with new
// ones.
struct Slots {
  std::vector<size_t> times;
  std::vector<size_t> values;
};

// Follows the message fields of `path` down to samples, whose fields `time` and `value` (tags) are
// noted.
struct SamplePath {
  std::span<const uint32_t> path;
  uint32_t time = 0;
  uint32_t value = 0;
};

inline void FindSlots(const SamplePath& sample, absl::string_view message, const char* origin,
                      size_t level, Slots& slots) {
  WireReader fields(message);
  while (fields.Next()) {
    const auto at = static_cast<size_t>(fields.position() - origin);
    if (level == sample.path.size()) {
      if (fields.tag() == sample.time) slots.times.push_back(at);
      if (fields.tag() == sample.value) slots.values.push_back(at);
    } else if (fields.tag() == Tag(sample.path[level], WireType::kBytes)) {
      FindSlots(sample, fields.Bytes(), origin, level + 1, slots);
      continue;
    }
    fields.Skip();
  }
}

// request -> resource_metrics -> scope_metrics -> metrics -> gauge -> data_points
inline Slots SlotsOfOtlp(const std::string& bytes) {
  constexpr uint32_t kPath[] = {1, 2, 2, 5, 1};
  Slots slots;
  FindSlots({kPath, Tag(3, WireType::kFixed64), Tag(4, WireType::kFixed64)}, bytes, bytes.data(), 0,
            slots);
  return slots;
}

// A request of OTLP for the series [from, end), with times and values to be filled in.
inline std::string OtlpTemplate(const Options& options, size_t from, size_t end) {
  Attributes resource = {{"service.name", "load"}};
  if (options.in_resource) {
    const Attributes all = AttributesOf(from);
    resource.insert(resource.end(), all.begin() + 1, all.end());
  }
  std::vector<OutgoingPoint> points;
  for (size_t i = from; i < end; ++i) {
    Attributes attributes = AttributesOf(i);
    if (options.in_resource) attributes.resize(1);
    // Any time but 0, which the wire leaves out.
    points.push_back({.name = MetricOf(i),
                      .attributes = std::move(attributes),
                      .time = Timestamp::FromMillis(1),
                      .value = 1});
  }
  return EncodeOtlp(resource, points);
}

}  // namespace tocsin::ingest
