#include "integrations/routing/suppressor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integrations/routing/time_interval_text.h"
#include "storage/memory_store.h"

namespace tocsin::routing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// 2026-11-26, a Thursday.
Timestamp At(int hour, int minute = 0) {
  return Timestamp::FromMillis(absl::ToUnixMillis(
      absl::FromCivil(absl::CivilMinute(2026, 11, 26, hour, minute), absl::UTCTimeZone())));
}

NamedInterval Daily(const char* begin, const char* end) {
  return {{{.times = {*ParseTimeRange(begin, end)}}}};
}

class SuppressorTest : public ::testing::Test {
 protected:
  static SuppressorConfig Config() {
    SuppressorConfig config;
    config.time_intervals = {
        {"lunch", Daily("12:00", "13:00")}, {"office", Daily("09:00", "17:00")}, {"never", {}}};
    config.inhibit_rules = {{*delivery::ParseMatchers("severity=critical"),
                             *delivery::ParseMatchers("severity=warning"),
                             {"cluster"}}};
    return config;
  }
  std::vector<std::string> MutedBy(const RouteIntervals& intervals, Timestamp now) {
    return suppressor_.Ask({{"a", "b"}}, intervals, now).muted_by;
  }

  storage::MemoryStore store_;
  SeededRandom random_{1};
  Metrics metrics_;
  Silences silences_{store_, random_, Limits(), metrics_};
  Suppressor suppressor_{silences_, Config()};
};

TEST_F(SuppressorTest, NothingSpeaksAgainstAnOrdinaryAlert) {
  EXPECT_FALSE(suppressor_.Ask({{"a", "b"}}, {}, At(12)).suppressed());
}

TEST_F(SuppressorTest, NamesEveryReason) {
  const auto id = silences_.Set(
      {.matchers = *delivery::ParseMatchers("team=a"), .starts_at = At(12), .ends_at = At(14)},
      At(12));
  ASSERT_TRUE(id.ok());
  suppressor_.SetFiring("down", {{"severity", "critical"}});
  const Verdict verdict =
      suppressor_.Ask({{"team", "a"}, {"severity", "warning"}}, {.mute = {"lunch"}}, At(12, 30));
  EXPECT_TRUE(verdict.suppressed());
  EXPECT_THAT(verdict.silenced_by, ElementsAre(*id));
  EXPECT_THAT(verdict.inhibited_by, ElementsAre("down"));
  EXPECT_THAT(verdict.muted_by, ElementsAre("lunch"));
  EXPECT_EQ(suppressor_.FiringLabels("down")->Get("severity"), "critical");
  suppressor_.Remove("down");
  EXPECT_EQ(suppressor_.FiringLabels("down"), std::nullopt);
}

TEST_F(SuppressorTest, MuteIntervalsMuteInside) {
  const RouteIntervals mute = {.mute = {"lunch", "office", "unknown"}};
  EXPECT_THAT(MutedBy(mute, At(8)), IsEmpty());
  EXPECT_THAT(MutedBy(mute, At(10)), ElementsAre("office"));
  EXPECT_THAT(MutedBy(mute, At(12)), ElementsAre("lunch", "office"));
}

TEST_F(SuppressorTest, ActiveIntervalsMuteOutsideAllOfThem) {
  const RouteIntervals active = {.active = {"lunch", "office"}};
  EXPECT_THAT(MutedBy(active, At(10)), IsEmpty());
  EXPECT_THAT(MutedBy(active, At(18)), ElementsAre("lunch", "office"));
  EXPECT_THAT(MutedBy({.active = {"never"}}, At(10)), ElementsAre("never"));
  EXPECT_THAT(MutedBy({.mute = {"lunch"}, .active = {"office"}}, At(12)), ElementsAre("lunch"));
}

TEST_F(SuppressorTest, AnotherConfigurationKeepsTheAlertsThatFire) {
  suppressor_.SetFiring("down", {{"severity", "critical"}});
  SuppressorConfig other = Config();
  other.inhibit_rules[0].target_matchers = *delivery::ParseMatchers("severity=info");
  other.time_intervals.erase("lunch");
  suppressor_.SetConfig(std::move(other));
  EXPECT_THAT(suppressor_.Ask({{"severity", "info"}}, {}, At(12)).inhibited_by,
              ElementsAre("down"));
  EXPECT_THAT(MutedBy({.mute = {"lunch"}}, At(12)), IsEmpty());
}

TEST_F(SuppressorTest, NextChangeIsThatOfAnyOfThem) {
  EXPECT_EQ(suppressor_.NextChange(At(8)), At(9));
  EXPECT_EQ(suppressor_.NextChange(At(12)), At(13));
  ASSERT_TRUE(silences_
                  .Set({.matchers = *delivery::ParseMatchers("team=a"),
                        .starts_at = At(8, 30),
                        .ends_at = At(14)},
                       At(8))
                  .ok());
  EXPECT_EQ(suppressor_.NextChange(At(8)), At(8, 30));
}

}  // namespace
}  // namespace tocsin::routing
