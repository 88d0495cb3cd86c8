// The routes of logs on the port, as clients meet them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integrations/datadog/intake_routes.h"
#include "tests/datadog/intake_rig.h"
#include "tests/datadog/log_rig.h"
#include "tests/ingest/compress.h"
#include "tests/ingest/http_fixture.h"

namespace tocsin::datadog {
namespace {

using http::BodyOf;
using http::StatusOf;
using ingest::ContentEncoding;
using ingest::HeaderOf;
using ingest::Headers;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kKey[] = "s3cretkeys3cretkey";
constexpr char kLog[] = R"([{"message":"a"}])";

class LogHttpTest : public ingest::HttpIngestTest {
 protected:
  LogHttpTest() { limits_.request_bytes_max = 100'000; }
  void SetUp() override {
    logs_.CountBy({});
    AddRoutes(*metrics_rig_.intake, logs_.intake, front_);
    Start();
  }
  std::string Count() {
    const std::vector<std::string> counts = logs_.NewCounts();
    return counts.empty() ? "" : counts.back();
  }

  IntakeRig metrics_rig_{{Secret(kKey)}};
  LogRig logs_;
};

TEST_F(LogHttpTest, EveryRouteOfLogsCounts) {
  int logs = 0;
  for (const char* path : {"/api/v2/logs", "/v1/input", "/datadog/api/v2/logs", "/datadog/v1/input",
                           "/v1/input/", "/datadog/v1/input/"}) {
    const std::string reply = Post(path, {{"DD-API-KEY", kKey}}, kLog);
    EXPECT_EQ(StatusOf(reply), 202) << path;
    EXPECT_EQ(BodyOf(reply), "{}") << path;
    EXPECT_EQ(HeaderOf(reply, "Content-Type"), "application/json");
    EXPECT_EQ(Count(), absl::StrCat("logs ", ++logs)) << path;
  }
  // Others stay what they were.
  const std::string search =
      Post("/api/v2/logs/events/search", {{"DD-API-KEY", kKey}}, R"({"filter":{}})");
  EXPECT_EQ(StatusOf(search), 202);
  EXPECT_EQ(Count(), "");
}

TEST_F(LogHttpTest, TheKeyMayComeInAllPlaces) {
  const std::pair<std::string, Headers> cases[] = {
      {"/v1/input/s3cretkeys3cretkey", {}},
      {"/v1/input/s3cretkeys3cretke%79", {}},
      {"/datadog/v1/input/s3cretkeys3cretkey", {}},
      {"/v1/input?api_key=s3cretkeys3cretkey", {}},
      {"/api/v2/logs?dd-api-key=s3cretkeys3cretkey&ddtags=a:b", {}},
      {"/v1/input", {{"dd-api-key", kKey}}},
  };
  for (const auto& [path, headers] : cases) {
    EXPECT_EQ(StatusOf(Post(path, headers, kLog)), 202) << path;
    EXPECT_THAT(Count(), HasSubstr("logs ")) << path;
  }
}

TEST_F(LogHttpTest, WithoutAKeyTheBodyIsNotWaitedFor) {
  const std::pair<std::string, Headers> cases[] = {
      {"/v1/input", {}},
      {"/v1/input/", {}},
      {"/v1/input/wrong", {}},
      {"/v1/input/s3cretkeys3cretkey/", {}},
      {"/v1/input/%zz", {}},
      {"/api/v2/logs/s3cretkeys3cretkey", {}},
      {"/api/v2/logs", {{"DD-API-KEY", "wrong"}}},
      {"/datadog/api/v2/logs?api_key=wrong", {}},
  };
  for (const auto& [path, headers] : cases) {
    std::string bytes = ingest::PostBytes(path, headers, kLog);
    bytes.resize(bytes.find("\r\n\r\n") + 4);  // no body comes
    http::RawClient client(server_->port());
    client.Send(bytes);
    const std::string reply = client.ReadReply();
    EXPECT_EQ(StatusOf(reply), 403) << path;
    EXPECT_EQ(BodyOf(reply), R"({"errors":["Forbidden"]})") << path;
  }
  EXPECT_THAT(logs_.NewCounts(), IsEmpty());
  EXPECT_THAT(metrics_rig_.metrics->ExpositionText(),
              HasSubstr("tocsin_datadog_forbidden_requests_total 8"));
}

TEST_F(LogHttpTest, EveryEncodingIsRead) {
  int logs = 0;
  for (const auto encoding : {ContentEncoding::kIdentity, ContentEncoding::kGzip,
                              ContentEncoding::kDeflate, ContentEncoding::kZstd}) {
    const Headers headers = {{"DD-API-KEY", kKey},
                             {"Content-Type", "application/json"},
                             {"Content-Encoding", ingest::ContentEncodingName(encoding)}};
    EXPECT_EQ(StatusOf(Post("/api/v2/logs", headers, ingest::Compress(encoding, kLog))), 202);
    EXPECT_EQ(Count(), absl::StrCat("logs ", ++logs));
  }
  const std::string damaged =
      Post("/api/v2/logs", {{"DD-API-KEY", kKey}, {"Content-Encoding", "gzip"}}, "damaged");
  EXPECT_EQ(StatusOf(damaged), 400);
  const std::string unknown =
      Post("/api/v2/logs", {{"DD-API-KEY", kKey}, {"Content-Encoding", "br"}}, kLog);
  EXPECT_EQ(StatusOf(unknown), 415);
  EXPECT_EQ(Count(), "");
}

TEST_F(LogHttpTest, LogplexIsRefusedByName) {
  const std::string reply =
      Post("/v1/input", {{"DD-API-KEY", kKey}, {"Content-Type", "Application/logplex-1"}},
           "83 <40>1 2012-11-30T06:45:29+00:00 host app web.3 - State changed");
  EXPECT_EQ(StatusOf(reply), 415);
  EXPECT_THAT(BodyOf(reply),
              HasSubstr(R"({"errors":["logs of application/logplex-1 are not read)"));
  EXPECT_EQ(Count(), "");
  EXPECT_THAT(
      logs_.metrics.ExpositionText(),
      HasSubstr(
          R"(tocsin_ingest_requests_total{code="INVALID_ARGUMENT",protocol="datadog_logs"} 1)"));
}

TEST_F(LogHttpTest, WhatIsTooLargeIsRefusedInDatadogsWords) {
  const std::string reply = Post("/api/v2/logs", {{"DD-API-KEY", kKey}}, std::string(200'000, ' '));
  EXPECT_EQ(StatusOf(reply), 413);
  EXPECT_THAT(BodyOf(reply), HasSubstr(R"({"errors":[")"));
}

TEST_F(LogHttpTest, AKeyNeverShows) {
  for (const char* path : {"/v1/input/s3cretkeys3cretkey", "/v1/input/xs3cretkeys3cretkey"}) {
    for (const char* body : {kLog, "{", "[1]"}) {
      EXPECT_THAT(Post(path, {}, body), Not(HasSubstr("s3cret")));
    }
  }
  for (const Metrics* metrics : {&logs_.metrics, &metrics_, metrics_rig_.metrics.get()}) {
    EXPECT_THAT(metrics->ExpositionText(), Not(HasSubstr("s3cret")));
  }
}

}  // namespace
}  // namespace tocsin::datadog
