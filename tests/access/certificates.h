#pragma once

#include <string>
#include <vector>

namespace tocsin::access {

// A certificate and its key, both PEM, valid for a day.
struct Certificate {
  std::string cert_pem;
  std::string key_pem;
};

// An authority that signs itself.
Certificate MakeAuthority(const std::string& name);
// What it signs for a server or client with these names ("DNS:localhost", "IP:127.0.0.1").
Certificate MakeCertificate(const Certificate& authority, const std::string& name,
                            const std::vector<std::string>& sans);

}  // namespace tocsin::access
