#pragma once

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace tocsin::ingest {

// How a sender is named whatever port it comes to: "10.0.0.1", "[fe80::1]". `host` is an address
// without a port, one of IPv6 with brackets or without; one of IPv4 that came to a listener of IPv6
// is one of IPv4.
inline std::string SenderOfHost(absl::string_view host) {
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  absl::ConsumePrefix(&host, "::ffff:");
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]") : std::string(host);
}

}  // namespace tocsin::ingest
