#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {

// Data points of OTLP as they stand on the wire. What is text or bytes are views into the message.

// Field numbers of a point's attributes.
inline constexpr uint32_t kNumberAttributes = 7;
inline constexpr uint32_t kExponentialAttributes = 1;

// What all kinds of points have.
struct PointHead {
  static constexpr uint32_t kNoRecordedValue = 1;  // DataPointFlags

  uint64_t time_ns = 0;
  uint32_t flags = 0;
  absl::string_view attributes;   // from the first to the last, as fields of the point
  bool attributes_apart = false;  // other fields stand between them

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

// False if the bytes are no message.
bool ReadNumberPoint(absl::string_view message, NumberPoint& point);
bool ReadExponentialPoint(absl::string_view message, ExponentialPoint& point);

}  // namespace tocsin::ingest
