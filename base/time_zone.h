#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace tocsin {

// A zone of the machine's IANA database by its name, "Europe/Brussels". A path is no name: what it
// leads to would be read.
std::optional<absl::TimeZone> FindTimeZone(const std::string& name);

}  // namespace tocsin
