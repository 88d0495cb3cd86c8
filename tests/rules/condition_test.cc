#include "rules/condition.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace tocsin::rules {
namespace {

TEST(ConditionTest, Parses) {
  const struct {
    const char* text;
    const char* expected;  // canonical form, or the error
  } cases[] = {
      {"> 900", "> 900"},
      {">900", "> 900"},
      {"  >=  0.5 ", ">= 0.5"},
      {"< -1e3", "< -1000"},
      {"<= 1_000", "<= 1000"},
      {"== 0", "== 0"},
      {"!= 1", "!= 1"},
      {"< +Inf", "< +Inf"},
      {"> 0x10", "> 16"},
      {"900", "an operator is missing before 900"},
      {"", "\"\" is not a condition"},
      {"high", "\"high\" is not a condition"},
      {"> abc", "\"abc\" is not a number"},
      {"=> 5", "\"=> 5\" is not a condition"},
      {"> NaN", "nothing compares to NaN"},
      {"> 5 ms", "\"5 ms\" is not a number"},
  };
  for (const auto& c : cases) {
    const auto condition = ParseCondition(c.text);
    EXPECT_EQ(condition.ok() ? condition->ToString() : std::string(condition.status().message()),
              c.expected)
        << c.text;
  }
}

TEST(ConditionTest, NanHoldsForNotEqualOnly) {
  for (const char* text : {"> 0", ">= 0", "< 0", "<= 0", "== 0"}) {
    EXPECT_FALSE(ParseCondition(text)->Holds(std::nan(""))) << text;
  }
  EXPECT_TRUE(ParseCondition("!= 0")->Holds(std::nan("")));
}

TEST(ConditionTest, Reachability) {
  EXPECT_TRUE(CanHold(*ParseCondition("> 1e308")));
  EXPECT_FALSE(CanHold(*ParseCondition("> Inf")));
  EXPECT_TRUE(CanHold(*ParseCondition(">= Inf")));
  EXPECT_FALSE(CanHold(*ParseCondition("< -Inf")));
}

TEST(ConditionTest, Overlaps) {
  const struct {
    const char* a;
    const char* b;
    bool overlap;
    bool a_without_b;
  } cases[] = {
      {"> 5", "< 5", false, true},   {">= 5", "<= 5", true, true},  {"> 5", "< 6", true, true},
      {"> 5", "> 6", true, true},    {"> 6", "> 5", true, false},   {"== 5", "> 4", true, false},
      {"== 5", "!= 5", false, true}, {"!= 5", "== 5", false, true}, {"> 5", "!= 5", true, false},
      {"< 5", ">= 5", false, true},  {"> 5", ">= 5", true, false},  {">= 5", "> 5", true, true},
      {"== 1", "== 2", false, true}, {"!= 1", "!= 2", true, true},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Overlap(*ParseCondition(c.a), *ParseCondition(c.b)), c.overlap) << c.a << " " << c.b;
    EXPECT_EQ(CanHoldWithout(*ParseCondition(c.a), *ParseCondition(c.b)), c.a_without_b)
        << c.a << " without " << c.b;
  }
}

}  // namespace
}  // namespace tocsin::rules
