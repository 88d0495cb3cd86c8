// Requests as Agents and clients send them, and what they come to.

#include "integrations/datadog/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "integrations/datadog/distribution.h"
#include "proto/datadog/agentpayload.pb.h"
#include "tests/datadog/intake_rig.h"

namespace tocsin::datadog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

namespace agentpayload = ::datadog::agentpayload;

constexpr char kProtobuf[] = "application/x-protobuf";

TEST(IntakeTest, EveryRouteIsAnsweredSoThatAnAgentGoesOn) {
  IntakeRig rig;
  for (const char* path : {"/api/v1/metadata", "/api/v2/events", "/api/v2/host_metadata",
                           "/api/v1/sketches", "/api/v1/collector", "/api/v7/unheard/of",
                           "/datadog/api/v1/metadata", "/datadog", "/datadog/"}) {
    const auto reply = rig.Post(path, "anything \xff");
    EXPECT_EQ(reply.status, 202) << path;
    EXPECT_EQ(reply.body, R"({"status":"ok"})") << path;
    EXPECT_EQ(reply.content_type, "application/json");
  }
  EXPECT_EQ(rig.Post("/api/v2/series", "").status, 202);  // an empty body keeps a connection alive
  EXPECT_EQ(rig.Send({.method = "GET", .path = "/api/v1/series"})->status, 202);
  EXPECT_THAT(rig.NewLines(), IsEmpty());
  EXPECT_EQ(rig.intake->under_way(), 0);
}

TEST(IntakeTest, TheColumnarFormatIsRefusedByName) {
  IntakeRig rig;
  for (const char* path :
       {"/api/intake/metrics/v3/series", "/datadog/api/intake/metrics/v3beta/sketches"}) {
    const auto reply = rig.Post(path, "x");
    EXPECT_EQ(reply.status, 400);
    EXPECT_THAT(reply.body, HasSubstr("use_v3_api.series.enabled: false"));
  }
}

TEST(IntakeTest, SeriesV1) {
  IntakeRig rig;
  const auto reply = rig.Post("/api/v1/series", R"({"series":[
    {"metric":"system.load.1","points":[[1700000000,0.5],[1699999990.5,0.25]],"type":"gauge","interval":0,
     "host":"Web-1","device":"sda","tags":["env:prod","canary"],"source_type_name":"System"},
    {"metric":"page.views","points":[[1700000000,2.5]],"type":"rate","interval":10,"host":"web-1","tags":null},
    {"metric":"jobs","points":[[1700000000,7]],"type":"count","interval":15,"host":"","tags":[]},
    {"metric":"plain","points":[[1700000000,1]],"type":"","host":"web-1"}]})");
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.body, R"({"status":"ok"})");
  EXPECT_THAT(
      rig.NewLines(),
      ElementsAre(
          R"(system_load_1{canary="true", device="sda", env="prod", host="web-1"} 0.5 @1700000000000)",
          R"(system_load_1{canary="true", device="sda", env="prod", host="web-1"} 0.25 @1699999990500)",
          R"(page_views{host="web-1"} 25 @1700000000000)",
          R"(datadog_metric_interval_seconds{metric="page_views", type="rate"} 10 @1700000000000)",
          R"(jobs 7 @1700000000000)",
          R"(datadog_metric_interval_seconds{metric="jobs", type="count"} 15 @1700000000000)",
          R"(plain{host="web-1"} 1 @1700000000000)"));
}

TEST(IntakeTest, IntervalsAreToldOnceAMinute) {
  IntakeRig rig;
  const auto send = [&](int64_t seconds, int interval) {
    rig.now = Timestamp::FromMillis(seconds * 1000);
    rig.Post("/api/v1/series", absl::StrCat(R"({"series":[{"metric":"a","type":"rate","interval":)",
                                            interval, R"(,"points":[[)", seconds, ",1]]}]}"));
    return rig.NewLines().size();
  };
  EXPECT_EQ(send(IntakeRig::kNowS, 10), 2u);
  EXPECT_EQ(send(IntakeRig::kNowS + 10, 10), 1u);
  EXPECT_EQ(send(IntakeRig::kNowS + 60, 10), 2u);
  EXPECT_EQ(send(IntakeRig::kNowS + 50, 10), 1u);  // sent again, late
  EXPECT_EQ(send(IntakeRig::kNowS + 70, 15), 2u);  // changed
}

agentpayload::MetricPayload::MetricSeries* AddSeries(agentpayload::MetricPayload& payload,
                                                     const char* metric, const char* host,
                                                     double value) {
  auto* series = payload.add_series();
  series->set_metric(metric);
  auto* resource = series->add_resources();
  resource->set_type("host");
  resource->set_name(host);
  auto* point = series->add_points();
  point->set_timestamp(IntakeRig::kNowS);
  point->set_value(value);
  return series;
}

TEST(IntakeTest, SeriesV2InProtobuf) {
  IntakeRig rig;
  agentpayload::MetricPayload payload;
  auto* rate = AddSeries(payload, "page.views", "web-1", 2.5);
  rate->set_type(agentpayload::MetricPayload::RATE);
  rate->set_interval(10);
  rate->add_tags("env:prod");
  auto* gauge = AddSeries(payload, "disk.used", "web-1", 3);
  gauge->set_type(agentpayload::MetricPayload::GAUGE);
  gauge->set_interval(10);
  auto* device = gauge->add_resources();
  device->set_type("device");
  device->set_name("/dev/sda1");
  auto* database = gauge->add_resources();
  database->set_type("database_instance");
  database->set_name("pg-1");
  AddSeries(payload, "old", "web-1", 4);  // without a type
  AddSeries(payload, "hidden", "web-1", 5)
      ->mutable_metadata()
      ->mutable_origin()
      ->set_metric_type(9);
  const auto reply = rig.Post("/datadog/api/v2/series", payload.SerializeAsString(), kProtobuf);
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.body, R"({"errors":[]})");
  EXPECT_THAT(
      rig.NewLines(),
      ElementsAre(
          R"(page_views{env="prod", host="web-1"} 25 @1700000000000)",
          R"(datadog_metric_interval_seconds{metric="page_views", type="rate"} 10 @1700000000000)",
          R"(disk_used{database_instance="pg-1", device="/dev/sda1", host="web-1"} 3 @1700000000000)",
          R"(old{host="web-1"} 4 @1700000000000)"));
  EXPECT_THAT(rig.metrics->ExpositionText(), HasSubstr("tocsin_datadog_hidden_series_total 1"));
}

TEST(IntakeTest, SeriesV2InJson) {
  IntakeRig rig;
  const char* const body = R"({"series":[
    {"metric":"a.b","type":2,"interval":10,"points":[{"timestamp":1700000000,"value":0.5}],
     "resources":[{"type":"host","name":"h"},{"type":"device","name":"d"}],"tags":["x:y"],"unit":"s"},
    {"metric":"c","type":3,"points":[{"timestamp":1700000000,"value":1}],"metadata":{"origin":{"metric_type":9}}}]})";
  EXPECT_EQ(rig.Post("/api/v2/series", body, "application/json").body, R"({"errors":[]})");
  EXPECT_THAT(
      rig.NewLines(),
      ElementsAre(
          R"(a_b{device="d", host="h", x="y"} 5 @1700000000000)",
          R"(datadog_metric_interval_seconds{metric="a_b", type="rate"} 10 @1700000000000)"));
}

TEST(IntakeTest, SketchesBecomeHistograms) {
  IntakeRig rig;
  agentpayload::SketchPayload payload;
  auto* sketch = payload.add_sketches();
  sketch->set_metric("request.latency");
  sketch->set_host("web-1");
  sketch->add_tags("service:shop");
  auto* point = sketch->add_dogsketches();
  point->set_ts(IntakeRig::kNowS);
  point->set_cnt(6);
  point->set_sum(123);
  for (const int32_t key : {-1383, 0, 1338, 1338, 1487}) point->add_k(key);
  for (const uint32_t count : {1u, 1u, 1u, 2u, 1u}) point->add_n(count);
  EXPECT_EQ(rig.Post("/api/beta/sketches", payload.SerializeAsString(), kProtobuf).status, 202);
  ASSERT_THAT(
      rig.NewLines(),
      ElementsAre(testing::AllOf(
          testing::StartsWith(
              R"(request_latency{host="web-1", service="shop"} {{schema:8 count:6 sum:123)"),
          HasSubstr("z_bucket:1"), testing::EndsWith("@1700000000000"))));
}

TEST(IntakeTest, BrokenSketchesAreRejectedAlone) {
  IntakeRig rig;
  agentpayload::SketchPayload payload;
  auto* bad = payload.add_sketches();
  bad->set_metric("bad");
  auto* point = bad->add_dogsketches();
  point->set_ts(IntakeRig::kNowS);
  point->add_k(1);  // no count for it
  bad->add_distributions()->set_ts(IntakeRig::kNowS);
  bad->add_dogsketches()->set_cnt(5);  // no bins
  auto* good = payload.add_sketches();
  good->set_metric("good");
  point = good->add_dogsketches();
  point->set_ts(IntakeRig::kNowS);
  point->add_k(1338);
  point->add_n(1);
  EXPECT_EQ(rig.Post("/api/beta/sketches", payload.SerializeAsString(), kProtobuf).status, 202);
  EXPECT_THAT(rig.NewLines(), ElementsAre(testing::StartsWith("good {{")));
  EXPECT_THAT(
      rig.metrics->ExpositionText(),
      HasSubstr(
          R"(tocsin_ingest_rejected_samples_total{protocol="datadog",reason="invalid_histogram"} 3)"));
}

TEST(IntakeTest, DistributionPoints) {
  IntakeRig rig;
  EXPECT_EQ(
      rig.Post(
             "/api/v1/distribution_points",
             R"({"series":[{"metric":"d","points":[[1700000000,[1,2,2]],[1700000000,[]],[1700000000,3]],
                         "type":"distribution","host":"h","tags":["a:b"]}]})")
          .status,
      202);
  EXPECT_THAT(rig.NewLines(),
              ElementsAre(testing::StartsWith(R"(d{a="b", host="h"} {{schema:8 count:3 sum:5)")));
}

TEST(IntakeTest, CheckRuns) {
  IntakeRig rig;
  EXPECT_EQ(rig.Post("/api/v1/check_run", R"([
    {"check":"datadog.agent.up","host_name":"h","timestamp":1700000000,"status":0,"message":"","tags":null},
    {"check":"http.can_connect","host_name":"h","timestamp":1699999999,"status":2,"message":"no","tags":["url:x","check:c"]},
    {"check":"bad","host_name":"h","timestamp":1700000000,"status":7,"tags":[]},
    {"host_name":"h","timestamp":1700000000,"status":1}])")
                .status,
            202);
  EXPECT_THAT(
      rig.NewLines(),
      ElementsAre(
          R"(datadog_service_check{check="datadog.agent.up", host="h"} 0 @1700000000000)",
          R"(datadog_service_check{check="http.can_connect", exported_check="c", host="h", url="x"} 2 @1699999999000)"));
  // A client of the API sends one, and no time.
  EXPECT_EQ(
      rig.Post("/api/v1/check_run", R"({"check":"app.ok","host_name":"h","status":1})").status,
      202);
  EXPECT_THAT(rig.NewLines(),
              ElementsAre(R"(datadog_service_check{check="app.ok", host="h"} 1 @1700000000000)"));
}

TEST(IntakeTest, EventsAreCountedAtTheirTime) {
  IntakeRig rig;
  rig.now = Timestamp::FromMillis(IntakeRig::kNowS * 1000 + 250);
  EXPECT_EQ(rig.Post("/intake/", R"({"apiKey":"","internalHostname":"h","events":{
      "System":[{"msg_title":"Agent started","msg_text":"x","timestamp":1699999990,"host":"h","alert_type":"info"}],
      "api":[{"msg_title":"a","timestamp":1699999990,"priority":"low","host":"h","tags":["env:e"],"alert_type":"error",
              "source_type_name":"deploy"},
             {"msg_title":"b","timestamp":1699999990,"priority":"low","host":"h","tags":["env:e"],"alert_type":"error",
              "source_type_name":"deploy"}]}})")
                .status,
            202);
  EXPECT_THAT(
      rig.NewLines(),
      ElementsAre(
          R"(datadog_events{alert_type="info", host="h", priority="normal", source="System"} 1 @1699999990250)",
          R"(datadog_events{alert_type="error", env="e", host="h", priority="low", source="deploy"} 1 @1699999990251)",
          R"(datadog_events{alert_type="error", env="e", host="h", priority="low", source="deploy"} 1 @1699999990252)"));
  EXPECT_EQ(rig.Post("/api/v1/events",
                     R"({"title":"t","text":"x","date_happened":1700000000,"tags":["a"]})")
                .status,
            202);
  EXPECT_THAT(
      rig.NewLines(),
      ElementsAre(
          R"(datadog_events{a="true", alert_type="info", priority="normal"} 1 @1700000000250)"));
  EXPECT_THAT(rig.metrics->ExpositionText(), HasSubstr("tocsin_datadog_events_total 4"));
}

constexpr char kCpu[] =
    R"({"series":[{"metric":"cpu","points":[[1700000000,1]],"type":"gauge","host":"H1","tags":["core:0"]}]})";

TEST(IntakeTest, TagsOfTheHostJoinItsSeries) {
  IntakeRig rig;
  EXPECT_EQ(rig.Post("/intake/",
                     R"({"agentVersion":"7.62.0","os":"linux","internalHostname":"h1","gohai":"{}",
      "meta":{"hostname":"h1","host_aliases":[]},
      "host-tags":{"system":["env:prod","Team:SRE"],"google cloud platform":["zone:eu-1","env:prod"],"otel":null}})")
                .status,
            202);
  rig.Post("/api/v1/series", kCpu);
  EXPECT_THAT(
      rig.NewLines(),
      ElementsAre(
          R"(cpu{core="0", env="prod", host="h1", team="sre", zone="eu-1"} 1 @1700000000000)"));
  // Checks have them, too; other hosts do not.
  rig.Post(
      "/api/v1/check_run",
      R"([{"check":"c","host_name":"h1","status":0},{"check":"c","host_name":"h2","status":0}])");
  EXPECT_THAT(
      rig.NewLines(),
      ElementsAre(
          R"(datadog_service_check{check="c", env="prod", host="h1", team="sre", zone="eu-1"} 0 @1700000000000)",
          R"(datadog_service_check{check="c", host="h2"} 0 @1700000000000)"));
}

std::string Metadata(const char* tags) {
  return absl::StrCat(R"({"internalHostname":"h1","host-tags":{"system":[)", tags, "]}}");
}

TEST(IntakeTest, WhenTagsComeLaterTheSeriesBeforeEnds) {
  IntakeRig rig;
  rig.Post("/api/v1/series", kCpu);
  EXPECT_THAT(rig.NewLines(), ElementsAre(R"(cpu{core="0", host="h1"} 1 @1700000000000)"));
  EXPECT_THAT(rig.metrics->ExpositionText(),
              HasSubstr("tocsin_datadog_series_without_host_tags_total 1"));
  rig.now = rig.now + absl::Seconds(5);
  rig.Post("/intake/", Metadata(R"("env:a")"));
  EXPECT_THAT(rig.NewLines(), ElementsAre(R"(cpu{core="0", host="h1"} stale @1700000005000)"));
  rig.Post("/api/v1/series", kCpu);
  rig.Post("/intake/", Metadata(R"("env:a")"));  // unchanged: nothing ends
  EXPECT_THAT(rig.NewLines(), ElementsAre(R"(cpu{core="0", env="a", host="h1"} 1 @1700000000000)"));
  rig.Post("/intake/", Metadata(R"("env:b")"));
  rig.Post("/api/v1/series", kCpu);
  rig.Post("/intake/", Metadata(R"("env:a")"));  // and back
  rig.Post("/api/v1/series", kCpu);
  EXPECT_THAT(rig.NewLines(),
              ElementsAre(R"(cpu{core="0", env="a", host="h1"} stale @1700000005000)",
                          R"(cpu{core="0", env="b", host="h1"} 1 @1700000000000)",
                          R"(cpu{core="0", env="b", host="h1"} stale @1700000005000)",
                          R"(cpu{core="0", env="a", host="h1"} 1 @1700000000000)"));
}

TEST(IntakeTest, AnEndThatWasNotTakenIsSentWithTheRepetition) {
  IntakeRig rig;
  rig.Post("/api/v1/series", kCpu);
  rig.NewLines();
  rig.sink.AnswerWith(absl::UnavailableError("queue full"));
  EXPECT_EQ(rig.Post("/intake/", Metadata(R"("env:a")")).status, 503);
  rig.sink.AnswerWith(absl::OkStatus());
  rig.Post("/api/v1/series", kCpu);
  EXPECT_EQ(rig.Post("/intake/", Metadata(R"("env:a")")).status, 202);
  EXPECT_THAT(rig.NewLines(), ElementsAre(R"(cpu{core="0", env="a", host="h1"} 1 @1700000000000)",
                                          R"(cpu{core="0", host="h1"} stale @1700000000000)"));
}

TEST(IntakeTest, ARestartChangesNoSeries) {
  IntakeRig rig;
  rig.Post("/intake/", Metadata(R"("env:a")"));
  rig.Restart();
  EXPECT_EQ(rig.damaged, 0u);
  rig.Post("/api/v1/series", kCpu);
  EXPECT_THAT(rig.NewLines(), ElementsAre(R"(cpu{core="0", env="a", host="h1"} 1 @1700000000000)"));
}

TEST(IntakeTest, OtherDocumentsChangeNoTags) {
  IntakeRig rig;
  rig.Post("/intake/", Metadata(R"("env:a")"));
  for (const char* body :
       {R"({"internalHostname":"h1","agent_checks":[["a","b",0,"OK","",{}]]})",
        R"({"host-tags":{}})", R"({"internalHostname":"h1","host-tags":[]})", R"([])", R"(7)"}) {
    EXPECT_EQ(rig.Post("/intake", body).status, 202) << body;
  }
  EXPECT_EQ(rig.hosts->Find("h1")->tags, std::vector<std::string>{"env:a"});
  EXPECT_EQ(rig.hosts->size(), 1u);
}

TEST(IntakeTest, OneBadSeriesNeverCostsThePayload) {
  IntakeRig rig;
  const auto reply = rig.Post("/api/v2/series", R"({"series":[
    {"metric":"","points":[{"timestamp":1700000000,"value":1}]},
    {"points":[{"timestamp":1700000000,"value":1}]},
    {"metric":7,"points":[{"timestamp":1700000000,"value":1}]},
    {"metric":"old","points":[{"timestamp":1600000000,"value":1}]},
    {"metric":"new","points":[{"timestamp":1800000000,"value":1}]},
    {"metric":"odd","points":[{"timestamp":"x","value":1},{"timestamp":1700000000,"value":null},5,null]},
    {"metric":"none","points":null}, {"metric":"none"}, 5, null, [],
    {"metric":"fine","points":[{"timestamp":1700000000,"value":1}],"tags":["a:x"]},
    {"metric":"good","points":[{"timestamp":1700000000,"value":1},{"timestamp":1e300,"value":1}]}]})");
  EXPECT_EQ(reply.status, 202);
  EXPECT_THAT(rig.NewLines(),
              ElementsAre(R"(fine{a="x"} 1 @1700000000000)", "good 1 @1700000000000"));
  EXPECT_THAT(reply.body, HasSubstr("3 invalid_name"));
  EXPECT_THAT(reply.body, HasSubstr("4 no_value"));
  EXPECT_THAT(reply.body, HasSubstr("2 too_new"));
  EXPECT_THAT(reply.body, HasSubstr("1 too_old"));
}

TEST(IntakeTest, NotANumberIsNoValue) {
  IntakeRig rig;
  agentpayload::MetricPayload payload;
  AddSeries(payload, "a", "h", std::nan(""));
  AddSeries(payload, "b\xff", "h", 1);
  AddSeries(payload, "c", "h", 1)->add_tags("x:\xff");
  const auto reply = rig.Post("/api/v2/series", payload.SerializePartialAsString(), kProtobuf);
  EXPECT_THAT(reply.body, HasSubstr("1 no_value"));
  EXPECT_THAT(reply.body, HasSubstr("2 invalid_utf8"));
  EXPECT_THAT(rig.NewLines(), IsEmpty());
}

TEST(IntakeTest, WhatNobodyCanReadIsRefusedForGood) {
  IntakeRig rig;
  std::string deep(100, '[');
  for (const auto& [path, body] : std::vector<std::pair<std::string, std::string>>{
           {"/api/v1/series", "{"},
           {"/api/v1/series", "{\"series\":[{\"metric\":\"a\",\"points\":[[1700000000,1]]}]"},
           {"/api/v1/series", "{\"series\":[{\"metric\":\"\xff\"}]}"},
           {"/api/v1/series", "{\"series\":" + deep},
           {"/api/v1/check_run", "[}"},
           {"/api/v1/distribution_points", "x"},
           {"/intake/", "{\"a\":"},
           {"/api/beta/sketches", "\x0a\x7f"}}) {
    const auto reply = rig.Post(path, body);
    EXPECT_EQ(reply.status, 400) << path << " " << body;
    EXPECT_THAT(reply.body, HasSubstr(R"({"errors":[")"));
  }
  EXPECT_EQ(rig.Post("/api/v2/series", "\x0a\x7f", kProtobuf).status, 400);
  EXPECT_THAT(rig.NewLines(), IsEmpty());
}

TEST(IntakeTest, LimitsOfARequest) {
  Limits limits;
  limits.samples_per_request_max = 3;
  IntakeRig rig({}, limits);
  EXPECT_EQ(
      rig.Post(
             "/api/v1/series",
             R"({"series":[{"metric":"a","points":[[1700000000,1],[1700000001,1],[1700000002,1]]}]})")
          .status,
      202);
  EXPECT_EQ(rig.Post("/api/v1/series",
                     R"({"series":[{"metric":"a"},{"metric":"a"},{"metric":"a"},{"metric":"a"}]})")
                .status,
            413);
  agentpayload::MetricPayload payload;
  auto* series = AddSeries(payload, "a", "h", 1);
  for (int i = 0; i < 3; ++i) *series->add_points() = series->points(0);
  EXPECT_EQ(rig.Post("/api/v2/series", payload.SerializeAsString(), kProtobuf).status, 413);
}

TEST(IntakeTest, ASeriesWithTooManyTagsOrValuesIsLeftOut) {
  IntakeRig rig;
  agentpayload::MetricPayload payload;
  auto* series = AddSeries(payload, "a", "h", 1);
  for (int i = 0; i < 2000; ++i) series->add_tags(absl::StrCat("t", i));
  AddSeries(payload, "b", "h", 1);
  EXPECT_THAT(rig.Post("/api/v2/series", payload.SerializeAsString(), kProtobuf).body,
              HasSubstr("1 label_limit"));
  EXPECT_THAT(rig.NewLines(), ElementsAre(R"(b{host="h"} 1 @1700000000000)"));

  std::string points = "[1700000000,1]";
  for (int i = 0; i < 40'000; ++i) points += ",[1700000000,1]";
  EXPECT_EQ(
      rig.Post("/api/v1/series", absl::StrCat(R"({"series":[{"metric":"a","points":[)", points,
                                              R"(]},{"metric":"b","points":[[1700000000,1]]}]})"))
          .status,
      202);
  EXPECT_THAT(rig.NewLines(), ElementsAre(R"(b 1 @1700000000000)"));
}

TEST(IntakeTest, Keys) {
  const std::string key = "0123456789abcdef0123456789abcdef";
  IntakeRig rig({Secret(key), Secret("other")});
  const auto validate = [&](std::string query,
                            std::vector<std::pair<std::string, std::string>> headers) {
    return rig
        .Send({.method = "GET",
               .path = "/api/v1/validate",
               .query = std::move(query),
               .headers = std::move(headers)})
        ->status;
  };
  EXPECT_EQ(validate("api_key=" + key, {}), 200);
  EXPECT_EQ(validate("dd-api-key=other", {}), 200);
  EXPECT_EQ(validate("", {{"DD-API-KEY", key}}), 200);
  EXPECT_EQ(validate("", {{"dd-api-key", "other"}}), 200);
  EXPECT_EQ(validate("", {}), 403);
  EXPECT_EQ(validate("api_key=", {}), 403);
  EXPECT_EQ(validate("api_key=" + key + "x", {}), 403);
  EXPECT_EQ(validate("api_key=%zz", {}), 403);
  const auto refused = rig.Post("/api/v1/series?api_key=bad", kCpu);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body, R"({"errors":["Forbidden"]})");
  EXPECT_THAT(rig.metrics->ExpositionText(),
              HasSubstr("tocsin_datadog_forbidden_requests_total 5"));
  EXPECT_THAT(rig.NewLines(), IsEmpty());
  EXPECT_TRUE(absl::IsPermissionDenied(
      rig.intake->Authorize({.method = "POST", .path = "/api/v1/series"})));
  EXPECT_TRUE(rig.intake->Authorize({.method = "POST", .headers = {{"dd-api-key", key}}}).ok());
}

TEST(IntakeTest, WithoutConfiguredKeysAnyIsAccepted) {
  IntakeRig rig;
  const auto reply = rig.Send({.method = "GET", .path = "/api/v1/validate", .query = "api_key=x"});
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, R"({"valid":true})");
}

// A key goes through every kind of answer, and must not come out anywhere.
TEST(IntakeTest, AKeyNeverShows) {
  const std::string key = "s3cretkeys3cretkey";
  IntakeRig rig({Secret(key)});
  for (const std::string& sent : {key, "wrong" + key}) {
    for (const char* body : {kCpu, "{", R"({"apiKey":"s3cretkeys3cretkey"})"}) {
      for (const char* path :
           {"/api/v1/series", "/intake/", "/api/v2/series", "/api/intake/metrics/v3/series"}) {
        const auto reply = rig.Send({.method = "POST",
                                     .path = path,
                                     .query = "api_key=" + sent,
                                     .headers = {{"dd-api-key", sent}},
                                     .body = body});
        EXPECT_THAT(reply->body, Not(HasSubstr("s3cret")));
      }
    }
  }
  EXPECT_THAT(rig.metrics->ExpositionText(), Not(HasSubstr("s3cret")));
}

TEST(IntakeTest, OverloadIsSaidSoThatTheAgentTriesAgain) {
  IntakeRig rig;
  rig.sink.AnswerWith(absl::UnavailableError("queue full"));
  const auto reply = rig.Post("/api/v1/series", kCpu);
  EXPECT_EQ(reply.status, 503);
  EXPECT_THAT(reply.headers,
              testing::Contains(std::pair<std::string, std::string>("Retry-After", "1")));
  rig.sink.AnswerWith(absl::OkStatus());
  rig.intake->Drain();
  EXPECT_EQ(rig.Post("/api/v1/series", kCpu).status, 503);
  EXPECT_EQ(rig.Send({.method = "GET", .path = "/api/v1/validate"})->status, 200);
}

TEST(IntakeTest, AnswersWhenTheSamplesAreDurable) {
  IntakeRig rig;
  rig.sink.Hold();
  rig.Post("/api/v1/series", kCpu);
  EXPECT_FALSE(rig.last->has_value());
  EXPECT_EQ(rig.intake->under_way(), 1);
  rig.sink.Release();
  EXPECT_EQ(rig.last->value().status, 202);
  EXPECT_EQ(rig.intake->under_way(), 0);
}

TEST(IntakeTest, ABacklogSentNewestFirstKeepsItsTimes) {
  IntakeRig rig;
  for (const int64_t age : {0, 60, 30, 3600, 3601}) {
    rig.Post("/api/v1/series", absl::StrCat(R"({"series":[{"metric":"a","points":[[)",
                                            IntakeRig::kNowS - age, ",", age, "]]}]}"));
  }
  EXPECT_THAT(rig.NewLines(),
              ElementsAre("a 0 @1700000000000", "a 60 @1699999940000", "a 30 @1699999970000",
                          "a 3600 @1699996400000"));  // past_ms_max is an hour
}

}  // namespace
}  // namespace tocsin::datadog
