// From rule file and configuration to the simulator: what a monitor says of its pages arrives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "app/config.h"
#include "app/page_templates.h"
#include "tests/opsgenie/delivery_world.h"
#include "tests/support/world.h"

namespace tocsin::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Json = nlohmann::json;

constexpr char kRules[] = R"(
monitors:
- name: latency
  query: latency
  threshold: {critical: "> 9", warning: "> 5"}
  labels: {team: payments}
  page:
    priority: {critical: P2, warning: P4}
    responders: [{type: "{{ .Labels.kind }}", name: "{{ .Labels.team }}"}]
    tags: ["{{ .Labels.service }}"]
    entity: "{{ .Labels.service }}"
    actions: [restart]
    details: {dashboard: "https://grafana.example/d/{{ .Labels.service }}"}
- name: broken
  composite: latency >= warning
  page: {priority: P5, entity: "all of {{ .Labels.service }}"}
)";

constexpr char kConfig[] = R"(
receivers:
- name: payments
  opsgenie_configs:
  - api_url: https://api.example
    api_key: ${KEY}
    priority: {critical: P1, warning: P3}
    responders: [{type: team, name: "{{ .Labels.nobody }}"}, {type: team, name: ops}]
    tags: ["{{ .ExternalLabels.cluster }}"]
    details: {dashboard: none, runbook: "https://runbooks.example/{{ .Labels.alertname }}"}
route: {receiver: payments}
)";

const Labels kClusters{{"cluster", "eu-1"}};

ReceiversAndRoutes Receivers() {
  app::ConfigSources sources;
  sources.environment = [](const std::string&) { return std::optional<std::string>(kTestKey); };
  const app::ConfigResult result = app::ParseConfig("tocsin.yaml", kConfig, sources);
  EXPECT_TRUE(result.ok());
  return result.config.routing;
}

class RulePageTest : public ::testing::Test {
 protected:
  RulePageTest()
      : engine_(Timestamp::FromMillis(1'700'000'000'000)),
        delivery_(Receivers(), TestSim(), 1, nullptr, app::MakeReceiverExpander(kClusters)) {
    EXPECT_TRUE(engine_.SetRules(kRules).ok());
  }

  // One sample of service checkout now; then pages are told.
  void Send(double value, const std::string& kind = "escalation") {
    const Labels series{{"__name__", "latency"}, {"service", "checkout"}, {"kind", kind}};
    engine_.Schedule(engine_.now() + absl::Seconds(1), series, value);
    engine_.RunUntil(engine_.now() + absl::Seconds(5));
    Tell();
  }
  void Tell() {
    for (const std::string& alias : engine_.outbox().Aliases()) {
      delivery_.Publish(engine_.outbox().Find(alias)->desired);
    }
    delivery_.Run(absl::Minutes(2));
    EXPECT_THAT(delivery_.Refusals(), IsEmpty());
  }

  // The body of the only create so far for the page of that monitor.
  Json Created(const std::string& monitor) {
    Json found;
    for (const sim::JournalEntry& entry : delivery_.sim.journal()) {
      if (entry.method != "POST" || !absl::EndsWith(entry.target, "/v2/alerts")) continue;
      const Json body = Json::parse(entry.body);
      if (body["details"]["alertname"] != monitor) continue;
      EXPECT_TRUE(found.is_null());
      found = body;
    }
    return found;
  }
  const sim::SimAlert* Remote(const std::string& entity) {
    for (const auto& [id, alert] : delivery_.sim.alerts()) {
      if (alert.entity == entity) return &alert;
    }
    return nullptr;
  }

  testing::World engine_;
  DeliveryWorld delivery_;
};

TEST_F(RulePageTest, WhatTheMonitorSaysIsInItsPage) {
  Send(7);
  const Json page = Created("latency");
  EXPECT_EQ(page["priority"], "P4");
  EXPECT_EQ(page["responders"], Json::parse(R"([{"type":"escalation","name":"payments"}])"));
  EXPECT_EQ(page["tags"], Json::parse(R"(["eu-1","checkout"])"));
  EXPECT_EQ(page["entity"], "checkout");
  EXPECT_EQ(page["actions"], Json::parse(R"(["restart"])"));
  EXPECT_EQ(page["details"]["dashboard"], "https://grafana.example/d/checkout");
  EXPECT_EQ(page["details"]["runbook"], "https://runbooks.example/latency");
  EXPECT_FALSE(page["details"].contains("cut"));

  const Json composite = Created("broken");
  EXPECT_EQ(composite["priority"], "P5");
  EXPECT_EQ(composite["entity"], "all of checkout");
  EXPECT_EQ(composite["responders"], Json::parse(R"([{"type":"team","name":"ops"}])"));
  EXPECT_EQ(composite["details"]["dashboard"], "none");
  EXPECT_EQ(composite["details"]["cut"], "responders (1 left out)");
}

TEST_F(RulePageTest, ALevelTakesItsOwnPriority) {
  Send(7);
  ASSERT_NE(Remote("checkout"), nullptr);
  EXPECT_EQ(Remote("checkout")->priority, "P4");
  Send(10);
  EXPECT_EQ(Remote("checkout")->priority, "P2");
  EXPECT_EQ(Remote("all of checkout")->priority, "P5");
}

TEST_F(RulePageTest, AResponderOfNoTypeIsNotSent) {
  Send(7, "squad");
  const Json page = Created("latency");
  EXPECT_EQ(page["responders"], Json::parse(R"([{"type":"team","name":"ops"}])"));
  EXPECT_EQ(page["details"]["cut"], "responders (2 left out)");
}

// As with annotations: an open page is told with the alert's next change.
TEST_F(RulePageTest, AReloadChangesTheOpenPageWithTheNextLevel) {
  Send(7);
  const std::string other = absl::StrReplaceAll(
      kRules,
      {{"critical: P2, warning: P4", "critical: P3"}, {"[\"{{ .Labels.service }}\"]", "[new]"}});
  ASSERT_TRUE(engine_.SetRules(other).ok());
  engine_.RunUntil(engine_.now() + absl::Seconds(30));
  Tell();
  EXPECT_EQ(Remote("checkout")->priority, "P4");
  Send(10);
  EXPECT_EQ(Remote("checkout")->priority, "P3");
  EXPECT_THAT(Remote("checkout")->tags, ElementsAre("eu-1", "new"));
}

// The rule is gone, its page is closed as what it was.
TEST_F(RulePageTest, ARemovedMonitorsPageKeepsWhatItSaid) {
  Send(7);
  ASSERT_TRUE(engine_.SetRules("monitors: []").ok());
  engine_.RunUntil(engine_.now() + absl::Seconds(30));
  size_t closed = 0;
  for (const std::string& alias : engine_.outbox().Aliases()) {
    const auto page = engine_.outbox().Find(alias)->desired;
    if (page.rule() != "monitor/latency") continue;
    ++closed;
    EXPECT_FALSE(page.open());
    EXPECT_EQ(page.options().entity(), "{{ .Labels.service }}");
    EXPECT_EQ(page.options().responders_size(), 1);
  }
  EXPECT_EQ(closed, 1u);
}

}  // namespace
}  // namespace tocsin::delivery
