#include "engine/anomaly/local_clock.h"

#include <algorithm>
#include <limits>

namespace tocsin::anomaly {
namespace {

int64_t OffsetAt(const absl::TimeZone& zone, absl::Time time) {
  return zone.At(time).offset;
}

// Rounded down, before 1970 too.
int64_t FloorSeconds(int64_t time_ms) {
  return time_ms / 1000 - static_cast<int64_t>(time_ms % 1000 < 0);
}

}  // namespace

LocalClock::LocalClock(const absl::TimeZone& zone) {
  constexpr int64_t kBegin = 0;            // 1970
  constexpr int64_t kEnd = 4'102'444'800;  // 2100
  absl::Time time = absl::FromUnixSeconds(kBegin);
  spans_.push_back({std::numeric_limits<int64_t>::min(), OffsetAt(zone, time)});
  absl::TimeZone::CivilTransition change;
  while (zone.NextTransition(time, &change)) {
    time = zone.At(change.to).trans;
    const int64_t at = absl::ToUnixSeconds(time);
    if (at >= kEnd) break;
    spans_.push_back({at, OffsetAt(zone, time)});
  }
}

int64_t LocalClock::LocalSeconds(int64_t time_ms, uint32_t& hint) const {
  const int64_t seconds = FloorSeconds(time_ms);
  const bool good = hint < spans_.size() && spans_[hint].begin_s <= seconds &&
                    (hint + 1 == spans_.size() || seconds < spans_[hint + 1].begin_s);
  if (!good) [[unlikely]] {
    const auto after =
        std::upper_bound(spans_.begin() + 1, spans_.end(), seconds,
                         [](int64_t at, const Span& span) { return at < span.begin_s; });
    hint = static_cast<uint32_t>(after - spans_.begin()) - 1;
  }
  return seconds + spans_[hint].offset_s;
}

}  // namespace tocsin::anomaly
