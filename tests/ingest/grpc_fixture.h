#pragma once

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <grpc/byte_buffer.h>
#include <grpc/slice.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "integrations/ingest/grpc_server.h"
#include "integrations/ingest/otlp_client.h"
#include "integrations/ingest/otlp_encode.h"
#include "integrations/ingest/push_client.h"
#include "integrations/ingest/rpc.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.grpc.pb.h"
#include "proto/tocsin/v1/ingest.grpc.pb.h"
#include "tests/ingest/fake_sink.h"
#include "tests/ingest/peak_memory.h"

// The gRPC port as clients meet it: real channels over loopback, the engine replaced by FakeSink.
namespace tocsin::ingest {

namespace otlp = opentelemetry::proto::collector::metrics::v1;
using testing::ElementsAre;
using testing::HasSubstr;

inline constexpr char kExport[] = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
inline constexpr int64_t kNowMs = 1'700'000'000'000;
inline constexpr grpc_compression_algorithm kCompressions[] = {GRPC_COMPRESS_GZIP,
                                                               GRPC_COMPRESS_DEFLATE};

class FixedClock : public Clock {
 public:
  Timestamp Now() const override { return Timestamp::FromMillis(kNowMs); }
  absl::Duration Monotonic() const override { return absl::ZeroDuration(); }
};

inline OutgoingPoint Gauge(const std::string& name, double value) {
  return {.name = name, .time = Timestamp::FromMillis(kNowMs), .value = value};
}

// `mebibytes` MiB of zeros compressed as gRPC does it, never holding more than a buffer of them.
inline std::string CompressedZeros(int mebibytes, grpc_compression_algorithm algorithm) {
  const int window_bits = algorithm == GRPC_COMPRESS_GZIP ? 15 + 16 : 15;
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY),
            Z_OK);
  std::string zeros(1 << 20, '\0');
  std::string out(static_cast<size_t>(mebibytes) << 13, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  for (int i = 1; i <= mebibytes; ++i) {
    stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
    stream.avail_in = static_cast<uInt>(zeros.size());
    EXPECT_GE(deflate(&stream, i == mebibytes ? Z_FINISH : Z_NO_FLUSH), Z_OK);
    EXPECT_EQ(stream.avail_in, 0u);
  }
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline grpc::ByteBuffer Plain(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

// A message that is compressed already, which only the C interface can make. A ByteBuffer is a
// pointer to the C one (gRPC asserts it).
inline grpc::ByteBuffer Compressed(const std::string& bytes, grpc_compression_algorithm algorithm) {
  static_assert(sizeof(grpc::ByteBuffer) == sizeof(grpc_byte_buffer*));
  grpc_slice slice = grpc_slice_from_copied_buffer(bytes.data(), bytes.size());
  grpc_byte_buffer* made = grpc_raw_compressed_byte_buffer_create(&slice, 1, algorithm);
  grpc_slice_unref(slice);
  grpc::ByteBuffer buffer;
  std::memcpy(static_cast<void*>(&buffer), &made, sizeof(made));
  return buffer;
}

// Somebody who watches the health service for as long as it lives.
class Watcher : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  void Begin() {
    const grpc::Slice nothing("");
    request_ = grpc::ByteBuffer(&nothing, 1);
    StartWriteLast(&request_, grpc::WriteOptions());
    StartRead(&answer_);
    StartCall();
  }
  void AwaitAnswer() { Await(answered_); }
  void AwaitEnd() { Await(ended_); }

  void OnReadDone(bool ok) override {
    if (ok) StartRead(&answer_);
    Set(answered_);
  }
  void OnDone(const grpc::Status&) override { Set(ended_); }

 private:
  void Set(bool& what) {
    MutexLock lock(mutex_);
    what = true;
    changed_.NotifyAll();
  }
  void Await(const bool& what) {
    MutexLock lock(mutex_);
    while (!what) changed_.Wait(mutex_);
  }

  grpc::ByteBuffer request_;
  grpc::ByteBuffer answer_;
  Mutex mutex_;
  CondVar changed_;
  bool answered_ = false;
  bool ended_ = false;
};

class GrpcServerTest : public testing::Test {
 protected:
  void StartServer() {
    ASSERT_TRUE(server_.Start().ok());
    server_.SetServing(true);
    channel_ = Connect();
    otlp_ = otlp::MetricsService::NewStub(channel_);
    push_ = v1::Ingest::NewStub(channel_);
  }
  std::string Target() const { return absl::StrCat("127.0.0.1:", server_.port()); }
  std::shared_ptr<grpc::Channel> Connect() const {
    return grpc::CreateChannel(Target(), grpc::InsecureChannelCredentials());
  }

  grpc::Status Export(const std::string& request, otlp::ExportMetricsServiceResponse* answer,
                      grpc_compression_algorithm compression = GRPC_COMPRESS_NONE) {
    grpc::ClientContext context;
    context.set_compression_algorithm(compression);
    otlp::ExportMetricsServiceRequest message;
    EXPECT_TRUE(message.ParseFromString(request));
    return otlp_->Export(&context, message, answer);
  }
  grpc::Status ExportPoints(const std::vector<OutgoingPoint>& points) {
    otlp::ExportMetricsServiceResponse answer;
    return Export(EncodeOtlp({}, points), &answer);
  }

  // One call in bytes, as they are; `algorithm` says on the wire how they are compressed.
  grpc::Status RawCall(const std::string& method, const std::string& request, std::string* response,
                       grpc_compression_algorithm algorithm = GRPC_COMPRESS_NONE) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    context.set_compression_algorithm(algorithm);
    const grpc::ByteBuffer out =
        algorithm == GRPC_COMPRESS_NONE ? Plain(request) : Compressed(request, algorithm);
    grpc::ByteBuffer in;
    Mutex mutex;
    CondVar changed;
    bool done = false;
    grpc::Status status;
    stub.UnaryCall(&context, method, grpc::StubOptions(), &out, &in, [&](grpc::Status s) {
      MutexLock lock(mutex);
      status = std::move(s);
      done = true;
      changed.NotifyOne();
    });
    MutexLock lock(mutex);
    while (!done) changed.Wait(mutex);
    if (status.ok()) *response = std::string(MessageBytes::From(in, SIZE_MAX, nullptr)->view());
    return status;
  }
  // grpc.health.v1: 1 is SERVING, 2 NOT_SERVING; -1 if the service is unknown.
  int Health(const std::string& service) {
    std::string response;
    const std::string request =
        service.empty()
            ? ""
            : absl::StrCat("\x0a", std::string(1, static_cast<char>(service.size())), service);
    if (!RawCall("/grpc.health.v1.Health/Check", request, &response).ok()) return -1;
    return response.size() == 2 ? response[1] : -2;
  }
  double Counter(const std::string& line) {
    const std::string text = metrics_.ExpositionText();
    const size_t at = text.find(absl::StrCat("\n", line, " "));
    return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
  }

  Limits limits_;
  FakeSink sink_;
  FixedClock clock_;
  Metrics metrics_;
  GrpcServerOptions options_{.listen = "127.0.0.1:0",
                             .retry_after = absl::Milliseconds(150),
                             .unanswered_per_stream_max = 4};
  GrpcServer server_{options_, limits_, sink_, clock_, metrics_};
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<otlp::MetricsService::Stub> otlp_;
  std::unique_ptr<v1::Ingest::Stub> push_;
};

}  // namespace tocsin::ingest
