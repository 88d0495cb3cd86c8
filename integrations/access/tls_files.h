#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tocsin::access {

// How a listener speaks TLS (1.2 and newer). Without cert_file it does not.
struct TlsFiles {
  std::string cert_file;       // PEM, the server's own first, then those that sign it
  std::string key_file;        // PEM
  std::string client_ca_file;  // PEM; then clients must show a certificate that one of these signed
  // And one of these names as its subject's alternative (DNS, mail, URI or address); empty: any.
  std::vector<std::string> client_allowed_sans;

  bool on() const { return !cert_file.empty(); }
  bool asks_clients() const { return !client_ca_file.empty(); }
  friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

// What the files hold.
struct TlsMaterial {
  std::string cert_pem, key_pem, client_ca_pem;
  friend bool operator==(const TlsMaterial&, const TlsMaterial&) = default;
};

// Reads the files and checks that they belong together. Errors name the file and never what it
// holds: NotFound, PermissionDenied (the key is readable by everyone), InvalidArgument (no PEM, the
// key is another certificate's).
absl::StatusOr<TlsMaterial> ReadTlsFiles(const TlsFiles& files);

// Whether a client with these names may come.
bool IsAllowed(const TlsFiles& files, const std::vector<std::string>& sans);

}  // namespace tocsin::access
