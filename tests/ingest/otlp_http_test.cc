#include "integrations/ingest/otlp_http.h"

#include "proto/google/rpc/status.pb.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "tests/ingest/compress.h"
#include "tests/ingest/http_fixture.h"

namespace tocsin::ingest {
namespace {

namespace otlp = opentelemetry::proto::collector::metrics::v1;
using http::BodyOf;
using http::RawClient;
using http::StatusOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Headers kProtobuf = {{"Content-Type", "application/x-protobuf"}};

otlp::ExportMetricsServiceRequest Gauge(const std::string& name, double value,
                                        int64_t time_ms = kNowMs) {
  otlp::ExportMetricsServiceRequest request;
  auto* metric = request.add_resource_metrics()->add_scope_metrics()->add_metrics();
  metric->set_name(name);
  auto* point = metric->mutable_gauge()->add_data_points();
  point->set_time_unix_nano(static_cast<uint64_t>(time_ms) * 1'000'000);
  point->set_as_double(value);
  return request;
}

class OtlpHttpTest : public HttpIngestTest {
 protected:
  OtlpHttpTest() { limits_.request_bytes_max = 10'000; }
  void SetUp() override { Serve(otlp_.route()); }
  std::string Export(const std::string& body, const Headers& headers = kProtobuf) {
    return Post("/v1/metrics", headers, body);
  }
  // What a failed request was told.
  google::rpc::Status ErrorOf(const std::string& reply) {
    EXPECT_EQ(HeaderOf(reply, "Content-Type"), "application/x-protobuf");
    google::rpc::Status status;
    EXPECT_TRUE(status.ParseFromString(BodyOf(reply)));
    return status;
  }

  OtlpDecoder decoder_{limits_, sink_};
  OtlpHttp otlp_{limits_, sink_, metrics_, decoder_};
};

TEST_F(OtlpHttpTest, TakesSamplesAndSaysNothingElse) {
  const std::string reply = Export(Gauge("up", 1).SerializeAsString());
  EXPECT_EQ(StatusOf(reply), 200);
  EXPECT_EQ(HeaderOf(reply, "Content-Type"), "application/x-protobuf");
  EXPECT_EQ(BodyOf(reply), "");  // no partial_success
  EXPECT_THAT(sink_.Lines(), ElementsAre(absl::StrCat("up 1 @", kNowMs)));
  AwaitMetric("tocsin_ingest_samples_total{protocol=\"otlp_http\"} 1");
  AwaitMetric("tocsin_ingest_requests_total{code=\"OK\",protocol=\"otlp_http\"} 1");
}

// Otherwise the counter's first value would be no increase.
TEST_F(OtlpHttpTest, WhereACounterBeganIsToldAgainWithWhatWasNotTaken) {
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
  sink_.AnswerWith(absl::UnavailableError("queue full"));
  EXPECT_EQ(StatusOf(Export(request.SerializeAsString())), 503);
  sink_.AnswerWith(absl::OkStatus());
  EXPECT_EQ(StatusOf(Export(request.SerializeAsString())), 200);
  EXPECT_EQ(StatusOf(Export(request.SerializeAsString())), 200);
  EXPECT_THAT(sink_.Lines(), ElementsAre(absl::StrCat("c_total 0 @", kNowMs - 1000),
                                         absl::StrCat("c_total 5 @", kNowMs),
                                         absl::StrCat("c_total 5 @", kNowMs)));
}

TEST_F(OtlpHttpTest, AnswersWhenTheSamplesAreDurable) {
  sink_.Hold();
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(PostBytes("/v1/metrics", kProtobuf, Gauge("up", 1).SerializeAsString())));
  sink_.AwaitHeld(1);
  EXPECT_EQ(metrics_.ExpositionText().find("requests_total{code=\"OK\",protocol=\"otlp_http\"} 1"),
            std::string::npos);
  sink_.Release();
  EXPECT_EQ(StatusOf(client.ReadReply()), 200);
}

TEST_F(OtlpHttpTest, SaysWhatWasRejected) {
  auto request = Gauge("up", 1);
  request.MergeFrom(Gauge("old", 1, kNowMs - 10 * 3'600'000));
  const std::string reply = Export(request.SerializeAsString());
  EXPECT_EQ(StatusOf(reply), 200);
  otlp::ExportMetricsServiceResponse response;
  ASSERT_TRUE(response.ParseFromString(BodyOf(reply)));
  EXPECT_EQ(response.partial_success().rejected_data_points(), 1);
  EXPECT_THAT(response.partial_success().error_message(), HasSubstr("too_old"));
  AwaitMetric("tocsin_ingest_rejected_samples_total{protocol=\"otlp_http\",reason=\"too_old\"} 1");
}

TEST_F(OtlpHttpTest, TakesJsonAndAnswersInIt) {
  const Headers json = {{"Content-Type", "application/json"}};
  const auto body = [](const std::string& time) {
    return absl::StrCat(R"({"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "up",
      "gauge": {"dataPoints": [{"asInt": "1", "timeUnixNano": ")",
                        time, R"("}]}}]}]}]})");
  };
  std::string reply = Export(body("1700000000000000000"), json);
  EXPECT_EQ(StatusOf(reply), 200) << reply;
  EXPECT_EQ(HeaderOf(reply, "Content-Type"), "application/json");
  EXPECT_EQ(BodyOf(reply), "{}");
  EXPECT_THAT(sink_.Lines(), ElementsAre(absl::StrCat("up 1 @", kNowMs)));

  reply = Export(body("1"), json);
  EXPECT_EQ(StatusOf(reply), 200);
  EXPECT_THAT(BodyOf(reply), HasSubstr("{\"partialSuccess\":{\"rejectedDataPoints\":\"1\""));

  reply = Export(body("x"), json);
  EXPECT_EQ(StatusOf(reply), 400);
  EXPECT_THAT(BodyOf(reply), HasSubstr("\"code\":3"));
  EXPECT_THAT(BodyOf(reply), HasSubstr("timeUnixNano of NumberDataPoint"));
  EXPECT_EQ(StatusOf(Export("", json)), 400);
}

TEST_F(OtlpHttpTest, AnEmptyRequestIsFine) {
  EXPECT_EQ(StatusOf(Export("")), 200);
}

TEST_F(OtlpHttpTest, ErrorsAreStatusMessages) {
  struct Case {
    const char* name;
    std::string body;
    Headers headers;
    int status;
    absl::StatusCode code;
    const char* outcome;
  };
  const Case cases[] = {
      {"no protobuf", "\xff\xff\xff", kProtobuf, 400, absl::StatusCode::kInvalidArgument,
       "INVALID_ARGUMENT"},
      {"another type",
       "{}",
       {{"Content-Type", "text/plain"}},
       415,
       absl::StatusCode::kInvalidArgument,
       "INVALID_ARGUMENT"},
      {"too large", std::string(10'001, 'x'), kProtobuf, 413, absl::StatusCode::kResourceExhausted,
       "RESOURCE_EXHAUSTED"},
      {"too large inside",
       Compress(ContentEncoding::kGzip, std::string(10'001, 'x')),
       {{"Content-Type", "application/x-protobuf"}, {"Content-Encoding", "gzip"}},
       413,
       absl::StatusCode::kResourceExhausted,
       "RESOURCE_EXHAUSTED"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string reply = Export(c.body, c.headers);
    EXPECT_EQ(StatusOf(reply), c.status);
    const google::rpc::Status status = ErrorOf(reply);
    EXPECT_EQ(status.code(), static_cast<int>(c.code));
    EXPECT_NE(status.message(), "");
    AwaitMetric(absl::StrCat("tocsin_ingest_requests_total{code=\"", c.outcome,
                             "\",protocol=\"otlp_http\"}"));
  }
}

TEST_F(OtlpHttpTest, WhatTheSinkDoesNotTakeIsSentAgain) {
  sink_.AnswerWith(absl::UnavailableError("queue full"));
  const std::string reply = Export(Gauge("up", 1).SerializeAsString());
  EXPECT_EQ(StatusOf(reply), 503);
  EXPECT_EQ(HeaderOf(reply, "Retry-After"), "1");
  EXPECT_EQ(ErrorOf(reply).message(), "queue full");
  sink_.AnswerWith(absl::OkStatus());
  EXPECT_EQ(StatusOf(Export(Gauge("up", 1).SerializeAsString())), 200);
}

TEST_F(OtlpHttpTest, DrainingIsAnswered) {
  front_.Drain();
  const std::string reply = Export(Gauge("up", 1).SerializeAsString());
  EXPECT_EQ(StatusOf(reply), 503);
  EXPECT_EQ(ErrorOf(reply).code(), static_cast<int>(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace tocsin::ingest
