#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/timestamp.h"

namespace tocsin::engine {

// When a Prometheus group is due: at interval * k + offset, the offset fixed by the group's name
// and file, so that groups spread over the interval and a restart keeps the phase.
class GroupSchedule {
 public:
  // `interval` at least 1 ms.
  GroupSchedule(absl::string_view file, absl::string_view name, absl::Duration interval);
  // Due at `first` and every `interval` after it, whatever the group is called.
  GroupSchedule(Timestamp first, absl::Duration interval);

  // The largest slot at or before `t`.
  Timestamp SlotAt(Timestamp t) const;

  struct Due {
    Timestamp slot;       // to evaluate now
    uint64_t missed = 0;  // slots that passed without an evaluation
  };
  // Starts the schedule: the first evaluation is at the slot after `now`.
  void Start(Timestamp now);
  Timestamp next() const { return next_; }
  // Call when now >= next(): takes the newest slot at or before `now` and moves on.
  Due Take(Timestamp now);

  absl::Duration interval() const { return absl::Milliseconds(interval_ms_); }

 private:
  int64_t interval_ms_;
  int64_t offset_ms_;
  Timestamp next_;
};

}  // namespace tocsin::engine
