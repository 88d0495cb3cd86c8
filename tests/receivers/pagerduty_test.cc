#include "integrations/pagerduty/event.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/labels.h"

namespace tocsin::pagerduty {
namespace {

using Json = nlohmann::json;

DesiredPage Page() {
  DesiredPage page;
  page.set_alias("checkout");
  page.set_severity("critical");
  page.set_value(950);
  page.set_condition("> 900");
  page.set_labels(
      std::string(Labels({{"alertname", "Checkout"}, {"severity", "critical"}, {"value", "mine"}})
                      .canonical()));
  (*page.mutable_annotations())["summary"] = "checkout is slow";
  (*page.mutable_annotations())["runbook_url"] = "https://r";
  return page;
}

PagerdutyConfig Config() {
  PagerdutyConfig config;
  config.routing_key = Secret("key");
  return config;
}

std::string Plain(const std::string& text, const DesiredPage&) {
  return text;
}

TEST(PagerdutyTest, TheWholeEvent) {
  PagerdutyConfig config = Config();
  config.client = "Tocsin";
  config.client_url = "https://tocsin";
  config.event_class = "latency";
  config.component = "checkout";
  config.group = "payments";
  config.details["team"] = "payments";
  const Json expected = {{"routing_key", "key"},
                         {"event_action", "trigger"},
                         {"dedup_key", "checkout"},
                         {"client", "Tocsin"},
                         {"client_url", "https://tocsin"},
                         {"payload",
                          {{"summary", "checkout is slow"},
                           {"source", "tocsin"},
                           {"severity", "critical"},
                           {"timestamp", "2023-11-14T22:13:20.000Z"},
                           {"class", "latency"},
                           {"component", "checkout"},
                           {"group", "payments"},
                           {"custom_details",
                            {{"value", "950"},
                             {"condition", "> 900"},
                             {"team", "payments"},
                             {"alertname", "Checkout"},
                             {"severity", "critical"},
                             {"label_value", "mine"},
                             {"annotation_runbook_url", "https://r"}}}}}};
  EXPECT_EQ(Json::parse(Trigger(Page(), config, Plain, 1'700'000'000'000)), expected);
}

// They replace the configuration's; what else a rule says has no place here.
TEST(PagerdutyTest, TheRulesDetailsAreMergedIn) {
  PagerdutyConfig config = Config();
  config.details = {{"team", "payments"}, {"runbook", "https://r"}, {"kept", "yes"}};
  DesiredPage page = Page();
  const Json before = Json::parse(Trigger(page, config, Plain, 0))["payload"];
  auto& options = *page.mutable_options();
  (*options.mutable_details())["runbook"] = " https://other ";
  (*options.mutable_details())["alertname"] = "mine";
  (*options.mutable_details())["kept"] = "  ";
  (*options.mutable_details())["long"] = std::string(kDetailMax + 1, 'x');
  (*options.mutable_priority())["critical"] = "P5";
  options.set_entity("entity");
  options.add_tags("tag");
  Json after = Json::parse(Trigger(page, config, Plain, 0))["payload"];
  Json& details = after["custom_details"];
  EXPECT_EQ(details["runbook"], "https://other");
  EXPECT_EQ(details["alertname"], "mine");
  EXPECT_EQ(details["label_alertname"], "Checkout");
  EXPECT_EQ(details["kept"], "yes");
  EXPECT_LE(details["long"].get<std::string>().size(), kDetailMax);
  for (const char* name : {"long", "label_alertname"}) details.erase(name);
  details["runbook"] = "https://r";
  details["alertname"] = "Checkout";
  EXPECT_EQ(after, before);
}

TEST(PagerdutyTest, MinimalAndResolve) {
  EXPECT_EQ(
      Json::parse(MinimalTrigger(Page(), Config()))["payload"],
      Json({{"summary", "checkout is slow"}, {"source", "tocsin"}, {"severity", "critical"}}));
  EXPECT_EQ(Json::parse(Resolve(Page(), Config())),
            Json({{"routing_key", "key"}, {"event_action", "resolve"}, {"dedup_key", "checkout"}}));
}

TEST(PagerdutyTest, Severities) {
  PagerdutyConfig config = Config();
  config.severity["warning"] = "info";
  struct Case {
    const char* ours;
    const char* theirs;
  };
  for (const Case& c : {Case{"critical", "critical"}, Case{"warning", "info"},
                        Case{"page", "error"}, Case{"", "error"}, Case{"info", "info"}}) {
    EXPECT_EQ(SeverityOf(config, c.ours), c.theirs) << c.ours;
  }
}

TEST(PagerdutyTest, WhatIsTooLongIsCut) {
  DesiredPage page = Page();
  page.set_alias(std::string(256, 'a'));
  (*page.mutable_annotations())["summary"] = std::string(5000, 's');
  LabelsBuilder labels;
  for (int i = 0; i < 400; ++i) labels.Set(absl::StrCat("label", i), std::string(5000, 'x'));
  labels.Set("team", "payments");
  page.set_labels(std::string(labels.Build().canonical()));
  const std::string text = Trigger(page, Config(), Plain, 0);
  EXPECT_LE(text.size(), kEventBytesMax);
  EXPECT_GT(text.size(), kEventBytesMax / 2);
  const Json event = Json::parse(text);
  EXPECT_EQ(event["dedup_key"].get<std::string>().size(), 7u + 32u);
  EXPECT_NE(event["dedup_key"], Json::parse(Resolve(Page(), Config()))["dedup_key"]);
  EXPECT_EQ(event["dedup_key"], Json::parse(Resolve(page, Config()))["dedup_key"]);
  EXPECT_LE(event["payload"]["summary"].get<std::string>().size(), 1024u + 2u);  // "…" has 3 bytes
  EXPECT_EQ(event["payload"]["custom_details"]["team"], "payments");
  EXPECT_NE(event["payload"]["custom_details"]["cut"].get<std::string>().find("left out"),
            std::string::npos);
}

TEST(PagerdutyTest, ATemplateThatGivesNothingIsLeftOut) {
  PagerdutyConfig config = Config();
  config.component = "{{ }}";
  const auto nothing = [](const std::string&, const DesiredPage&) { return std::string(" "); };
  EXPECT_FALSE(Json::parse(Trigger(Page(), config, nothing, 0))["payload"].contains("component"));
}

}  // namespace
}  // namespace tocsin::pagerduty
