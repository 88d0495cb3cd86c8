#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "app/commands/migrate.h"

// `tocsin migrate opsgenie-to-jsm` on a configuration in a file, and answers of a server.
namespace tocsin::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class FakeServer : public http_client::HttpTransport {
 public:
  absl::StatusOr<http_client::HttpResponse> Send(const http_client::HttpRequest& request) override {
    urls.push_back(request.url);
    if (down) return absl::UnavailableError("connection refused");
    return http_client::HttpResponse{.status = status, .body = answer};
  }
  bool down = false;
  int status = 200;
  std::string answer = "[]";
  std::vector<std::string> urls;
};

class MigrateCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = absl::StrCat(testing::TempDir(), "/migrate_",
                         testing::UnitTest::GetInstance()->current_test_info()->name(), ".yaml");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  int Run(const std::string& config, const std::string& server = "", bool dry_run = true) {
    std::ofstream(path_) << config;
    out_.str("");
    err_.str("");
    return RunMigrateToJsm({.config_path = path_, .server = server, .dry_run = dry_run}, server_,
                           out_, err_);
  }
  std::vector<std::string> Lines(const std::string& start) const {
    std::vector<std::string> lines;
    for (const auto line : absl::StrSplit(out_.str(), '\n')) {
      if (absl::StartsWith(line, start)) lines.emplace_back(line);
    }
    return lines;
  }

  FakeServer server_;
  std::string path_;
  std::ostringstream out_, err_;
};

constexpr char kPlain[] = R"(
receivers:
- name: payments
  opsgenie_configs:
  - {api_key: "${OPSGENIE_KEY}", api_url: https://api.opsgenie.com}
route: {receiver: payments}
)";

TEST_F(MigrateCommandTest, WhatHasNothingInTheWayIsShownWithItsLines) {
  EXPECT_EQ(Run(kPlain), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr(absl::StrCat("receiver payments, opsgenie_configs entry 1 (",
                                                 path_, ":5)")));
  EXPECT_THAT(Lines("  -"), ElementsAre("  -     api_url: \"https://api.opsgenie.com\"",
                                        "  -     api_key: \"${OPSGENIE_KEY}\""));
  EXPECT_EQ(Lines("  +").size(), 7u);
  EXPECT_EQ(Lines("  +")[0], "  +     profile: jsm");
  EXPECT_EQ(Lines("  +")[1], "  +     api_url: https://api.atlassian.com");
  EXPECT_THAT(out_.str(),
              HasSubstr("becomes a note on the open page: a change of priority, message"));
  EXPECT_THAT(out_.str(), HasSubstr("listing alerts (with jsm_rest: done)"));
  EXPECT_THAT(out_.str(), HasSubstr("add responders to an open page\n"));
  EXPECT_THAT(out_.str(), HasSubstr("team_id"));
  EXPECT_THAT(
      out_.str(),
      HasSubstr("targets that move: 1, at Jira Service Management already: 0, findings: 0"));
  EXPECT_TRUE(server_.urls.empty()) << "nobody is asked";
}

// What is to be written is read by the configuration's own reader, once it is filled in.
TEST_F(MigrateCommandTest, TheShownLinesAreAConfiguration) {
  ASSERT_EQ(Run(kPlain), 0);
  std::string config = "receivers:\n- name: payments\n  opsgenie_configs:\n  -\n";
  for (const std::string& line : Lines("  +"))
    absl::StrAppend(&config, "    ", line.substr(8), "\n");
  absl::StrAppend(&config, "route: {receiver: payments}\n");
  EXPECT_EQ(Run(config), 2);
  EXPECT_THAT(err_.str(), HasSubstr("needs a cloud_id")) << "capitals are to be filled in";
  EXPECT_EQ(Run(absl::StrReplaceAll(config, {{"CLOUD_ID", "c10d-1"}})), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("targets that move: 0, at Jira Service Management already: 1"));
}

TEST_F(MigrateCommandTest, WhatIsInTheWayIsAFinding) {
  struct Case {
    const char* keys;
    const char* finding;  // "": none
  };
  const Case cases[] = {
      {"responders: [{type: team, name: core}]", "responder team \"core\" is given by name"},
      {"responders: [{type: schedule, name: night}]",
       "responder schedule \"night\" is given by name"},
      {"responders: [{type: team, id: t-1}]", "responder team \"t-1\" is given by id"},
      {"responders: [{type: user, username: a@b.example}]", ""},
      {"actions: [Restart]", "actions (Restart): what they do is not carried over"},
      {"api_url: 'https://proxy.example'",
       "api_url https://proxy.example is not a host of OpsGenie"},
      {"api_url: 'https://api.eu.opsgenie.com/'", ""},
      {"send_resolved: false", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.keys);
    const bool found = c.finding[0] != '\0';
    const std::string config =
        absl::StrCat("receivers: [{name: a, opsgenie_configs: [{api_key: '${K}', ", c.keys,
                     "}]}]\nroute: {receiver: a}\n");
    EXPECT_EQ(Run(config), found ? 1 : 0) << err_.str();
    EXPECT_EQ(Lines("  finding: ").size(), found ? 1u : 0u) << out_.str();
    if (found) {
      EXPECT_THAT(out_.str(), HasSubstr(absl::StrCat("  finding: ", c.finding)));
    }
  }
}

constexpr char kTwo[] = R"(
receivers:
- name: a
  opsgenie_configs: [{api_key_file: x}, {api_key_file: y}]
- name: b
  opsgenie_configs: [{api_key_file: x, profile: jsm}]
- name: c
route: {receiver: a}
)";

TEST_F(MigrateCommandTest, AServersAlertsAreCountedForReceiversThatMove) {
  server_.answer = R"([
    {"labels":{"alertname":"Slow","zone":"eu"},"receivers":[{"name":"a"},{"name":"b"}],"status":{"state":"active"}},
    {"labels":{"alertname":"Full"},"receivers":[{"name":"a"}],"status":{"state":"suppressed"}},
    {"labels":{"alertname":"Else"},"receivers":[{"name":"c"}],"status":{"state":"active"}}])";
  EXPECT_EQ(Run(kTwo, "127.0.0.1:9"), 0) << err_.str();
  EXPECT_THAT(server_.urls, ElementsAre("http://127.0.0.1:9/api/v2/alerts"));
  EXPECT_THAT(out_.str(),
              HasSubstr("receiver a, alerts that fire: 2; their pages are named by alias"));
  EXPECT_THAT(out_.str(), HasSubstr("  1 of them silenced or inhibited"));
  EXPECT_THAT(out_.str(), HasSubstr("  Full{}\n  Slow{zone=\"eu\"}\n"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("receiver b")));
  EXPECT_THAT(out_.str(), Not(HasSubstr("Else")));
  EXPECT_THAT(out_.str(), HasSubstr("targets that move: 2, at Jira Service Management already: 1"));
}

TEST_F(MigrateCommandTest, ManyAlertsAreCountedAndSomeNamed) {
  std::string answer;
  for (int i = 0; i < 50; ++i) {
    absl::StrAppend(&answer, answer.empty() ? "[" : ",", R"({"labels":{"alertname":"N)", i,
                    R"("},"receivers":[{"name":"a"}],"status":{"state":"active"}})");
  }
  server_.answer = answer + "]";
  EXPECT_EQ(Run(kTwo, "127.0.0.1:9"), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("receiver a, alerts that fire: 50;"));
  EXPECT_EQ(Lines("  N").size(), 20u);
  EXPECT_THAT(out_.str(), HasSubstr("  and 30 more\n"));
}

TEST_F(MigrateCommandTest, WithoutDryRunNothingIsDone) {
  EXPECT_EQ(Run(kPlain, "127.0.0.1:9", /*dry_run=*/false), 2);
  EXPECT_EQ(err_.str(),
            "tocsin migrate opsgenie-to-jsm: only --dry-run is supported: change the file as "
            "shown, then reload\n");
  EXPECT_EQ(out_.str(), "");
  EXPECT_TRUE(server_.urls.empty());
}

TEST_F(MigrateCommandTest, WhatCannotBeReadIsExitCodeTwo) {
  EXPECT_EQ(Run("receivers: [{name: a, opsgenie_configs: [{}]}]\nroute: {receiver: a}\n"), 2);
  EXPECT_THAT(err_.str(), HasSubstr("exactly one of api_key and api_key_file is needed"));
  std::filesystem::remove(path_);
  EXPECT_EQ(RunMigrateToJsm({.config_path = path_, .dry_run = true}, server_, out_, err_), 2);
  server_.down = true;
  EXPECT_EQ(Run(kPlain, "127.0.0.1:9"), 2);
  EXPECT_THAT(err_.str(), HasSubstr("127.0.0.1:9"));
  server_.down = false;
  server_.answer = "{}?";
  EXPECT_EQ(Run(kPlain, "127.0.0.1:9"), 2);
  EXPECT_THAT(err_.str(), HasSubstr("answers something else"));
  server_.answer = R"([{"labels":{}}])";
  EXPECT_EQ(Run(kPlain, "127.0.0.1:9"), 2);
  server_.status = 503;
  EXPECT_EQ(Run(kPlain, "127.0.0.1:9"), 2);
  EXPECT_THAT(err_.str(), HasSubstr("answers 503"));
}

}  // namespace
}  // namespace tocsin::app
