#include "integrations/http/admin_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace tocsin::http {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

class FixedClock : public Clock {
 public:
  Timestamp Now() const override { return Timestamp::FromMillis(7'000); }
  absl::Duration Monotonic() const override { return monotonic; }

  absl::Duration monotonic = absl::Hours(5);
};

class FakeBackend : public AdminBackend {
 public:
  ReadyStatus Ready() override { return ready; }
  absl::Status Reload() override {
    ++reloads;
    return reload_result;
  }
  std::vector<RuleGroupStatus> Rules() override { return groups; }
  std::vector<TargetStatus> Targets() override { return targets; }
  std::vector<AlertStatus> Alerts() override {
    return {{.labels = {{"a", "b"}}, .state = "firing"}};
  }
  absl::StatusOr<QueryValue> Query(absl::string_view text, Timestamp time,
                                   const Expired& expired) override {
    query = std::string(text);
    query_time = time;
    if (during_query) during_query(expired);
    if (!query_error.ok()) return query_error;
    return value;
  }

  absl::StatusOr<Explanation> Explain(const ExplainRequest& request, const Expired&) override {
    explained.push_back(request);
    return explanation;
  }

  absl::StatusOr<BackupStatus> Backup(const std::string& name) override {
    backups.push_back(name);
    return backup;
  }

  absl::StatusOr<std::string> Feedback(const std::string& alias, const std::string& word) override {
    feedback.push_back(alias + " " + word);
    return feedback_result;
  }

  std::vector<std::string> feedback;
  absl::StatusOr<std::string> feedback_result = "orders-unusual";
  std::vector<ExplainRequest> explained;
  absl::StatusOr<Explanation> explanation;
  std::vector<std::string> backups;
  absl::StatusOr<BackupStatus> backup = BackupStatus{.path = "/data/backups/one", .bytes = 7};
  ReadyStatus ready{.ready = true};
  absl::Status reload_result;
  int reloads = 0;
  QueryValue value{.vector = {{{{"__name__", "up"}}, 2}}};
  std::vector<RuleGroupStatus> groups;
  std::vector<TargetStatus> targets;
  absl::Status query_error;
  std::string query;
  Timestamp query_time;
  std::function<void(const Expired&)> during_query;
};

class AdminApiTest : public ::testing::Test {
 protected:
  HttpReply Get(const std::string& target) { return Send("GET", target); }
  HttpReply Send(const std::string& method, const std::string& target, const std::string& body = "",
                 std::vector<std::pair<std::string, std::string>> headers = {}) {
    HttpRequest request{.method = method, .headers = std::move(headers), .body = body};
    const size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = target.substr(question + 1);
    return api_.Handle(request);
  }

  FakeBackend backend_;
  Metrics metrics_;
  FixedClock clock_;
  AdminApi api_{backend_, metrics_, clock_, {.version = "1.2.3", .revision = "abc"}};
};

TEST_F(AdminApiTest, TargetsInPrometheusShape) {
  backend_.targets = {{.job = "node",
                       .address = "10.0.0.1:9100",
                       .url = "http://10.0.0.1:9100/metrics",
                       .labels = {{"instance", "10.0.0.1:9100"}, {"job", "node"}},
                       .interval = "15s",
                       .timeout = "10s",
                       .last_scrape = Timestamp::FromMillis(5'000),
                       .took = absl::Milliseconds(250)},
                      {.job = "other", .last_error = "no connection"}};
  backend_.targets[1].last_scrape = Timestamp::FromMillis(6'000);
  using Json = nlohmann::json;
  const Json data = Json::parse(Get("/api/v1/targets").body)["data"];
  EXPECT_EQ(data["droppedTargets"], Json::array());
  ASSERT_EQ(data["activeTargets"].size(), 2u);
  EXPECT_EQ(data["activeTargets"][0],
            Json::parse(R"({"discoveredLabels": {"__address__": "10.0.0.1:9100", "job": "node"},
                            "labels": {"instance": "10.0.0.1:9100", "job": "node"},
                            "scrapePool": "node", "scrapeUrl": "http://10.0.0.1:9100/metrics",
                            "globalUrl": "http://10.0.0.1:9100/metrics", "lastError": "",
                            "lastScrape": "1970-01-01T00:00:05.000Z", "lastScrapeDuration": 0.25,
                            "health": "up", "scrapeInterval": "15s", "scrapeTimeout": "10s"})"));
  EXPECT_EQ(data["activeTargets"][1]["health"], "down");
  EXPECT_EQ(data["activeTargets"][1]["lastError"], "no connection");
  const auto count = [&](const std::string& query) {
    return Json::parse(Get("/api/v1/targets?" + query).body)["data"]["activeTargets"].size();
  };
  EXPECT_EQ(count("scrapePool=node"), 1u);
  EXPECT_EQ(count("state=dropped"), 0u);
}

TEST_F(AdminApiTest, QueryAnswersInPrometheusShape) {
  const HttpReply reply = Get("/api/v1/query?query=up%20%2B+1&time=1.5");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "application/json");
  EXPECT_EQ(reply.body, R"({"status":"success","data":{"resultType":"vector","result":)"
                        R"([{"metric":{"__name__":"up"},"value":[1.5,"2"]}]}})");
  EXPECT_EQ(backend_.query, "up + 1");
}

TEST_F(AdminApiTest, ExplainsARuleOrAPage) {
  Explanation explanation;
  explanation.time = Timestamp::FromMillis(1'500);
  explanation.revision = "r";
  explanation.rules.emplace_back();
  explanation.rules[0].name = "slow";
  explanation.rules[0].alerts.emplace_back();
  explanation.rules[0].alerts[0].transitions.push_back({.transition = "fired"});
  backend_.explanation = explanation;
  const HttpReply reply = Get("/api/tocsin/v1/explain?rule=slow&time=1.5");
  EXPECT_EQ(reply.status, 200) << reply.body;
  const auto data = nlohmann::json::parse(reply.body).at("data");
  EXPECT_EQ(data.at("time"), "1970-01-01T00:00:01.500Z");
  EXPECT_EQ(data.at("rules")[0].at("alerts")[0].at("transitions")[0].at("transition"), "fired");
  ASSERT_EQ(backend_.explained.size(), 1u);
  EXPECT_EQ(backend_.explained[0].rule, "slow");
  EXPECT_EQ(backend_.explained[0].time, Timestamp::FromMillis(1'500));
  EXPECT_EQ(Get("/api/tocsin/v1/explain?alias=a").status, 200);
  EXPECT_EQ(backend_.explained[1].time, clock_.Now());
}

TEST_F(AdminApiTest, ExplainRefusesWhatItCannotAnswer) {
  for (const char* bad : {"", "?rule=a&alias=b", "?rule=a&time=x", "?rule=%"}) {
    EXPECT_EQ(Get(std::string("/api/tocsin/v1/explain") + bad).status, 400) << bad;
  }
  EXPECT_EQ(Send("POST", "/api/tocsin/v1/explain?rule=a").status, 405);
  EXPECT_TRUE(backend_.explained.empty());
  backend_.explanation = absl::NotFoundError("there is none");
  EXPECT_EQ(Get("/api/tocsin/v1/explain?rule=a").status, 404);
}

TEST_F(AdminApiTest, QueryLimitsTheRows) {
  EXPECT_EQ(Get("/api/v1/query?query=up&limit=1").body.find("truncated"), std::string::npos);
  backend_.value.vector.push_back(backend_.value.vector[0]);
  const HttpReply reply = Get("/api/v1/query?query=up&limit=1");
  EXPECT_NE(reply.body.find(R"("warnings":["results truncated due to limit"])"), std::string::npos)
      << reply.body;
  EXPECT_EQ(Get("/api/v1/query?query=up&limit=-1").status, 400);
}

TEST_F(AdminApiTest, QueryTakesAPostedForm) {
  const HttpReply reply =
      Send("POST", "/api/v1/query", "query=up&time=2026-01-01T00%3A00%3A00Z",
           {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}});
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(backend_.query, "up");
  EXPECT_EQ(FormatTimestamp(backend_.query_time), "2026-01-01T00:00:00.000Z");
}

TEST_F(AdminApiTest, QueryWithoutTimeIsNow) {
  Get("/api/v1/query?query=up");
  EXPECT_EQ(backend_.query_time, clock_.Now());
}

TEST_F(AdminApiTest, BadParametersAreNamed) {
  EXPECT_EQ(Get("/api/v1/query?query=up&time=foo").body,
            R"({"status":"error","errorType":"bad_data","error":)"
            R"("invalid parameter \"time\": cannot parse \"foo\" to a valid timestamp"})");
  for (const char* target : {"/api/v1/query?query=up&time=foo", "/api/v1/query?query=up&time=1e300",
                             "/api/v1/query?query=up&time=nan", "/api/v1/query?query=up&timeout=-1",
                             "/api/v1/query?query=%zz", "/api/v1/rules?type=foo"}) {
    EXPECT_EQ(Get(target).status, 400) << target;
  }
}

// `timeout` by itself or 2 minutes, whichever is shorter.
TEST_F(AdminApiTest, AQueryExpiresAfterItsTimeout) {
  struct Case {
    const char* parameter;
    absl::Duration timeout;
  };
  const Case cases[] = {
      {"", absl::Minutes(2)},
      {"&timeout=5", absl::Seconds(5)},
      {"&timeout=1.5", absl::Milliseconds(1500)},
      {"&timeout=90s", absl::Seconds(90)},
      {"&timeout=1h", absl::Minutes(2)},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.parameter);
    backend_.during_query = [&](const Expired& expired) {
      EXPECT_FALSE(expired());
      clock_.monotonic += c.timeout - absl::Milliseconds(1);
      EXPECT_FALSE(expired());
      clock_.monotonic += absl::Milliseconds(1);
      EXPECT_TRUE(expired());
    };
    EXPECT_EQ(Get(absl::StrCat("/api/v1/query?query=up", c.parameter)).status, 200);
  }
}

// A query that is asked for while others run is stood for here by one asked for from within.
TEST_F(AdminApiTest, AQueryBesideTooManyOthersIsRefused) {
  constexpr int kLimit = 4;
  int depth = 0;
  HttpReply last;
  backend_.during_query = [&](const Expired&) {
    ++depth;
    ASSERT_LE(depth, kLimit);
    const HttpReply reply = Get("/api/v1/query?query=up");
    if (depth == kLimit) {
      last = reply;
    } else {
      EXPECT_EQ(reply.status, 200);
    }
    --depth;
  };
  for (int i = 1; i <= 2; ++i) {  // what has ended counts no more
    SCOPED_TRACE(i);
    EXPECT_EQ(Get("/api/v1/query?query=up").status, 200);
    EXPECT_EQ(last.status, 503);
    EXPECT_EQ(last.body, R"({"status":"error","errorType":"unavailable","error":)"
                         R"("4 queries run already; try again"})");
    EXPECT_THAT(metrics_.ExpositionText(),
                HasSubstr(absl::StrCat("tocsin_http_queries_refused_total ", i, "\n")));
  }
}

TEST_F(AdminApiTest, QueryErrorsHavePrometheusCodesAndTypes) {
  struct Case {
    absl::Status error;
    int status;
    const char* type;
  };
  const Case cases[] = {
      {absl::InvalidArgumentError("parse error"), 400, "bad_data"},
      {absl::FailedPreconditionError("many-to-many"), 422, "execution"},
      {absl::ResourceExhaustedError("too many samples"), 422, "execution"},
      {absl::UnimplementedError("not supported yet: x"), 422, "execution"},
      {absl::DeadlineExceededError("slow"), 503, "timeout"},
      {absl::UnavailableError("restoring"), 503, "unavailable"},
      {absl::DataLossError("broken"), 500, "internal"},
  };
  for (const Case& c : cases) {
    backend_.query_error = c.error;
    const HttpReply reply = Get("/api/v1/query?query=x");
    EXPECT_EQ(reply.status, c.status) << c.error;
    const auto body = nlohmann::json::parse(reply.body);
    EXPECT_EQ(body["status"], "error");
    EXPECT_EQ(body["errorType"], c.type);
    EXPECT_THAT(body["error"].get<std::string>(), HasSubstr(std::string(c.error.message())));
  }
}

TEST_F(AdminApiTest, ReadinessTellsWhyNot) {
  EXPECT_EQ(Get("/-/ready").status, 200);
  backend_.ready = {.ready = false, .reasons = {"restoring"}};
  const HttpReply reply = Get("/-/ready");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, R"({"status":"not ready","reasons":["restoring"]})");
  EXPECT_EQ(Get("/-/healthy").status, 200);
}

TEST_F(AdminApiTest, ReloadNeedsAPostFromTheSameOrigin) {
  EXPECT_EQ(Get("/-/reload").status, 405);
  EXPECT_EQ(
      Send("POST", "/-/reload", "", {{"Origin", "http://evil.example"}, {"Host", "localhost:9095"}})
          .status,
      403);
  EXPECT_EQ(Send("POST", "/-/reload", "", {{"Origin", "null"}, {"Host", "localhost:9095"}}).status,
            403);
  EXPECT_EQ(backend_.reloads, 0);
  EXPECT_EQ(Send("POST", "/-/reload").status, 200);
  EXPECT_EQ(Send("PUT", "/-/reload").status, 200);
  EXPECT_EQ(Send("POST", "/-/reload", "",
                 {{"Origin", "http://localhost:9095"}, {"Host", "localhost:9095"}})
                .status,
            200);
  EXPECT_EQ(backend_.reloads, 3);
  backend_.reload_result = absl::InvalidArgumentError("a.yaml:1: no");
  const HttpReply failed = Send("POST", "/-/reload");
  EXPECT_EQ(failed.status, 500);
  EXPECT_THAT(failed.body, HasSubstr("a.yaml:1: no"));
}

TEST_F(AdminApiTest, RulesCanBeFiltered) {
  backend_.groups = {
      {.name = "g",
       .file = "f.yaml",
       .interval = absl::Seconds(15),
       .rules = {{.name = "A", .alerts = {{.state = "firing"}}}, {.alerting = false, .name = "r"}}},
      {.name = "monitors", .rules = {{.name = "M"}}}};
  const auto names = [this](const std::string& target) {
    std::string text;
    const auto body = nlohmann::json::parse(Get(target).body);
    for (const auto& group : body["data"]["groups"]) {
      text += group["name"].get<std::string>() + "(";
      for (const auto& rule : group["rules"]) {
        text += rule["name"].get<std::string>() +
                (rule.value("alerts", nlohmann::json::array()).empty() ? "" : "!");
      }
      text += ")";
    }
    return text;
  };
  EXPECT_EQ(names("/api/v1/rules"), "g(A!r)monitors(M)");
  EXPECT_EQ(names("/api/v1/rules?type=alert"), "g(A!)monitors(M)");
  EXPECT_EQ(names("/api/v1/rules?type=record"), "g(r)");
  EXPECT_EQ(names("/api/v1/rules?rule_name[]=M&rule_name[]=A"), "g(A!)monitors(M)");
  EXPECT_EQ(names("/api/v1/rules?rule_group%5B%5D=g&exclude_alerts=true"), "g(Ar)");
  EXPECT_EQ(names("/api/v1/rules?file[]=f.yaml"), "g(A!r)");
  EXPECT_EQ(Get("/api/v1/rules?match[]=up").status, 501);
}

TEST_F(AdminApiTest, EmptyListsAreListsAndAlertsAreListed) {
  EXPECT_EQ(Get("/api/v1/rules").body, R"({"status":"success","data":{"groups":[]}})");
  EXPECT_EQ(Get("/api/v1/alerts").body,
            R"({"status":"success","data":{"alerts":[{"labels":{"a":"b"},"annotations":{},)"
            R"("state":"firing","value":"0e+00"}]}})");
}

TEST_F(AdminApiTest, MetricsAreTextExposition) {
  metrics_.Counter("tocsin_x_total", "Help.").Increment();
  const HttpReply reply = Get("/metrics");
  EXPECT_THAT(reply.content_type, HasSubstr("version=0.0.4"));
  EXPECT_THAT(reply.body, HasSubstr("# TYPE tocsin_x_total counter\ntocsin_x_total 1\n"));
}

TEST_F(AdminApiTest, BuildInfo) {
  const auto body = nlohmann::json::parse(Get("/api/v1/status/buildinfo").body);
  EXPECT_EQ(body["data"]["version"], "1.2.3");
  EXPECT_EQ(body["data"]["revision"], "abc");
}

TEST_F(AdminApiTest, RoutesToComeSaySoAndOthersAreUnknown) {
  for (const char* path :
       {"/api/v1/query_range", "/api/v1/labels", "/api/v1/label/job/values", "/api/v1/series"}) {
    const HttpReply reply = Get(path);
    EXPECT_EQ(reply.status, 501) << path;
    EXPECT_THAT(reply.body, HasSubstr(std::string("not supported yet: ") + path));
  }
  for (const char* path : {"/", "/api/v1/nothing", "/metrics/", "/-/quit"}) {
    const HttpReply reply = Get(path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_EQ(nlohmann::json::parse(reply.body)["status"], "error");
  }
}

TEST_F(AdminApiTest, EveryReplyCarriesTheSecurityHeaders) {
  for (const char* path : {"/metrics", "/nothing", "/api/v1/query?query=1", "/-/ready"}) {
    EXPECT_THAT(Get(path).headers, Contains(Pair("X-Content-Type-Options", "nosniff"))) << path;
    EXPECT_THAT(Get(path).headers,
                Contains(Pair("Content-Security-Policy", HasSubstr("default-src 'none'"))));
  }
}

TEST_F(AdminApiTest, OnlyReadingMethodsReadAndHeadCountsAsGet) {
  EXPECT_EQ(Send("POST", "/api/v1/alerts").status, 405);
  EXPECT_EQ(Send("DELETE", "/api/v1/query?query=1").status, 405);
  EXPECT_EQ(Send("HEAD", "/-/healthy").status, 200);
}

TEST_F(AdminApiTest, FeedbackIsTakenAndRefusedInWords) {
  const char* path = "/api/tocsin/v1/feedback";
  const std::string body = R"({"alias": "a", "feedback": "false"})";
  const HttpReply reply = Send("POST", path, body);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"status":"success","data":{"monitor":"orders-unusual"}})");
  EXPECT_EQ(backend_.feedback, std::vector<std::string>{"a false"});
  for (const char* wrong : {"", "[]", R"({"alias": "a"})", R"({"alias": 1, "feedback": "false"})",
                            R"({"alias": "a", "feedback": "false", "x": 1})"}) {
    EXPECT_EQ(Send("POST", path, wrong).status, 400) << wrong;
  }
  EXPECT_EQ(Get("/api/tocsin/v1/feedback?alias=a").status, 405);
  EXPECT_EQ(backend_.feedback.size(), 1u);
  for (const auto& [error, status] :
       {std::pair(absl::NotFoundError("no"), 404), std::pair(absl::InvalidArgumentError("no"), 400),
        std::pair(absl::FailedPreconditionError("no"), 409),
        std::pair(absl::UnavailableError("no"), 503)}) {
    backend_.feedback_result = error;
    EXPECT_EQ(Send("POST", path, body).status, status) << error;
  }
}

TEST_F(AdminApiTest, BackupAnswersWhereItIs) {
  const HttpReply reply = Send("POST", "/api/tocsin/v1/backup", R"({"name": "one"})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body,
            R"({"status":"success","data":{"name":"one","path":"/data/backups/one","bytes":7}})");
  EXPECT_EQ(backend_.backups, std::vector<std::string>{"one"});
}

TEST_F(AdminApiTest, BackupAsksForANameAndNothingElse) {
  for (const char* body : {"", "one", "{", "[]", "{}", R"({"name":1})", R"({"path":"/etc"})",
                           R"({"name":"one","path":"/etc"})"}) {
    const HttpReply reply = Send("POST", "/api/tocsin/v1/backup", body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_THAT(reply.body, HasSubstr(R"(expected {\"name\": \"...\"})")) << body;
  }
  EXPECT_TRUE(backend_.backups.empty());
}

TEST_F(AdminApiTest, BackupErrorsKeepTheirReasons) {
  struct Case {
    absl::Status error;
    int status;
    const char* type;
  };
  const Case cases[] = {
      {absl::InvalidArgumentError("a reason"), 400, "bad_data"},
      {absl::AlreadyExistsError("a reason"), 409, "conflict"},
      {absl::UnavailableError("a reason"), 503, "unavailable"},
      {absl::PermissionDeniedError("a reason"), 500, "internal"},
      {absl::DataLossError("a reason"), 500, "internal"},
  };
  for (const Case& c : cases) {
    backend_.backup = c.error;
    const HttpReply reply = Send("POST", "/api/tocsin/v1/backup", R"({"name":"one"})");
    EXPECT_EQ(reply.status, c.status) << c.error;
    EXPECT_EQ(reply.body, absl::StrCat(R"({"status":"error","errorType":")", c.type,
                                       R"(","error":"a reason"})"));
  }
}

TEST_F(AdminApiTest, BackupIsForPostsOfOurOwnPagesOnly) {
  const std::string body = R"({"name":"one"})";
  EXPECT_EQ(Get("/api/tocsin/v1/backup?name=one").status, 405);
  EXPECT_EQ(Send("POST", "/api/tocsin/v1/backup", body,
                 {{"Origin", "http://evil.example"}, {"Host", "127.0.0.1:9095"}})
                .status,
            403);
  EXPECT_TRUE(backend_.backups.empty());
  EXPECT_EQ(Send("POST", "/api/tocsin/v1/backup", body,
                 {{"Origin", "http://127.0.0.1:9095"}, {"Host", "127.0.0.1:9095"}})
                .status,
            200);
}

}  // namespace
}  // namespace tocsin::http
