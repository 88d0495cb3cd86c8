#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {

// Data points of OTLP as they stand on the wire. What is text or bytes are views into the message.

// Field numbers of a point's attributes.
inline constexpr uint32_t kNumberAttributes = 7;
inline constexpr uint32_t kExponentialAttributes = 1;
inline constexpr uint32_t kHistogramAttributes = 9;
inline constexpr uint32_t kSummaryAttributes = 7;

// What all kinds of points have.
struct PointHead {
  static constexpr uint32_t kNoRecordedValue = 1;  // DataPointFlags

  uint64_t start_ns = 0;  // when counting began; 0: not said
  uint64_t time_ns = 0;
  uint32_t flags = 0;
  absl::string_view attributes;   // from the first to the last, as fields of the point
  bool attributes_apart = false;  // other fields stand between them
  absl::string_view exemplar;     // the last message Exemplar, if there is one

  // The series ended here; the value means nothing.
  bool has_no_recorded_value() const { return (flags & kNoRecordedValue) != 0; }
};

struct NumberPoint : PointHead {
  double value = 0;
  bool has_value = false;
};

// Numbers beyond what their fields hold are as protobuf has them.
struct ExponentialPoint : PointHead {
  int32_t scale = 0;
  uint64_t count = 0;
  uint64_t zero_count = 0;
  double sum = 0;
  double zero_threshold = 0;
  MergedField positive, negative;  // messages Buckets
};

// Explicit buckets. There should be one count more than there are bounds, or none of both.
struct HistogramPoint : PointHead {
  uint64_t count = 0;
  double sum = 0;
  bool has_sum = false;
  std::vector<uint64_t> counts;  // of single buckets, the last one beyond all bounds
  std::vector<double> bounds;
};

struct SummaryPoint : PointHead {
  uint64_t count = 0;
  double sum = 0;
  std::vector<std::pair<double, double>> quantiles;  // quantile, value
};

// False if the bytes are no message. `point` is a fresh one, except that vectors may bring their
// room.
bool ReadNumberPoint(absl::string_view message, NumberPoint& point);
bool ReadExponentialPoint(absl::string_view message, ExponentialPoint& point);
bool ReadHistogramPoint(absl::string_view message, HistogramPoint& point);
bool ReadSummaryPoint(absl::string_view message, SummaryPoint& point);

}  // namespace tocsin::ingest
