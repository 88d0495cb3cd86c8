// OTLP logs over the gRPC port: answers, and what is counted.

#include "integrations/ingest/log_counters.h"
#include "proto/opentelemetry/proto/collector/logs/v1/logs_service.grpc.pb.h"
#include "tests/ingest/grpc_fixture.h"

namespace tocsin::ingest {
namespace {

namespace logs = opentelemetry::proto::collector::logs::v1;

// The port with counters of its own.
class GrpcLogsTest : public testing::Test {
 protected:
  void SetUp() override {
    counters_.SetRules({{.name = "errors_total",
                         .tests = {{*ParseRecordField("severity"),
                                    [](absl::string_view word) { return word == "error"; }}},
                         .labels = {{"route", *ParseRecordField("attributes.route")}}}},
                       Timestamp::FromMillis(kNowMs - 60'000));
    ASSERT_TRUE(server_.Start().ok());
    stub_ = logs::LogsService::NewStub(grpc::CreateChannel(
        absl::StrCat("127.0.0.1:", server_.port()), grpc::InsecureChannelCredentials()));
  }
  grpc::Status Export(int records, logs::ExportLogsServiceResponse* answer) {
    logs::ExportLogsServiceRequest request;
    auto* scope = request.add_resource_logs()->add_scope_logs();
    for (int i = 0; i < records; ++i) {
      auto* record = scope->add_log_records();
      record->set_severity_number(17);
      auto* attribute = record->add_attributes();
      attribute->set_key("route");
      attribute->mutable_value()->set_string_value(route_);
    }
    grpc::ClientContext context;
    return stub_->Export(&context, request, answer);
  }
  double Counter(const std::string& line) {
    const std::string text = metrics_.ExpositionText();
    const size_t at = text.find(absl::StrCat("\n", line, " "));
    return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
  }

  std::string route_ = "/pay";
  Limits limits_;
  FakeSink sink_;
  FixedClock clock_;
  Metrics metrics_;
  LogCounters counters_{sink_};
  GrpcServer server_{
      {.listen = "127.0.0.1:0", .logs = &counters_}, limits_, sink_, clock_, metrics_};
  std::unique_ptr<logs::LogsService::Stub> stub_;
};

TEST_F(GrpcLogsTest, RecordsAreCounted) {
  EXPECT_EQ(Counter("tocsin_log_records_total"), 0);
  logs::ExportLogsServiceResponse answer;
  ASSERT_TRUE(Export(3, &answer).ok());
  EXPECT_FALSE(answer.has_partial_success());
  EXPECT_THAT(sink_.Lines(), ElementsAre("errors_total{route=\"/pay\"} 0 @1699999985000",
                                         "errors_total{route=\"/pay\"} 3 @1700000000000"));
  EXPECT_EQ(Counter("tocsin_log_records_total"), 3);
  EXPECT_EQ(Counter("tocsin_ingest_requests_total{code=\"OK\",protocol=\"otlp_logs_grpc\"}"), 1);
}

// Told to try again, a sender would count twice.
TEST_F(GrpcLogsTest, WhatIsCountedIsTakenAlthoughItsSampleWasNot) {
  sink_.AnswerWith(absl::UnavailableError("disk full"));
  logs::ExportLogsServiceResponse answer;
  ASSERT_TRUE(Export(3, &answer).ok());
  EXPECT_TRUE(sink_.Lines().empty());
  sink_.AnswerWith(absl::OkStatus());
  ASSERT_TRUE(Export(1, &answer).ok());
  EXPECT_THAT(sink_.Lines(), ElementsAre("errors_total{route=\"/pay\"} 4 @1700000000001"));
}

TEST_F(GrpcLogsTest, AnswersSayWhatWasNotCounted) {
  route_ = FakeSink::kTooLong;
  logs::ExportLogsServiceResponse answer;
  ASSERT_TRUE(Export(2, &answer).ok());
  EXPECT_EQ(answer.partial_success().rejected_log_records(), 0);
  EXPECT_EQ(answer.partial_success().error_message(),
            "2 matches not counted: label value too long");
  EXPECT_EQ(Counter("tocsin_log_matches_dropped_total"), 2);
}

TEST_F(GrpcLogsTest, NothingIsCountedWhileDraining) {
  sink_.Hold();
  logs::ExportLogsServiceResponse answer;
  std::thread first([this] {
    logs::ExportLogsServiceResponse late;
    EXPECT_TRUE(Export(1, &late).ok());
  });
  sink_.AwaitHeld(1);
  std::thread drain([this] { server_.Drain(absl::Seconds(10)); });
  // The service drains at some moment from now on: until then requests are held, too.
  grpc::Status status;
  do {
    grpc::ClientContext context;
    context.set_deadline(
        gpr_time_add(gpr_now(GPR_CLOCK_REALTIME), gpr_time_from_millis(50, GPR_TIMESPAN)));
    status = stub_->Export(&context, logs::ExportLogsServiceRequest(), &answer);
  } while (status.ok());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  sink_.Release();
  first.join();
  drain.join();
}

}  // namespace
}  // namespace tocsin::ingest
