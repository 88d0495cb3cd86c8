// What an explanation says, over state that a real evaluation left behind.
#include "app/explain/explainer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/manual_clock.h"
#include "engine/stepped_engine.h"
#include "rules/rule_file.h"
#include "storage/memory_store.h"

namespace tocsin::app {
namespace {

using absl::Seconds;

constexpr char kRules[] = R"(
monitors:
- name: slow
  query: max by (service) (max_over_time(latency[1m]))
  threshold: {critical: "> 900", warning: "> 600"}
  labels: {team: web}
- {name: quiet, query: latency, threshold: {critical: "> 5000"}, for: 5m}
- {name: broken, composite: slow and not quiet}
)";

class ExplainerTest : public ::testing::Test {
 protected:
  static constexpr Timestamp kStart = Timestamp::FromMillis(1'700'000'000'000);

  // Two services; only cart is slow: warning at 10 s, critical at 20 s, fine at 2 minutes.
  ExplainerTest() {
    rules::LoadResult loaded = rules::LoadRules({{"f", kRules}});
    EXPECT_TRUE(loaded.ok());
    rules_ = std::make_shared<rules::RuleSet>(std::move(loaded.rules));
    clock_.AdvanceTo(kStart);
    Evaluate();
    log_ = *storage::OpenSampleLog(store_);
    EXPECT_TRUE(outbox_.Recover().ok());
    engine_ = std::make_unique<engine::Engine>(engine::EngineOptions(), store_, outbox_, *log_,
                                               clock_, metrics_);
    EXPECT_TRUE(engine_->Recover(rules_).ok());
    explainer_ = std::make_unique<explain::Explainer>(
        *engine_, [this] { return rules_; }, store_, outbox_, journal_,
        [](const Labels& series) {
          return std::vector<http::ExplainedNote>{
              {kStart + Seconds(60), "of the future", ""},
              {kStart + Seconds(20), std::string(series.Get("service")), "ab12"}};
        });
  }

  void Evaluate() {
    engine::SteppedEngine stepped({}, store_, clock_);
    EXPECT_TRUE(stepped.Open().ok());
    EXPECT_TRUE(stepped.Recover(rules_).ok());
    for (int i = 0; i <= 20; ++i) {
      clock_.AdvanceTo(kStart + Seconds(10 * i));
      SampleBatch batch;
      const double latency = i == 0 ? 100 : i == 1 ? 700 : i <= 6 ? 1000 : 100;
      Add(stepped, "cart", latency, batch);
      Add(stepped, "search", 100, batch);
      stepped.Submit(std::move(batch), [](const absl::Status& s) { EXPECT_TRUE(s.ok()); });
      stepped.Commit();
      EXPECT_TRUE(stepped.Evaluate().ok());
    }
  }
  void Add(engine::SteppedEngine& stepped, const char* service, double value, SampleBatch& batch) {
    const auto ref = stepped.Resolve(Labels{{"__name__", "latency"}, {"service", service}});
    batch.Add(*ref, clock_.Now().millis(), value);
  }

  absl::StatusOr<http::Explanation> Explain(const std::string& rule, const std::string& alias,
                                            absl::Duration at) {
    return explainer_->Explain({alias, rule, kStart + at}, [] { return false; });
  }
  http::ExplainedRule Rule(const std::string& name, absl::Duration at) {
    const auto explanation = Explain(name, "", at);
    EXPECT_TRUE(explanation.ok()) << explanation.status();
    if (!explanation.ok() || explanation->rules.size() != 1) return {};
    return explanation->rules[0];
  }

  ManualClock clock_;
  storage::MemoryStore store_;
  storage::Outbox outbox_{store_, 100};
  storage::DeliveryJournal journal_{store_, clock_};
  Metrics metrics_;
  std::shared_ptr<const rules::RuleSet> rules_;
  std::unique_ptr<storage::SampleLog> log_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<explain::Explainer> explainer_;
};

TEST_F(ExplainerTest, TellsRuleInputsAndPath) {
  const http::ExplainedRule rule = Rule("slow", Seconds(30));
  EXPECT_EQ(rule.kind, "monitor");
  EXPECT_EQ(rule.id, "monitor/slow");
  EXPECT_EQ(rule.settings[0], std::pair(std::string("critical"), std::string("> 900")));
  EXPECT_EQ(rule.window, absl::Minutes(1));
  ASSERT_EQ(rule.inputs.size(), 1u);
  EXPECT_EQ(rule.inputs[0].selector, "latency[1m]");
  ASSERT_EQ(rule.inputs[0].series.size(), 1u) << "the series of the other service is none of it";
  EXPECT_EQ(rule.inputs[0].series[0].labels.Get("service"), "cart");
  EXPECT_EQ(rule.inputs[0].series[0].newest, "1000");
  EXPECT_EQ(rule.inputs[0].series[0].newest_at, kStart + Seconds(30));
  ASSERT_EQ(rule.inputs[0].series[0].notes.size(), 1u);
  EXPECT_EQ(rule.inputs[0].series[0].notes[0].text, "cart");
  EXPECT_EQ(rule.inputs[0].series[0].notes[0].trace_id, "ab12");
  ASSERT_EQ(rule.rows.size(), 1u);
  EXPECT_EQ(rule.rows[0].value, "1000");

  ASSERT_EQ(rule.alerts.size(), 1u);
  const http::ExplainedAlert& alert = rule.alerts[0];
  EXPECT_EQ(alert.state, "critical");
  EXPECT_EQ(alert.labels.Get("team"), "web");
  ASSERT_EQ(alert.transitions.size(), 2u);
  EXPECT_EQ(alert.transitions[0].transition, "fired");
  EXPECT_EQ(alert.transitions[0].state, "warning");
  EXPECT_EQ(alert.transitions[0].value, 700);
  EXPECT_EQ(alert.transitions[0].condition, "> 600");
  EXPECT_EQ(alert.transitions[0].at, kStart + Seconds(10));
  EXPECT_EQ(alert.transitions[0].rule_revision, rules_->revision);
  EXPECT_EQ(alert.transitions[1].transition, "raised");
  EXPECT_EQ(alert.transitions[1].reason, "level_changed");
}

TEST_F(ExplainerTest, IsAsOfTheTimeAskedFor) {
  EXPECT_TRUE(Rule("slow", Seconds(5)).alerts.empty());
  EXPECT_EQ(Rule("slow", Seconds(5)).rows.size(), 2u);
  EXPECT_EQ(Rule("slow", Seconds(15)).alerts.at(0).state, "warning");
  EXPECT_EQ(Rule("slow", Seconds(200)).alerts.at(0).state, "ok");
  EXPECT_EQ(Rule("slow", Seconds(200)).alerts.at(0).transitions.back().transition, "resolved");
}

TEST_F(ExplainerTest, OfACompositeItTellsTheMembers) {
  const http::ExplainedRule rule = Rule("broken", Seconds(30));
  EXPECT_EQ(rule.kind, "composite monitor");
  EXPECT_EQ(rule.expression, "slow and not quiet");
  ASSERT_EQ(rule.rows.size(), 1u);
  EXPECT_EQ(rule.rows[0].name, "slow");
  EXPECT_EQ(rule.rows[0].value, "critical");
  EXPECT_EQ(rule.rows[0].labels, (Labels{{"service", "cart"}}));
  EXPECT_EQ(rule.alerts.at(0).state, "critical");
  EXPECT_TRUE(Rule("broken", Seconds(200)).rows.empty());
}

TEST_F(ExplainerTest, OfAPageItTellsTheDeliveries) {
  const std::string alias = Rule("slow", Seconds(30)).alerts.at(0).alias;
  ASSERT_FALSE(alias.empty());
  clock_.AdvanceTo(kStart + Seconds(300));
  journal_.Note({alias, "team", 0, "create", "retried", "HTTP 503", 1});
  journal_.Note({alias, "team", 0, "create", "created", "", 1});
  journal_.Note({"another", "team", 0, "create", "created", "", 1});
  const auto explanation = Explain("", alias, Seconds(301));
  ASSERT_TRUE(explanation.ok()) << explanation.status();
  ASSERT_EQ(explanation->rules.size(), 1u);
  EXPECT_EQ(explanation->rules[0].name, "slow");
  ASSERT_EQ(explanation->rules[0].alerts.size(), 1u);
  const auto& deliveries = explanation->rules[0].alerts[0].deliveries;
  ASSERT_EQ(deliveries.size(), 2u);
  EXPECT_EQ(deliveries[0].outcome, "retried");
  EXPECT_EQ(deliveries[0].error, "HTTP 503");
  EXPECT_EQ(deliveries[1].outcome, "created");
  EXPECT_TRUE(Explain("", alias, Seconds(299))->rules[0].alerts[0].deliveries.empty());
}

TEST_F(ExplainerTest, WhatWasRemovedIsFoundByItsName) {
  rules_ = std::make_shared<rules::RuleSet>();
  const http::ExplainedRule rule = Rule("slow", Seconds(30));
  EXPECT_EQ(rule.kind, "removed rule");
  EXPECT_EQ(rule.alerts.at(0).transitions.size(), 2u);
  EXPECT_TRUE(rule.inputs.empty());
}

TEST_F(ExplainerTest, WhatNobodyKnowsIsNotFound) {
  EXPECT_EQ(Explain("nobody", "", Seconds(30)).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Explain("", "nobody", Seconds(30)).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(Rule("quiet", Seconds(30)).alerts.empty());
}

}  // namespace
}  // namespace tocsin::app
