#include "integrations/opsgenie/webhook.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "integrations/opsgenie/request.h"
#include "tests/opsgenie_sim/sim_opsgenie.h"

namespace tocsin::opsgenie {
namespace {

constexpr auto kTime = Timestamp::FromMillis(1'700'000'000'123);

std::string Body(const std::string& action, const std::string& more = "") {
  return absl::StrCat(R"({"action":")", action, R"(","alert":{"alertId":"i","alias":"a")", more,
                      R"(},"source":{"name":"web","type":"web"}})");
}

TEST(WebhookTest, Actions) {
  struct Case {
    const char* sent;
    WebhookAction action;
    const char* name;
  };
  const Case cases[] = {
      {"Create", WebhookAction::kCreate, "create"},
      {"Acknowledge", WebhookAction::kAcknowledge, "acknowledge"},
      {"UnAcknowledge", WebhookAction::kUnacknowledge, "unacknowledge"},
      {"Close", WebhookAction::kClose, "close"},
      {"Delete", WebhookAction::kDelete, "delete"},
      {"AddNote", WebhookAction::kAddNote, "add_note"},
      {"AssignOwnership", WebhookAction::kAssignOwnership, "assign_ownership"},
      {"TakeOwnership", WebhookAction::kAssignOwnership, "assign_ownership"},
      {"Snooze", WebhookAction::kSnooze, "snooze"},
      {"SnoozeEnded", WebhookAction::kSnoozeEnded, "snooze_ended"},
      {"UpdatePriority", WebhookAction::kUpdatePriority, "update_priority"},
      {"Restart the pods", WebhookAction::kOther, "other"},
      {"close", WebhookAction::kOther, "other"},
  };
  for (const Case& c : cases) {
    const auto event = ParseWebhook(Body(c.sent));
    ASSERT_TRUE(event.ok()) << c.sent;
    EXPECT_EQ(event->action, c.action) << c.sent;
    EXPECT_STREQ(WebhookActionName(event->action), c.name);
    EXPECT_EQ(event->action_name, c.sent);
  }
}

TEST(WebhookTest, TimesInEveryUnit) {
  struct Case {
    const char* time;
    std::optional<Timestamp> wanted;
  };
  const Case cases[] = {
      {"1700000000123", kTime},
      {"1700000000123000000", kTime},
      {"1700000000123000", kTime},
      {"1700000000", Timestamp::FromMillis(1'700'000'000'000)},
      {"\"1700000000123\"", kTime},
      {"\"2023-11-14T22:13:20.123Z\"", kTime},
      {"\"yesterday\"", std::nullopt},
      {"0", std::nullopt},
      {"-5", std::nullopt},
      {"1.5", std::nullopt},
      {"99999999999999999999999", std::nullopt},
      {"null", std::nullopt},
      {"{}", std::nullopt},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.time);
    const auto event = ParseWebhook(
        Body("Snooze", absl::StrCat(R"(,"createdAt":)", c.time, R"(,"snoozeEndDate":)", c.time)));
    ASSERT_TRUE(event.ok());
    EXPECT_EQ(event->created_at, c.wanted);
    EXPECT_EQ(event->snoozed_until, c.wanted);
  }
}

TEST(WebhookTest, WhatIsMissingOrOfAnotherTypeIsLeftOut) {
  const auto event = ParseWebhook(
      R"({"action":"Close","alert":{"alias":"a","alertId":7,"tags":"x","details":[],"note":null},
          "source":"web"})");
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(event->alias, "a");
  EXPECT_EQ(event->alert_id, "");
  EXPECT_TRUE(event->tags.empty() && event->details.empty() && event->note.empty());
  EXPECT_EQ(event->source_name, "");
}

TEST(WebhookTest, WhatSaysNothingIsAnError) {
  for (const char* body :
       {"", "[]", "7", "{", "{}", R"({"action":"Close"})", R"({"action":7,"alert":{"alias":"a"}})",
        R"({"action":"Close","alert":[]})", R"({"action":"Close","alert":{"message":"m"}})",
        R"({"alert":{"alias":"a"}})", "{\"action\":\"\xff\",\"alert\":{\"alias\":\"a\"}}"}) {
    const auto event = ParseWebhook(body);
    ASSERT_FALSE(event.ok()) << body;
    EXPECT_EQ(event.status().code(), absl::StatusCode::kInvalidArgument);
  }
  const std::string blanks(kWebhookBytesMax, ' ');
  EXPECT_TRUE(ParseWebhook((Body("Close") + blanks).substr(0, kWebhookBytesMax)).ok());
  EXPECT_EQ(ParseWebhook(Body("Close") + blanks).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ParseWebhook(std::string(kWebhookBytesMax, '[')).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(WebhookTest, SecretsAreComparedWhole) {
  const Secret secret("s3cret");
  EXPECT_TRUE(SecretMatches("s3cret", secret));
  for (const char* given : {"", "s3cre", "s3crets", "S3cret", "s3creT", "s3crets3cret", "x"}) {
    EXPECT_FALSE(SecretMatches(given, secret)) << given;
  }
  EXPECT_FALSE(SecretMatches("", Secret()));
  EXPECT_FALSE(SecretMatches("x", Secret()));
}

// Everything the simulator says about a life of an alert is understood.
TEST(WebhookTest, OfTheSimulator) {
  constexpr char kKey[] = "11111111-2222-4333-8444-555555555555";
  sim::SimOptions options;
  options.keys[kKey] = {};
  options.webhooks = true;
  sim::SimOpsgenie sim(options);
  OpsgenieConfig config;
  config.api_key = Secret(kKey);
  PageContent content;
  content.alias = "a";
  content.message = "m";
  content.priority = "P3";
  content.details = {{"host", "h1"}};
  sim.Handle(CreateAlert(config, content), kTime);
  Timestamp now = kTime + absl::Seconds(1);
  const auto act = [&](sim::ActionKind kind, sim::Json body) {
    body["user"] = "ann@example.com";
    sim::PendingAction action;
    action.kind = kind;
    action.identifier_type = sim::IdentifierType::kAlias;
    action.identifier = "a";
    action.body = std::move(body);
    ASSERT_TRUE(sim.Act(std::move(action), now).ok());
  };
  act(sim::ActionKind::kAcknowledge, sim::Json::object());
  act(sim::ActionKind::kAddNote, {{"note", "looking"}});
  act(sim::ActionKind::kSnooze, {{"endTime", FormatTimestamp(now + absl::Hours(1))}});
  sim.Handle(CloseAlert(config, {AlertRef::Type::kAlias, "a"}, "done"), now);
  sim.AdvanceTo(now + absl::Seconds(1));
  std::vector<WebhookEvent> events;
  for (const sim::SimWebhook& webhook : sim.TakeWebhooks(now + absl::Seconds(1))) {
    auto event = ParseWebhook(webhook.body);
    ASSERT_TRUE(event.ok()) << webhook.body;
    EXPECT_EQ(event->alias, "a");
    EXPECT_EQ(event->alert_id, sim.alerts().begin()->first);
    events.push_back(*std::move(event));
  }
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].action, WebhookAction::kCreate);
  EXPECT_EQ(events[0].details.at("host"), "h1");
  EXPECT_EQ(events[0].created_at, events[0].updated_at) << "milliseconds and nanoseconds";
  EXPECT_TRUE(IsOurs(events[0]));
  EXPECT_EQ(events[1].action, WebhookAction::kAcknowledge);
  EXPECT_EQ(events[1].user, "ann@example.com");
  EXPECT_EQ(events[1].updated_at, now);
  EXPECT_FALSE(IsOurs(events[1]));
  EXPECT_EQ(events[2].note, "looking");
  EXPECT_EQ(events[3].snoozed_until, now + absl::Hours(1));
  EXPECT_EQ(events[4].action, WebhookAction::kClose);
  EXPECT_TRUE(IsOurs(events[4]));
}

}  // namespace
}  // namespace tocsin::opsgenie
