// What a rule and a receiver say of a page, merged and made to fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "app/page_templates.h"
#include "base/labels.h"
#include "integrations/delivery/opsgenie_step.h"
#include "integrations/opsgenie/endpoint.h"
#include "integrations/opsgenie/page_content.h"
#include "integrations/opsgenie/request.h"
#include "integrations/page/clamp.h"
#include "rules/page_check.h"
#include "tests/opsgenie_sim/sim_opsgenie.h"

namespace tocsin::opsgenie {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kKey[] = "11111111-2222-4333-8444-555555555555";

OpsgenieConfig Config() {
  OpsgenieConfig config;
  config.api_key = Secret(kKey);
  return config;
}

DesiredPage Page(const Labels& more = Labels()) {
  DesiredPage page;
  page.set_alias("a");
  page.set_open(true);
  page.set_severity("critical");
  page.set_value(950);
  LabelsBuilder labels(more);
  labels.Set("alertname", "Checkout").Set("severity", "critical");
  page.set_labels(std::string(labels.Build().canonical()));
  (*page.mutable_annotations())["summary"] = "checkout is slow";
  return page;
}

void Respond(DesiredPage& page, const ResponderTemplate& text) {
  auto& added = *page.mutable_options()->add_responders();
  added.set_type(text.type);
  added.set_id(text.id);
  added.set_name(text.name);
  added.set_username(text.username);
}

PageContent Content(const DesiredPage& page, const OpsgenieConfig& config) {
  static const Expander expander = app::MakeReceiverExpander(Labels());
  return BuildContent(page, config, expander);
}

std::string Detail(const PageContent& content, const std::string& key) {
  for (const auto& [name, value] : content.details) {
    if (name == key) return value;
  }
  return "(none)";
}

// "team ops, user a@example.com"
std::string Names(const std::vector<Responder>& responders) {
  return absl::StrJoin(responders, ", ", [](std::string* out, const Responder& one) {
    absl::StrAppend(out, ResponderTypeName(one.type), " ", one.id, one.name, one.username);
  });
}

TEST(PageOptionsTest, TheRulesPriorityComesFirst) {
  const struct {
    const char* name;
    std::string rules, receivers, severity, expected;
  } cases[] = {
      {"nobody says one", "", "", "critical", "P1"},
      {"nobody says one, warning", "", "", "warning", "P3"},
      {"the receiver", "", "P2", "critical", "P2"},
      {"the rule", "P4", "", "critical", "P4"},
      {"both", "P4", "P2", "critical", "P4"},
      {"of another severity", "P4", "P2", "warning", "P3"},
  };
  for (const auto& c : cases) {
    OpsgenieConfig config = Config();
    if (!c.receivers.empty()) config.priority["critical"] = c.receivers;
    DesiredPage page = Page();
    page.set_severity(c.severity);
    if (!c.rules.empty()) (*page.mutable_options()->mutable_priority())["critical"] = c.rules;
    EXPECT_EQ(PriorityOf(config, page), c.expected) << c.name;
    EXPECT_EQ(Content(page, config).priority, c.expected) << c.name;
  }
}

TEST(PageOptionsTest, TheRulesPrioritySaysHowUrgentAPageIs) {
  const auto urgency = [](const DesiredPage& page) {
    const OpsgenieConfig config = Config();
    const opsgenie::Expander expander = [](const std::string& text, const DesiredPage&) {
      return text;
    };
    return delivery::UrgencyOf(delivery::Action::kCreate, page, state::v1::TargetDelivery(),
                               {config, expander, delivery::EscalationSteps()});
  };
  DesiredPage page = Page();
  EXPECT_EQ(urgency(page), 0);
  (*page.mutable_options()->mutable_priority())["critical"] = "P4";
  EXPECT_EQ(urgency(page), 1);
  page.set_severity("warning");
  EXPECT_EQ(urgency(page), 1);
  (*page.mutable_options()->mutable_priority())["warning"] = "P2";
  EXPECT_EQ(urgency(page), 0);
}

TEST(PageOptionsTest, RespondersAreTheRulesIfItNamesAny) {
  const ResponderTemplate team{"team", "", "{{ .Labels.team }}", ""};
  const ResponderTemplate owner{"user", "", "", "{{ .Labels.owner }}"};
  const ResponderTemplate any{"{{ .Labels.kind }}", "", "{{ .Labels.team }}",
                              "{{ .Labels.owner }}"};
  const ResponderTemplate ops{"team", "", "ops", ""};
  const ResponderTemplate by_id{"schedule", "{{ .Labels.id }}", "", ""};
  const struct {
    const char* name;
    Labels labels;
    std::vector<ResponderTemplate> rules, receivers;
    const char* expected;
    const char* cut;
  } cases[] = {
      {"nobody", {}, {}, {}, "", "(none)"},
      {"the receiver's", {{"team", "pay"}}, {}, {team, ops}, "team pay, team ops", "(none)"},
      {"the rule's", {{"team", "pay"}}, {team}, {ops}, "team pay", "(none)"},
      {"one of the rule's is left",
       {{"team", "pay"}},
       {owner, team},
       {ops},
       "team pay",
       "responders (1 left out)"},
      {"none of the rule's is left",
       {},
       {owner, team},
       {ops},
       "team ops",
       "responders (2 left out)"},
      {"none is left", {}, {owner}, {team}, "", "responders (2 left out)"},
      {"each once", {{"team", "ops"}}, {}, {ops, team, ops}, "team ops", "(none)"},
      {"blanks around", {{"team", " pay\t"}}, {team}, {}, "team pay", "(none)"},
      {"blank", {{"team", " \n"}}, {team}, {ops}, "team ops", "responders (1 left out)"},
      {"too long",
       {{"team", std::string(600, 'x')}},
       {team},
       {ops},
       "team ops",
       "responders (1 left out)"},
      {"no address", {{"owner", "ann"}}, {owner}, {ops}, "team ops", "responders (1 left out)"},
      {"half an address",
       {{"owner", "ann@"}},
       {owner},
       {ops},
       "team ops",
       "responders (1 left out)"},
      {"several addresses",
       {{"owner", "a@x.example,b@x.example"}},
       {owner},
       {ops},
       "team ops",
       "responders (1 left out)"},
      {"address with a blank",
       {{"owner", "a b@x.example"}},
       {owner},
       {ops},
       "team ops",
       "responders (1 left out)"},
      {"address", {{"owner", "ann@x.example"}}, {owner}, {ops}, "user ann@x.example", "(none)"},
      {"no such type",
       {{"kind", "squad"}, {"team", "pay"}},
       {any},
       {ops},
       "team ops",
       "responders (1 left out)"},
      {"no type", {{"team", "pay"}}, {any}, {ops}, "team ops", "responders (1 left out)"},
      {"a type takes the name it wants",
       {{"kind", "user"}, {"team", "pay"}, {"owner", "a@x"}},
       {any},
       {},
       "user a@x",
       "(none)"},
      {"another does so too",
       {{"kind", "escalation"}, {"team", "pay"}, {"owner", "a@x"}},
       {any},
       {},
       "escalation pay",
       "(none)"},
      {"a user has no name",
       {{"kind", "user"}, {"team", "pay"}},
       {any},
       {ops},
       "team ops",
       "responders (1 left out)"},
      {"id", {{"id", "1234"}}, {by_id}, {}, "schedule 1234", "(none)"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    DesiredPage page = Page(c.labels);
    for (const auto& responder : c.rules) Respond(page, responder);
    OpsgenieConfig config = Config();
    config.responders = c.receivers;
    const PageContent content = Content(page, config);
    EXPECT_EQ(Names(content.responders), c.expected);
    EXPECT_EQ(Detail(content, "cut"), c.cut);
  }
}

// What a file may say without templates can be sent, so nobody is left out by surprise.
TEST(PageOptionsTest, WhatTheFilesCheckPassesCanBeSent) {
  const std::vector<std::string> names = {
      "",      "x", "ann@x.example",       "@",        "ann@",  "a@b@c", "a b@c", "a,b@c", "a;b@c",
      " a@x ", " ", std::string(600, 'x'), "\xc3\xa9", "a@\x01"};
  for (const char* type : {"team", "user", "escalation", "schedule", "squad", ""}) {
    for (const std::string& id : names) {
      for (const std::string& name : names) {
        for (const std::string& username : names) {
          const rules::PageResponder text{type, id, name, username};
          const bool passes = !CheckResponderType(text) && !CheckResponderName(text);
          const bool sent = ToResponder({type, id, name, username}).has_value();
          EXPECT_TRUE(sent || !passes) << type << "/" << id << "/" << name << "/" << username;
        }
      }
    }
  }
}

TEST(PageOptionsTest, TagsAndActionsAreJoined) {
  OpsgenieConfig config = Config();
  config.tags = {"{{ .Labels.env }}", "both"};
  config.actions = {"restart"};
  DesiredPage page = Page({{"env", "prod"}, {"zone", "eu"}});
  for (const char* tag : {"both", "{{ .Labels.zone }}", "{{ .Labels.none }}", " prod "}) {
    page.mutable_options()->add_tags(tag);
  }
  page.mutable_options()->add_actions("page {{ .Labels.zone }}");
  const PageContent content = Content(page, config);
  EXPECT_THAT(content.tags, ElementsAre("prod", "both", "eu"));
  EXPECT_THAT(content.actions, ElementsAre("restart", "page eu"));
  EXPECT_EQ(Detail(content, "cut"), "(none)");
}

TEST(PageOptionsTest, TheRulesEntityComesFirstUnlessItIsBlank) {
  OpsgenieConfig config = Config();
  config.entity = "{{ .Labels.host }}";
  DesiredPage page = Page({{"host", "h1"}, {"service", "checkout"}});
  EXPECT_EQ(Content(page, config).entity, "h1");
  page.mutable_options()->set_entity("{{ .Labels.none }} ");
  EXPECT_EQ(Content(page, config).entity, "h1");
  page.mutable_options()->set_entity("{{ .Labels.service }}");
  EXPECT_EQ(Content(page, config).entity, "checkout");
}

TEST(PageOptionsTest, DetailsAreOursThenTheReceiversThenTheRulesThenLabels) {
  OpsgenieConfig config = Config();
  config.details = {{"dashboard", "https://g/{{ .Labels.service }}"},
                    {"owner", "receiver"},
                    {"kept", "receiver"},
                    {"value", "receiver"},
                    {"empty", "{{ .Labels.none }}"}};
  DesiredPage page = Page({{"service", "checkout"}, {"owner", "label"}, {"since", "label"}});
  page.set_condition("> 900");
  page.set_since_ms(1'700'000'000'000);
  page.set_episode(7);
  auto& rules = *page.mutable_options()->mutable_details();
  rules["owner"] = "rule of {{ .Labels.service }}";
  rules["kept"] = "{{ .Labels.none }}";
  for (const char* ours : {"value", "condition", "since", "episode", "cut"}) rules[ours] = "mine";
  const Details expected = {{"value", "950"},
                            {"condition", "> 900"},
                            {"since", "2023-11-14T22:13:20.000Z"},
                            {"episode", "7"},
                            {"dashboard", "https://g/checkout"},
                            {"kept", "receiver"},
                            {"owner", "rule of checkout"},
                            {"alertname", "Checkout"},
                            {"label_owner", "label"},
                            {"service", "checkout"},
                            {"severity", "critical"},
                            {"label_since", "label"}};
  EXPECT_THAT(Content(page, config).details, ::testing::UnorderedElementsAreArray(expected));
  EXPECT_EQ(Content(page, config).details[4].first, "dashboard");
}

// Labels do not push out what somebody wrote down.
TEST(PageOptionsTest, WhatIsConfiguredComesBeforeLabelsWhenThereIsNoRoom) {
  LabelsBuilder labels;
  for (int i = 0; i < 12; ++i) labels.Set(absl::StrCat("a", i), std::string(900, 'x'));
  DesiredPage page = Page(labels.Build());
  (*page.mutable_options()->mutable_details())["runbook"] = std::string(2000, 'r');
  const PageContent content = Content(page, Config());
  EXPECT_EQ(page::CountCodePoints(Detail(content, "runbook")), kDetailMax);
  EXPECT_THAT(Detail(content, "cut"), HasSubstr("details (was 2000 characters), details ("));
}

// Whatever templates expand to, a request is one that the real service takes.
TEST(PageOptionsTest, NoExpansionMakesARefusedRequest) {
  const std::string fire = "\xf0\x9f\x94\xa5";
  std::string wide;
  for (int i = 0; i < 600; ++i) wide += fire;
  const struct {
    const char* name;
    std::string value;
  } cases[] = {
      {"empty", ""},
      {"blank", "   "},
      {"white space", " \t\r\n "},
      {"600 characters", std::string(600, 'x')},
      {"600 wide characters", wide},
      {"20000 characters", std::string(20'000, 'y')},
      {"commas", "a,b,,c"},
      {"an address", "ann@x.example"},
      {"several addresses", "a@x.example, b@x.example"},
      {"two ats", "a@b@c"},
      {"a lone at", "@"},
      {"quotes and braces", R"("}],"priority":"P9"{{)"},
      {"control characters", std::string("a\x01\x00\x7f", 4) + "b"},
      {"not UTF-8", "a\xff\xfe@\xc0"},
      {"a priority", "P9"},
      {"a type", "team"},
      {"a user's type", "user"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string text = "{{ .Labels.x }}";
    DesiredPage page = Page({{"x", c.value}});
    OpsgenieConfig config = Config();
    config.entity = text;
    for (int i = 0; i < 60; ++i) {
      const std::string numbered = absl::StrCat(text, i);
      for (const char* type : {"team", "user", "escalation", "schedule", "{{ .Labels.x }}"}) {
        Respond(page, {type, i % 3 == 0 ? text : "", numbered, numbered});
        config.responders.push_back({type, "", text, text});
      }
      page.mutable_options()->add_tags(i % 2 == 0 ? text : numbered);
      page.mutable_options()->add_actions(numbered);
      (*page.mutable_options()->mutable_details())[absl::StrCat("d", i)] = numbered;
      config.tags.push_back(numbered);
      config.actions.push_back(text);
      config.details[absl::StrCat("c", i)] = text;
    }
    page.mutable_options()->set_entity(text);
    sim::SimOptions options;
    options.keys[kKey] = {};
    options.strict_details = options.strict_unknown_fields = true;
    sim::SimOpsgenie sim(options);
    const auto now = Timestamp::FromMillis(1'700'000'000'000);
    const PageContent content = Content(page, config);
    sim.Handle(CreateAlert(config, content), now);
    const AlertRef alias{AlertRef::Type::kAlias, page.alias()};
    if (!content.tags.empty()) sim.Handle(AddTags(config, alias, content.tags), now);
    sim.Handle(AddDetails(config, alias, content.ChangingDetails()), now);
    ASSERT_THAT(sim.journal(), SizeIs(content.tags.empty() ? 2 : 3));
    for (const sim::JournalEntry& entry : sim.journal()) {
      EXPECT_THAT(entry.verdict, "accepted") << entry.body;
    }
    for (const Responder& one : content.responders) {
      EXPECT_NE(one.id + one.name + one.username, "");
      EXPECT_LE(page::CountCodePoints(one.id + one.name + one.username), kResponderTextMax);
    }
    EXPECT_LE(content.responders.size(), kRespondersMax);
  }
}

TEST(PageOptionsTest, TheFirstFiftyRespondersStay) {
  DesiredPage page = Page({{"x", "team"}});
  for (int i = 0; i < 60; ++i) Respond(page, {"{{ .Labels.x }}", "", absl::StrCat("t", i), ""});
  const PageContent content = Content(page, Config());
  ASSERT_THAT(content.responders, SizeIs(kRespondersMax));
  EXPECT_EQ(content.responders.back().name, "t49");
  EXPECT_EQ(Detail(content, "cut"), "responders (10 left out)");
}

}  // namespace
}  // namespace tocsin::opsgenie
