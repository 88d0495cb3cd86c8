#include "integrations/http/http_session_tls.h"

#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>

#include "absl/strings/str_cat.h"
#include "integrations/access/peer_names.h"

namespace tocsin::http {
namespace {

namespace asio = boost::asio;
using asio::ssl::context;

boost::system::error_code Fill(context& tls, const access::TlsMaterial& material) {
  boost::system::error_code error;
  tls.use_certificate_chain(asio::buffer(material.cert_pem), error);
  if (!error) tls.use_private_key(asio::buffer(material.key_pem), context::pem, error);
  if (!error && !material.client_ca_pem.empty()) {
    tls.add_certificate_authority(asio::buffer(material.client_ca_pem), error);
    tls.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  }
  return error;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TlsSetting>> MakeTlsSetting(
    const access::TlsFiles& files, const access::TlsMaterial& material) {
  auto setting = std::make_shared<TlsSetting>();
  setting->files = files;
  setting->context = std::make_shared<context>(context::tls_server);
  SSL_CTX* raw = setting->context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // Idle connections, of which there may be many, hold no buffers.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  // A session that is taken up again would not ask for the certificate again.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 0);
  if (const auto error = Fill(*setting->context, material)) {
    return absl::InvalidArgumentError(absl::StrCat("TLS: ", error.message()));
  }
  return setting;
}

bool MayCome(const TlsSetting& setting, ssl_st* connection) {
  if (setting.files.client_allowed_sans.empty()) return true;
  X509* certificate = SSL_get1_peer_certificate(connection);
  if (certificate == nullptr) return false;
  const bool allowed = access::IsAllowed(setting.files, access::NamesOf(*certificate));
  X509_free(certificate);
  return allowed;
}

}  // namespace tocsin::http
