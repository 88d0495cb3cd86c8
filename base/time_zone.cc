#include "base/time_zone.h"

#include "absl/strings/match.h"

namespace tocsin {

std::optional<absl::TimeZone> FindTimeZone(const std::string& name) {
  const bool path =
      absl::StartsWith(name, "/") || absl::StrContains(name, "..") || absl::StrContains(name, ":");
  absl::TimeZone zone;
  if (path || name.empty() || !absl::LoadTimeZone(name, &zone)) return std::nullopt;
  return zone;
}

}  // namespace tocsin
