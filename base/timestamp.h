#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace tocsin {

// An instant: milliseconds since the Unix epoch, UTC. The resolution of PromQL and of every record
// on disk.
//
// Columns of samples hold the raw milliseconds (`int64_t ..._ms`); interfaces take a Timestamp.
class Timestamp {
 public:
  constexpr Timestamp() = default;
  static constexpr Timestamp FromMillis(int64_t ms) { return Timestamp(ms); }
  static constexpr Timestamp Min() { return Timestamp(INT64_MIN); }
  static constexpr Timestamp Max() { return Timestamp(INT64_MAX); }
  // Nanoseconds are rounded down, as Prometheus does with OTLP times.
  static constexpr Timestamp FromNanos(uint64_t ns) {
    return Timestamp(static_cast<int64_t>(ns / 1'000'000));
  }

  constexpr int64_t millis() const { return ms_; }
  constexpr double seconds() const { return static_cast<double>(ms_) / 1000.0; }

  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
  // Arithmetic saturates at the ends of the range.
  friend Timestamp operator+(Timestamp t, absl::Duration d) {
    const int64_t span = absl::ToInt64Milliseconds(d);
    int64_t sum;
    if (__builtin_add_overflow(t.ms_, span, &sum)) sum = span > 0 ? INT64_MAX : INT64_MIN;
    return Timestamp(sum);
  }
  friend Timestamp operator-(Timestamp t, absl::Duration d) { return t + -d; }
  friend absl::Duration operator-(Timestamp a, Timestamp b) {
    int64_t span;
    if (__builtin_sub_overflow(a.ms_, b.ms_, &span)) span = a.ms_ > b.ms_ ? INT64_MAX : INT64_MIN;
    return absl::Milliseconds(span);
  }

 private:
  explicit constexpr Timestamp(int64_t ms) : ms_(ms) {}
  int64_t ms_ = 0;
};

// "2026-11-22T10:00:00.000Z" (RFC 3339, UTC).
std::string FormatTimestamp(Timestamp t);

}  // namespace tocsin
