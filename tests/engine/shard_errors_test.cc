// An evaluation that fails is the rule's error and leaves its alerts alone.
#include <gtest/gtest.h>

#include "tests/engine/shard_rig.h"

namespace tocsin::engine {
namespace {

using absl::Seconds;
using storage::Family;

constexpr char kMonitor[] = R"(
monitors:
- {name: full, query: fill, threshold: {critical: "> 5"}}
)";
constexpr char kRule[] = R"(
groups:
- name: g
  interval: 1s
  rules:
  - {alert: full, expr: fill > 5}
)";

Labels Fill(const std::string& x) {
  return Labels{{"__name__", "fill"}, {"x", x}};
}
Labels Full(const std::string& x) {
  return Labels{{"alertname", "full"}, {"x", x}};
}

// Two alerts, room for one, and two more come: not even the one that has room is made.
// The rows that have an alert go on, others find no room: which of two new ones got the last place
// is nobody's business.
TEST(ShardErrorsTest, RowsBeyondTheLimitAreLeftOutAndTheOthersGoOn) {
  Limits limits;
  limits.alerts_per_rule_max = 3;
  for (const char* rules : {kMonitor, kRule}) {
    ShardRig rig(limits);
    ASSERT_TRUE(rig.Install(rules).ok());
    rig.Send(Fill("a"), 6);
    rig.Send(Fill("b"), 6);
    ASSERT_TRUE(rig.RunTo(Seconds(2)).ok());
    ASSERT_EQ(rig.Error(), "");
    rig.Send(Fill("c"), 6);
    rig.Send(Fill("d"), 6);
    ASSERT_TRUE(rig.RunTo(Seconds(4)).ok()) << "an error of a rule is none of the shard";
    EXPECT_NE(rig.Error().find("alerts_per_rule_max (3)"), std::string::npos) << rig.Error();
    EXPECT_GE(rig.metrics().failures.Value(), 1);
    EXPECT_EQ(rig.StateOf(Full("a")) + rig.StateOf(Full("b")), "firingfiring");
    EXPECT_NE(rig.StateOf(Full("c")) == "firing", rig.StateOf(Full("d")) == "firing");
    EXPECT_EQ(rig.outbox().size(), 3u);
    EXPECT_GE(rig.metrics().alerts_left_out.Value(), 1);

    rig.Send(Fill("a"), 0);
    rig.Send(Fill("c"), 0);
    rig.Send(Fill("d"), 0);
    ASSERT_TRUE(rig.RunTo(Seconds(6)).ok());
    EXPECT_EQ(rig.Error(), "");
    EXPECT_EQ(rig.StateOf(Full("a")), "ok") << "a full table does not keep alerts from resolving";
    EXPECT_EQ(rig.StateOf(Full("b")), "firing");
  }
}

// Rows y=1 and y=2 are different alerts; the second row of y=2 makes the whole evaluation an error,
// whatever came before it in the result.
TEST(ShardErrorsTest, DuplicateLabelsetErrorLeavesStateUntouched) {
  ShardRig rig;
  ASSERT_TRUE(rig.Install("groups:\n- name: g\n  interval: 1s\n  rules:\n"
                          "  - {alert: full, expr: fill > 5, labels: {x: ''}}\n")
                  .ok());
  const auto fill = [](const char* x, const char* y) {
    return Labels{{"__name__", "fill"}, {"x", x}, {"y", y}};
  };
  const auto alert = [](const char* y) { return Labels{{"alertname", "full"}, {"y", y}}; };
  rig.Send(fill("1", "2"), 6);
  ASSERT_TRUE(rig.RunTo(Seconds(2)).ok());
  ASSERT_EQ(rig.StateOf(alert("2")), "firing");
  const uint64_t sequence = rig.outbox().Find(rig.outbox().Aliases()[0])->desired.sequence();

  for (const char* y : {"0", "1", "3"}) rig.Send(fill("1", y), 6);
  rig.Send(fill("2", "2"), 6);
  ASSERT_TRUE(rig.RunTo(Seconds(4)).ok());
  EXPECT_NE(rig.Error().find("same labelset"), std::string::npos) << rig.Error();
  EXPECT_EQ(rig.StateOf(alert("2")), "firing");
  for (const char* y : {"0", "1", "3"}) EXPECT_EQ(rig.StateOf(alert(y)), "ok") << y;
  EXPECT_EQ(rig.outbox().size(), 1u);
  EXPECT_EQ(rig.outbox().Find(rig.outbox().Aliases()[0])->desired.sequence(), sequence);
  EXPECT_EQ(rig.KeysOnDisk(Family::kAlerts).size(), 1u);

  rig.Send(fill("2", "2"), 0);
  ASSERT_TRUE(rig.RunTo(Seconds(6)).ok());
  EXPECT_EQ(rig.Error(), "");
  for (const char* y : {"0", "1", "2", "3"}) EXPECT_EQ(rig.StateOf(alert(y)), "firing") << y;
}

}  // namespace
}  // namespace tocsin::engine
