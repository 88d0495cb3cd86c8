#include "integrations/ingest/remote_write_http.h"

#include "proto/io/prometheus/write/v1/request.pb.h"
#include "proto/io/prometheus/write/v2/request.pb.h"
#include "tests/ingest/compress.h"
#include "tests/ingest/http_fixture.h"

namespace tocsin::ingest {
namespace {

using http::BodyOf;
using http::RawClient;
using http::StatusOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kV1Type[] = "application/x-protobuf";
constexpr char kV2Type[] = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

void AddV1(io::prometheus::write::v1::WriteRequest& request, const std::string& name, double value,
           int64_t time_ms = kNowMs) {
  auto* series = request.add_timeseries();
  auto* label = series->add_labels();
  label->set_name("__name__");
  label->set_value(name);
  auto* sample = series->add_samples();
  sample->set_value(value);
  sample->set_timestamp(time_ms);
}

// A float series, a histogram series and two exemplars.
io::prometheus::write::v2::Request V2() {
  io::prometheus::write::v2::Request request;
  for (const char* symbol : {"", "__name__", "up", "job", "node", "latency", "trace_id", "t1"}) {
    request.add_symbols(symbol);
  }
  auto* up = request.add_timeseries();
  for (const uint32_t ref : {1, 2, 3, 4}) up->add_labels_refs(ref);
  for (const int64_t ago_ms : {1000, 0}) {
    auto* sample = up->add_samples();
    sample->set_value(1);
    sample->set_timestamp(kNowMs - ago_ms);
  }
  up->add_exemplars()->set_value(1);  // of no trace
  auto* exemplar = up->add_exemplars();
  for (const uint32_t ref : {6, 7}) exemplar->add_labels_refs(ref);
  exemplar->set_timestamp(kNowMs);
  auto* latency = request.add_timeseries();
  for (const uint32_t ref : {1, 5}) latency->add_labels_refs(ref);
  auto* histogram = latency->add_histograms();
  histogram->set_count_int(3);
  histogram->set_sum(4);
  auto* span = histogram->add_positive_spans();
  span->set_length(2);
  histogram->add_positive_deltas(1);
  histogram->add_positive_deltas(1);
  histogram->set_timestamp(kNowMs);
  return request;
}

class RemoteWriteHttpTest : public HttpIngestTest {
 protected:
  RemoteWriteHttpTest() { limits_.request_bytes_max = 10'000; }
  void SetUp() override { Serve(remote_write_.route()); }

  std::string Write(const std::string& type, const std::string& plain) {
    Headers headers = {{"Content-Encoding", "snappy"}};
    if (!type.empty()) headers.emplace_back("Content-Type", type);
    return Post("/api/v1/write", headers, Compress(ContentEncoding::kSnappy, plain));
  }
  // "samples histograms exemplars" as the reply's headers say; blanks where there is none.
  static std::string WrittenOf(const std::string& reply) {
    const auto count = [&reply](const char* what) {
      return HeaderOf(reply, absl::StrCat("X-Prometheus-Remote-Write-", what, "-Written"));
    };
    return absl::StrCat(count("Samples"), " ", count("Histograms"), " ", count("Exemplars"));
  }

  ExemplarStore exemplars_{10};
  RemoteWriteHttp remote_write_{limits_, sink_, metrics_, &exemplars_};
};

TEST_F(RemoteWriteHttpTest, TakesVersionOneWhateverItIsCalled) {
  io::prometheus::write::v1::WriteRequest request;
  AddV1(request, "up", 1);
  for (const char* type : {kV1Type, "application/x-protobuf;proto=prometheus.WriteRequest", "",
                           "application/x-protobuf; charset=x; proto=prometheus.WriteRequest"}) {
    const std::string reply = Write(type, request.SerializeAsString());
    EXPECT_EQ(StatusOf(reply), 204) << type << ": " << reply;
    EXPECT_EQ(HeaderOf(reply, "Content-Length"), "");
    EXPECT_EQ(WrittenOf(reply), "  ") << "these headers promise version 2";
  }
  EXPECT_EQ(sink_.Lines(), std::vector<std::string>(4, absl::StrCat("up 1 @", kNowMs)));
  AwaitMetric("tocsin_ingest_samples_total{protocol=\"remote_write\"} 4");
}

TEST_F(RemoteWriteHttpTest, TakesVersionTwoAndCountsWhatIsWritten) {
  const std::string reply = Write(kV2Type, V2().SerializeAsString());
  EXPECT_EQ(StatusOf(reply), 204) << reply;
  EXPECT_EQ(WrittenOf(reply), "2 1 1");
  ASSERT_EQ(exemplars_.Newest(1).size(), 1u);
  EXPECT_EQ(exemplars_.Newest(1)[0].trace_id, "t1");
  EXPECT_THAT(sink_.Lines(), ElementsAre(absl::StrCat("up{job=\"node\"} 1 @", kNowMs - 1000),
                                         absl::StrCat("up{job=\"node\"} 1 @", kNowMs),
                                         testing::StartsWith("latency {{")));
}

TEST_F(RemoteWriteHttpTest, WritesTheRestOfWhatCanNeverBeTaken) {
  io::prometheus::write::v1::WriteRequest v1;
  AddV1(v1, "old", 1, kNowMs - 10 * 3'600'000);
  AddV1(v1, "", 2);
  AddV1(v1, "up", 3);
  std::string reply = Write(kV1Type, v1.SerializeAsString());
  EXPECT_EQ(StatusOf(reply), 400);
  EXPECT_THAT(BodyOf(reply), HasSubstr("1 too_old"));
  EXPECT_THAT(BodyOf(reply), HasSubstr("1 invalid_name"));
  EXPECT_THAT(sink_.Lines(), ElementsAre(absl::StrCat("up 3 @", kNowMs)));

  auto v2 = V2();
  v2.mutable_timeseries(0)->mutable_samples(0)->set_timestamp(0);
  v2.mutable_timeseries(1)->set_labels_refs(1, 99);
  reply = Write(kV2Type, v2.SerializeAsString());
  EXPECT_EQ(StatusOf(reply), 400);
  EXPECT_EQ(WrittenOf(reply), "1 0 1");
  EXPECT_THAT(BodyOf(reply), HasSubstr("1 invalid_label: labels_refs"));
  AwaitMetric(
      "tocsin_ingest_rejected_samples_total{protocol=\"remote_write\",reason=\"too_old\"} 2");
}

TEST_F(RemoteWriteHttpTest, AnswersWhenTheSamplesAreDurable) {
  sink_.Hold();
  RawClient client(server_->port());
  const std::string body = Compress(ContentEncoding::kSnappy, V2().SerializeAsString());
  ASSERT_TRUE(client.Send(PostBytes("/api/v1/write", {{"Content-Type", kV2Type}}, body)));
  sink_.AwaitHeld(1);
  AwaitMetric("tocsin_ingest_samples_total{protocol=\"remote_write\"} 0");
  sink_.Release();
  EXPECT_EQ(WrittenOf(client.ReadReply()), "2 1 1");
}

TEST_F(RemoteWriteHttpTest, WhatTheSinkDoesNotTakeIsSentAgain) {
  sink_.AnswerWith(absl::UnavailableError("queue full"));
  const std::string reply = Write(kV2Type, V2().SerializeAsString());
  EXPECT_EQ(StatusOf(reply), 503);
  EXPECT_EQ(HeaderOf(reply, "Retry-After"), "1");
  EXPECT_EQ(WrittenOf(reply), "0 0 0");
  EXPECT_EQ(BodyOf(reply), "queue full\n");
}

// Otherwise the counter's first value would be no increase.
TEST_F(RemoteWriteHttpTest, WhereACounterBeganIsToldAgainWithWhatWasNotTaken) {
  io::prometheus::write::v2::Request request;
  for (const char* symbol : {"", "__name__", "c"}) request.add_symbols(symbol);
  auto* series = request.add_timeseries();
  for (const uint32_t ref : {1, 2}) series->add_labels_refs(ref);
  auto* sample = series->add_samples();
  sample->set_value(5);
  sample->set_timestamp(kNowMs);
  sample->set_start_timestamp(kNowMs - 1000);
  sink_.AnswerWith(absl::UnavailableError("queue full"));
  EXPECT_EQ(StatusOf(Write(kV2Type, request.SerializeAsString())), 503);
  sink_.AnswerWith(absl::OkStatus());
  EXPECT_EQ(StatusOf(Write(kV2Type, request.SerializeAsString())), 204);
  EXPECT_THAT(sink_.Lines(),
              ElementsAre(absl::StrCat("c 0 @", kNowMs - 1000), absl::StrCat("c 5 @", kNowMs)));
}

TEST_F(RemoteWriteHttpTest, RefusesWhatItCannotRead) {
  const std::string plain = V2().SerializeAsString();
  const std::string snappy = Compress(ContentEncoding::kSnappy, plain);
  struct Case {
    const char* name;
    Headers headers;
    std::string body;
    int status;
  };
  const Case cases[] = {
      {"another message",
       {{"Content-Type", "application/x-protobuf;proto=io.prometheus.write.v3.Request"}},
       snappy,
       415},
      {"another type", {{"Content-Type", "application/json"}}, snappy, 415},
      {"another encoding",
       {{"Content-Type", kV2Type}, {"Content-Encoding", "gzip"}},
       Compress(ContentEncoding::kGzip, plain),
       415},
      {"not compressed", {{"Content-Type", kV2Type}}, plain, 400},
      {"not the message",
       {{"Content-Type", kV2Type}},
       Compress(ContentEncoding::kSnappy, "\xff\xff\xff"),
       400},
      {"too large inside",
       {{"Content-Type", kV2Type}},
       Compress(ContentEncoding::kSnappy, std::string(10'001, 'x')),
       413},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(StatusOf(Post("/api/v1/write", c.headers, c.body)), c.status) << c.name;
  }
  EXPECT_THAT(sink_.Lines(), IsEmpty());
}

TEST_F(RemoteWriteHttpTest, AnEmptyRequestIsFine) {
  EXPECT_EQ(WrittenOf(Write(kV2Type, "")), "0 0 0");
  EXPECT_EQ(StatusOf(Write(kV1Type, "")), 204);
}

}  // namespace
}  // namespace tocsin::ingest
