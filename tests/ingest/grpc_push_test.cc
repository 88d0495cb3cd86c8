// The native stream over gRPC: order, limits, clients that vanish and come back.
#include "tests/ingest/grpc_fixture.h"

namespace tocsin::ingest {
namespace {

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

TEST_F(GrpcServerTest, PushTellsASenderThatIsTooFastWhenToComeAgain) {
  limits_.samples_per_second_per_sender_max = 1;
  StartServer();
  grpc::ClientContext context;
  auto stream = push_->Push(&context);
  for (uint64_t i = 1; i <= 2; ++i) {
    v1::PushRequest request;
    request.set_sequence(i);
    auto* declared = request.add_declare();
    declared->set_reference(static_cast<uint32_t>(i - 1));
    auto* label = declared->add_labels();
    label->set_name("__name__");
    label->set_value(absl::StrCat("m", i));
    for (int sample = 0; sample < 12; ++sample) {
      request.add_references(static_cast<uint32_t>(i - 1));
      request.add_times_delta_ms(sample == 0 ? kNowMs : 1);
      request.add_values(1);
    }
    ASSERT_TRUE(stream->Write(request));
    v1::PushResponse answer;
    ASSERT_TRUE(stream->Read(&answer));
    EXPECT_EQ(answer.sequence(), i);
    EXPECT_EQ(answer.retry_after_ms(), i == 1 ? 0u : 3000u) << answer.reason();
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(sink_.Lines().size(), 12u);
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
  limits_.series_max = 1;  // so two declarations of one sender
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

}  // namespace
}  // namespace tocsin::ingest
