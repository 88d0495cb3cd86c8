// Shard::Install: what a reload keeps, what it ends, and that a bad one changes nothing.
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "base/sample.h"
#include "storage/keys.h"
#include "tests/engine/shard_rig.h"

namespace tocsin::engine {
namespace {

using absl::Seconds;
using absl::StatusCode;
using storage::Family;

constexpr char kBoth[] = R"(
groups:
- name: g
  interval: 1s
  rules:
  - {alert: Slow, expr: slow > 5, for: 10s}
  - {alert: Down, expr: slow > 5}
monitors:
- {name: slow, query: slow, threshold: {critical: "> 5"}, for: 10s}
- {name: down, query: slow, threshold: {critical: "> 5"}}
)";
// As above without the rules named down, and with others before what stays.
constexpr char kWithoutDown[] = R"(
groups:
- name: g
  interval: 1s
  rules:
  - {alert: Other, expr: slow > 50}
  - {alert: Slow, expr: slow > 5, for: 10s}
monitors:
- {name: other, query: slow, threshold: {critical: "> 50"}}
- {name: slow, query: slow, threshold: {critical: "> 5"}, for: 10s}
)";

const Labels kSlow{{"__name__", "slow"}, {"x", "1"}};

Labels Alert(const std::string& name) {
  return Labels{{"alertname", name}, {"x", "1"}};
}

class ShardReloadTest : public ::testing::Test {
 protected:
  // Pending: Slow, slow. Firing: Down, down.
  ShardReloadTest() {
    EXPECT_TRUE(rig_.Install(kBoth).ok());
    rig_.Send(kSlow, 6);
    EXPECT_TRUE(rig_.RunTo(Seconds(5)).ok());
    EXPECT_EQ(rig_.StateOf(Alert("Slow")) + rig_.StateOf(Alert("slow")), "pendingpending");
    EXPECT_EQ(rig_.StateOf(Alert("Down")) + rig_.StateOf(Alert("down")), "firingfiring");
  }
  std::vector<std::string> Pages() {
    std::vector<std::string> pages;
    for (const std::string& alias : rig_.outbox().Aliases()) {
      pages.push_back(rig_.outbox().Find(alias)->desired.SerializeAsString());
    }
    return pages;
  }

  ShardRig rig_;
};

TEST_F(ShardReloadTest, AlertsOfUnchangedRulesStayAsTheyWere) {
  const auto pages = Pages();
  const double transitions = rig_.metrics().transitions.Value();
  ASSERT_TRUE(rig_.Install(kBoth).ok());
  ASSERT_TRUE(rig_.RunTo(Seconds(9)).ok());
  EXPECT_EQ(Pages(), pages) << "nobody is told anything";
  EXPECT_EQ(rig_.metrics().transitions.Value(), transitions);
  EXPECT_EQ(rig_.StateOf(Alert("slow")), "pending");
  ASSERT_TRUE(rig_.RunTo(Seconds(12)).ok());
  EXPECT_EQ(rig_.StateOf(Alert("slow")), "firing") << "`for` did not begin again";
  EXPECT_EQ(rig_.StateOf(Alert("Slow")), "firing");
}

TEST_F(ShardReloadTest, PagesOfRemovedRulesAreClosedAndTheirRecordsDeleted) {
  ASSERT_EQ(rig_.KeysOnDisk(Family::kAlerts).size(), 4u);
  ASSERT_TRUE(rig_.Install(kWithoutDown).ok());
  ASSERT_TRUE(rig_.RunTo(Seconds(7)).ok());
  for (const char* name : {"Down", "down"}) {
    EXPECT_EQ(rig_.PageOf("alertname", name), "closed") << name;
    EXPECT_EQ(rig_.StateOf(Alert(name)), "ok") << name;
  }
  for (const std::string& alias : rig_.outbox().Aliases()) {
    EXPECT_EQ(rig_.outbox().Find(alias)->desired.reason(), "rule_removed");
  }
  EXPECT_EQ(rig_.KeysOnDisk(Family::kAlerts).size(), 2u);
  EXPECT_EQ(rig_.StateOf(Alert("Slow")) + rig_.StateOf(Alert("slow")), "pendingpending");
  rig_.Reboot();
  EXPECT_EQ(rig_.PageOf("alertname", "Down"), "closed");
  EXPECT_EQ(rig_.StateOf(Alert("Down")), "ok");
}

// The process dies after the rules were taken away and before the next commit.
TEST_F(ShardReloadTest, RulesRemovedWhileTheServiceWasDownAreClosedAtStart) {
  ASSERT_TRUE(rig_.Install(kWithoutDown).ok());
  rig_.Reboot();
  ASSERT_TRUE(rig_.RunTo(Seconds(7)).ok());
  EXPECT_EQ(rig_.PageOf("alertname", "Down"), "closed");
  EXPECT_EQ(rig_.PageOf("alertname", "down"), "closed");
  EXPECT_EQ(rig_.KeysOnDisk(Family::kAlerts).size(), 2u);
}

TEST_F(ShardReloadTest, RuleSetThatCannotRunChangesNothing) {
  const auto before = rig_.shard().rules();
  const auto pages = Pages();
  const std::string bad = std::string(kWithoutDown) +
                          "- {name: bad, query: 'limitk(1, slow)', threshold: {critical: '> 5'}}\n";
  EXPECT_EQ(rig_.Install(bad, /*check=*/false).code(), StatusCode::kUnimplemented);
  EXPECT_EQ(rig_.shard().rules(), before);
  EXPECT_EQ(Pages(), pages);
  ASSERT_TRUE(rig_.RunTo(Seconds(12)).ok());
  for (const char* name : {"Slow", "slow", "Down", "down"}) {
    EXPECT_EQ(rig_.StateOf(Alert(name)), "firing") << name;
    EXPECT_EQ(rig_.PageOf("alertname", name), "open") << name;
  }
}

// The windows of new rules come from the log; if it cannot be read the old ones go on.
TEST_F(ShardReloadTest, UnreadableLogChangesNothing) {
  rig_.store().Corrupt(Family::kLog, storage::LogKey(0), "\x01garbage");
  EXPECT_EQ(rig_.Install(kWithoutDown).code(), StatusCode::kDataLoss);
  rig_.Send(kSlow, 1);
  ASSERT_TRUE(rig_.RunTo(Seconds(7)).ok());
  EXPECT_EQ(rig_.PageOf("alertname", "Down"), "closed");
  EXPECT_EQ(rig_.PageOf("alertname", "down"), "closed");
  EXPECT_EQ(rig_.shard().monitors().size(), 2u);
  EXPECT_EQ(rig_.shard().monitors()[1].monitor->name, "down");
}

// A new rule sees the samples that came before it.
TEST_F(ShardReloadTest, NewRulesStartWithWindowsFromTheLog) {
  const char* sum =
      "monitors:\n"
      "- {name: sum, query: 'sum_over_time(slow[1m])', threshold: {critical: '>= 6'}}\n";
  ASSERT_TRUE(rig_.Install(sum).ok());
  ASSERT_TRUE(rig_.RunTo(Seconds(6)).ok());
  EXPECT_EQ(rig_.StateOf(Alert("sum")), "firing");
}

TEST_F(ShardReloadTest, ShareOfAnotherShardIsNotEvaluated) {
  const auto rules = rig_.shard().rules();
  const auto owns = [](const std::string& key) { return key == "monitor/slow"; };
  ASSERT_TRUE(rig_.shard().Install(rules, owns, rig_.now()).ok());
  EXPECT_TRUE(rig_.shard().groups().empty());
  ASSERT_EQ(rig_.shard().monitors().size(), 1u);
  EXPECT_EQ(rig_.shard().monitors()[0].monitor->name, "slow");
}

// The row of the old query is missing, which proves nothing while it is held; a restart in between
// must not make it a row of the new query.
TEST(ShardReloadRestartTest, RowsOfTheOldQueryAreStillTheOldOnesAfterARestart) {
  const std::string yaml =
      "monitors:\n- {name: m, query: 'max by (%s) (load)', threshold: {critical: '> 5'}}\n";
  const Labels series{{"__name__", "load"}, {"a", "1"}, {"b", "2"}};
  ShardRig rig;
  ASSERT_TRUE(rig.Install(absl::StrReplaceAll(yaml, {{"%s", "a"}})).ok());
  rig.Send(series, 9);
  ASSERT_TRUE(rig.RunTo(Seconds(5)).ok());
  rig.Reboot(Seconds(60));  // held from here
  ASSERT_TRUE(rig.Install(absl::StrReplaceAll(yaml, {{"%s", "b"}})).ok());
  ASSERT_TRUE(rig.RunTo(Seconds(70)).ok());
  EXPECT_EQ(rig.PageOf("a", "1"), "open") << "held";
  rig.Reboot();
  rig.Send(series, 9);
  ASSERT_TRUE(rig.RunTo(Seconds(300)).ok());
  EXPECT_EQ(rig.PageOf("a", "1"), "closed");
  EXPECT_EQ(rig.PageOf("b", "2"), "open");
}

// Seen under the new query, the row is one of it, also after a restart.
TEST(ShardReloadRestartTest, RowsSeenUnderTheNewQueryAreItsOwn) {
  ShardRig rig;
  ASSERT_TRUE(
      rig.Install("monitors:\n- {name: m, query: load, threshold: {critical: '> 5'}}\n").ok());
  rig.Send(Labels{{"__name__", "load"}, {"a", "1"}}, 9);
  ASSERT_TRUE(rig.RunTo(Seconds(5)).ok());
  ASSERT_TRUE(
      rig.Install("monitors:\n- {name: m, query: load or load, threshold: {critical: '> 5'}}\n")
          .ok());
  rig.Send(Labels{{"__name__", "load"}, {"a", "1"}}, 8);
  ASSERT_TRUE(rig.RunTo(Seconds(10)).ok());
  rig.Reboot();
  rig.Send(Labels{{"__name__", "load"}, {"a", "1"}}, StaleMarker());
  ASSERT_TRUE(rig.RunTo(Seconds(60)).ok());
  EXPECT_EQ(rig.PageOf("a", "1"), "open") << "missing data keeps an alert as it is";
}

}  // namespace
}  // namespace tocsin::engine
