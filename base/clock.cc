#include "base/clock.h"

#include <chrono>

namespace tocsin {

Timestamp SystemClock::Now() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return Timestamp::FromMillis(
      std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
}

absl::Duration SystemClock::Monotonic() const {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace tocsin
