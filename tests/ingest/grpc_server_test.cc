// The gRPC port as clients meet it: real channels over loopback, the engine replaced by FakeSink.

#include "integrations/ingest/grpc_server.h"

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
#include "integrations/ingest/otlp_client.h"
#include "integrations/ingest/otlp_encode.h"
#include "integrations/ingest/push_client.h"
#include "integrations/ingest/rpc.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.grpc.pb.h"
#include "proto/tocsin/v1/ingest.grpc.pb.h"
#include "tests/ingest/fake_sink.h"
#include "tests/ingest/peak_memory.h"

namespace tocsin::ingest {
namespace {

namespace otlp = opentelemetry::proto::collector::metrics::v1;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kExport[] = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
constexpr int64_t kNowMs = 1'700'000'000'000;

class FixedClock : public Clock {
 public:
  Timestamp Now() const override { return Timestamp::FromMillis(kNowMs); }
  absl::Duration Monotonic() const override { return absl::ZeroDuration(); }
};

OutgoingPoint Gauge(const std::string& name, double value) {
  return {.name = name, .time = Timestamp::FromMillis(kNowMs), .value = value};
}

// `mebibytes` MiB of zeros compressed as gRPC does it, never holding more than a buffer of them.
std::string CompressedZeros(int mebibytes, grpc_compression_algorithm algorithm) {
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

grpc::ByteBuffer Plain(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

// A message that is compressed already, which only the C interface can make. A ByteBuffer is a
// pointer to the C one (gRPC asserts it).
grpc::ByteBuffer Compressed(const std::string& bytes, grpc_compression_algorithm algorithm) {
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

TEST_F(GrpcServerTest, ExportTakesPoints) {
  StartServer();
  otlp::ExportMetricsServiceResponse answer;
  const auto status =
      Export(EncodeOtlp({{"service.name", "s"}}, {Gauge("a.b", 1), Gauge("c", 2)}), &answer);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_FALSE(answer.has_partial_success());
  EXPECT_THAT(sink_.Lines(),
              ElementsAre("a_b{job=\"s\"} 1 @1700000000000", "c{job=\"s\"} 2 @1700000000000"));
  EXPECT_EQ(Counter("tocsin_ingest_samples_total{protocol=\"otlp_grpc\"}"), 2);
}

TEST_F(GrpcServerTest, ExportTakesExponentialHistograms) {
  StartServer();
  otlp::ExportMetricsServiceRequest request;
  auto* metric = request.add_resource_metrics()->add_scope_metrics()->add_metrics();
  metric->set_name("latency");
  auto* histogram = metric->mutable_exponential_histogram();
  histogram->set_aggregation_temporality(
      opentelemetry::proto::metrics::v1::AGGREGATION_TEMPORALITY_CUMULATIVE);
  for (const int scale : {3, -7}) {
    auto* point = histogram->add_data_points();
    point->set_time_unix_nano(static_cast<uint64_t>(kNowMs) * 1'000'000);
    point->set_scale(scale);
    point->set_count(3);
    point->set_sum(4.5);
    point->mutable_positive()->set_offset(1);
    point->mutable_positive()->add_bucket_counts(1);
    point->mutable_positive()->add_bucket_counts(2);
  }
  otlp::ExportMetricsServiceResponse answer;
  ASSERT_TRUE(Export(request.SerializeAsString(), &answer).ok());
  EXPECT_EQ(answer.partial_success().rejected_data_points(), 1);
  EXPECT_THAT(answer.partial_success().error_message(), HasSubstr("histogram_scale"));
  EXPECT_THAT(sink_.Lines(),
              ElementsAre("latency {{schema:3 count:3 sum:4.5 z_bucket_w:1e-128 offset:2 "
                          "buckets:[1 2]}} @1700000000000"));
}

TEST_F(GrpcServerTest, ExportSaysWhatItRejected) {
  StartServer();
  otlp::ExportMetricsServiceRequest request;
  request.ParseFromString(EncodeOtlp({}, {Gauge("good", 1)}));
  auto* metric = request.mutable_resource_metrics(0)->mutable_scope_metrics(0)->add_metrics();
  metric->mutable_histogram()->add_data_points();
  otlp::ExportMetricsServiceResponse answer;
  EXPECT_TRUE(Export(request.SerializeAsString(), &answer).ok());
  EXPECT_EQ(answer.partial_success().rejected_data_points(), 1);
  EXPECT_THAT(answer.partial_success().error_message(), HasSubstr("not supported yet: histograms"));
  EXPECT_THAT(sink_.Lines(), ElementsAre("good 1 @1700000000000"));
  EXPECT_EQ(
      Counter("tocsin_ingest_rejected_samples_total{protocol=\"otlp_grpc\",reason=\"histogram\"}"),
      1);
}

TEST_F(GrpcServerTest, CountersExistFromTheStart) {
  StartServer();
  for (const char* protocol : {"otlp_grpc", "native"}) {
    const std::string label = std::string("{protocol=\"") + protocol + "\"";
    EXPECT_EQ(Counter("tocsin_ingest_samples_total" + label + "}"), 0);
    EXPECT_EQ(Counter("tocsin_ingest_rejected_samples_total" + label + ",reason=\"series_limit\"}"),
              0);
  }
  EXPECT_EQ(Counter("tocsin_ingest_requests_total{code=\"OK\",protocol=\"native\"}"), 0);
  for (const char* reason : {"streams", "declarations", "decode_bytes"}) {
    EXPECT_EQ(Counter(absl::StrCat("tocsin_ingest_overload_total{reason=\"", reason, "\"}")), 0);
  }
}

TEST_F(GrpcServerTest, ExportAnswersOnlyWhenDurable) {
  StartServer();
  sink_.Hold();
  std::atomic<bool> answered = false;
  std::thread sender([&] {
    EXPECT_TRUE(ExportPoints({Gauge("a", 1)}).ok());
    answered = true;
  });
  sink_.AwaitHeld(1);
  EXPECT_FALSE(answered);
  sink_.Release();
  sender.join();
}

TEST_F(GrpcServerTest, OverloadIsUnavailableWithRetryInfo) {
  StartServer();
  sink_.AnswerWith(absl::UnavailableError("queue full"));
  const grpc::Status status = ExportPoints({Gauge("a", 1)});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "queue full");
  EXPECT_EQ(RetryDelayOf(status), absl::Milliseconds(150));
  EXPECT_EQ(Counter("tocsin_ingest_requests_total{code=\"UNAVAILABLE\",protocol=\"otlp_grpc\"}"),
            1);
  EXPECT_EQ(Counter("tocsin_ingest_samples_total{protocol=\"otlp_grpc\"}"), 0);
}

TEST_F(GrpcServerTest, UndecodableIsInvalidArgument) {
  StartServer();
  const auto check = [&](const std::string& bytes, grpc_compression_algorithm compression) {
    std::string response;
    const grpc::Status status = RawCall(kExport, bytes, &response, compression);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    EXPECT_EQ(status.error_details(), "");
  };
  for (const std::string& bytes : {std::string("\x0a\x7f"), std::string("\x1f\x8bno gzip")}) {
    check(bytes, GRPC_COMPRESS_NONE);
    check(bytes, GRPC_COMPRESS_GZIP);
    check(bytes, GRPC_COMPRESS_DEFLATE);
  }
}

TEST_F(GrpcServerTest, OversizeIsResourceExhaustedWithoutRetryInfo) {
  limits_.request_bytes_max = 1000;
  StartServer();
  const std::string name(2000, 'a');
  for (const auto compression : {GRPC_COMPRESS_NONE, GRPC_COMPRESS_GZIP}) {
    otlp::ExportMetricsServiceResponse answer;
    const grpc::Status status = Export(EncodeOtlp({}, {Gauge(name, 1)}), &answer, compression);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
    EXPECT_FALSE(IsRetryable(status));
  }
  limits_.samples_per_request_max = 1;
  const grpc::Status status = ExportPoints({Gauge("a", 1), Gauge("b", 1)});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

constexpr grpc_compression_algorithm kCompressions[] = {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE};

TEST_F(GrpcServerTest, CompressionIsUnderstood) {
  StartServer();
  std::vector<OutgoingPoint> points(3000, Gauge("some_long_name", 1));
  for (const auto compression : kCompressions) {
    const size_t before = sink_.Lines().size();
    otlp::ExportMetricsServiceResponse answer;
    const grpc::Status status = Export(EncodeOtlp({}, points), &answer, compression);
    EXPECT_TRUE(status.ok()) << compression << ": " << status.error_message();
    EXPECT_EQ(sink_.Lines().size() - before, 3000u) << compression;
  }
}

TEST_F(GrpcServerTest, PushUnderstandsCompression) {
  StartServer();
  for (const auto compression : kCompressions) {
    grpc::ClientContext context;
    context.set_compression_algorithm(compression);
    auto stream = push_->Push(&context);
    v1::PushRequest request;
    request.set_sequence(3);
    for (int i = 0; i < 1000; ++i) request.add_references(0);  // never declared
    for (int i = 0; i < 1000; ++i) request.add_times_delta_ms(0);
    for (int i = 0; i < 1000; ++i) request.add_values(0);
    ASSERT_TRUE(stream->Write(request));
    v1::PushResponse answer;
    EXPECT_TRUE(stream->Read(&answer)) << compression;
    EXPECT_EQ(answer.rejected_samples(), 1000u) << compression;
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
  }
}

// 0x08 0x1d, this message's first bytes, are also the head of deflate's framing.
TEST_F(GrpcServerTest, WhatOnlyLooksCompressedIsNotInflated) {
  StartServer();
  grpc::ClientContext context;
  auto stream = push_->Push(&context);
  v1::PushRequest request;
  request.set_sequence(29);
  v1::PushResponse answer;
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.sequence(), 29u);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcServerTest, CompressionBombIsRefusedInBoundedMemory) {
  limits_.request_bytes_max = 8 << 20;
  StartServer();
  for (const auto compression : kCompressions) {
    const std::string bomb = CompressedZeros(256, compression);
    ASSERT_LT(bomb.size(), limits_.request_bytes_max);
    const PeakMemory memory;
    std::string response;
    for (int i = 0; i < 5; ++i) {
      const grpc::Status status = RawCall(kExport, bomb, &response, compression);
      EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED)
          << status.error_message();
      EXPECT_THAT(status.error_message(), HasSubstr("inflates"));
    }
    EXPECT_LT(memory.grown_kib(), 64u << 10);
  }
}

TEST_F(GrpcServerTest, HealthFollowsServing) {
  StartServer();
  for (const char* service :
       {"", "ingest", "opentelemetry.proto.collector.metrics.v1.MetricsService",
        "tocsin.v1.Ingest"}) {
    EXPECT_EQ(Health(service), 1) << service;
  }
  EXPECT_EQ(Health("nobody"), -1);
  server_.SetServing(false);
  EXPECT_EQ(Health("ingest"), 2);
}

TEST_F(GrpcServerTest, TakenAddressIsUnavailable) {
  StartServer();
  Metrics metrics;
  GrpcServer second({.listen = Target()}, limits_, sink_, clock_, metrics);
  EXPECT_TRUE(absl::IsUnavailable(second.Start()));
}

TEST_F(GrpcServerTest, DrainFinishesWhatIsUnderWay) {
  StartServer();
  sink_.Hold();
  std::thread sender([&] {
    const auto status = ExportPoints({Gauge("a", 1)});
    EXPECT_TRUE(status.ok()) << status.error_message();
  });
  grpc::ClientContext context;
  auto stream = push_->Push(&context);
  v1::PushRequest request;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "sequence: 9 declare { labels { name: '__name__' value: 'm' } } references: 0"
      " times_delta_ms: 1700000000000 values: 1",
      &request));
  ASSERT_TRUE(stream->Write(request));
  sink_.AwaitHeld(2);
  std::thread drainer([&] { server_.Drain(absl::Seconds(30)); });
  while (Health("") == 1) std::this_thread::yield();
  sink_.Release();
  v1::PushResponse answer;
  EXPECT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.sequence(), 9u);
  EXPECT_FALSE(stream->Read(&answer));
  const grpc::Status end = stream->Finish();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::UNAVAILABLE) << end.error_message();
  sender.join();
  drainer.join();
  EXPECT_EQ(sink_.Lines().size(), 2u);
  EXPECT_EQ(ExportPoints({Gauge("late", 1)}).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(GrpcServerTest, AWatcherOfTheHealthServiceDoesNotHoldTheDrain) {
  StartServer();
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  Watcher watcher;
  stub.PrepareBidiStreamingCall(&context, "/grpc.health.v1.Health/Watch", grpc::StubOptions(),
                                &watcher);
  watcher.Begin();
  watcher.AwaitAnswer();
  server_.Drain(absl::Hours(1));
  watcher.AwaitEnd();
}

TEST_F(GrpcServerTest, DrainGivesUpAfterItsGrace) {
  StartServer();
  sink_.Hold();
  std::thread sender([&] { EXPECT_FALSE(ExportPoints({Gauge("a", 1)}).ok()); });
  sink_.AwaitHeld(1);
  std::thread drainer([&] { server_.Drain(absl::Milliseconds(50)); });
  sender.join();  // cancelled, though the sink has not answered
  sink_.Release();
  drainer.join();
}

TEST_F(GrpcServerTest, SinkMayAnswerAStreamAfterTheServerIsGone) {
  StartServer();
  sink_.Hold();
  grpc::ClientContext context;
  auto stream = push_->Push(&context);
  v1::PushRequest request;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "declare { labels { name: '__name__' value: 'm' } } references: 0"
      " times_delta_ms: 1700000000000 values: 1",
      &request));
  ASSERT_TRUE(stream->Write(request));
  sink_.AwaitHeld(1);
  server_.Drain(absl::ZeroDuration());
  EXPECT_FALSE(stream->Finish().ok());
  sink_.Release();
  EXPECT_EQ(Counter("tocsin_ingest_samples_total{protocol=\"native\"}"), 1);
}

TEST_F(GrpcServerTest, PushAnswersInOrderHoweverCommitsEnd) {
  StartServer();
  sink_.Hold();
  grpc::ClientContext context;
  auto stream = push_->Push(&context);
  for (uint64_t i = 1; i <= 3; ++i) {
    v1::PushRequest request;
    request.set_sequence(i);
    if (i == 1) {
      auto* label = request.add_declare()->add_labels();
      label->set_name("__name__");
      label->set_value("m");
    }
    request.add_references(i == 2 ? 77 : 0);
    request.add_times_delta_ms(kNowMs);
    request.add_values(static_cast<double>(i));
    ASSERT_TRUE(stream->Write(request));
  }
  // The second has nothing to commit and is ready at once; it waits for the first all the same.
  sink_.AwaitHeld(2);
  sink_.Release();  // the newest first
  for (uint64_t i = 1; i <= 3; ++i) {
    v1::PushResponse answer;
    ASSERT_TRUE(stream->Read(&answer));
    EXPECT_EQ(answer.sequence(), i);
    EXPECT_EQ(answer.rejected_samples(), i == 2 ? 1u : 0u);
    EXPECT_EQ(answer.retry_after_ms(), 0u);
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(Counter("tocsin_ingest_samples_total{protocol=\"native\"}"), 2);
}

TEST_F(GrpcServerTest, PushStopsReadingWhenTooMuchIsUnanswered) {
  StartServer();
  sink_.Hold();
  grpc::ClientContext context;
  auto stream = push_->Push(&context);
  std::thread writer([&] {
    for (int i = 0; i < 12; ++i) {
      v1::PushRequest request;
      auto* label = request.add_declare()->add_labels();
      label->set_name("__name__");
      label->set_value("m");
      request.add_references(0);
      request.add_times_delta_ms(kNowMs);
      request.add_values(1);
      EXPECT_TRUE(stream->Write(request));
    }
  });
  sink_.AwaitHeld(options_.unanswered_per_stream_max);
  // Time for a fifth to slip through, if it could.
  Mutex mutex;
  CondVar never;
  {
    MutexLock lock(mutex);
    (void)never.WaitFor(mutex, absl::Milliseconds(100));
  }
  EXPECT_EQ(sink_.held(), options_.unanswered_per_stream_max);
  sink_.Release();
  writer.join();
  v1::PushResponse answer;
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(stream->Read(&answer));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcServerTest, PushOverloadKeepsTheStream) {
  StartServer();
  PushClient client({.target = Target()});
  ASSERT_TRUE(client.Open().ok());
  const uint32_t reference = client.Declare(Labels{{"__name__", "m"}});
  const int64_t time_ms = kNowMs;
  const double value = 5;
  sink_.AnswerWith(absl::UnavailableError("queue full"));
  ASSERT_TRUE(client.Push({{&reference, 1}, {&time_ms, 1}, {&value, 1}}).ok());
  std::thread relief([&] {
    while (Counter("tocsin_ingest_requests_total{code=\"UNAVAILABLE\",protocol=\"native\"}") < 1) {
      std::this_thread::yield();
    }
    sink_.AnswerWith(absl::OkStatus());
  });
  EXPECT_TRUE(client.Flush().ok());
  relief.join();
  EXPECT_EQ(client.totals().acknowledged_samples, 1u);
  EXPECT_GE(client.totals().retried_requests, 1u);
  EXPECT_THAT(sink_.Lines(), ElementsAre("m 5 @1700000000000"));
}

TEST_F(GrpcServerTest, PushEndsOnUndecodableInputAfterEarlierAnswers) {
  StartServer();
  grpc::ClientContext context;
  auto stream = push_->Push(&context);
  v1::PushRequest good, bad;
  good.set_sequence(1);
  bad.set_sequence(2);
  bad.add_references(0);
  stream->Write(good);
  stream->Write(bad);
  v1::PushResponse answer;
  EXPECT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.sequence(), 1u);
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(GrpcServerTest, PushStreamsAreLimited) {
  limits_.streams_max = 1;
  StartServer();
  grpc::ClientContext first_context, second_context;
  auto first = push_->Push(&first_context);
  v1::PushResponse answer;
  ASSERT_TRUE(first->Write(v1::PushRequest()));
  ASSERT_TRUE(first->Read(&answer));
  auto second = push_->Push(&second_context);
  EXPECT_FALSE(second->Read(&answer));
  const grpc::Status refused = second->Finish();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE) << refused.error_message();
  EXPECT_EQ(RetryDelayOf(refused), absl::Milliseconds(150));
  EXPECT_EQ(Counter("tocsin_ingest_overload_total{reason=\"streams\"}"), 1);
  EXPECT_EQ(Counter("tocsin_ingest_requests_total{code=\"UNAVAILABLE\",protocol=\"native\"}"), 1);
  first->WritesDone();
  EXPECT_TRUE(first->Finish().ok());
}

TEST_F(GrpcServerTest, PushDeclarationsOfAllStreamsAreLimited) {
  limits_.series_max = 1;  // so two declarations
  StartServer();
  v1::PushRequest request;
  auto* label = request.add_declare()->add_labels();
  label->set_name("__name__");
  label->set_value("m");
  grpc::ClientContext contexts[2];
  std::unique_ptr<grpc::ClientReaderWriter<v1::PushRequest, v1::PushResponse>> streams[2];
  v1::PushResponse answer;
  for (int i = 0; i < 2; ++i) {
    streams[i] = push_->Push(&contexts[i]);
    ASSERT_TRUE(streams[i]->Write(request));
    ASSERT_TRUE(streams[i]->Read(&answer));
  }
  const auto one_more = [&] {
    grpc::ClientContext context;
    auto stream = push_->Push(&context);
    EXPECT_TRUE(stream->Write(request));
    stream->WritesDone();
    while (stream->Read(&answer)) {
    }
    return stream->Finish();
  };
  const grpc::Status refused = one_more();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE) << refused.error_message();
  EXPECT_EQ(RetryDelayOf(refused), absl::Milliseconds(150));
  EXPECT_EQ(Counter("tocsin_ingest_overload_total{reason=\"declarations\"}"), 1);
  streams[0]->WritesDone();
  EXPECT_TRUE(streams[0]->Finish().ok());
  // The server forgets a stream a moment after its client has seen the end.
  grpc::Status taken;
  do {
    taken = one_more();
  } while (taken.error_code() == grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(taken.ok()) << taken.error_message();
  streams[1]->WritesDone();
  EXPECT_TRUE(streams[1]->Finish().ok());
}

// One request is being decoded and takes a little of the budget; what would pass it is told to come
// back, however it would pass it: by its size, by what it inflates to, on a stream.
TEST_F(GrpcServerTest, BytesBeingDecodedAreLimited) {
  limits_.ingest_decode_bytes_max = 60'000;
  StartServer();
  EXPECT_TRUE(ExportPoints({Gauge("known", 1)}).ok());
  sink_.HoldResolve();
  std::thread slow([&] { EXPECT_TRUE(ExportPoints({Gauge("slow", 1)}).ok()); });
  sink_.AwaitResolved(2);
  EXPECT_TRUE(ExportPoints({Gauge("known", 2)}).ok());  // a small one fits beside it

  const std::vector<OutgoingPoint> points(3000, Gauge("m", 1));
  const std::string large = EncodeOtlp({}, points);
  ASSERT_GT(large.size(), limits_.ingest_decode_bytes_max);
  otlp::ExportMetricsServiceResponse answer;
  for (const auto compression : {GRPC_COMPRESS_NONE, GRPC_COMPRESS_GZIP}) {
    const grpc::Status refused = Export(large, &answer, compression);
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE) << refused.error_message();
    EXPECT_THAT(refused.error_message(), HasSubstr("ingest_decode_bytes_max"));
    EXPECT_EQ(RetryDelayOf(refused), absl::Milliseconds(150));
  }
  v1::PushRequest request;
  for (int i = 0; i < 6000; ++i) {
    request.add_references(0);
    request.add_times_delta_ms(0);
    request.add_values(0);
  }
  const auto push = [&] {
    grpc::ClientContext context;
    auto stream = push_->Push(&context);
    EXPECT_TRUE(stream->Write(request));
    stream->WritesDone();
    v1::PushResponse push_answer;
    while (stream->Read(&push_answer)) {
    }
    return stream->Finish();
  };
  const grpc::Status refused = push();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE) << refused.error_message();
  EXPECT_EQ(RetryDelayOf(refused), absl::Milliseconds(150));
  EXPECT_EQ(Counter("tocsin_ingest_overload_total{reason=\"decode_bytes\"}"), 3);
  EXPECT_EQ(Counter("tocsin_ingest_requests_total{code=\"UNAVAILABLE\",protocol=\"otlp_grpc\"}"),
            2);
  EXPECT_EQ(Counter("tocsin_ingest_requests_total{code=\"UNAVAILABLE\",protocol=\"native\"}"), 1);

  // Alone they fit, however large.
  sink_.ReleaseResolve();
  slow.join();
  EXPECT_TRUE(Export(large, &answer).ok());
  EXPECT_TRUE(push().ok());
}

// The samples are in the sink's queue then, which has a limit of its own.
TEST_F(GrpcServerTest, SubmittedRequestsTakeNoRoomForDecoding) {
  limits_.ingest_decode_bytes_max = 1;
  StartServer();
  sink_.Hold();
  std::thread first([&] { EXPECT_TRUE(ExportPoints({Gauge("a", 1)}).ok()); });
  sink_.AwaitHeld(1);
  std::thread second([&] { EXPECT_TRUE(ExportPoints({Gauge("b", 1)}).ok()); });
  sink_.AwaitHeld(2);
  sink_.Release();
  first.join();
  second.join();
}

TEST_F(GrpcServerTest, VanishedPushClientLeavesNothingBehind) {
  limits_.streams_max = 1;
  StartServer();
  sink_.Hold();
  {
    grpc::ClientContext context;
    auto stream = push_->Push(&context);
    v1::PushRequest request;
    auto* label = request.add_declare()->add_labels();
    label->set_name("__name__");
    label->set_value("m");
    request.add_references(0);
    request.add_times_delta_ms(kNowMs);
    request.add_values(1);
    ASSERT_TRUE(stream->Write(request));
    sink_.AwaitHeld(1);
    context.TryCancel();
    EXPECT_FALSE(stream->Finish().ok());
  }
  sink_.Release();
  // Its place is free again.
  grpc::Status status;
  do {
    grpc::ClientContext context;
    auto stream = push_->Push(&context);
    stream->WritesDone();
    status = stream->Finish();
  } while (status.error_code() == grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(GrpcServerTest, OtlpClientRetriesWhatIsRetryable) {
  StartServer();
  SeededRandom random(1);
  OtlpClient client({.target = Target(), .attempts_max = 2, .backoff_min = absl::Milliseconds(1)},
                    random);
  sink_.AnswerWith(absl::UnavailableError("queue full"));
  const auto refused = client.Push(EncodeOtlp({}, {Gauge("a", 1)}));
  EXPECT_TRUE(absl::IsUnavailable(refused.status())) << refused.status();
  EXPECT_EQ(Counter("tocsin_ingest_requests_total{code=\"UNAVAILABLE\",protocol=\"otlp_grpc\"}"),
            2);
  sink_.AnswerWith(absl::OkStatus());
  const auto taken = client.Push(EncodeOtlp({}, {Gauge("a", 1), Gauge("", 1)}));
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(taken->rejected_points, 1);
  EXPECT_THAT(taken->message, HasSubstr("invalid_name"));
  EXPECT_TRUE(absl::IsInvalidArgument(client.Push("\x0a\x7f").status()));
}

TEST_F(GrpcServerTest, PushClientReconnectsAndDeclaresAnew) {
  StartServer();
  PushClient client({.target = Target()});
  ASSERT_TRUE(client.Open().ok());
  const uint32_t reference = client.Declare(Labels{{"__name__", "m"}});
  EXPECT_EQ(client.Declare(Labels{{"__name__", "m"}}), reference);
  const int64_t time_ms = kNowMs;
  double value = 1;
  const PushClient::Samples samples{{&reference, 1}, {&time_ms, 1}, {&value, 1}};
  ASSERT_TRUE(client.Push(samples).ok());
  ASSERT_TRUE(client.Flush().ok());
  ASSERT_TRUE(client.Open().ok());
  value = 2;
  ASSERT_TRUE(client.Push(samples).ok());
  ASSERT_TRUE(client.Flush().ok());
  EXPECT_THAT(sink_.Lines(), ElementsAre("m 1 @1700000000000", "m 2 @1700000000000"));
  EXPECT_EQ(client.totals().acknowledged_samples, 2u);
}

TEST_F(GrpcServerTest, ReflectionListsTheServices) {
  StartServer();
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  auto call = stub.PrepareCall(
      &context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  call->StartCall(nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok) && ok);
  const grpc::Slice slice(std::string("\x3a\x01*"));  // list_services: "*"
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok) && ok);
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok) && ok);
  const std::string bytes(MessageBytes::From(answer, SIZE_MAX, nullptr)->view());
  EXPECT_THAT(bytes, HasSubstr("opentelemetry.proto.collector.metrics.v1.MetricsService"));
  EXPECT_THAT(bytes, HasSubstr("tocsin.v1.Ingest"));
  context.TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok));
}

}  // namespace
}  // namespace tocsin::ingest
