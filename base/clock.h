#pragma once

#include "absl/time/time.h"
#include "base/timestamp.h"

namespace tocsin {

// Where loops and `app` learn the time; everything below them receives a Timestamp as an argument.
// Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall clock. May jump: used for evaluation times and labels, never to measure a span.
  virtual Timestamp Now() const = 0;
  // Monotonic, from an arbitrary origin: for waiting, leases and measuring spans.
  virtual absl::Duration Monotonic() const = 0;
};

class SystemClock : public Clock {
 public:
  Timestamp Now() const override;
  absl::Duration Monotonic() const override;
};

}  // namespace tocsin
