#include "base/timestamp.h"

namespace tocsin {

std::string FormatTimestamp(Timestamp t) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(t.millis()),
                          absl::UTCTimeZone());
}

}  // namespace tocsin
