// What both formats hold, by tables.

#include "integrations/scrape/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/scrape/exposition_lines.h"

namespace tocsin::scrape {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::Pair;
using Lines = std::vector<std::string>;

constexpr auto kText = ExpositionFormat::kText;
constexpr auto kOpenMetrics = ExpositionFormat::kOpenMetrics;

struct Case {
  const char* text;
  Lines lines;
};

TEST(ExpositionTest, Text) {
  const Case cases[] = {
      {"", {}},
      {"\n \n\t\n", {}},
      {"a 1", {"a 1"}},  // no line break at the end
      {"a 1\nb 2\n", {"a 1", "b 2"}},
      {"a:b_C9 1\n", {"a:b_C9 1"}},
      {"  a \t 1 \t\n", {"a 1"}},
      {"a 1 1700000000123\n", {"a 1 @1700000000123"}},
      {"a 1 -5 \n", {"a 1 @-5"}},
      {"a{} 1\n", {"a 1"}},
      {"a{x=\"1\",y=\"2\"} 3\n", {"a{x=\"1\",y=\"2\"} 3"}},
      {"a{x=\"1\"}3\n", {"a{x=\"1\"} 3"}},
      {"a { x = \"1\" , y = \"2\" , } 3\n", {"a{x=\"1\",y=\"2\"} 3"}},
      {"a{x=\"1\" y=\"2\"} 3\n", {"a{x=\"1\",y=\"2\"} 3"}},  // as Prometheus does
      {"a{x=\"}{,= #\"} 3\n", {"a{x=\"}{,= #\"} 3"}},
      {"a{x=\"\\\"\\\\\\n\\t\"} 3\n", {"a{x=\"\\\"\\\\\\n\\t\"} 3"}},
      {"a{x=\"two\nlines\"} 3\n", {"a{x=\"two\nlines\"} 3"}},
      {"a{x=\"größe\"} 3\n", {"a{x=\"größe\"} 3"}},
      {"a{x=\"\"} 3\n", {"a{x=\"\"} 3"}},
      {"# a comment\n#\n#HELP\n# HELP\n# TYPE\n# HELPa b\n# TYPES a b\na 1\n", {"a 1"}},
      {"# HELP a\n# HELP a  some {text} \\n\n# TYPE a  counter \na 1\n", {"a 1"}},
      {"# TYPE a gauge\n# TYPE a histogram\n# TYPE a summary\n# TYPE a untyped\n", {}},
      {"a_bucket{le=\"+Inf\"} 1\na_created 2\n", {"a_bucket{le=\"+Inf\"} 1", "a_created 2"}},
  };
  for (const Case& c : cases)
    EXPECT_THAT(LinesOf(kText, c.text), ElementsAreArray(c.lines)) << c.text;
}

TEST(ExpositionTest, OpenMetrics) {
  const Case cases[] = {
      {"# EOF", {}},
      {"# EOF\n", {}},
      {"a 1\n# EOF\n", {"a 1"}},
      {"a{} 1\n# EOF\n", {"a 1"}},
      {"a{x=\"1\",y=\"\\\"\\\\\\n\"} 3 1.5\n# EOF\n", {"a{x=\"1\",y=\"\\\"\\\\\\n\"} 3 @1500"}},
      {"a 1 1520879607.789\n# EOF\n", {"a 1 @1520879607789"}},
      {"a 1 -1e3\n# EOF\n", {"a 1 @-1000000"}},
      {"# HELP a_s text \\n \n# TYPE a_s counter\n# UNIT a_s s\na_s_total 1\na_s_created 2\n# "
       "EOF\n",
       {"a_s_total 1", "a_s_created 2"}},
      {"# UNIT a \n# HELP a \n# EOF", {}},
      {"# TYPE a gauge\n# TYPE a histogram\n# TYPE a gaugehistogram\n# TYPE a summary\n# TYPE a "
       "info\n"
       "# TYPE a stateset\n# TYPE a unknown\n# EOF\n",
       {}},
      {"a_bucket{le=\"1\"} 4 # {trace_id=\"x\"} 0.7\na_bucket{le=\"2\"} 5 9.5 # {} 1 2.5\n# EOF\n",
       {"a_bucket{le=\"1\"} 4", "a_bucket{le=\"2\"} 5 @9500"}},
      {"a{x=\"# EOF\"} 1\n# EOF\n", {"a{x=\"# EOF\"} 1"}},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(LinesOf(kOpenMetrics, c.text), ElementsAreArray(c.lines)) << c.text;
  }
}

TEST(ExpositionTest, Numbers) {
  const std::pair<const char*, double> cases[] = {
      {"0", 0},          {"-0", -0.0},         {"+1", 1},
      {"1.", 1},         {".5", 0.5},          {"-1.5e3", -1500},
      {"1E+3", 1000},    {"1e-400", 0},        {"1e308", 1e308},
      {"0017", 17},      {"4.9e-324", 5e-324}, {"12345678901234567890", 12345678901234567890.0},
      {"Inf", INFINITY}, {"+inf", INFINITY},   {"-INFINITY", -INFINITY},
  };
  for (const auto& [text, wanted] : cases) {
    double value = -1;
    ASSERT_TRUE(ReadExposition(kText, absl::StrCat("a ", text),
                               [&](const ExposedSample& sample) {
                                 value = sample.value;
                                 return absl::OkStatus();
                               })
                    .ok())
        << text;
    EXPECT_EQ(value, wanted) << text;
    EXPECT_EQ(std::signbit(value), std::signbit(wanted)) << text;
  }
  for (const char* text : {"NaN", "nan", "NAN"}) {
    EXPECT_THAT(LinesOf(kText, absl::StrCat("a ", text)), ElementsAre("a nan"));
  }
}

TEST(ExpositionTest, WhatTheCallerSaysEndsTheReading) {
  for (const auto format : {kText, kOpenMetrics}) {
    int calls = 0;
    const absl::Status status =
        ReadExposition(format, "a 1\nb 2\n# EOF\n", [&](const ExposedSample&) {
          ++calls;
          return absl::ResourceExhaustedError("enough");
        });
    EXPECT_EQ(status, absl::ResourceExhaustedError("enough"));
    EXPECT_EQ(calls, 1);
  }
}

TEST(ExpositionTest, FormatByContentType) {
  EXPECT_EQ(FormatOf("application/openmetrics-text; version=1.0.0; charset=utf-8"), kOpenMetrics);
  EXPECT_EQ(FormatOf("Application/OpenMetrics-Text"), kOpenMetrics);
  for (const char* type :
       {"", "text/plain; version=0.0.4", "text/html", "application/openmetrics"}) {
    EXPECT_EQ(FormatOf(type), kText) << type;
  }
}

TEST(ExpositionTest, LabelsOfASeries) {
  EXPECT_THAT(LabelsOfSeries("a"), ElementsAre(Pair("__name__", "a")));
  EXPECT_THAT(LabelsOfSeries("a { x = \"1\" , }"),
              ElementsAre(Pair("__name__", "a"), Pair("x", "1")));
  EXPECT_THAT(LabelsOfSeries("a{x=\"\\\"\\\\\\n\\t\",y=\"\"}"),
              ElementsAre(Pair("__name__", "a"), Pair("x", "\"\\\n\\t"), Pair("y", "")));
}

TEST(ExpositionTest, ThousandsOfLabelsAreComparedQuickly) {
  std::string labels;
  for (int i = 0; i < 20000; ++i) absl::StrAppend(&labels, "l", i, "=\"\",");
  EXPECT_EQ(LinesOf(kText, absl::StrCat("a{", labels, "} 1")).size(), 1u);
  EXPECT_THAT(LinesOf(kText, absl::StrCat("a{", labels, "l7=\"\"} 1")),
              ElementsAre("line 1, column 3: the label l7 is there twice"));
}

}  // namespace
}  // namespace tocsin::scrape
