#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tocsin::templates {

struct HostPort {
  std::string host;
  std::string port;
};
// net.SplitHostPort: nothing where Go gives an error, such as a missing port.
std::optional<HostPort> SplitHostPort(absl::string_view text);

// Prometheus' stripPort ("[::1]:80" gives "::1") and stripDomain ("a.b.c:80" gives "a:80";
// addresses stay).
std::string StripPort(absl::string_view text);
std::string StripDomain(absl::string_view text);

}  // namespace tocsin::templates
