// Logs as Agents and clients send them, and what rules see of them.

#include "integrations/datadog/log_intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/datadog/log_rig.h"

namespace tocsin::datadog {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kText[] = "text/plain";

// The value that rules see in `field` of the one log in `body`.
std::string FieldOf(const std::string& body, const char* field, const std::string& query = "",
                    const char* content_type = "application/json") {
  LogRig rig;
  rig.CountBy({field});
  const auto reply = rig.Post(body, content_type, query);
  EXPECT_EQ(reply.status, 202) << body;
  EXPECT_EQ(reply.body, "{}") << body;
  const std::vector<std::string> counts = rig.NewCounts();
  EXPECT_EQ(counts.size(), 1u) << body;
  if (counts.size() != 1) return "(no count)";
  if (counts[0] == "logs 1") return "";
  const std::string begin = "logs{a=\"", end = "\"} 1";
  EXPECT_THAT(counts[0], testing::AllOf(testing::StartsWith(begin), testing::EndsWith(end)));
  return counts[0].substr(begin.size(), counts[0].size() - begin.size() - end.size());
}

TEST(LogIntakeTest, WhatAnAgentSends) {
  const std::string log =
      R"([{"message":"pool of shop is empty","status":"error","timestamp":1700000000123,"hostname":"Web-1",)"
      R"("service":"Shop","ddsource":"java","ddtags":"env:prod,version:1.2,team:pay,canary"}])";
  const std::pair<const char*, const char*> cases[] = {
      {"body", "pool of shop is empty"},
      {"severity", "error"},
      {"severity_text", "error"},
      {"resource.service.name", "Shop"},
      {"resource.host.name", "Web-1"},
      {"resource.deployment.environment.name", "prod"},
      {"resource.service.version", "1.2"},
      {"attributes.ddsource", "java"},
      {"attributes.env", "prod"},
      {"attributes.team", "pay"},
      {"attributes.canary", "true"},
      {"attributes.message", ""},
      {"attributes.status", ""},
      {"attributes.ddtags", ""},
      {"event_name", ""},
      {"scope", ""},
  };
  for (const auto& [field, value] : cases) EXPECT_EQ(FieldOf(log, field), value) << field;
}

TEST(LogIntakeTest, MembersUnderTheirOtherNames) {
  const struct {
    const char* log;
    const char* field;
    const char* value;
  } cases[] = {
      {R"({"msg":"a"})", "body", "a"},
      {R"({"log":"a"})", "body", "a"},
      {R"({"message":"a","msg":"b"})", "attributes.msg", "b"},
      {R"({"message":null,"msg":"b"})", "body", "b"},
      {R"({"message":7})", "body", "7"},
      {R"({"message":["a",1]})", "body", R"([\"a\",1])"},
      {R"({"message":"a","host":"h"})", "resource.host.name", "h"},
      {R"({"message":"a","host":{"name":"h"}})", "attributes.host.name", "h"},
      {R"({"message":"a","severity":"WARNING"})", "severity", "warn"},
      {R"({"message":"a","severity":"WARNING"})", "severity_text", "WARNING"},
      {R"({"message":"a","level":"E"})", "severity", "error"},
      {R"({"message":"a","status":3})", "severity", "error"},
      {R"({"message":"a","status":503,"level":"error"})", "severity", "error"},
      {R"({"message":"a","status":503,"level":"error"})", "attributes.status", "503"},
      {R"({"message":"a","status":"info","level":"error"})", "severity", "info"},
      {R"({"message":"a"})", "severity", "info"},
      {R"({"message":"a"})", "severity_text", ""},
      {R"({"message":"a","ddtags":["x:y","z"]})", "attributes.x", "y"},
      {R"({"message":"a","ddtags":["x:y","z"]})", "attributes.ddtags", ""},
      {R"({"message":"a","ddtags":7})", "attributes.ddtags", "7"},
      {R"({"message":"a","service":7})", "attributes.service", "7"},
      {R"({"message":"a","ddtags":"service:s,host:h"})", "resource.service.name", "s"},
      {R"({"message":"a","ddtags":"service:s","service":"own"})", "resource.service.name", "own"},
      {R"({"no":"message"})", "attributes.no", "message"},
      {R"({"no":"message"})", "body", ""},
  };
  for (const auto& [log, field, value] : cases) {
    EXPECT_EQ(FieldOf(log, field), value) << log << " " << field;
  }
}

TEST(LogIntakeTest, OtherMembersAreAttributesWithDots) {
  const std::string log =
      R"({"message":"a","http":{"status_code":500,"url":{"path":"/pay"},"none":{}},"list":[1,{"b":2}],"yes":true,)"
      R"("half":0.5,"whole":2.0,"big":18446744073709551615,"minus":-3,"null":null,"a.b":"dotted","env":"own",)"
      R"("ddtags":"env:tag"})";
  const std::pair<const char*, const char*> cases[] = {
      {"attributes.http.status_code", "500"},
      {"attributes.http.url.path", "/pay"},
      {"attributes.http.none", "{}"},
      {"attributes.http", ""},
      {"attributes.list", R"([1,{\"b\":2}])"},
      {"attributes.yes", "true"},
      {"attributes.half", "0.5"},
      {"attributes.whole", "2"},
      {"attributes.big", "18446744073709552000"},
      {"attributes.minus", "-3"},
      {"attributes.null", ""},
      {"attributes.a.b", "dotted"},
      {"attributes.env", "own"},
  };
  for (const auto& [field, value] : cases) EXPECT_EQ(FieldOf(log, field), value) << field;
}

// Agents send what a program wrote as text, and say of its severity what they can know.
TEST(LogIntakeTest, AMessageThatIsAnObjectSaysMore) {
  for (const char* message : {R"("{\"level\":\"error\",\"msg\":\"no\",\"a\":{\"b\":1}}")",
                              R"({"level":"error","msg":"no","a":{"b":1}})",
                              R"(" {\"a\":{\"b\":1},\"level\":\"error\",\"msg\":\"no\"}\n")"}) {
    const std::string log = absl::StrCat(R"([{"message":)", message, R"(,"status":"info"}])");
    EXPECT_EQ(FieldOf(log, "severity"), "error") << message;
    EXPECT_EQ(FieldOf(log, "severity_text"), "error") << message;
    EXPECT_EQ(FieldOf(log, "attributes.a.b"), "1") << message;
    EXPECT_EQ(FieldOf(log, "attributes.msg"), "no") << message;
  }
  EXPECT_EQ(FieldOf(R"({"message":{"b":1,"a":"x"}})", "body"), R"({\"a\":\"x\",\"b\":1})");
  EXPECT_EQ(FieldOf(R"({"message":"{\"b\":1}","b":2})", "body"), R"({\"b\":1})");
  EXPECT_EQ(FieldOf(R"({"message":"{\"b\":1}","b":2})", "attributes.b"), "2");
  EXPECT_EQ(FieldOf(R"({"message":"{} and more","status":"warn"})", "severity"), "warn");
  EXPECT_EQ(FieldOf(R"({"message":"{\"b\":","status":"warn"})", "body"), R"({\"b\":)");
  const std::string deep = absl::StrCat(R"({"message":")", std::string(40, '{'), R"("})");
  EXPECT_EQ(FieldOf(deep, "body"), std::string(40, '{'));
}

TEST(LogIntakeTest, LinesOfText) {
  LogRig rig;
  rig.CountBy({"body", "severity", "resource.service.name", "attributes.ddsource"});
  EXPECT_EQ(rig.Post("first\r\n\n  second\n \n{\"level\":\"error\"}", "text/plain; charset=utf-8",
                     "service=shop&ddsource=nginx")
                .body,
            "{}");
  EXPECT_THAT(
      rig.NewCounts(),
      UnorderedElementsAre(R"(logs{a="first", b="info", c="shop", d="nginx"} 1)",
                           R"(logs{a="  second", b="info", c="shop", d="nginx"} 1)",
                           R"(logs{a="{\"level\":\"error\"}", b="error", c="shop", d="nginx"} 1)"));
}

TEST(LogIntakeTest, ParametersAreForLogsThatDoNotSay) {
  const std::string query = "ddsource=s&ddtags=env%3Aprod,x&hostname=h&service=svc&api_key=k";
  const std::pair<const char*, const char*> cases[] = {
      {"attributes.ddsource", "s"}, {"attributes.env", "prod"},       {"attributes.x", "true"},
      {"resource.host.name", "h"},  {"resource.service.name", "svc"}, {"attributes.api_key", ""},
  };
  for (const auto& [field, value] : cases) {
    EXPECT_EQ(FieldOf(R"({"message":"a"})", field, query), value) << field;
  }
  const std::string log =
      R"({"message":"a","ddsource":"o","ddtags":"y:z","hostname":"o","service":"o"})";
  EXPECT_EQ(FieldOf(log, "attributes.ddsource", query), "o");
  EXPECT_EQ(FieldOf(log, "attributes.env", query), "");
  EXPECT_EQ(FieldOf(log, "resource.host.name", query), "o");
  EXPECT_EQ(FieldOf(log, "resource.service.name", query), "o");

  LogRig rig;
  EXPECT_EQ(rig.Post("[{}]", "", "service=%zz").status, 400);
  const auto reply = rig.Post("[{}]", "", "service=%ff");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("the parameter service is not UTF-8"));
}

TEST(LogIntakeTest, TagsOfTheHostJoinItsLogs) {
  LogRig rig;
  ASSERT_TRUE(rig.hosts.Update("web-1", {"env:prod", "role:db"}, rig.now).ok());
  rig.CountBy({"attributes.env", "attributes.role", "resource.deployment.environment.name"});
  rig.Post(R"([{"message":"a","hostname":"Web-1"},{"message":"a","hostname":"web-2"},
               {"message":"a","hostname":"web-1","ddtags":"role:api"}])");
  EXPECT_THAT(rig.NewCounts(),
              UnorderedElementsAre(R"(logs{a="prod", b="db", c="prod"} 1)", "logs 1",
                                   R"(logs{a="prod", b="api,db", c="prod"} 1)"));
}

TEST(LogIntakeTest, NewestLogsAreEvidence) {
  LogRig rig;
  rig.CountBy({});
  rig.Post(R"([{"message":"a","status":"crit","timestamp":1699999999000,"dd":{"trace_id":"1"}},
               {"message":"b","date":"2023-11-14T22:13:10Z","dd.trace_id":"0af7651916cd43dd8448eb211c80319c"},
               {"message":"{\"trace_id\":\"8448eb211c80319c\"}","timestamp":"soon"}])");
  const auto newest = rig.counters.Newest(LabelsBuilder().Set(kMetricName, "logs").Build());
  ASSERT_EQ(newest.size(), 3u);
  EXPECT_EQ(newest[2].body, "a");
  EXPECT_EQ(newest[2].severity, "fatal");
  EXPECT_EQ(newest[2].time.millis(), 1'699'999'999'000);
  EXPECT_EQ(newest[2].trace_id, "00000000000000000000000000000001");
  EXPECT_EQ(newest[1].time.millis(), 1'699'999'990'000);
  EXPECT_EQ(newest[1].trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(newest[0].time, rig.now);
  EXPECT_EQ(newest[0].trace_id, "00000000000000008448eb211c80319c");
}

TEST(LogIntakeTest, AnAgentThatLooksWhetherWeAreThereCountsNothing) {
  LogRig rig;
  rig.CountBy({});
  for (const char* body : {"{}", "[]", "[{}]", "", " {} "}) {
    const auto reply = rig.Post(body);
    EXPECT_EQ(reply.status, 202) << body;
    EXPECT_EQ(reply.body, "{}") << body;
    EXPECT_EQ(reply.content_type, "application/json");
  }
  EXPECT_EQ(rig.Post("\n", kText).status, 202);
  EXPECT_EQ(rig.Send({.method = "GET", .path = "/api/v2/logs"}).status, 202);
  EXPECT_THAT(rig.NewCounts(), IsEmpty());
  EXPECT_THAT(rig.metrics.ExpositionText(), HasSubstr("tocsin_log_records_total 0"));
}

TEST(LogIntakeTest, OneBadLogCostsNoOther) {
  LogRig rig;
  rig.CountBy({"body"});
  std::string values = "1";
  for (int i = 0; i < 100'000; ++i) values += ",1";
  std::string tags = "t";
  for (int i = 0; i < 1024; ++i) absl::StrAppend(&tags, ",t", i);
  const std::string name(600, 'n');
  const auto reply = rig.Post(absl::StrCat(
      R"([7,"text",null,[1],{"message":"first"},{"message":"large","values":[)", values,
      R"(]},{"message":"tagged","ddtags":")", tags, R"("},{"message":"named",")", name, R"(":{")",
      name, R"(":1}},{"message":"last"}])"));
  EXPECT_EQ(reply.status, 202);
  EXPECT_THAT(rig.NewCounts(), UnorderedElementsAre(R"(logs{a="first"} 1)", R"(logs{a="last"} 1)"));
  EXPECT_THAT(reply.body, HasSubstr(R"({"errors":[")"));
  EXPECT_THAT(reply.body, HasSubstr("4 no_value: a log that is no object of JSON"));
  EXPECT_THAT(reply.body, HasSubstr("2 label_limit: more than 1024 tags of a log"));
  EXPECT_THAT(reply.body, HasSubstr("1 sample_limit: a log of more than 100000 values"));
  const std::string metrics = rig.metrics.ExpositionText();
  EXPECT_THAT(
      metrics,
      HasSubstr(
          R"(tocsin_ingest_rejected_samples_total{protocol="datadog_logs",reason="no_value"} 4)"));
  EXPECT_THAT(
      metrics,
      HasSubstr(
          R"(tocsin_ingest_rejected_samples_total{protocol="datadog_logs",reason="label_limit"} 2)"));
  EXPECT_THAT(metrics, HasSubstr("tocsin_log_records_total 9"));
  EXPECT_THAT(metrics,
              HasSubstr(R"(tocsin_ingest_requests_total{code="OK",protocol="datadog_logs"} 1)"));
}

TEST(LogIntakeTest, TooManyAttributesAreRejectedWhereOneIsAskedFor) {
  std::string log = R"([{"message":"a")";
  for (int i = 0; i < 2000; ++i) absl::StrAppend(&log, ",\"k", i, "\":1");
  log += "}]";
  LogRig rig;
  rig.CountBy({"body"});
  EXPECT_EQ(rig.Post(log).body, "{}");
  rig.CountBy({"attributes.k1"});
  EXPECT_THAT(rig.Post(log).body, HasSubstr("1 label_limit: too many attributes"));
}

TEST(LogIntakeTest, ALineThatIsNotUtf8IsRejectedAlone) {
  LogRig rig;
  rig.CountBy({"body"});
  const auto reply = rig.Post(
      "good\nb\xff"
      "d\nfine",
      kText);
  EXPECT_EQ(reply.status, 202);
  EXPECT_THAT(reply.body, HasSubstr("1 invalid_utf8"));
  EXPECT_THAT(rig.NewCounts(), UnorderedElementsAre(R"(logs{a="good"} 1)", R"(logs{a="fine"} 1)"));
}

// Also what came before the place where it breaks: the sender may mend and repeat it.
TEST(LogIntakeTest, ABodyThatNobodyCanReadCountsNothing) {
  LogRig rig;
  rig.CountBy({});
  rig.counters.Step(rig.now);
  const std::string bodies[] = {"text",
                                "[",
                                R"([{"message":"a"},{]})",
                                R"([{"message":"a"})",
                                "[{\"message\":\"\xff\"}]",
                                R"([{"message":"a"}] [{"message":"b"}])",
                                R"([{"message":"a"},)" + std::string(100, '[')};
  for (const std::string& body : bodies) {
    const auto reply = rig.Post(body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_THAT(reply.body, HasSubstr(R"({"errors":[")")) << body;
  }
  EXPECT_THAT(rig.Post("[1,}").body, HasSubstr("not JSON, at byte 4"));
  EXPECT_THAT(rig.NewCounts(), IsEmpty());
  EXPECT_THAT(
      rig.metrics.ExpositionText(),
      HasSubstr(
          R"(tocsin_ingest_requests_total{code="INVALID_ARGUMENT",protocol="datadog_logs"} 8)"));
}

TEST(LogIntakeTest, LimitOfLogsInARequest) {
  Limits limits;
  limits.samples_per_request_max = 3;
  LogRig rig(limits);
  rig.CountBy({});
  EXPECT_EQ(rig.Post(R"([{"message":"a"},1,{"message":"a"}])").status, 202);
  EXPECT_THAT(rig.NewCounts(), ElementsAre("logs 2"));
  const auto reply = rig.Post(R"([{"message":"a"},{"message":"a"},{"message":"a"},1])");
  EXPECT_EQ(reply.status, 413);
  EXPECT_THAT(reply.body, HasSubstr("samples_per_request_max"));
  EXPECT_EQ(rig.Post("a\nb\nc\nd", kText).status, 413);
  EXPECT_EQ(rig.Post("a", kText).status, 202);
  EXPECT_THAT(rig.NewCounts(), ElementsAre("logs 3"));
  EXPECT_THAT(
      rig.metrics.ExpositionText(),
      HasSubstr(
          R"(tocsin_ingest_requests_total{code="RESOURCE_EXHAUSTED",protocol="datadog_logs"} 2)"));
}

TEST(LogIntakeTest, CountersBeyondTheirLimitAreSaidToTheSender) {
  LogRig rig;
  rig.CountBy({"body"});
  std::string logs = "[";
  for (int i = 0; i < 1001; ++i) absl::StrAppend(&logs, i == 0 ? "" : ",", "{\"message\":", i, "}");
  const auto reply = rig.Post(logs + "]");
  EXPECT_EQ(reply.status, 202);
  EXPECT_THAT(reply.body, HasSubstr("1 matches not counted: logs has 1000 counters already"));
  EXPECT_THAT(rig.metrics.ExpositionText(), HasSubstr("tocsin_log_matches_dropped_total 1"));
}

// An Agent repeats it: nothing may have been counted.
TEST(LogIntakeTest, WithoutRoomItIsToldToTryAgainAndCountsNothing) {
  LogRig rig;
  rig.CountBy({});
  rig.budget = 1000;
  rig.busy = true;
  for (const char* type : {"application/json", kText}) {
    const auto reply = rig.Post(R"({"message":"a"})", type);
    EXPECT_EQ(reply.status, 503);
    EXPECT_THAT(reply.headers, Contains(Pair("Retry-After", "1")));
  }
  rig.busy = false;
  EXPECT_EQ(rig.Post(R"({"message":"a"})").status, 202);
  EXPECT_THAT(rig.NewCounts(), ElementsAre("logs 1"));
  EXPECT_THAT(
      rig.metrics.ExpositionText(),
      HasSubstr(R"(tocsin_ingest_requests_total{code="UNAVAILABLE",protocol="datadog_logs"} 2)"));
}

// It would be counted twice if the sender repeated it.
TEST(LogIntakeTest, WhatIsCountedIsTakenEvenIfItCannotBeStoredNow) {
  LogRig rig;
  rig.CountBy({});
  rig.sink.AnswerWith(absl::UnavailableError("full"));
  EXPECT_EQ(rig.Post(R"({"message":"a"})").status, 202);
  rig.sink.AnswerWith(absl::OkStatus());
  EXPECT_EQ(rig.Post(R"({"message":"a"})").status, 202);
  EXPECT_THAT(rig.NewCounts(), ElementsAre("logs 2"));
  EXPECT_THAT(rig.metrics.ExpositionText(),
              HasSubstr(R"(tocsin_ingest_samples_total{protocol="datadog_logs"} 1)"));
}

// Credit is for ten seconds.
TEST(LogIntakeTest, LogsCountTowardsTheRateOfTheirSender) {
  Limits limits;
  limits.samples_per_second_per_sender_max = 1;
  LogRig rig(limits);
  rig.Post("a\nb\nc\nd\ne", kText);
  EXPECT_TRUE(rig.rates.Admit("192.0.2.1").ok());
  rig.Post("[1,2,3,4,5,6,7,8,9,10]");  // rejected ones, too
  EXPECT_FALSE(rig.rates.Admit("192.0.2.1").ok());
  EXPECT_TRUE(rig.rates.Admit("192.0.2.2").ok());
}

TEST(LogIntakeTest, AnswersWhenTheSamplesAreDurable) {
  LogRig rig;
  rig.CountBy({});
  rig.sink.Hold();
  rig.Post(R"({"message":"a"})");
  EXPECT_FALSE(rig.last.has_value());
  rig.sink.Release();
  ASSERT_TRUE(rig.last.has_value());
  EXPECT_EQ(rig.last->status, 202);
}

}  // namespace
}  // namespace tocsin::datadog
