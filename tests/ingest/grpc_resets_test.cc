// Clients that make calls and take them back at once, in bytes: no library does that.
#include <atomic>
#include <thread>
#include <vector>

#include "integrations/ingest/connection_calls.h"
#include "integrations/ingest/cut_connections.h"
#include "tests/http/raw_client.h"
#include "tests/ingest/grpc_fixture.h"

namespace tocsin::ingest {
namespace {

// Types of frames.
constexpr char kData = 0;
constexpr char kHeaders = 1;
constexpr char kReset = 3;
constexpr char kSettings = 4;
// Flags.
constexpr char kEndHeaders = 4;
constexpr char kEndStream = 1;

std::string BigEndian(uint32_t number) {
  std::string out;
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(number >> shift);
  return out;
}

std::string Frame(char type, char flags, uint32_t stream, const std::string& payload = "") {
  const std::string size = BigEndian(static_cast<uint32_t>(payload.size())).substr(1);
  return size + type + flags + BigEndian(stream) + payload;
}

std::string Literal(const std::string& name, const std::string& value) {
  return absl::StrCat(std::string(1, '\0'), std::string(1, static_cast<char>(name.size())), name,
                      std::string(1, static_cast<char>(value.size())), value);
}

std::string CallHeaders(const std::string& path) {
  return Literal(":method", "POST") + Literal(":scheme", "http") + Literal(":path", path) +
         Literal(":authority", "t") + Literal("content-type", "application/grpc") +
         Literal("te", "trailers");
}

const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(kSettings, 0, 0);
const std::string kEmptyMessage(5, '\0');

class GrpcResetsTest : public GrpcServerTest {
 protected:
  // Whether the server ends a connection before a hundred thousand calls of `path` were taken back.
  bool IsCut(const std::string& path, const std::string& message = "") {
    http::RawClient client(static_cast<uint16_t>(server_.port()));
    return IsCut(client, path, message);
  }
  static bool IsCut(http::RawClient& client, const std::string& path, const std::string& message) {
    if (!client.Send(kPreface)) return false;
    for (uint32_t stream = 1; stream < 200'000; stream += 2) {
      std::string frames = Frame(kHeaders, kEndHeaders, stream, CallHeaders(path));
      if (!message.empty()) frames += Frame(kData, kEndStream, stream, message);
      if (!client.Send(frames + Frame(kReset, 0, stream, BigEndian(8)))) return true;
    }
    return false;
  }
  double ConnectionsCut() { return Counter("tocsin_ingest_connections_cut_total"); }
};

TEST_F(GrpcResetsTest, EndTheConnectionAndNobodyElses) {
  StartServer();
  ASSERT_TRUE(ExportPoints({Gauge("a", 1)}).ok());
  EXPECT_EQ(ConnectionsCut(), 0);
  EXPECT_TRUE(IsCut(kExport));
  EXPECT_EQ(ConnectionsCut(), 1);
  EXPECT_TRUE(ExportPoints({Gauge("a", 2)}).ok());
}

TEST_F(GrpcResetsTest, WhateverTheyCall) {
  StartServer();
  EXPECT_TRUE(IsCut("/tocsin.v1.Ingest/Push"));
  EXPECT_TRUE(IsCut("/grpc.health.v1.Health/Check"));
  EXPECT_TRUE(IsCut("/nothing.of/Ours"));
  EXPECT_EQ(ConnectionsCut(), 3);
}

TEST_F(GrpcResetsTest, AlsoAfterAMessage) {
  StartServer();
  EXPECT_TRUE(IsCut(kExport, kEmptyMessage));
}

TEST_F(GrpcResetsTest, OverIpv6) {
  options_.listen = "[::1]:0";
  GrpcServer server(options_, limits_, sink_, clock_, metrics_);
  ASSERT_TRUE(server.Start().ok());
  http::RawClient client(static_cast<uint16_t>(server.port()), true);
  if (!client.connected()) GTEST_SKIP() << "no IPv6 here";
  EXPECT_TRUE(IsCut(client, kExport, ""));
}

TEST_F(GrpcResetsTest, ClientsWhoseDeadlinesPassAreNoAttack) {
  StartServer();
  sink_.Hold();
  const std::string request = EncodeOtlp({}, {Gauge("a", 1)});
  otlp::ExportMetricsServiceRequest message;
  ASSERT_TRUE(message.ParseFromString(request));
  for (int i = 0; i < 300; ++i) {
    grpc::ClientContext context;
    context.set_deadline(
        gpr_time_add(gpr_now(GPR_CLOCK_REALTIME), gpr_time_from_millis(2, GPR_TIMESPAN)));
    otlp::ExportMetricsServiceResponse answer;
    EXPECT_FALSE(otlp_->Export(&context, message, &answer).ok());
  }
  sink_.Release();
  EXPECT_TRUE(ExportPoints({Gauge("a", 1)}).ok());
  EXPECT_EQ(ConnectionsCut(), 0);
}

TEST_F(GrpcResetsTest, WhatGrpcCountsIsUnderstood) {
  StartServer();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(ExportPoints({Gauge("a", i)}).ok());
  EXPECT_GE(CallsMade(), 3);
  std::vector<ConnectionCalls> connections = CallsOfConnections();
  ASSERT_EQ(connections.size(), 1u);
  EXPECT_THAT(connections[0].peer, HasSubstr("127.0.0.1"));
  EXPECT_EQ(connections[0].made, 3);
  EXPECT_EQ(connections[0].failed, 0);
  EXPECT_LE(connections[0].present, 1) << "the last may not be quite over";
}

TEST_F(GrpcResetsTest, ConnectionsMayComeAndGoWhileTheyAreLookedAt) {
  StartServer();
  std::atomic<bool> ended = false;
  std::vector<std::thread> visitors;
  for (int i = 0; i < 4; ++i) {
    visitors.emplace_back([&] {
      while (!ended) http::RawClient(static_cast<uint16_t>(server_.port())).Send(kPreface);
    });
  }
  for (int i = 0; i < 1000; ++i) CallsOfConnections();
  ended = true;
  for (std::thread& visitor : visitors) visitor.join();
}

TEST_F(GrpcResetsTest, OnlyThoseNamedAreCut) {
  StartServer();
  ASSERT_TRUE(ExportPoints({Gauge("a", 1)}).ok());
  const std::vector<ConnectionCalls> connections = CallsOfConnections();
  ASSERT_EQ(connections.size(), 1u);
  const std::string peer = connections[0].peer;
  const std::vector<std::string> nobody = {"",   "unknown",          "unix:/run/tocsin.sock",
                                           "ip", "ipv4:127.0.0.1:1", "ipv6:%5B::1%5D:1"};
  EXPECT_THAT(CutConnections(server_.port(), nobody), testing::IsEmpty());
  EXPECT_THAT(CutConnections(server_.port() - 1, {peer}), testing::IsEmpty());
  EXPECT_TRUE(ExportPoints({Gauge("a", 1)}).ok());
  EXPECT_THAT(CallsOfConnections(), testing::SizeIs(1)) << "the same as before";
  EXPECT_THAT(CutConnections(server_.port(), {"ip", peer}), ElementsAre(peer));
  EXPECT_THAT(CutConnections(server_.port(), {peer}), testing::IsEmpty());
}

}  // namespace
}  // namespace tocsin::ingest
