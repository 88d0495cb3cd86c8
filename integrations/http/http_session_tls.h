#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "integrations/access/tls_files.h"

namespace boost::asio::ssl {
class context;
}
struct ssl_st;

namespace tocsin::http {

// How new connections of a server speak TLS.
struct TlsSetting {
  access::TlsFiles files;
  std::shared_ptr<boost::asio::ssl::context> context;
};

// TLS 1.2 and newer, without renegotiation and compression; asks clients for a certificate if the
// files have a client_ca_file. InvalidArgument if OpenSSL does not take the material.
absl::StatusOr<std::shared_ptr<const TlsSetting>> MakeTlsSetting(
    const access::TlsFiles& files, const access::TlsMaterial& material);

// Whether the client of a finished handshake has one of the names that may come.
bool MayCome(const TlsSetting& setting, ssl_st* connection);

}  // namespace tocsin::http
