#include "integrations/routing/silence.h"

#include <gtest/gtest.h>

namespace tocsin::routing {
namespace {

Timestamp Second(int64_t second) {
  return Timestamp::FromMillis(second * 1000);
}

Silence Of(const std::string& matchers, int64_t start, int64_t end) {
  return {.matchers = *delivery::ParseMatchers(matchers),
          .starts_at = Second(start),
          .ends_at = Second(end)};
}

TEST(SilenceTest, StatesFollowTheTimes) {
  const Silence silence = Of("a=b", 10, 20);
  EXPECT_EQ(StateOf(silence, Second(9)), SilenceState::kPending);
  EXPECT_EQ(StateOf(silence, Second(10)), SilenceState::kActive);
  EXPECT_EQ(StateOf(silence, Second(19)), SilenceState::kActive);
  EXPECT_EQ(StateOf(silence, Second(20)), SilenceState::kExpired);
  EXPECT_STREQ(SilenceStateName(SilenceState::kPending), "pending");
}

TEST(SilenceTest, AllMatchersMustMatch) {
  const Silence silence = Of("{team=a,severity!=critical,job=~\"x.*\",zone!~\"eu.*\"}", 0, 1);
  EXPECT_TRUE(Matches(silence, {{"team", "a"}, {"job", "xy"}}));
  EXPECT_FALSE(Matches(silence, {{"team", "a"}, {"job", "yx"}}));
  EXPECT_FALSE(Matches(silence, {{"team", "a"}, {"job", "xy"}, {"severity", "critical"}}));
  EXPECT_FALSE(Matches(silence, {{"team", "a"}, {"job", "xy"}, {"zone", "eu-1"}}));
}

TEST(SilenceTest, ValidationSpeaksAsAlertmanager) {
  struct Case {
    const char* matchers;
    int64_t end;
    const char* error;
  };
  for (const Case& c : std::vector<Case>{
           {"{a=b}", 2, ""},
           {"{a=\"\",b=c}", 2, ""},
           {"{a!=b}", 2, ""},
           {"{}", 2, "invalid silence: at least one matcher required"},
           {"{a=\"\"}", 2, "invalid silence: at least one matcher must not match the empty string"},
           {"{a=~\".*\"}", 2,
            "invalid silence: at least one matcher must not match the empty string"},
           {"{\"\"=b}", 2, "invalid silence: invalid label matcher 0: invalid label name \"\""},
           {"{a=b}", 0, "invalid silence: end time must not be before start time"},
       }) {
    EXPECT_EQ(ValidateSilence(Of(c.matchers, 1, c.end)).message(), c.error) << c.matchers;
  }
}

TEST(SilenceTest, WhatMayChangeUnderTheSameId) {
  struct Case {
    const char* name;
    Silence before, after;
    bool can;
  };
  const Silence active = Of("a=b", 10, 100);
  const Silence pending = Of("a=b", 60, 100);
  for (const Case& c : std::vector<Case>{
           {"same", active, active, true},
           {"longer", active, Of("a=b", 10, 200), true},
           {"shorter", active, Of("a=b", 10, 51), true},
           {"end in the past", active, Of("a=b", 10, 49), false},
           {"other start", active, Of("a=b", 11, 100), false},
           {"other value", active, Of("a=c", 10, 100), false},
           {"other kind", active, Of("a=~b", 10, 100), false},
           {"one more", active, Of("{a=b,c=d}", 10, 100), false},
           {"pending later", pending, Of("a=b", 70, 200), true},
           {"pending earlier", pending, Of("a=b", 50, 200), true},
           {"pending into the past", pending, Of("a=b", 49, 200), false},
           {"pending other value", pending, Of("a=c", 60, 100), false},
           {"expired", Of("a=b", 1, 2), Of("a=b", 1, 100), false},
       }) {
    EXPECT_EQ(CanUpdate(c.before, c.after, Second(50)), c.can) << c.name;
  }
}

TEST(SilenceTest, EndingAnActiveOneKeepsItsStart) {
  const Silence ended = EndedAt(Of("a=b", 10, 100), Second(50));
  EXPECT_EQ(ended.starts_at, Second(10));
  EXPECT_EQ(ended.ends_at, Second(50));
  EXPECT_EQ(ended.updated_at, Second(50));
}

// Were it to keep its start, it would end before it starts and be pending again.
TEST(SilenceTest, EndingAPendingOneMovesItsStart) {
  const Silence ended = EndedAt(Of("a=b", 60, 100), Second(50));
  EXPECT_EQ(ended.starts_at, Second(50));
  EXPECT_EQ(ended.ends_at, Second(50));
  EXPECT_EQ(StateOf(ended, Second(50)), SilenceState::kExpired);
}

}  // namespace
}  // namespace tocsin::routing
