#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "base/secret.h"

namespace tocsin::app {

inline constexpr char kDefaultServer[] = "http://127.0.0.1:9095";

// A running server as a command finds it.
struct ServerTarget {
  ServerTarget(const char* u = kDefaultServer) : url(u) {}  // NOLINT(google-explicit-constructor)
  ServerTarget(std::string u) : url(std::move(u)) {}        // NOLINT(google-explicit-constructor)

  std::string url;
  std::string token_file;  // one line; "": the environment variable TOCSIN_TOKEN, if it is set
  std::string ca_file;     // PEM, who signs the server's certificate; "": whom the system trusts
};

// The token to show, "" if there is none. Errors name the file, never what it holds.
absl::StatusOr<Secret> ReadToken(const std::string& token_file);

}  // namespace tocsin::app
