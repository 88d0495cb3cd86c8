#include "app/health.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin::app {
namespace {

// Groups are evaluated every 15 s or minute, so a healthy service is seconds late at most.
constexpr absl::Duration kLagMax = absl::Minutes(1);
// Long enough for retries of a request that was lost, short beside what a person needs to react.
constexpr absl::Duration kOwedMax = absl::Minutes(5);

absl::Duration LongestBelow(const delivery::Route& root, const delivery::Route& route,
                            const std::string& place) {
  const delivery::RouteMatch match = delivery::RouteAt(root, place);
  absl::Duration longest;
  if (!match.group_by.empty()) longest = std::max(match.timing.wait, match.timing.interval);
  for (size_t i = 0; i < route.routes.size(); ++i) {
    const std::string child = absl::StrCat(place, place.empty() ? "" : "/", i);
    longest = std::max(longest, LongestBelow(root, route.routes[i], child));
  }
  return longest;
}

}  // namespace

std::string TroubleIn(const HealthReading& reading, Timestamp now) {
  if (!reading.engine_trouble.empty()) return reading.engine_trouble;
  if (reading.evaluation_lag > kLagMax) {
    return absl::StrCat("evaluation is ", absl::ToInt64Seconds(reading.evaluation_lag), " s late");
  }
  if (!reading.owed_from) return "";
  const absl::Duration owed = now - *reading.owed_from;
  if (owed <= kOwedMax + reading.group_wait_max) return "";
  return absl::StrCat("a page is owed for ", absl::ToInt64Seconds(owed), " s");
}

absl::Duration LongestGroupWait(const delivery::Route& root) {
  return LongestBelow(root, root, "");
}

}  // namespace tocsin::app
