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

TEST(Limits, RegexesThatNeedTooMuchMemoryAreRefused) {
  for (const char* pattern : {"((a{100}){100}){100}", "(\\\\pL{1000}){1000}"}) {
    const std::string message = MessageOf(std::string("x{a=~\"") + pattern + "\"}");
    EXPECT_EQ(message.substr(0, 22), "error parsing regexp: ") << pattern;
  }
}

}  // namespace
}  // namespace tocsin::promql
