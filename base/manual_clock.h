#pragma once

#include "base/clock.h"

namespace tocsin {

// A clock that only moves when told to. Thread: one at a time.
class ManualClock : public Clock {
 public:
  Timestamp Now() const override { return now_; }
  absl::Duration Monotonic() const override { return now_ - Timestamp() - stepped_; }
  void AdvanceTo(Timestamp t) { now_ = t; }
  // Sets the wall clock; no time passes.
  void Step(absl::Duration step) {
    now_ = now_ + step;
    stepped_ += step;
  }

 private:
  Timestamp now_;
  absl::Duration stepped_;
};

}  // namespace tocsin
