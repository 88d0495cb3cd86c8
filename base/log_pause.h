#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "base/mutex.h"

namespace tocsin {

// Lets one message of a kind into the log and leaves out those that come soon after it, so that
// nobody who causes them can fill it. Thread: any.
class LogPause {
 public:
  explicit LogPause(absl::Duration pause = absl::Seconds(10)) : pause_(pause) {}

  // How many were left out since the last one, if another may be written at `now`, a monotonic
  // time.
  std::optional<uint64_t> Take(absl::Duration now) {
    MutexLock lock(mutex_);
    if (again_ && now < *again_) {
      ++left_out_;
      return std::nullopt;
    }
    again_ = now + pause_;
    return std::exchange(left_out_, 0);
  }

 private:
  const absl::Duration pause_;
  Mutex mutex_;
  std::optional<absl::Duration> again_ ABSL_GUARDED_BY(mutex_);
  uint64_t left_out_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tocsin
