// Who may call the gRPC port: tokens, certificates, and both renewed while it runs.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/manual_clock.h"
#include "tests/access/certificates.h"
#include "tests/ingest/grpc_fixture.h"

namespace tocsin::ingest {
namespace {

class GrpcAccessTest : public ::testing::Test {
 protected:
  GrpcAccessTest() : folder_(absl::StrCat(::testing::TempDir(), "grpc_access_test_", getpid())) {
    std::filesystem::create_directories(folder_);
    options_.listen = "127.0.0.1:0";
    options_.tls_look = absl::Seconds(1);
  }
  ~GrpcAccessTest() override {
    if (server_) server_->Stop();
    std::filesystem::remove_all(folder_);
  }

  void Start() {
    server_ = std::make_unique<GrpcServer>(options_, limits_, sink_, clock_, metrics_);
    ASSERT_TRUE(server_->Start().ok());
  }

  void SetTokens() {
    access::Token sender{.name = "sender"};
    sender.scopes.Add(access::Scope::kIngest);
    sender.digests.push_back(access::DigestOf("token-of-a-sender"));
    access::Token reader{.name = "reader"};
    reader.scopes.Add(access::Scope::kRead);
    reader.digests.push_back(access::DigestOf("token-of-a-reader"));
    access_.SetTokens({sender, reader});
    options_.access = &access_;
  }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = absl::StrCat(folder_, "/", name);
    std::ofstream(path + ".new", std::ios::binary) << text;
    std::filesystem::rename(path + ".new", path);
    return path;
  }
  void UseTls(const access::Certificate& server, const std::string& client_ca) {
    options_.tls.cert_file = Write("cert.pem", server.cert_pem);
    options_.tls.key_file = Write("key.pem", server.key_pem);
    if (!client_ca.empty()) options_.tls.client_ca_file = Write("ca.pem", client_ca);
  }

  std::shared_ptr<grpc::ChannelCredentials> Ssl(const access::Certificate& trusted,
                                                const access::Certificate* own = nullptr) {
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = trusted.cert_pem;
    if (own != nullptr) {
      ssl.pem_cert_chain = own->cert_pem;
      ssl.pem_private_key = own->key_pem;
    }
    return grpc::SslCredentials(ssl);
  }

  grpc::Status Export(const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                      const std::string& token = "") {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetSslTargetNameOverride("localhost");  // without looking up the name
    const auto channel = grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                                   credentials, arguments);
    grpc::ClientContext context;
    context.set_deadline(gpr_time_from_millis(5000, GPR_TIMESPAN));
    if (!token.empty()) context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
    otlp::ExportMetricsServiceRequest request;
    EXPECT_TRUE(request.ParseFromString(EncodeOtlp({}, {Gauge("g", 1)})));
    otlp::ExportMetricsServiceResponse response;
    return otlp::MetricsService::NewStub(channel)->Export(&context, request, &response);
  }
  grpc::StatusCode Code(const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                        const std::string& token = "") {
    return Export(credentials, token).error_code();
  }

  const std::string folder_;
  Limits limits_;
  FakeSink sink_;
  FixedClock clock_;
  Metrics metrics_;
  access::Access access_{metrics_, clock_};
  GrpcServerOptions options_;
  std::unique_ptr<GrpcServer> server_;
};

TEST_F(GrpcAccessTest, ATokenNeedsTheScopeIngest) {
  SetTokens();
  Start();
  const auto plain = grpc::InsecureChannelCredentials();
  EXPECT_EQ(Code(plain), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Code(plain, "token-of-nobody"), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Code(plain, "token-of-a-reader"), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Code(plain, "token-of-a-sender"), grpc::StatusCode::OK);
  access_.SetTokens({access::Token{.name = "other", .digests = {access::DigestOf("other")}}});
  EXPECT_EQ(Code(plain, "token-of-a-sender"), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(GrpcAccessTest, TheNativeStreamIsGuardedToo) {
  SetTokens();
  Start();
  const auto channel = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                           grpc::InsecureChannelCredentials());
  const auto stub = v1::Ingest::NewStub(channel);
  for (const bool with_token : {false, true}) {
    grpc::ClientContext context;
    if (with_token) context.AddMetadata("authorization", "Bearer token-of-a-sender");
    const auto stream = stub->Push(&context);
    stream->WritesDone();
    v1::PushResponse response;
    while (stream->Read(&response)) {
    }
    EXPECT_EQ(stream->Finish().error_code(),
              with_token ? grpc::StatusCode::OK : grpc::StatusCode::UNAUTHENTICATED);
  }
}

TEST_F(GrpcAccessTest, HandshakesByWhoTrustsWhom) {
  const auto authority = access::MakeAuthority("ours");
  const auto stranger = access::MakeAuthority("theirs");
  const auto good = access::MakeCertificate(authority, "a", {"DNS:collector.example"});
  const auto other_name = access::MakeCertificate(authority, "b", {"DNS:other.example"});
  const auto forged = access::MakeCertificate(stranger, "a", {"DNS:collector.example"});
  UseTls(access::MakeCertificate(authority, "s", {"DNS:localhost"}), authority.cert_pem);
  options_.tls.client_allowed_sans = {"collector.example"};
  Start();
  EXPECT_EQ(Code(Ssl(authority, &good)), grpc::StatusCode::OK);
  EXPECT_EQ(Code(Ssl(authority, &other_name)), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Code(Ssl(authority, &forged)), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Code(Ssl(authority)), grpc::StatusCode::UNAVAILABLE) << "no certificate";
  EXPECT_EQ(Code(Ssl(stranger, &good)), grpc::StatusCode::UNAVAILABLE) << "the client is careful";
  EXPECT_EQ(Code(grpc::InsecureChannelCredentials()), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(GrpcAccessTest, ARenewedCertificateIsShownWithoutARestart) {
  const auto authority = access::MakeAuthority("old");
  const auto next = access::MakeAuthority("new");
  UseTls(access::MakeCertificate(authority, "s", {"DNS:localhost"}), "");
  Start();
  EXPECT_EQ(Code(Ssl(authority)), grpc::StatusCode::OK);
  UseTls(access::MakeCertificate(next, "s", {"DNS:localhost"}), "");
  for (int i = 0; i < 40 && !Export(Ssl(next)).ok(); ++i) {
    Mutex mutex;
    CondVar never;
    MutexLock lock(mutex);
    never.WaitFor(mutex, absl::Milliseconds(500));
  }
  EXPECT_EQ(Code(Ssl(next)), grpc::StatusCode::OK);
}

}  // namespace
}  // namespace tocsin::ingest
