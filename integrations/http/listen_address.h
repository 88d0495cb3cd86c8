#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tocsin::http {

// "127.0.0.1:9095", "[::1]:0", "localhost:4317", ":9095" (every interface). Port 0: the system
// chooses.
struct ListenAddress {
  std::string host;  // without brackets; empty: every interface
  uint16_t port = 0;

  // Only processes of this machine can connect.
  bool IsLoopback() const;
  std::string ToString() const;
};

// InvalidArgument if the text has no port or a bad one. Names are not looked up.
absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text);

}  // namespace tocsin::http
