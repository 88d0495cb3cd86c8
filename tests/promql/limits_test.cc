// Input of any size and depth is refused or parsed, and never overflows the stack.

#include <gtest/gtest.h>

#include <string>

#include "rules/promql/parser.h"
#include "rules/promql/printer.h"

namespace tocsin::promql {
namespace {

std::string Repeat(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string MessageOf(const std::string& text) {
  const ParseResult result = ParseExpr(text);
  return result.error.has_value() ? result.error->message : "";
}

TEST(Limits, Length) {
  EXPECT_EQ(MessageOf("foo" + std::string(65533, ' ')), "");
  EXPECT_EQ(MessageOf("foo" + std::string(65534, ' ')), "expression is longer than 65536 bytes");
}

TEST(Limits, NestingUpToTheLimitIsAccepted) {
  EXPECT_EQ(MessageOf(Repeat("(", 128) + "x" + Repeat(")", 128)), "");
  EXPECT_EQ(MessageOf(Repeat("abs(", 128) + "x" + Repeat(")", 128)), "");
  EXPECT_EQ(MessageOf(Repeat("-", 128) + "x"), "");
  EXPECT_EQ(MessageOf(Repeat("1 ^ ", 128) + "1"), "");
}

TEST(Limits, DeeperNestingIsRefused) {
  const std::string refused = "expression is nested more than 128 levels deep";
  struct Case {
    std::string open, inner, close;
  };
  const Case cases[] = {
      {"(", "x", ")"},  {"abs(", "x", ")"}, {"sum by (a) (", "x", ")"}, {"-", "x", ""},
      {"+ -", "x", ""}, {"1 ^ ", "1", ""},  {"1 + (2 * ", "x", ")"},    {"topk(", "1", ", x)"},
  };
  for (const Case& c : cases) {
    for (const size_t times : {129, 4000}) {
      const std::string text = Repeat(c.open, times) + c.inner + Repeat(c.close, times);
      EXPECT_EQ(MessageOf(text), refused) << c.open << " times " << times;
    }
  }
  for (const char* open : {"(", "-", "2 ^ ", "min(1,"}) {
    EXPECT_EQ(MessageOf("x[" + Repeat(open, 4000) + "1" + std::string(4000, ')') + "]"), refused);
  }
}

TEST(Limits, LongChainsAreAcceptedUpToALimit) {
  EXPECT_EQ(MessageOf("x" + Repeat(" or x", 1000)), "");
  EXPECT_EQ(MessageOf("x" + Repeat("+x", 30000)),
            "expression has more than 1024 operators in one chain");
  EXPECT_EQ(MessageOf("x" + Repeat("[1m:]", 10000)),
            "expression has more than 1024 operators in one chain");
}

TEST(Limits, ChainsInsideNestingCountTogether) {
  std::string text = "x";
  for (int i = 0; i < 20; ++i) text = "(" + text + Repeat("+x", 100) + ")";
  EXPECT_EQ(MessageOf(text), "expression has more than 1024 operators in one chain");
}

TEST(Limits, ManySiblingsAreFine) {
  EXPECT_EQ(MessageOf("label_join(x, \"a\", \"b\"" + Repeat(", \"c\"", 5000) + ")"), "");
  EXPECT_EQ(MessageOf("sum by (" + Repeat("a,", 20000) + ") (x)"), "");
}

TEST(Limits, TreesThatAreTooLargeAreRefused) {
  // A balanced tree: neither deep nor a long chain.
  std::string text = "x";
  for (int i = 0; i < 13; ++i) text = "(" + text + "+" + text + ")";
  const ParseResult result = ParseExpr(text);
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.error->message, "expression has more than 10000 parts");
  EXPECT_EQ(FormatParseError(text, *result.error).substr(0, 2), "1:");
  EXPECT_GT(result.error->span.begin, 1000u) << "it names the part that is one too many";
}

TEST(Limits, SizeCountsPartsAndRegexes) {
  EXPECT_EQ(ParseExpr("1").size.nodes, 1u);
  EXPECT_EQ(ParseExpr("sum(rate(x{a=\"b\"}[5m])) + 1").size.nodes, 7u);
  EXPECT_EQ(ParseExpr("x").size.regex_instructions, 0u);
  const size_t one = ParseExpr("x{a=~\"b+\"}").size.regex_instructions;
  EXPECT_GT(one, 0u);
  EXPECT_EQ(ParseExpr("x{a=~\"b+\",c!~\"b+\"}").size.regex_instructions, 2 * one);
  EXPECT_EQ(ParseExpr("label_replace(x, \"a\", \"\", \"b\", \"b+\")").size.regex_instructions, one);
}

TEST(Limits, ManyLargeRegexesAreRefused) {
  const std::string matcher = "a=~\"(abcdefghijklmn){1000}\",";
  const std::string text = "x{" + Repeat(matcher, 10) + "}";
  const ParseResult result = ParseExpr(text);
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.error->message,
            "regular expressions compile to more than 100000 instructions together");
  EXPECT_EQ(result.error->span.begin % matcher.size(), 2u) << "at a matcher";
}

TEST(Limits, SubqueriesOfTooManyStepsAreRefused) {
  const std::string refused = "subquery has more than 1000000 steps";
  const struct {
    const char* text;
    bool fine;
  } cases[] = {
      {"max_over_time(x[1d:1s])", true},
      {"max_over_time(x[1y:1m])", true},
      {"max_over_time(x[1d:1ms])", false},
      {"max_over_time(x[290y:1s])", false},
      {"max_over_time(x[290y:])", false},
      {"max_over_time(x[1000000s:1s])", true},
      {"max_over_time(x[1000001s:1s])", false},
      // The steps of the inner one go as far back as the outer ones reach.
      {"avg_over_time(max_over_time(x[1d:1m])[7d:5m])", true},
      {"avg_over_time(max_over_time(x[1h:1s])[30d:1h])", false},
  };
  for (const auto& c : cases) EXPECT_EQ(MessageOf(c.text), c.fine ? "" : refused) << c.text;
}

TEST(Limits, RegexesThatNeedTooMuchMemoryAreRefused) {
  for (const char* pattern : {"((a{100}){100}){100}", "(\\\\pL{1000}){1000}"}) {
    const std::string message = MessageOf(std::string("x{a=~\"") + pattern + "\"}");
    EXPECT_EQ(message.substr(0, 22), "error parsing regexp: ") << pattern;
  }
}

}  // namespace
}  // namespace tocsin::promql
