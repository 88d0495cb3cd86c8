#include "rules/notation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/histogram/text.h"
#include "base/sample.h"

namespace tocsin::notation {
namespace {

std::string Show(const Values& values) {
  return absl::StrJoin(values, " ", [](std::string* out, const std::optional<Value>& value) {
    if (!value.has_value()) {
      out->append("_");
    } else if (value->histogram) {
      absl::StrAppend(out, HistogramNotation(*value->histogram), value->names_reset ? "!" : "");
    } else if (IsStaleMarker(value->number)) {
      out->append("stale");
    } else {
      absl::StrAppend(out, value->number);
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
        ValuesCase{"infinity_repeated", "Infx1", "inf inf"},
        ValuesCase{"histogram", "1 {{schema:1 sum:2 buckets:[1 2]}} 2",
                   "1 {{schema:1 sum:2 buckets:[1 2]}} 2"},
        ValuesCase{"empty_histograms", "{{}} {{ }}", "{{}} {{}}"},
        ValuesCase{"histogram_keys_in_any_order",
                   "{{n_offset:-1 n_buckets:[1 +2] offset:3 buckets:[ 4 5.5 ] z_bucket_w:0.5 "
                   "z_bucket:1 count:-3 sum:NaN schema:2}}",
                   "{{schema:2 count:-3 sum:NaN z_bucket:1 z_bucket_w:0.5 offset:3 buckets:[4 5.5] "
                   "n_offset:-1 n_buckets:[1 2]}}"},
        ValuesCase{"custom_histogram", "{{schema:-53 custom_values:[1 2] buckets:[0 1 2]}}",
                   "{{schema:-53 custom_values:[1 2] offset:1 buckets:[1 2]}}"},
        ValuesCase{"histogram_repeated", "{{count:1}}x2", "{{count:1}} {{count:1}} {{count:1}}"},
        ValuesCase{"histogram_rising", "{{count:1 buckets:[1]}}+{{count:2 buckets:[0 2]}}x2",
                   "{{count:1 buckets:[1]}} {{count:3 buckets:[1 2]}} {{count:5 buckets:[1 4]}}"},
        ValuesCase{"histogram_falling", "{{count:5}}-{{count:2}}x2",
                   "{{count:5}} {{count:3}} {{count:1}}"},
        ValuesCase{"reset_is_named", "{{counter_reset_hint:gauge}} {{counter_reset_hint:unknown}}",
                   "{{counter_reset_hint:gauge}}! {{}}!"},
        ValuesCase{"reset_is_named_by_the_step",
                   "{{count:1}}+{{count:1 counter_reset_hint:gauge}}x1",
                   "{{count:1}}! {{count:2 counter_reset_hint:gauge}}!"}),
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
    ::testing::Values(
        ErrorCase{"word", "1 two", absl::StatusCode::kInvalidArgument},
        ErrorCase{"no_count", "1x", absl::StatusCode::kInvalidArgument},
        ErrorCase{"step_without_count", "1+1", absl::StatusCode::kInvalidArgument},
        ErrorCase{"trailing", "1x2y", absl::StatusCode::kInvalidArgument},
        ErrorCase{"gap_with_number", "_5", absl::StatusCode::kInvalidArgument},
        ErrorCase{"huge_count", "1x99999999999", absl::StatusCode::kInvalidArgument},
        ErrorCase{"open_histogram", "{{count:1", absl::StatusCode::kInvalidArgument},
        ErrorCase{"histogram_key", "{{size:1}}", absl::StatusCode::kInvalidArgument},
        ErrorCase{"histogram_key_twice", "{{sum:1 sum:1}}", absl::StatusCode::kInvalidArgument},
        ErrorCase{"histogram_without_value", "{{sum}}", absl::StatusCode::kInvalidArgument},
        ErrorCase{"empty_buckets", "{{buckets:[]}}", absl::StatusCode::kInvalidArgument},
        ErrorCase{"open_buckets", "{{buckets:[1}}", absl::StatusCode::kInvalidArgument},
        ErrorCase{"fractional_schema", "{{schema:1.5}}", absl::StatusCode::kInvalidArgument},
        ErrorCase{"reset_word", "{{counter_reset_hint:maybe}}", absl::StatusCode::kInvalidArgument},
        ErrorCase{"histogram_step_without_count", "{{count:1}}+{{count:1}}",
                  absl::StatusCode::kInvalidArgument},
        ErrorCase{"histogram_and_number", "{{count:1}}+1x3", absl::StatusCode::kInvalidArgument},
        ErrorCase{"exponential_and_custom", "{{count:1}}+{{schema:-53 custom_values:[1]}}x3",
                  absl::StatusCode::kInvalidArgument}),
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
