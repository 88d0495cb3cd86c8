// The HTTP server over TLS, with OpenSSL's own client.
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <csignal>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "integrations/http/http_server.h"
#include "tests/access/certificates.h"
#include "tests/http/raw_client.h"

namespace tocsin::http {
namespace {

using access::Certificate;

struct SslFreer {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};

BIO* Over(const std::string& pem) {
  return BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
}

std::unique_ptr<SSL_CTX, SslFreer> ClientContext(const Certificate& trusted,
                                                 const Certificate* own) {
  std::unique_ptr<SSL_CTX, SslFreer> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  std::unique_ptr<BIO, SslFreer> bio(Over(trusted.cert_pem));
  X509* authority = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority);
  X509_free(authority);
  if (own == nullptr) return context;
  bio.reset(Over(own->cert_pem));
  X509* cert = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
  bio.reset(Over(own->key_pem));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr);
  SSL_CTX_use_certificate(context.get(), cert);
  SSL_CTX_use_PrivateKey(context.get(), key);
  X509_free(cert);
  EVP_PKEY_free(key);
  return context;
}

class HttpTlsTest : public ::testing::Test {
 protected:
  // OpenSSL's client writes into connections that the server has closed.
  HttpTlsTest() { std::signal(SIGPIPE, SIG_IGN); }

  void Start(bool asks_clients = false, std::vector<std::string> names = {}) {
    HttpServerOptions options;
    options.handshake_max = absl::Milliseconds(500);
    options.connections_max = 4;
    options.tls.cert_file = options.tls.key_file = "of the test";
    if (asks_clients) options.tls.client_ca_file = "of the test";
    options.tls.client_allowed_sans = std::move(names);
    options.tls_material = {server_cert_.cert_pem, server_cert_.key_pem,
                            asks_clients ? authority_.cert_pem : ""};
    files_ = options.tls;
    auto server = HttpServer::Start(
        options,
        [](const HttpRequest& request) {
          return HttpReply{.body = absl::StrCat("body of ", request.body.size(), " bytes")};
        },
        metrics_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // The whole reply; "" if there was none.
  std::string Post(const Certificate& trusted, const Certificate* own, const std::string& body,
                   int version = 0) {
    const auto context = ClientContext(trusted, own);
    if (version != 0) SSL_CTX_set_max_proto_version(context.get(), version);
    std::unique_ptr<BIO, SslFreer> bio(BIO_new_ssl_connect(context.get()));
    BIO_set_conn_hostname(bio.get(), absl::StrCat("127.0.0.1:", server_->port()).c_str());
    const std::string request = absl::StrCat(
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ", body.size(),
        "\r\n\r\n", body);
    if (BIO_do_handshake(bio.get()) != 1) return "";
    BIO_write(bio.get(), request.data(), static_cast<int>(request.size()));
    std::string reply;
    char buffer[4096];
    for (int got = 0; (got = BIO_read(bio.get(), buffer, sizeof(buffer))) > 0;) {
      reply.append(buffer, static_cast<size_t>(got));
    }
    SSL* ssl = nullptr;
    BIO_get_ssl(bio.get(), &ssl);
    said_goodbye_ = (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
    return reply;
  }
  bool Comes(const Certificate& trusted, const Certificate* own = nullptr) {
    return Post(trusted, own, "").find("body of 0 bytes") != std::string::npos;
  }
  void AwaitMetric(const std::string& line) {
    while (metrics_.ExpositionText().find(line) == std::string::npos) std::this_thread::yield();
  }

  Metrics metrics_;
  Certificate authority_ = access::MakeAuthority("ours");
  Certificate stranger_ = access::MakeAuthority("theirs");
  Certificate server_cert_ = access::MakeCertificate(authority_, "server", {"IP:127.0.0.1"});
  access::TlsFiles files_;
  std::unique_ptr<HttpServer> server_;
  bool said_goodbye_ = false;
};

TEST_F(HttpTlsTest, CarriesLargeBodiesAndSaysGoodbye) {
  Start();
  const std::string reply = Post(authority_, nullptr, std::string(1 << 20, 'x'));
  EXPECT_NE(reply.find("body of 1048576 bytes"), std::string::npos) << reply;
  EXPECT_TRUE(said_goodbye_);
}

TEST_F(HttpTlsTest, OldVersionsAndPlainBytesAreNoHandshake) {
  Start();
  EXPECT_NE(Post(authority_, nullptr, "", TLS1_2_VERSION), "");
  EXPECT_EQ(Post(authority_, nullptr, "", TLS1_1_VERSION), "");
  RawClient plain(server_->port());
  EXPECT_TRUE(plain.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(plain.ReadReply().find("HTTP/1.1"), std::string::npos);
  AwaitMetric("tocsin_http_refused_requests_total{reason=\"handshake\",server=\"admin\"} 2");
}

TEST_F(HttpTlsTest, ClientsComeByCertificateAndName) {
  Start(/*asks_clients=*/true, {"collector.example", "10.1.2.3"});
  const auto by_dns = access::MakeCertificate(authority_, "a", {"DNS:collector.example"});
  const auto by_address = access::MakeCertificate(authority_, "a", {"IP:10.1.2.3"});
  const auto other =
      access::MakeCertificate(authority_, "collector.example", {"DNS:other.example"});
  const auto forged = access::MakeCertificate(stranger_, "a", {"DNS:collector.example"});
  EXPECT_TRUE(Comes(authority_, &by_dns));
  EXPECT_TRUE(Comes(authority_, &by_address));
  EXPECT_FALSE(Comes(authority_, &other)) << "a common name is no name";
  EXPECT_FALSE(Comes(authority_, &forged));
  EXPECT_FALSE(Comes(authority_));
  EXPECT_FALSE(Comes(stranger_, &by_dns)) << "the client is careful";
}

TEST_F(HttpTlsTest, NewCertificatesAreForNewConnections) {
  Start();
  EXPECT_TRUE(Comes(authority_));
  const auto next = access::MakeCertificate(stranger_, "server", {"IP:127.0.0.1"});
  EXPECT_FALSE(server_->SetTls(files_, {next.cert_pem, server_cert_.key_pem, ""}).ok());
  EXPECT_TRUE(Comes(authority_)) << "nothing changed";
  ASSERT_TRUE(server_->SetTls(files_, {next.cert_pem, next.key_pem, ""}).ok());
  EXPECT_TRUE(Comes(stranger_));
  EXPECT_FALSE(Comes(authority_));
}

TEST_F(HttpTlsTest, WhoHoldsHandshakesOpenKeepsNobodyOut) {
  Start();
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 12; ++i) silent.push_back(std::make_unique<RawClient>(server_->port()));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Comes(authority_));
}

}  // namespace
}  // namespace tocsin::http
