#include "integrations/http/alertmanager_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "integrations/http/form.h"
#include "integrations/routing/fingerprint.h"
#include "storage/memory_store.h"
#include "tests/support/faulty_store.h"

namespace tocsin::http {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// 2026-11-26T10:00:00Z
class SettableClock : public Clock {
 public:
  Timestamp Now() const override { return now; }
  absl::Duration Monotonic() const override { return absl::ZeroDuration(); }
  Timestamp now = Timestamp::FromMillis(1'795'687'200'000);
};

class FakeBackend : public AlertmanagerBackend {
 public:
  std::vector<ActiveAlert> ActiveAlerts(Timestamp) override { return alerts; }
  std::vector<std::string> Receivers() override { return {"mail", "on-call"}; }
  std::string ConfigText() override { return "route: {}\n"; }

  std::vector<ActiveAlert> alerts;
};

class AlertmanagerApiTest : public ::testing::Test {
 protected:
  HttpReply Send(const std::string& method, const std::string& target, const std::string& body = "",
                 std::vector<std::pair<std::string, std::string>> headers = {}) {
    HttpRequest request{.method = method, .headers = std::move(headers), .body = body};
    const size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = target.substr(question + 1);
    return api_.Handle(request);
  }
  json Get(const std::string& target) {
    const HttpReply reply = Send("GET", target);
    EXPECT_EQ(reply.status, 200) << target << ": " << reply.body;
    return json::parse(reply.body);
  }
  std::string Refusal(const HttpReply& reply, int status) {
    EXPECT_EQ(reply.status, status) << reply.body;
    return json::parse(reply.body).get<std::string>();
  }

  static json Posted(const std::string& value = "a") {
    return {{"matchers", {{{"name", "team"}, {"value", value}, {"isRegex", false}}}},
            {"startsAt", "2026-11-26T10:00:00.000Z"},
            {"endsAt", "2026-11-26T12:00:00.000+01:00"},
            {"createdBy", "me"},
            {"comment", "why"}};
  }
  std::string Post(const json& silence) {
    const HttpReply reply = Send("POST", "/api/v2/silences", silence.dump());
    EXPECT_EQ(reply.status, 200) << reply.body;
    return json::parse(reply.body).at("silenceID");
  }
  std::string PostRefused(const json& silence, int status = 400) {
    return Refusal(Send("POST", "/api/v2/silences", silence.dump()), status);
  }

  ActiveAlert& AddAlert(const Labels& labels) {
    backend_.alerts.push_back({.labels = labels,
                               .annotations = {{"summary", "it is slow"}},
                               .starts_at = clock_.now - absl::Minutes(1),
                               .updated_at = clock_.now,
                               .receivers = {"on-call"}});
    return backend_.alerts.back();
  }
  std::vector<std::string> Names(const std::string& target) {
    std::vector<std::string> names;
    for (const json& alert : Get(target)) names.push_back(alert.at("labels").at("alertname"));
    std::sort(names.begin(), names.end());
    return names;
  }

  storage::MemoryStore memory_;
  storage::FaultyStore store_{memory_};
  SeededRandom random_{1};
  Metrics metrics_;
  routing::Silences silences_{store_, random_, Limits(), metrics_};
  SettableClock clock_;
  FakeBackend backend_;
  AlertmanagerApi api_{backend_, silences_, clock_, {.version = "1.2.3"}};
};

TEST_F(AlertmanagerApiTest, StatusHasWhatAmtoolReads) {
  const json status = Get("/api/v2/status");
  EXPECT_EQ(status["versionInfo"]["version"], "1.2.3");
  EXPECT_EQ(status["config"]["original"], "route: {}\n");
  EXPECT_EQ(status["cluster"]["status"], "disabled");
  EXPECT_EQ(status["uptime"], "2026-11-26T10:00:00.000Z");
}

TEST_F(AlertmanagerApiTest, Receivers) {
  EXPECT_EQ(Get("/api/v2/receivers"), json::parse(R"([{"name":"mail"},{"name":"on-call"}])"));
}

TEST_F(AlertmanagerApiTest, ASilenceIsMadeShownAndEnded) {
  const std::string id = Post(Posted());
  const json silence = Get("/api/v2/silence/" + id);
  EXPECT_EQ(silence,
            json({{"id", id},
                  {"status", {{"state", "active"}}},
                  {"updatedAt", "2026-11-26T10:00:00.000Z"},
                  {"comment", "why"},
                  {"createdBy", "me"},
                  {"startsAt", "2026-11-26T10:00:00.000Z"},
                  {"endsAt", "2026-11-26T11:00:00.000Z"},
                  {"matchers",
                   {{{"name", "team"}, {"value", "a"}, {"isRegex", false}, {"isEqual", true}}}}}));
  EXPECT_EQ(Get("/api/v2/silences"), json::array({silence}));
  const HttpReply ended = Send("DELETE", "/api/v2/silence/" + id);
  EXPECT_EQ(ended.status, 200);
  EXPECT_EQ(ended.body, "");
  EXPECT_EQ(Get("/api/v2/silence/" + id)["status"]["state"], "expired");
}

TEST_F(AlertmanagerApiTest, AnUpdateAnswersTheIdThatHolds) {
  json silence = Posted();
  const std::string id = Post(silence);
  silence["id"] = id;
  silence["endsAt"] = "2026-11-26T15:00:00Z";
  EXPECT_EQ(Post(silence), id);
  silence["matchers"][0]["value"] = "b";
  EXPECT_NE(Post(silence), id);
  EXPECT_EQ(Get("/api/v2/silences").size(), 2u);
}

TEST_F(AlertmanagerApiTest, EveryKindOfMatcherKeepsItsKind) {
  for (const bool regex : {false, true}) {
    for (const bool equal : {false, true}) {
      json silence = Posted();
      silence["matchers"].push_back(
          {{"name", "x"}, {"value", "y+"}, {"isRegex", regex}, {"isEqual", equal}});
      const json shown = Get("/api/v2/silence/" + Post(silence))["matchers"][1];
      EXPECT_EQ(shown["isRegex"], regex);
      EXPECT_EQ(shown["isEqual"], equal);
    }
  }
}

TEST_F(AlertmanagerApiTest, WhatIsNoSilenceIsRefused) {
  EXPECT_EQ(Refusal(Send("POST", "/api/v2/silences", "{"), 400), "the body must be a JSON object");
  for (const char* field : {"matchers", "startsAt", "endsAt", "createdBy", "comment"}) {
    json silence = Posted();
    silence.erase(field);
    EXPECT_EQ(PostRefused(silence), absl::StrCat(field, " in body is required"));
  }
  struct Case {
    const char* field;
    json value;
    const char* error;
  };
  for (const Case& c : std::vector<Case>{
           {"matchers", json::array(), "at least one matcher required"},
           {"matchers", "x", "matchers in body must be a list of objects"},
           {"matchers", {{{"name", "a"}, {"value", "b"}}}, "isRegex in body is required"},
           {"matchers", {{{"name", "a"}, {"value", "("}, {"isRegex", true}}}, "missing )"},
           {"matchers",
            {{{"name", "a"}, {"value", ""}, {"isRegex", false}}},
            "at least one matcher must not match the empty string"},
           {"startsAt", "yesterday", "startsAt in body must be a time"},
           {"startsAt", 5, "startsAt in body must be a string"},
           {"endsAt", "infinite-future", "endsAt in body must be a time"},
           {"endsAt", "2026-11-26T09:59:00Z", "start time must be before end time"},
       }) {
    json silence = Posted();
    silence[c.field] = c.value;
    EXPECT_THAT(PostRefused(silence), HasSubstr(c.error));
  }
  json past = Posted();
  past["startsAt"] = "2026-11-26T08:00:00Z";
  past["endsAt"] = "2026-11-26T09:00:00Z";
  EXPECT_EQ(PostRefused(past), "Failed to create silence: end time can't be in the past");
  EXPECT_THAT(Get("/api/v2/silences"), IsEmpty());
}

TEST_F(AlertmanagerApiTest, UnknownSilencesAreNotFound) {
  const std::string none = "/api/v2/silence/11111111-2222-4333-8444-555555555555";
  EXPECT_EQ(Refusal(Send("GET", none), 404), "silence not found");
  EXPECT_EQ(Refusal(Send("DELETE", none), 404), "silence not found");
  json silence = Posted();
  silence["id"] = "11111111-2222-4333-8444-555555555555";
  EXPECT_EQ(PostRefused(silence, 404), "silence not found");
}

TEST_F(AlertmanagerApiTest, AFullDiskIsForAnotherTry) {
  store_.SetDiskFull(true);
  PostRefused(Posted(), 503);
}

TEST_F(AlertmanagerApiTest, SilencesAreFilteredByTheirMatchers) {
  Post(Posted("a"));
  Post(Posted("b"));
  EXPECT_EQ(Get("/api/v2/silences?filter=team%3D%22b%22").size(), 1u);
  EXPECT_EQ(Get("/api/v2/silences?filter=team%3D~%22b%22").size(), 0u) << "another kind";
  EXPECT_EQ(Get("/api/v2/silences?filter=team%3D%22b%22&filter=x%3D%22y%22").size(), 0u);
  EXPECT_THAT(Refusal(Send("GET", "/api/v2/silences?filter=team"), 400),
              HasSubstr("expected one of = != =~ !~"));
}

TEST_F(AlertmanagerApiTest, AnAlertHasAlertmanagersShape) {
  AddAlert({{"alertname", "Slow"}, {"team", "a"}});
  const json alert = Get("/api/v2/alerts").at(0);
  EXPECT_EQ(
      alert,
      json({{"annotations", {{"summary", "it is slow"}}},
            {"startsAt", "2026-11-26T09:59:00.000Z"},
            {"updatedAt", "2026-11-26T10:00:00.000Z"},
            {"endsAt", "2026-11-26T10:05:00.000Z"},
            {"fingerprint", routing::AlertFingerprint({{"alertname", "Slow"}, {"team", "a"}})},
            {"receivers", {{{"name", "on-call"}}}},
            {"status",
             {{"state", "active"}, {"silencedBy", json::array()}, {"inhibitedBy", json::array()}}},
            {"labels", {{"alertname", "Slow"}, {"team", "a"}}}}));
}

TEST_F(AlertmanagerApiTest, AlertsAreFiltered) {
  AddAlert({{"alertname", "Plain"}});
  AddAlert({{"alertname", "Silenced"}}).silenced_by = {"id"};
  AddAlert({{"alertname", "Inhibited"}}).inhibited_by = {"fp"};
  AddAlert({{"alertname", "Mailed"}}).receivers = {"mail"};
  struct Case {
    const char* query;
    std::vector<std::string> names;
  };
  for (const Case& c : std::vector<Case>{
           {"", {"Inhibited", "Mailed", "Plain", "Silenced"}},
           {"?active=false", {"Inhibited", "Silenced"}},
           {"?silenced=false", {"Inhibited", "Mailed", "Plain"}},
           {"?inhibited=false&active=true", {"Mailed", "Plain", "Silenced"}},
           {"?active=false&silenced=false&inhibited=false&unprocessed=false", {}},
           {"?receiver=mai", {}},
           {"?receiver=mai.%2B", {"Mailed"}},
           {"?filter=alertname%3D~%22.*ed%22", {"Inhibited", "Mailed", "Silenced"}},
           {"?filter=alertname%3D~%22.*ed%22&filter=alertname!%3DMailed",
            {"Inhibited", "Silenced"}},
       }) {
    EXPECT_EQ(Names(std::string("/api/v2/alerts") + c.query), c.names) << c.query;
  }
  EXPECT_EQ(Get("/api/v2/alerts?receiver=on-call")[0]["status"].size(), 3u);
}

TEST_F(AlertmanagerApiTest, WrongParametersAreNamed) {
  EXPECT_THAT(Refusal(Send("GET", "/api/v2/alerts?active=perhaps"), 400),
              HasSubstr("parameter active must be true or false"));
  EXPECT_THAT(Refusal(Send("GET", "/api/v2/alerts?receiver=("), 400),
              HasSubstr("failed to parse receiver param"));
  EXPECT_EQ(Send("GET", "/api/v2/alerts?filter=%zz").status, 400);
}

TEST_F(AlertmanagerApiTest, AlertsThatShareAPageAreOneGroup) {
  for (const char* instance : {"a", "b"}) {
    ActiveAlert& alert = AddAlert({{"alertname", "Slow"}, {"team", "x"}, {"instance", instance}});
    alert.receivers = {"mail", "on-call"};
    alert.groups["mail"] = Labels{{"team", "x"}};
  }
  const json groups = Get("/api/v2/alerts/groups");
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0]["receiver"]["name"], "mail");
  EXPECT_EQ(groups[0]["labels"], json({{"team", "x"}}));
  EXPECT_EQ(groups[0]["alerts"].size(), 2u);
  EXPECT_EQ(groups[1]["receiver"]["name"], "on-call");
  EXPECT_EQ(groups[1]["alerts"].size(), 1u);
  EXPECT_EQ(Get("/api/v2/alerts/groups?receiver=mail").size(), 1u);
  EXPECT_EQ(Get("/api/v2/alerts").size(), 2u);
}

TEST_F(AlertmanagerApiTest, AnAlertThatSharesNoPageIsAGroupAtEachReceiver) {
  AddAlert({{"alertname", "Slow"}}).receivers = {"mail", "on-call"};
  const json groups = Get("/api/v2/alerts/groups");
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0]["receiver"]["name"], "mail");
  EXPECT_EQ(groups[0]["labels"], json({{"alertname", "Slow"}}));
  EXPECT_EQ(groups[0]["alerts"][0]["receivers"].size(), 2u);
  EXPECT_EQ(Get("/api/v2/alerts/groups?receiver=mail").size(), 1u);
}

TEST_F(AlertmanagerApiTest, SuppressedAlertsSayBywhom) {
  AddAlert({{"alertname", "Slow"}}).silenced_by = {"some-id"};
  const json status = Get("/api/v2/alerts")[0]["status"];
  EXPECT_EQ(status["state"], "suppressed");
  EXPECT_EQ(status["silencedBy"], json::array({"some-id"}));
}

TEST_F(AlertmanagerApiTest, PagesOfOtherOriginsChangeNothing) {
  const std::string id = Post(Posted());
  const std::vector<std::pair<std::string, std::string>> foreign = {
      {"Origin", "https://evil.example"}, {"Host", "127.0.0.1:9095"}};
  EXPECT_EQ(Send("POST", "/api/v2/silences", Posted().dump(), foreign).status, 403);
  EXPECT_EQ(Send("DELETE", "/api/v2/silence/" + id, "", foreign).status, 403);
  EXPECT_EQ(Get("/api/v2/silences").size(), 1u);
  EXPECT_EQ(Get("/api/v2/silence/" + id)["status"]["state"], "active");
  const std::vector<std::pair<std::string, std::string>> own = {{"Origin", "http://127.0.0.1:9095"},
                                                                {"Host", "127.0.0.1:9095"}};
  EXPECT_EQ(Send("DELETE", "/api/v2/silence/" + id, "", own).status, 200);
}

TEST_F(AlertmanagerApiTest, WhatItDoesNotDoItRefuses) {
  EXPECT_THAT(Refusal(Send("POST", "/api/v2/alerts", "[]"), 501), HasSubstr("made by rules"));
  EXPECT_EQ(Send("PUT", "/api/v2/silences").status, 405);
  EXPECT_EQ(Send("POST", "/api/v2/status").status, 405);
  EXPECT_EQ(Send("POST", "/api/v2/silence/x").status, 405);
  EXPECT_THAT(Refusal(Send("GET", "/api/v2/none"), 404), HasSubstr("/api/v2/none"));
}

}  // namespace
}  // namespace tocsin::http
