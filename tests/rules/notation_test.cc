#include "rules/notation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/sample.h"

namespace tocsin::notation {
namespace {

std::string Show(const Values& values) {
  return absl::StrJoin(values, " ", [](std::string* out, const std::optional<double>& value) {
    if (!value.has_value()) {
      out->append("_");
    } else if (IsStaleMarker(*value)) {
      out->append("stale");
    } else {
      absl::StrAppend(out, *value);
    }
  });
}

struct ValuesCase {
  const char* name;
  const char* text;
  const char* expected;
};

class ValuesTest : public ::testing::TestWithParam<ValuesCase> {};

TEST_P(ValuesTest, IsExpanded) {
  const auto values = ParseValues(GetParam().text);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(Show(*values), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Notation, ValuesTest,
    ::testing::Values(
        ValuesCase{"empty", "", ""}, ValuesCase{"plain", "1 -2.5 .5 1e3", "1 -2.5 0.5 1000"},
        ValuesCase{"blanks", "  1 \t 2  ", "1 2"}, ValuesCase{"gap", "1 _ 3", "1 _ 3"},
        ValuesCase{"gaps", "_x3 1", "_ _ _ 1"}, ValuesCase{"no_gaps", "_x0 1", "1"},
        ValuesCase{"stale", "1 stale 2", "1 stale 2"}, ValuesCase{"repeat", "7x2", "7 7 7"},
        ValuesCase{"once", "7x0", "7"},
        ValuesCase{"zero_is_no_hexadecimal", "0x2 0.95x1", "0 0 0 0.95 0.95"},
        ValuesCase{"rising", "0+10x3", "0 10 20 30"}, ValuesCase{"falling", "1-2x2", "1 -1 -3"},
        ValuesCase{"below_zero", "-5+2x2", "-5 -3 -1"},
        ValuesCase{"exponents", "1e2+1e1x1", "100 110"},
        ValuesCase{"infinities", "Inf -inf +Inf NaN", "inf -inf inf nan"},
        ValuesCase{"infinity_repeated", "Infx1", "inf inf"}),
    [](const auto& param) { return std::string(param.param.name); });

struct ErrorCase {
  const char* name;
  const char* text;
  absl::StatusCode code;
};

class ValuesErrorTest : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(ValuesErrorTest, IsRefused) {
  EXPECT_EQ(ParseValues(GetParam().text).status().code(), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Notation, ValuesErrorTest,
    ::testing::Values(ErrorCase{"word", "1 two", absl::StatusCode::kInvalidArgument},
                      ErrorCase{"no_count", "1x", absl::StatusCode::kInvalidArgument},
                      ErrorCase{"step_without_count", "1+1", absl::StatusCode::kInvalidArgument},
                      ErrorCase{"trailing", "1x2y", absl::StatusCode::kInvalidArgument},
                      ErrorCase{"gap_with_number", "_5", absl::StatusCode::kInvalidArgument},
                      ErrorCase{"huge_count", "1x99999999999", absl::StatusCode::kInvalidArgument},
                      ErrorCase{"open_histogram", "{{count:1", absl::StatusCode::kInvalidArgument},
                      ErrorCase{"histogram", "1 {{schema:1 sum:2 buckets:[1 2]}} 2",
                                absl::StatusCode::kUnimplemented},
                      ErrorCase{"histogram_repeated", "{{count:0}}+{{count:1 sum:2}}x4",
                                absl::StatusCode::kUnimplemented}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(KeptValuesTest, OnlyTheFirstAreKept) {
  EXPECT_EQ(Show(*ParseValues("1 2x1000000000 3 _x5", 3)), "1 2 2");
  EXPECT_EQ(Show(*ParseValues("1+1x2 7", 9)), "1 2 3 7");
  EXPECT_EQ(ParseValues("1 2", 0)->size(), 0u);
  EXPECT_FALSE(ParseValues("1 2 bad", 1).ok()) << "what is left out is read all the same";
}

TEST(SeriesLineTest, LabelsAndValues) {
  const auto line = ParseSeriesLine(R"(  up{job="a b", path="}\"{"}   1 2x1 )");
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->labels, Labels({{"__name__", "up"}, {"job", "a b"}, {"path", "}\"{"}}));
  EXPECT_EQ(Show(line->values), "1 2 2");
}

TEST(SeriesLineTest, ForksOfTheSeries) {
  EXPECT_EQ(ParseSeriesLine("up 1")->labels, Labels({{"__name__", "up"}}));
  EXPECT_EQ(ParseSeriesLine("{} 1")->labels, Labels());
  EXPECT_EQ(ParseSeriesLine(R"({__name__="up"} 1)")->labels, Labels({{"__name__", "up"}}));
  EXPECT_EQ(ParseSeriesLine(R"(up {a="b"} 1)")->labels, Labels({{"__name__", "up"}, {"a", "b"}}));
  EXPECT_EQ(SplitSeriesLine("up {{count:1}}")->rest, "{{count:1}}");
}

TEST(SeriesLineTest, RefusesWhatIsNoSeries) {
  for (const char* line : {"", "up{a=\"b\" 1", "up{a!=\"b\"} 1", "up{a=~\"b\"} 1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseSeriesLine(line).status())) << line;
  }
}

}  // namespace
}  // namespace tocsin::notation
