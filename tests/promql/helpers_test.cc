// Names, function table, series selectors and positions.

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "rules/promql/functions.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"

namespace tocsin::promql {
namespace {

TEST(Functions, TableIsSortedAndComplete) {
  const std::vector<Function>& all = AllFunctions();
  EXPECT_EQ(all.size(), 90u);
  size_t experimental = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_TRUE(i == 0 || std::string(all[i - 1].name) < all[i].name) << all[i].name;
    EXPECT_EQ(FindFunction(all[i].name), &all[i]);
    EXPECT_LE(all[i].optional_args, static_cast<int>(all[i].args.size())) << all[i].name;
    experimental += all[i].experimental;
  }
  EXPECT_EQ(experimental, 17u);
  EXPECT_EQ(FindFunction("aaa"), nullptr);
  EXPECT_EQ(FindFunction("zzz"), nullptr);
  EXPECT_EQ(FindFunction(""), nullptr);
  EXPECT_EQ(FindFunction("Rate"), nullptr);
}

TEST(Names, Operators) {
  EXPECT_EQ(BinaryOpName(BinaryOp::kAdd), "+");
  EXPECT_EQ(BinaryOpName(BinaryOp::kAtan2), "atan2");
  EXPECT_EQ(BinaryOpName(BinaryOp::kTrimUpper), "</");
  EXPECT_EQ(BinaryOpName(BinaryOp::kTrimLower), ">/");
  EXPECT_EQ(BinaryOpName(BinaryOp::kNeq), "!=");
  EXPECT_EQ(BinaryOpName(BinaryOp::kUnless), "unless");
  EXPECT_EQ(AggregateOpName(AggregateOp::kSum), "sum");
  EXPECT_EQ(AggregateOpName(AggregateOp::kLimitRatio), "limit_ratio");
  for (int i = 0; i <= static_cast<int>(BinaryOp::kUnless); ++i) {
    const auto op = static_cast<BinaryOp>(i);
    const std::set<std::string> comparisons = {"==", "!=", ">", "<", ">=", "<="};
    const std::set<std::string> sets = {"and", "or", "unless"};
    EXPECT_EQ(IsComparison(op), comparisons.count(std::string(BinaryOpName(op))) == 1);
    EXPECT_EQ(IsSetOperator(op), sets.count(std::string(BinaryOpName(op))) == 1);
  }
}

TEST(Unwrap, RemovesParentheses) {
  const ParseResult result = ParseExpr("((x))");
  ASSERT_NE(result.expr, nullptr);
  EXPECT_EQ(Print(Unwrap(*result.expr)), "x");
}

// Each node's text, in brackets where it has children.
std::string Spans(const std::string& text, const Expr& expr) {
  const std::string own = text.substr(expr.span.begin, expr.span.end - expr.span.begin);
  if (expr.kind != ExprKind::kBinary) return absl::StrCat("<", own, ">");
  const auto& binary = As<BinaryExpr>(expr);
  return absl::StrCat("<", own, ": ", Spans(text, *binary.lhs), " ", Spans(text, *binary.rhs), ">");
}

TEST(Spans, CoverWhatWasWritten) {
  struct Case {
    const char* text;
    const char* spans;
  };
  const Case cases[] = {
      {" x ", "<x>"},
      {"x{a=\"b\"} offset 5m + 1", "<x{a=\"b\"} offset 5m + 1: <x{a=\"b\"} offset 5m> <1>>"},
      {"-1 * (y)", "<-1 * (y): <-1> <(y)>>"},
      {"sum(x) by (a) / rate(y[5m] @ end())",
       "<sum(x) by (a) / rate(y[5m] @ end()): <sum(x) by (a)> <rate(y[5m] @ end())>>"},
      {"x[5m:1m] offset 1h", "<x[5m:1m] offset 1h>"},
      {"-x ^ 2 - 3", "<-x ^ 2 - 3: <-x ^ 2> <3>>"},
  };
  for (const Case& c : cases) {
    const ParseResult result = ParseExpr(c.text);
    ASSERT_FALSE(result.error.has_value()) << FormatParseError(c.text, *result.error);
    EXPECT_EQ(Spans(c.text, *result.expr), c.spans);
  }
}

TEST(Types, OfTheWholeExpression) {
  struct Case {
    const char* text;
    ValueType type;
  };
  const Case cases[] = {
      {"1", ValueType::kScalar},         {"\"a\"", ValueType::kString},
      {"x", ValueType::kVector},         {"x[5m]", ValueType::kMatrix},
      {"x[5m:]", ValueType::kMatrix},    {"-x", ValueType::kVector},
      {"-(1)", ValueType::kScalar},      {"1 + 2", ValueType::kScalar},
      {"x + 2", ValueType::kVector},     {"1 > bool 2", ValueType::kScalar},
      {"sum(x)", ValueType::kVector},    {"time()", ValueType::kScalar},
      {"vector(1)", ValueType::kVector}, {"scalar(x)", ValueType::kScalar},
      {"(\"a\")", ValueType::kString},   {"rate(x[5m])", ValueType::kVector},
  };
  for (const Case& c : cases) {
    const ParseResult result = ParseExpr(c.text);
    ASSERT_FALSE(result.error.has_value()) << FormatParseError(c.text, *result.error);
    EXPECT_EQ(result.expr->type, c.type) << c.text;
  }
}

TEST(Matching, IsThereExactlyBetweenVectors) {
  const auto matching = [](const char* text) {
    const ParseResult result = ParseExpr(text);
    return As<BinaryExpr>(*result.expr).matching;
  };
  EXPECT_TRUE(matching("x + y").has_value());
  EXPECT_FALSE(matching("x + 1").has_value());
  EXPECT_FALSE(matching("x + on() 1").has_value());
  EXPECT_FALSE(matching("1 + 2").has_value());
  EXPECT_EQ(matching("x and y")->cardinality, Cardinality::kManyToMany);
}

TEST(FormatParseError, CountsLinesAndCodePoints) {
  const std::string text = "\"\xc3\xa4\xc3\xb6\" +\n \"\xe2\x82\xac\" $";
  ParseError error;
  error.message = "here";
  error.span = {text.size() - 1, text.size()};
  EXPECT_EQ(FormatParseError(text, error), "2:6: here");
  error.hint = "or there";
  error.span = {0, 1};
  EXPECT_EQ(FormatParseError(text, error), "1:1: here (or there)");
}

TEST(ParseMetricSelector, Accepts) {
  struct Case {
    const char* text;
    const char* matchers;
  };
  const Case cases[] = {
      {"up", "__name__=\"up\""},
      {"{}", ""},
      {" up{} ", "__name__=\"up\""},
      {"up{job=\"a\", x=\"\"}", "__name__=\"up\" job=\"a\" x=\"\""},
      {"{job=\"a\"}", "job=\"a\""},
      {"{__name__=\"up\",job=\"a\",}", "__name__=\"up\" job=\"a\""},
      {"{\"a.b\", \"c.d\"=\"e\"}", "__name__=\"a.b\" \"c.d\"=\"e\""},
      {"sum{by=\"x\"}", "__name__=\"sum\" by=\"x\""},
      {"on", "__name__=\"on\""},
      {"nan", "__name__=\"nan\""},
      {"a:b", "__name__=\"a:b\""},
      {"x{a=~\"b|c\"}", "__name__=\"x\" a=~\"b|c\""},
  };
  for (const Case& c : cases) {
    const auto matchers = ParseMetricSelector(c.text);
    ASSERT_TRUE(matchers.ok()) << c.text << ": " << matchers.status();
    std::string printed;
    for (const Matcher& m : *matchers) {
      absl::StrAppend(&printed, printed.empty() ? "" : " ", PrintMatcher(m));
    }
    EXPECT_EQ(printed, c.matchers) << c.text;
  }
}

TEST(ParseMetricSelector, Refuses) {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"", "1:1: unexpected end of input in series, expected metric name or \"{\""},
      {"1", "1:1: unexpected number \"1\" in series, expected metric name or \"{\""},
      {"(up)", "1:1: unexpected \"(\" in series, expected metric name or \"{\""},
      {"\"up\"", "1:1: unexpected string \"\\\"up\\\"\" in series, expected metric name or \"{\""},
      {"up offset 5m", "1:4: unexpected <offset> in series"},
      {"up[5m]", "1:3: unexpected \"[\" in series"},
      {"up{a=\"b\"", "1:9: unexpected end of input inside braces"},
      {"up $", "1:4: unexpected character: '$'"},
      {"$", "1:1: unexpected character: '$'"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(ParseMetricSelector(c.text).status().message(), c.message) << c.text;
  }
}

}  // namespace
}  // namespace tocsin::promql
