// Composite monitors in their shard: members nothing is known of, and rules that change shards.
#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "base/manual_clock.h"
#include "engine/sharding.h"
#include "engine/stepped_engine.h"
#include "rules/rule_file.h"
#include "storage/memory_store.h"
#include "tests/engine/shard_rig.h"

namespace tocsin::engine {
namespace {

using absl::Seconds;

const Labels kLoad{{"__name__", "load"}, {"x", "1"}};
const Labels kOther{{"__name__", "other"}, {"x", "1"}};

Labels Alert(const std::string& name) {
  return Labels{{"alertname", name}, {"x", "1"}};
}

constexpr char kWithGroup[] = R"(
groups:
- name: g
  interval: 1h
  rules:
  - {alert: Deploying, expr: deploying > 0}
monitors:
- {name: high, query: load, threshold: {critical: "> 5"}}
- {name: needs, composite: high and not Deploying}
- {name: either, composite: high or Deploying}
)";

// The group's turn comes once an hour.
TEST(ShardCompositeTest, AMemberThatWasNeverEvaluatedIsUnknown) {
  ShardRig rig;
  ASSERT_TRUE(rig.Install(kWithGroup).ok());
  rig.Send(kLoad, 9);
  ASSERT_TRUE(rig.RunTo(Seconds(1)).ok());
  EXPECT_EQ(rig.StateOf(Alert("high")), "firing");
  EXPECT_EQ(rig.StateOf(Alert("either")), "firing");
  EXPECT_EQ(rig.StateOf(Alert("needs")), "ok");

  for (int minute = 1; minute <= 60; ++minute) {
    rig.Send(kLoad, 9);
    ASSERT_TRUE(rig.RunTo(Seconds(60 * minute)).ok());
  }
  EXPECT_EQ(rig.StateOf(Alert("needs")), "firing");

  // What fires keeps firing while it is unknown again, but it goes if nothing could keep it.
  rig.Reboot();
  ASSERT_TRUE(rig.RunTo(Seconds(3601)).ok());
  EXPECT_EQ(rig.StateOf(Alert("needs")), "firing");
  rig.Send(kLoad, 1);
  ASSERT_TRUE(rig.RunTo(Seconds(3602)).ok());
  EXPECT_EQ(rig.StateOf(Alert("needs")), "ok");
  EXPECT_EQ(rig.StateOf(Alert("either")), "firing");
}

// load / on (x) other fails once there are two of other.
TEST(ShardCompositeTest, AMemberInErrorIsUnknown) {
  ShardRig rig;
  ASSERT_TRUE(
      rig.Install("monitors:\n"
                  "- {name: high, query: load, threshold: {critical: '> 5'}}\n"
                  "- {name: ratio, query: load / on (x) other, threshold: {critical: '> 5'}}\n"
                  "- {name: both, composite: high and ratio}\n"
                  "- {name: quiet, composite: high and not ratio}\n")
          .ok());
  rig.Send(kLoad, 9);
  rig.Send(kOther, 1);
  ASSERT_TRUE(rig.RunTo(Seconds(1)).ok());
  EXPECT_EQ(rig.StateOf(Alert("both")), "firing");
  rig.Send(Labels{{"__name__", "other"}, {"x", "1"}, {"y", "2"}}, 9);
  ASSERT_TRUE(rig.RunTo(Seconds(2)).ok());
  rig.Send(kOther, 9);
  ASSERT_TRUE(rig.RunTo(Seconds(3)).ok());
  EXPECT_EQ(rig.StateOf(Alert("both")), "firing");
  EXPECT_EQ(rig.StateOf(Alert("quiet")), "ok");
}

// The level does not fall because the member that made it so bad is unknown.
TEST(ShardCompositeTest, AnUnknownMemberLowersNothing) {
  ShardRig rig;
  const std::string yaml =
      "groups: [{name: g, interval: 1h, rules: [{alert: Bad, expr: load > 5}]}]\n"
      "monitors:\n- {name: high, query: load, threshold: {warning: '> 5'}}\n"
      "- {name: either, composite: high or Bad}\n";
  ASSERT_TRUE(rig.Install(yaml).ok());
  for (int minute = 0; minute <= 60; ++minute) {
    rig.Send(kLoad, 9);
    ASSERT_TRUE(rig.RunTo(Seconds(60 * minute + 1)).ok());
  }
  const auto level = [&] {
    std::string severity;
    for (const std::string& alias : rig.outbox().Aliases()) {
      const auto page = rig.outbox().Find(alias)->desired;
      if (page.rule() == "monitor/either") severity = page.severity();
    }
    return severity;
  };
  ASSERT_EQ(level(), "critical");
  rig.Reboot();
  rig.Send(kLoad, 9);
  ASSERT_TRUE(rig.RunTo(Seconds(3662)).ok());
  EXPECT_EQ(level(), "critical");
}

rules::RuleSet Loaded(const std::string& yaml) {
  rules::LoadResult loaded = rules::LoadRules({{"f", yaml}});
  EXPECT_TRUE(loaded.ok());
  return std::move(loaded.rules);
}

std::string ManyMonitors(size_t count) {
  std::string yaml = "monitors:\n";
  for (size_t i = 0; i < count; ++i) {
    absl::StrAppend(&yaml, "- {name: m", i, ", query: load, threshold: {critical: '> 5'}}\n");
  }
  return yaml;
}

TEST(PlacementTest, WhatACompositeReadsStaysTogether) {
  const std::string yaml = "groups: [{name: g, rules: [{alert: High, expr: up}]}]\n" +
                           ManyMonitors(20) +
                           "- {name: a, composite: m1 and b}\n- {name: b, composite: m2 or High}\n"
                           "- {name: c, composite: m3}\n";
  const rules::RuleSet rules = Loaded(yaml);
  const Placement placement(rules, 16);
  const size_t together = placement.ShardOf("monitor/a");
  for (const char* key : {"monitor/b", "monitor/m1", "monitor/m2", "group/f;g"}) {
    EXPECT_EQ(placement.ShardOf(key), together) << key;
  }
  EXPECT_EQ(placement.ShardOf("monitor/c"), placement.ShardOf("monitor/m3"));
  // The others are where they would be without composites.
  const Placement alone(Loaded(ManyMonitors(20)), 16);
  EXPECT_EQ(placement.ShardOf("monitor/m7"), alone.ShardOf("monitor/m7"));
  EXPECT_TRUE(placement.OwnedBy(together)("monitor/m1"));
  EXPECT_FALSE(placement.OwnedBy((together + 1) % 16)("monitor/m1"));
}

// A reload that brings composites moves rules between shards; pages stay open and histories whole.
class MovingRulesTest : public ::testing::Test {
 protected:
  static constexpr size_t kMonitors = 12;

  MovingRulesTest() {
    clock_.AdvanceTo(Timestamp::FromMillis(1'700'000'000'000));
    SteppedEngine::Options options;
    options.shards = 4;
    engine_ = std::make_unique<SteppedEngine>(std::move(options), store_, clock_);
    EXPECT_TRUE(engine_->Open().ok());
    EXPECT_TRUE(engine_->Recover(Rules(ManyMonitors(kMonitors))).ok());
    SampleBatch batch;
    batch.Add(*engine_->Resolve(kLoad), clock_.Now().millis(), 9);
    engine_->Submit(std::move(batch), [](const absl::Status& s) { EXPECT_TRUE(s.ok()); });
    engine_->Commit();
    EXPECT_TRUE(engine_->Evaluate().ok());
    EXPECT_EQ(OpenPages(), kMonitors);
  }

  static std::shared_ptr<const rules::RuleSet> Rules(const std::string& yaml) {
    return std::make_shared<rules::RuleSet>(Loaded(yaml));
  }
  void Advance() {
    clock_.AdvanceTo(clock_.Now() + Seconds(1));
    EXPECT_TRUE(engine_->Evaluate().ok());
  }
  size_t OpenPages() {
    size_t open = 0;
    for (const std::string& alias : engine_->outbox().Aliases()) {
      const auto page = engine_->outbox().Find(alias)->desired;
      open += page.open() && page.episode() == page.sequence();
    }
    return open;
  }
  static std::string AllTogether() {
    std::string all = "m0";
    for (size_t i = 1; i < kMonitors; ++i) absl::StrAppend(&all, " and m", i);
    return ManyMonitors(kMonitors) + "- {name: all, composite: " + all + "}\n";
  }

  ManualClock clock_;
  storage::MemoryStore store_;
  std::unique_ptr<SteppedEngine> engine_;
};

TEST_F(MovingRulesTest, TakeTheirAlertsAlong) {
  ASSERT_TRUE(engine_->Install(Rules(AllTogether()), clock_.Now()).ok());
  Advance();
  EXPECT_EQ(OpenPages(), kMonitors + 1);
  size_t busy_shards = 0;
  for (size_t i = 0; i < engine_->shards(); ++i) {
    busy_shards += !engine_->shard(i).monitors().empty();
  }
  EXPECT_EQ(busy_shards, 1u);

  // And back, with one monitor less and the composite gone.
  ASSERT_TRUE(engine_->Install(Rules(ManyMonitors(kMonitors - 1)), clock_.Now()).ok());
  Advance();
  EXPECT_EQ(OpenPages(), kMonitors - 1);
}

TEST_F(MovingRulesTest, AreFoundAgainByARestart) {
  const auto rules = Rules(AllTogether());
  ASSERT_TRUE(engine_->Install(rules, clock_.Now()).ok());
  Advance();
  SteppedEngine::Options options;
  options.shards = 3;
  engine_ = std::make_unique<SteppedEngine>(std::move(options), store_, clock_);
  ASSERT_TRUE(engine_->Open().ok());
  ASSERT_TRUE(engine_->Recover(rules).ok());
  Advance();
  EXPECT_EQ(OpenPages(), kMonitors + 1);
}

}  // namespace
}  // namespace tocsin::engine
