#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "app/commands/alerts.h"
#include "app/commands/backup.h"
#include "app/commands/explain.h"
#include "app/commands/query.h"
#include "app/commands/status.h"

// The commands that talk to a running server, against answers of the admin API.
namespace tocsin::app {
namespace {

using ::testing::HasSubstr;

class FakeServer : public http_client::HttpTransport {
 public:
  absl::StatusOr<http_client::HttpResponse> Send(const http_client::HttpRequest& request) override {
    last_url = request.url;
    last_body = request.body;
    if (lost) return absl::UnknownError("timed out");
    const size_t path = request.url.find('/', 7);
    const auto answer = answers.find(request.url.substr(path, request.url.find('?') - path));
    if (answer == answers.end()) return absl::UnavailableError("connection refused");
    return answer->second;
  }
  void Answer(const std::string& path, int status, const std::string& body) {
    answers[path] = {.status = status, .body = body};
  }

  std::map<std::string, http_client::HttpResponse> answers;
  std::string last_url;
  std::string last_body;
  bool lost = false;  // every answer
};

class ServerCommandsTest : public ::testing::Test {
 protected:
  int Query(const QueryOptions& options) { return Finish(RunQuery(options, server_, out_, err_)); }
  int Alerts() { return Finish(RunAlerts({}, server_, out_, err_)); }
  int Backup(const std::string& name) {
    return Finish(RunBackup({.target = name}, server_, out_, err_));
  }
  int Explain(const ExplainOptions& options) {
    return Finish(RunExplain(options, server_, out_, err_));
  }
  int Status() { return Finish(RunStatus({}, server_, out_, err_)); }

  FakeServer server_;
  std::string out, err;

 private:
  int Finish(int code) {
    out = out_.str();
    err = err_.str();
    out_.str("");
    err_.str("");
    return code;
  }
  std::ostringstream out_, err_;
};

TEST_F(ServerCommandsTest, QueryPrintsRows) {
  server_.Answer("/api/v1/query", 200,
                 R"({"status":"success","data":{"resultType":"vector","result":[)"
                 R"({"metric":{"__name__":"up","job":"a"},"value":[1.5,"2"]},)"
                 R"({"metric":{},"value":[1.5,"NaN"]}]},"warnings":["careful"]})");
  EXPECT_EQ(Query({.server = "127.0.0.1:9", .expression = "up{} + 1", .time = "1.5"}), 0) << err;
  EXPECT_EQ(out, "up{job=\"a\"} => 2 @[1.500]\n{} => NaN @[1.500]\n");
  EXPECT_EQ(err, "warnings: careful\n");
  EXPECT_EQ(server_.last_url, "http://127.0.0.1:9/api/v1/query?query=up%7B%7D%20%2B%201&time=1.5");
}

TEST_F(ServerCommandsTest, QueryPrintsScalars) {
  server_.Answer("/api/v1/query", 200,
                 R"({"status":"success","data":{"resultType":"scalar","result":[1,"2"]}})");
  EXPECT_EQ(Query({.expression = "2"}), 0);
  EXPECT_EQ(out, "scalar: 2 @[1.000]\n");
}

TEST_F(ServerCommandsTest, QueryPassesTheServersWordsOn) {
  server_.Answer("/api/v1/query", 400,
                 R"({"status":"error","errorType":"bad_data","error":"1:3: parse error"})");
  EXPECT_EQ(Query({.expression = "u p"}), 2);
  EXPECT_EQ(err, "tocsin query: 1:3: parse error\n");
}

TEST_F(ServerCommandsTest, NoServerOrAnotherOneIsAnError) {
  EXPECT_EQ(Query({.expression = "up"}), 2);
  EXPECT_EQ(err, "tocsin query: http://127.0.0.1:9095: connection refused\n");
  EXPECT_EQ(Alerts(), 2);
  EXPECT_EQ(Status(), 2);
  for (const char* body : {"<html>", "[]", R"({"status":"success","data":[]})",
                           R"({"status":"success","data":{"alerts":[{"labels":5}]}})"}) {
    server_.Answer("/api/v1/alerts", 200, body);
    EXPECT_EQ(Alerts(), 2) << body;
    EXPECT_THAT(err, HasSubstr("http://127.0.0.1:9095")) << body;
  }
}

TEST_F(ServerCommandsTest, AlertsAreATableWithFiringOnesFirst) {
  server_.Answer(
      "/api/v1/alerts", 200,
      R"({"status":"success","data":{"alerts":[)"
      R"({"labels":{"alertname":"B"},"state":"pending","activeAt":"T1","value":"1e+00"},)"
      R"({"labels":{"alertname":"A","host":"x"},"state":"firing","activeAt":"T0",)"
      R"("value":"1.55e+01"}]}})");
  EXPECT_EQ(Alerts(), 0) << err;
  EXPECT_EQ(out,
            "STATE    ALERT  SINCE  VALUE  LABELS\n"
            "firing   A      T0     15.5   {host=\"x\"}\n"
            "pending  B      T1     1.0    {}\n");
  server_.Answer("/api/v1/alerts", 200, R"({"status":"success","data":{"alerts":[]}})");
  EXPECT_EQ(Alerts(), 0);
  EXPECT_EQ(out, "no pending or firing alerts\n");
}

TEST_F(ServerCommandsTest, StatusShowsReadinessAndFailingRules) {
  server_.Answer("/-/ready", 200, "ok");
  server_.Answer("/api/v1/status/buildinfo", 200,
                 R"({"status":"success","data":{"version":"1.2"}})");
  server_.Answer("/api/v1/rules", 200,
                 R"({"status":"success","data":{"groups":[{"name":"g","rules":[)"
                 R"({"name":"A","health":"ok","alerts":[{"state":"firing"}]}]}]}})");
  EXPECT_EQ(Status(), 0) << err;
  EXPECT_THAT(out, HasSubstr("ready:    yes\nrules:    1 in 1 groups, 0 failing\n"
                             "alerts:   1 firing, 0 pending\n"));

  server_.Answer("/api/v1/rules", 200,
                 R"({"status":"success","data":{"groups":[{"name":"g","rules":[)"
                 R"({"name":"A","health":"err","lastError":"many-to-many"}]}]}})");
  EXPECT_EQ(Status(), 1);
  EXPECT_THAT(out, HasSubstr("g      A     many-to-many\n"));

  server_.Answer("/-/ready", 503, R"({"status":"not ready","reasons":["restoring"]})");
  EXPECT_EQ(Status(), 1);
  EXPECT_THAT(out, HasSubstr("ready:    no: restoring\n"));
}

TEST_F(ServerCommandsTest, ExplainReadsAloud) {
  server_.Answer(
      "/api/tocsin/v1/explain", 200,
      R"({"status":"success","data":{"time":"T9","revision":"aaaaaaaabbbb","rules":[{"id":"monitor/slow",)"
      R"("name":"slow","kind":"monitor","expression":"latency / 2",)"
      R"("settings":{"critical":"> 900","for":"1m"},"windowSeconds":60,)"
      R"("inputs":[{"selector":"latency[1m]","seriesTotal":22,"series":[{"labels":{"service":"cart"},)"
      R"("samples":4,"newestAt":"T8","newest":"1000",)"
      R"("notes":[{"at":"T7","text":"error: timed out\u001b"},{"at":"T6","text":"1.5","traceId":"ab12"}]}]}],)"
      R"("rows":[{"labels":{"service":"cart"},"value":"1000"}],"rowsTotal":1,)"
      R"("alerts":[{"labels":{"service":"cart"},"alias":"slow-1","state":"critical","transitions":[)"
      R"({"at":"T1","transition":"fired","reason":"for_elapsed","state":"critical","value":"1000",)"
      R"("condition":"> 900 for 1m","activeAt":"T0","newestSample":"T1","ruleRevision":"ccccccccdddd"}],)"
      R"("deliveries":[{"firstAt":"T2","lastAt":"T3","attempts":3,"receiver":"team","target":0,)"
      R"("action":"create","outcome":"retried","error":"HTTP 503\u001b","by":"","note":""},)"
      R"({"firstAt":"T4","lastAt":"T4","attempts":1,"receiver":"team","target":0,)"
      R"("action":"poll","outcome":"created","error":"","by":"","note":""},)"
      R"({"firstAt":"T5","lastAt":"T5","attempts":1,"receiver":"team","target":0,"action":"Acknowledge",)"
      R"("outcome":"told","error":"","by":"ann@x.example","note":"on it"}]}],"alertsTotal":1}]}})");
  EXPECT_EQ(Explain({.subject = "slow", .time = "T9"}), 0) << err;
  EXPECT_EQ(out,
            "As of T9, by the rules aaaaaaaa\n"
            "\n"
            "slow (monitor)\n"
            "  Query: latency / 2\n"
            "  critical: > 900\n"
            "  for: 1m\n"
            "  It looked at latency[1m]:\n"
            "    {service=\"cart\"}  newest 1000 of T8, 4 samples\n"
            "      T7  error: timed out \n"
            "      T6  1.5  trace ab12\n"
            "    ... and 21 more series\n"
            "  The query gave:\n"
            "    {service=\"cart\"}  1000\n"
            "\n"
            "  Alert {service=\"cart\"} is critical\n"
            "  How it came to that:\n"
            "    T1  fired to critical: for elapsed; value 1000, condition > 900 for 1m, newest "
            "sample of T1 (by the earlier rules cccccccc)\n"
            "  Its page slow-1:\n"
            "    T2  team: create, retried (3 times until T3); HTTP 503 \n"
            "    T4  team: created\n"
            "    T5  team: Acknowledge by ann@x.example: on it\n");
  EXPECT_EQ(server_.last_url, "http://127.0.0.1:9095/api/tocsin/v1/explain?rule=slow&time=T9");
}

TEST_F(ServerCommandsTest, ExplainOfWhatNobodyKnows) {
  server_.Answer("/api/tocsin/v1/explain", 404,
                 R"({"status":"error","errorType":"not_found","error":"none"})");
  EXPECT_EQ(Explain({.subject = "x"}), 1);
  EXPECT_EQ(err, "tocsin explain: no rule and no page is known as \"x\"\n");
  EXPECT_EQ(server_.last_url, "http://127.0.0.1:9095/api/tocsin/v1/explain?alias=x");
}

TEST_F(ServerCommandsTest, BackupPrintsWhereItIsAndHowLarge) {
  server_.Answer("/api/tocsin/v1/backup", 200,
                 R"({"status":"success","data":{"name":"one","path":"/d/backups/one","bytes":7}})");
  EXPECT_EQ(Backup("one"), 0) << err;
  EXPECT_EQ(out, "/d/backups/one (7 bytes)\n");
  EXPECT_EQ(server_.last_body, R"({"name":"one"})");
}

TEST_F(ServerCommandsTest, BackupPassesTheServersWordsOn) {
  server_.Answer("/api/tocsin/v1/backup", 409,
                 R"({"status":"error","errorType":"conflict","error":"one exists already"})");
  EXPECT_EQ(Backup("one"), 2);
  EXPECT_EQ(err, "tocsin backup: one exists already\n");
  server_.Answer("/api/tocsin/v1/backup", 200, R"({"status":"success","data":{"path":1}})");
  EXPECT_EQ(Backup("one"), 2);
  EXPECT_THAT(err, HasSubstr("answers something else"));
}

TEST_F(ServerCommandsTest, BackupWhoseAnswerIsLostMayBeThere) {
  server_.lost = true;
  EXPECT_EQ(Backup("one"), 2);
  EXPECT_EQ(err,
            "tocsin backup: http://127.0.0.1:9095: timed out; the backup may yet be made: see the "
            "server's log\n");
}

}  // namespace
}  // namespace tocsin::app
