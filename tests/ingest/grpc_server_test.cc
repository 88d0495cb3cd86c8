// The gRPC server and its OTLP service: what is exported, refused, limited, drained.
#include "tests/ingest/compress.h"
#include "tests/ingest/grpc_fixture.h"

namespace tocsin::ingest {
namespace {

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

TEST(SenderTest, IsTheHostWithoutItsPort) {
  const struct {
    const char* peer;
    const char* sender;
  } cases[] = {
      {"ipv4:10.0.0.1:50000", "10.0.0.1"},
      {"ipv6:[::1]:50000", "[::1]"},
      {"ipv6:%5Bfe80::1%5D:50000", "[fe80::1]"},
      {"ipv6:%5B::ffff:10.0.0.1%5D:50000", "10.0.0.1"},
      {"unix:/run/tocsin.sock", "unix:/run/tocsin.sock"},
      {"unknown", "unknown"},
      {"ipv4:", "ipv4:"},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(SenderOf(c.peer), c.sender) << c.peer;
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
  EXPECT_THAT(answer.partial_success().error_message(), HasSubstr("histogram without temporality"));
  EXPECT_THAT(sink_.Lines(), ElementsAre("good 1 @1700000000000"));
  EXPECT_EQ(Counter("tocsin_ingest_rejected_samples_total{protocol=\"otlp_grpc\",reason=\"unknown_"
                    "temporality\"}"),
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

// Otherwise the counter's first value would be no increase.
TEST_F(GrpcServerTest, WhereACounterBeganIsToldAgainWithWhatWasNotTaken) {
  StartServer();
  otlp::ExportMetricsServiceRequest request;
  auto* metric = request.add_resource_metrics()->add_scope_metrics()->add_metrics();
  metric->set_name("c");
  auto* sum = metric->mutable_sum();
  sum->set_is_monotonic(true);
  sum->set_aggregation_temporality(
      opentelemetry::proto::metrics::v1::AGGREGATION_TEMPORALITY_CUMULATIVE);
  auto* point = sum->add_data_points();
  point->set_start_time_unix_nano(uint64_t{kNowMs - 1000} * 1'000'000);
  point->set_time_unix_nano(uint64_t{kNowMs} * 1'000'000);
  point->set_as_double(5);
  otlp::ExportMetricsServiceResponse answer;
  sink_.AnswerWith(absl::UnavailableError("queue full"));
  EXPECT_FALSE(Export(request.SerializeAsString(), &answer).ok());
  sink_.AnswerWith(absl::OkStatus());
  EXPECT_TRUE(Export(request.SerializeAsString(), &answer).ok());
  EXPECT_THAT(sink_.Lines(), ElementsAre(absl::StrCat("c_total 0 @", kNowMs - 1000),
                                         absl::StrCat("c_total 5 @", kNowMs)));
}

TEST_F(GrpcServerTest, ASenderThatIsTooFastIsToldWhenToComeAgain) {
  limits_.samples_per_second_per_sender_max = 1;
  StartServer();
  // Ten seconds' credit; each request costs one sample more.
  EXPECT_TRUE(ExportPoints(std::vector<OutgoingPoint>(11, Gauge("a", 1))).ok());
  const grpc::Status status = ExportPoints({Gauge("a", 1)});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(RetryDelayOf(status), absl::Seconds(2));
  EXPECT_TRUE(IsRetryable(status));
  EXPECT_EQ(Counter("tocsin_ingest_overload_total{reason=\"sender_rate\"}"), 1);
  EXPECT_EQ(sink_.Lines().size(), 11u);
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

// gRPC knows neither by its name and hands their bytes on as plain.
TEST_F(GrpcServerTest, ZstdIsUnderstoodAndSnappyRefusedByName) {
  limits_.request_bytes_max = 1 << 20;
  StartServer();
  const std::vector<OutgoingPoint> points(3000, Gauge("some_long_name", 1));
  const std::string zstd = Compress(ContentEncoding::kZstd, EncodeOtlp({}, points));
  std::string response;
  const grpc::Status taken = RawCall(kExport, zstd, &response, GRPC_COMPRESS_NONE);
  EXPECT_TRUE(taken.ok()) << taken.error_message();
  EXPECT_EQ(sink_.Lines().size(), 3000u);

  const std::string bomb = Compress(ContentEncoding::kZstd, std::string(64 << 20, '\0'));
  const PeakMemory memory;
  EXPECT_EQ(RawCall(kExport, bomb, &response, GRPC_COMPRESS_NONE).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_LT(memory.grown_kib(), 32u << 10);

  EXPECT_EQ(
      RawCall(kExport, zstd.substr(0, zstd.size() / 2), &response, GRPC_COMPRESS_NONE).error_code(),
      grpc::StatusCode::INVALID_ARGUMENT);
  const grpc::Status snappy =
      RawCall(kExport, std::string("\xff\x06\0\0sNaPpYrest", 14), &response, GRPC_COMPRESS_NONE);
  EXPECT_EQ(snappy.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(snappy.error_message(), HasSubstr("snappy"));
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
  // The first gives its room back a moment after the sink has its samples.
  std::thread second([&] {
    grpc::Status status;
    do {
      status = ExportPoints({Gauge("b", 1)});
    } while (status.error_code() == grpc::StatusCode::UNAVAILABLE);
    EXPECT_TRUE(status.ok());
  });
  sink_.AwaitHeld(2);
  sink_.Release();
  first.join();
  second.join();
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
