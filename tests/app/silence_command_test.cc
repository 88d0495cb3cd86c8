#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "app/commands/silence.h"
#include "app/commands/silence_text.h"

// `tocsin silence` against answers of the Alertmanager-compatible API.
namespace tocsin::app {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// 2026-11-26T10:00:00Z
constexpr Timestamp kNow = Timestamp::FromMillis(1'795'687'200'000);

class FakeServer : public http_client::HttpTransport {
 public:
  absl::StatusOr<http_client::HttpResponse> Send(const http_client::HttpRequest& request) override {
    requests.push_back(request.method + " " + request.url);
    last_body = request.body;
    if (down) return absl::UnavailableError("connection refused");
    return http_client::HttpResponse{.status = status, .body = answer};
  }

  bool down = false;
  int status = 200;
  std::string answer;
  std::vector<std::string> requests;
  std::string last_body;
};

class SilenceCommandTest : public ::testing::Test {
 protected:
  int Add(const SilenceAddOptions& options) {
    return RunSilenceAdd(options, kNow, server_, out_, err_);
  }
  int List(const SilenceListOptions& options) {
    return RunSilenceList(options, server_, out_, err_);
  }
  int Expire(const SilenceExpireOptions& options) {
    return RunSilenceExpire(options, server_, out_, err_);
  }

  FakeServer server_;
  std::ostringstream out_, err_;
};

TEST_F(SilenceCommandTest, AddPostsAndPrintsTheId) {
  server_.answer = R"({"silenceID":"the-id"})";
  EXPECT_EQ(Add({.matchers = {"Slow", "team=a", "job=~x.+", "zone!~\"eu.*\""},
                 .author = "me",
                 .comment = "why",
                 .duration = absl::Hours(2)}),
            0)
      << err_.str();
  EXPECT_EQ(out_.str(), "the-id\n");
  EXPECT_THAT(server_.requests, ElementsAre("POST http://127.0.0.1:9095/api/v2/silences"));
  const auto matcher = [](const char* name, const char* value, bool regex, bool equal) {
    return json{{"name", name}, {"value", value}, {"isRegex", regex}, {"isEqual", equal}};
  };
  EXPECT_EQ(json::parse(server_.last_body),
            json({{"createdBy", "me"},
                  {"comment", "why"},
                  {"startsAt", "2026-11-26T10:00:00.000Z"},
                  {"endsAt", "2026-11-26T12:00:00.000Z"},
                  {"matchers",
                   {matcher("alertname", "Slow", false, true), matcher("team", "a", false, true),
                    matcher("job", "x.+", true, true), matcher("zone", "eu.*", true, false)}}}));
}

TEST_F(SilenceCommandTest, StartAndEndMayBeGiven) {
  server_.answer = R"({"silenceID":"the-id"})";
  EXPECT_EQ(Add({.matchers = {"a=b"}, .start = "2026-11-27T00:00:00+01:00"}), 0);
  EXPECT_EQ(json::parse(server_.last_body)["endsAt"], "2026-11-27T00:00:00.000Z");
  EXPECT_EQ(Add({.matchers = {"a=b"}, .end = "2026-11-28T00:00:00Z"}), 0);
  EXPECT_EQ(json::parse(server_.last_body)["endsAt"], "2026-11-28T00:00:00.000Z");
  EXPECT_EQ(Add({.matchers = {"a=b"}, .end = "tomorrow"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("tocsin silence add: --end: expected a time such as"));
}

TEST_F(SilenceCommandTest, WhatIsNoMatcherIsNotSent) {
  EXPECT_EQ(Add({.matchers = {"a=b", "nonsense"}}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("matcher `nonsense`: expected one of = != =~ !~"));
  EXPECT_TRUE(server_.requests.empty());
}

TEST_F(SilenceCommandTest, TheServersRefusalIsShown) {
  server_.status = 400;
  server_.answer = "\"at least one matcher required\"";
  EXPECT_EQ(Add({.matchers = {"{}"}}), 2);
  EXPECT_EQ(err_.str(), "tocsin silence add: at least one matcher required\n");
}

TEST_F(SilenceCommandTest, SomebodyElsesAnswersAreNamed) {
  server_.answer = "{}";
  EXPECT_EQ(Add({.matchers = {"a=b"}}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("http://127.0.0.1:9095 answers something else"));
  server_.status = 502;
  server_.answer = "<html>";
  EXPECT_EQ(List({}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("tocsin silence list: http://127.0.0.1:9095"));
  EXPECT_THAT(err_.str(), HasSubstr("status 502"));
  server_.down = true;
  EXPECT_EQ(Expire({.ids = {"x"}}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("connection refused"));
}

constexpr char kTwo[] = R"([
  {"id":"one","status":{"state":"active"},"comment":"why","createdBy":"me","endsAt":"E1",
   "matchers":[{"name":"a","value":"b","isRegex":false,"isEqual":true},
               {"name":"c","value":"d","isRegex":true,"isEqual":false}]},
  {"id":"two","status":{"state":"expired"},"comment":"","createdBy":"","endsAt":"E2",
   "matchers":[{"name":"a","value":"b","isRegex":false,"isEqual":false}]}])";

TEST_F(SilenceCommandTest, ListShowsThoseThatAreNotOver) {
  server_.answer = kTwo;
  EXPECT_EQ(List({.matchers = {"a=b"}}), 0) << err_.str();
  EXPECT_EQ(out_.str(),
            "ID   MATCHERS      ENDS AT  CREATED BY  COMMENT\n"
            "one  a=\"b\" c!~\"d\"  E1       me          why\n");
  EXPECT_THAT(server_.requests,
              ElementsAre("GET http://127.0.0.1:9095/api/v2/silences?filter=a%3D%22b%22"));
}

TEST_F(SilenceCommandTest, ListShowsWhatIsAskedFor) {
  server_.answer = kTwo;
  EXPECT_EQ(List({.expired = true, .quiet = true}), 0);
  EXPECT_EQ(out_.str(), "two\n");
  out_.str("");
  EXPECT_EQ(List({.json = true}), 0);
  EXPECT_EQ(json::parse(out_.str()), json::parse(kTwo));
  out_.str("");
  server_.answer = "[]";
  EXPECT_EQ(List({}), 0);
  EXPECT_EQ(out_.str(), "no silences\n");
}

TEST_F(SilenceCommandTest, ExpireAsksForEach) {
  EXPECT_EQ(Expire({.ids = {"one", "t/w"}}), 0) << err_.str();
  EXPECT_THAT(server_.requests, ElementsAre("DELETE http://127.0.0.1:9095/api/v2/silence/one",
                                            "DELETE http://127.0.0.1:9095/api/v2/silence/t%2Fw"));
  server_.status = 404;
  server_.answer = "\"silence not found\"";
  EXPECT_EQ(Expire({.ids = {"three"}}), 2);
  EXPECT_EQ(err_.str(), "tocsin silence expire: three: silence not found\n");
}

}  // namespace
}  // namespace tocsin::app
