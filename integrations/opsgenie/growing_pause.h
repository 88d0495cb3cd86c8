#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace tocsin::opsgenie {

// Pauses between attempts that fail: each twice the one before, up to a limit.
// Thread: one at a time.
class GrowingPause {
 public:
  GrowingPause(absl::Duration first, absl::Duration max) : first_(first), max_(max), next_(first) {}

  // After one more failure. `asked` is what the server wants at least.
  absl::Duration Grow(absl::Duration asked = absl::ZeroDuration()) {
    const absl::Duration pause = std::max(asked, next_);
    next_ = std::min(max_, next_ * 2);
    return pause;
  }
  void Reset() { next_ = first_; }

 private:
  const absl::Duration first_;
  const absl::Duration max_;
  absl::Duration next_;
};

}  // namespace tocsin::opsgenie
