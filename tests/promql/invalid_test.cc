#include <gtest/gtest.h>

#include <string>

#include "rules/promql/parser.h"

namespace tocsin::promql {
namespace {

struct Case {
  const char* text;
  const char* underlined;  // the text under the error's span; empty at the end of the input
  const char* error;       // as FormatParseError words it
};

void Check(const Case& c) {
  SCOPED_TRACE(c.text);
  const ParseResult result = ParseExpr(c.text);
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.expr, nullptr);
  EXPECT_EQ(FormatParseError(c.text, *result.error), c.error);
  const Span span = result.error->span;
  const std::string text = c.text;
  ASSERT_LE(span.begin, span.end);
  ASSERT_LE(span.end, text.size());
  EXPECT_EQ(text.substr(span.begin, span.end - span.begin), c.underlined);
}

constexpr Case kLexer[] = {
    {"", "", "1:1: no expression found in input"},
    {"# only a comment", "", "1:1: no expression found in input"},
    {"foo[5m", "", "1:7: unclosed left bracket"},
    {"(1", "", "1:3: unclosed left parenthesis (opened at 1:1)"},
    {"sum(foo\n + (bar", "", "2:8: unclosed left parenthesis (opened at 2:4)"},
    {"foo)", ")", "1:4: unexpected right parenthesis ')'"},
    {"foo]", "]", "1:4: unexpected right bracket ']'"},
    {"foo}", "}", "1:4: unexpected character: '}'"},
    {"foo{a=\"b\"", "", "1:10: unexpected end of input inside braces"},
    {"foo[[5m]]", "[", "1:5: unexpected left bracket '['"},
    {"foo[5m:1m:]", ":", "1:10: unexpected colon ':'"},
    {"$x", "$", "1:1: unexpected character: '$'"},
    {"x + \xc3\xa4", "\xc3\xa4", "1:5: unexpected character: '\xc3\xa4'"},
    {"\"\xc3\xa4\" + $", "$", "1:7: unexpected character: '$'"},
    {"a{b:c=\"d\"}", ":", "1:4: unexpected character inside braces: ':'"},
    {"a=~b", "=~", "1:2: unexpected character after '=': '~'"},
    {"a ! b", "! ", "1:3: unexpected character after '!': ' '"},
    {"a !", "!", "1:3: unexpected end of input after '!'"},
    {"1d2", "1d2", "1:1: bad number or duration syntax: \"1d2\""},
    {"foo[5mm]", "5mm", "1:5: bad number or duration syntax: \"5mm\""},
    {"a offset 1d1y", "1d1", "1:10: bad number or duration syntax: \"1d1\""},
    {"0b1", "0", "1:1: bad number or duration syntax: \"0\""},
    {"1.5m", "1.5m", "1:1: not a valid duration string: \"1.5m\""},
    {"1hs", "1hs", "1:1: not a valid duration string: \"1hs\""},
    {"a offset 1000000000000y", "1000000000000y", "1:10: duration out of range"},
    {"0x", "0x", "1:1: error parsing number: not a number: \"0x\""},
    {"1e", "1e", "1:1: error parsing number: not a number: \"1e\""},
    {"1__0", "1__0", "1:1: error parsing number: not a number: \"1__0\""},
    {"1e400", "1e400", "1:1: error parsing number: number out of range: \"1e400\""},
    {".", ".", "1:1: unexpected character: '.'"},
    {"\"abc", "\"abc", "1:1: unterminated quoted string"},
    {"\"a\nb\"", "\"a", "1:1: unterminated quoted string"},
    {"`abc", "`abc", "1:1: unterminated raw string"},
    {"\"abc\\", "\"abc\\", "1:1: escape sequence not terminated"},
    {"\"ab\\z\"", "\\z", "1:4: unknown escape sequence U+007A 'z'"},
    {"\"\\'\"", "\\'", "1:2: unknown escape sequence U+0027 '\\''"},
    {"\"\\x1\"", "\\x1\"", "1:2: illegal character U+0022 '\"' in escape sequence"},
    {"\"\\400\"", "\\400", "1:2: escape sequence is an invalid Unicode code point"},
    {"\"\\ud800\"", "\\ud800", "1:2: escape sequence is an invalid Unicode code point"},
};

constexpr Case kGrammar[] = {
    {"1 + ", "", "1:5: unexpected end of input"},
    {"a = b", "=", "1:3: unexpected \"=\""},
    {"a b", "b", "1:3: unexpected identifier \"b\""},
    {"a 'some long string'", "'some long string'", "1:3: unexpected string \"'some long\"..."},
    {"a ** b", "*", "1:4: unexpected <op:*>"},
    {"a </ bool 1", "</", "1:3: bool modifier can only be used on comparison operators"},
    {"a == == b", "==", "1:6: unexpected <op:==>"},
    {"a, b", ",", "1:2: unexpected \",\""},
    {"on", "on", "1:1: unexpected <on>"},
    {"bool", "bool", "1:1: unexpected <bool>"},
    {"atan2", "atan2", "1:1: unexpected <op:atan2>"},
    {"foo bool + bar", "bool", "1:5: unexpected <bool>"},
    {"foo == on() bool bar", "bool", "1:13: unexpected <bool>"},
    {"foo + group_left bar", "group_left", "1:7: unexpected <group_left>"},
    {"a ON b", "ON", "1:3: unexpected <ON>"},
    {"a + on b", "b", "1:8: unexpected identifier \"b\" in grouping opts, expected \"(\""},
    {"sum by", "", "1:7: unexpected end of input in grouping opts, expected \"(\""},
    {"sum by (a b) (x)", "b",
     "1:11: unexpected identifier \"b\" in grouping opts, expected \",\" or \")\""},
    {"sum(foo) by (1)", "1", "1:14: unexpected number \"1\" in grouping opts, expected label"},
    {"sum by (inf) (x)", "inf", "1:9: unexpected number \"inf\" in grouping opts, expected label"},
    {"sum by (a) (foo) by (b)", "by", "1:18: unexpected <by>"},
    {"sum by (a) foo", "foo", "1:12: unexpected identifier \"foo\" in aggregation"},
    {"sum(foo bar)", "bar", "1:9: unexpected identifier \"bar\" in aggregation"},
    {"rate(foo bar)", "bar", "1:10: unexpected identifier \"bar\""},
    {"(foo bar)", "bar", "1:6: unexpected identifier \"bar\""},
    {"time()()", "(", "1:7: unexpected \"(\""},
    {"absent(a,)", ",", "1:9: trailing commas not allowed in function call args"},
    {"absent(,)", ",", "1:8: unexpected \",\""},
    {"a:b(x)", "(", "1:4: unexpected \"(\""},
    {"sum()", "sum()", "1:1: no arguments for aggregate expression provided"},
    {"sum(a,b)", "sum(a,b)",
     "1:1: wrong number of arguments for aggregate expression provided, expected 1, got 2"},
    {"1 + topk(a) by (b)", "topk(a) by (b)",
     "1:5: wrong number of arguments for aggregate expression provided, expected 2, got 1"},
    {"nope(foo)", "nope", "1:1: unknown function with name \"nope\""},
    {"ratee(foo)", "ratee", "1:1: unknown function with name \"ratee\" (did you mean rate?)"},
    {"Abs(foo)", "Abs", "1:1: unknown function with name \"Abs\" (did you mean abs?)"},
    {"summ(foo)", "summ", "1:1: unknown function with name \"summ\" (did you mean sum?)"},
    {"icnrease(foo[5m])", "icnrease",
     "1:1: unknown function with name \"icnrease\" (did you mean increase?)"},
    {"holt_winters(foo[5m], 1, 1)", "holt_winters",
     "1:1: unknown function with name \"holt_winters\" (did you mean "
     "double_exponential_smoothing?)"},
};

constexpr Case kSelectors[] = {
    {"{}", "{}", "1:1: vector selector must contain at least one non-empty matcher"},
    {"{a=~\".*\"}", "{a=~\".*\"}",
     "1:1: vector selector must contain at least one non-empty matcher"},
    {"{a=\"\",b!=\"x\",c!~\"y+\"}", "{a=\"\",b!=\"x\",c!~\"y+\"}",
     "1:1: vector selector must contain at least one non-empty matcher"},
    {"1 + rate({}[5m])", "{}", "1:10: vector selector must contain at least one non-empty matcher"},
    {"foo{a=b}", "b", "1:7: unexpected identifier \"b\" in label matching, expected string"},
    {"foo{a}", "}", "1:6: unexpected \"}\" in label matching, expected label matching operator"},
    {"foo{a=\"b\",,}", ",",
     "1:11: unexpected \",\" in label matching, expected identifier or \"}\""},
    {"foo{,}", ",", "1:5: unexpected \",\" in label matching, expected identifier or \"}\""},
    {"a{b=\"c\" d=\"e\"}", "d",
     "1:9: unexpected identifier \"d\" in label matching, expected \",\" or \"}\""},
    {"foo{\"\"=\"x\"}", "\"\"", "1:5: label name must not be empty"},
    {"{\"\"}", "\"\"", "1:2: metric name must not be empty"},
    {"foo{a=~\"(\"}", "a=~\"(\"", "1:5: error parsing regexp: missing ): ("},
    {"foo{x=\"1\", a!~\"[z\"}", "a!~\"[z\"", "1:12: error parsing regexp: missing ]: [z"},
    {"foo{a=~\"a)(b\"}", "a=~\"a)(b\"", "1:5: error parsing regexp: unexpected ): a)(b"},
    {"foo{a=~\"(?=x)\"}", "a=~\"(?=x)\"", "1:5: error parsing regexp: invalid perl operator: (?="},
    {"a{__name__=\"b\"}", "a{__name__=\"b\"}",
     "1:1: metric name must not be set twice: \"a\" or \"b\""},
    {"{\"a\",__name__=~\"b\"}", "{\"a\",__name__=~\"b\"}",
     "1:1: metric name must not be set twice: \"a\" or \"b\""},
    {"a{\"b\"}", "a{\"b\"", "1:1: metric name must not be set twice: \"a\" or \"b\""},
    {"foo[]", "]",
     "1:5: unexpected \"]\" in subquery or range selector, expected number or duration"},
    {"foo[:5m]", ":",
     "1:5: unexpected \":\" in subquery or range selector, expected number or duration"},
    {"foo[bar]", "bar",
     "1:5: unexpected identifier \"bar\" in subquery or range selector, expected number or "
     "duration"},
    {"foo[5m 3]", "3",
     "1:8: unexpected number \"3\" in subquery or range, expected \":\" or \"]\""},
    {"foo[5m:1m 3]", "3", "1:11: unexpected number \"3\" in subquery selector, expected \"]\""},
    {"foo[0s]", "0s", "1:5: duration must be greater than 0"},
    {"foo[-5m]", "-5m", "1:5: duration must be greater than 0"},
    {"foo[0.0001]", "0.0001", "1:5: duration must be greater than 0"},
    {"foo[5m:0s]", "0s", "1:8: duration must be greater than 0"},
    {"foo[5m / 0]", "/", "1:8: division by zero"},
    {"foo[5m % 0]", "%", "1:8: modulo by zero"},
    {"foo[10 ^ 30]", "10 ^ 30", "1:5: duration out of range"},
    {"foo[NaN]", "NaN", "1:5: duration out of range"},
    {"foo[step()]", "step", "1:5: not supported yet: step() in a duration"},
    {"foo[5m][3m]", "[3m]", "1:8: ranges only allowed for vector selectors"},
    {"(foo)[5m]", "[5m]", "1:6: ranges only allowed for vector selectors"},
    {"1[5m]", "[5m]", "1:2: ranges only allowed for vector selectors"},
    {"foo offset 1h [5m]", "[5m]", "1:15: no offset modifiers allowed before range"},
    {"foo @ 1 [5m]", "[5m]", "1:9: no @ modifiers allowed before range"},
    {"foo offset", "", "1:11: unexpected end of input in offset, expected number or duration"},
    {"foo offset 5m offset 3m", "foo offset 5m", "1:1: offset may not be set multiple times"},
    {"1 + sum(foo) offset 5m", "sum(foo)",
     "1:5: offset modifier must be preceded by an instant vector selector or range vector "
     "selector or a subquery"},
    {"foo @ bar", "bar", "1:7: unexpected identifier \"bar\" in @, expected timestamp"},
    {"foo @ start", "", "1:12: unexpected end of input in @, expected \"(\""},
    {"foo @ 3 @ 4", "foo @ 3", "1:1: @ <timestamp> may not be set multiple times"},
    {"foo @ Inf", "foo", "1:1: timestamp out of bounds for @ modifier: +Inf"},
    {"foo @ 1e17", "foo", "1:1: timestamp out of bounds for @ modifier: 100000000000000000"},
    {"1 @ 3", "1",
     "1:1: @ modifier must be preceded by an instant vector selector or range vector selector or "
     "a subquery"},
};

constexpr Case kTypes[] = {
    {"abs(1)", "1", "1:5: expected type instant vector in call to function \"abs\", got scalar"},
    {"rate(foo)", "foo",
     "1:6: expected type range vector in call to function \"rate\", got instant vector"},
    {"round(foo, \"a\")", "\"a\"",
     "1:12: expected type scalar in call to function \"round\", got string"},
    {"label_join(foo, \"a\", \"b\", \"c\", 1)", "1",
     "1:32: expected type string in call to function \"label_join\", got scalar"},
    {"rate()", "rate()", "1:1: expected 1 argument(s) in call to \"rate\", got 0"},
    {"1 + rate(foo[5m],1)", "rate(foo[5m],1)",
     "1:5: expected 1 argument(s) in call to \"rate\", got 2"},
    {"round()", "round()", "1:1: expected at least 1 argument(s) in call to \"round\", got 0"},
    {"round(foo, 1, 2)", "round(foo, 1, 2)",
     "1:1: expected at most 2 argument(s) in call to \"round\", got 3"},
    {"hour(a, b)", "hour(a, b)", "1:1: expected at most 1 argument(s) in call to \"hour\", got 2"},
    {"label_join(foo, \"a\")", "label_join(foo, \"a\")",
     "1:1: expected at least 3 argument(s) in call to \"label_join\", got 2"},
    {"time(1)", "time(1)", "1:1: expected 0 argument(s) in call to \"time\", got 1"},
    {"sum(1)", "1", "1:5: expected type instant vector in aggregation expression, got scalar"},
    {"topk(foo, bar)", "foo",
     "1:6: expected type scalar in aggregation parameter, got instant vector"},
    {"count_values(1, bar)", "1",
     "1:14: expected type string in aggregation parameter, got scalar"},
    {"1 == 1", "==", "1:3: comparisons between scalars must use BOOL modifier"},
    {"1 + bool 2", "+", "1:3: bool modifier can only be used on comparison operators"},
    {"foo and bool bar", "and", "1:5: bool modifier can only be used on comparison operators"},
    {"1 and 1", "1 and 1", "1:1: set operator \"and\" not allowed in binary scalar expression"},
    {"foo or 1", "foo or 1", "1:1: set operator \"or\" not allowed in binary scalar expression"},
    {"foo == on(a) 1", "foo == on(a) 1",
     "1:1: vector matching only allowed between instant vectors"},
    {"foo + on(a) group_left(a) bar", "+",
     "1:5: label \"a\" must not occur in ON and GROUP clause at once"},
    {"foo and on(a) group_left(b) bar", "foo and on(a) group_left(b) bar",
     "1:1: no grouping allowed for \"and\" operation"},
    {"\"a\" + 1", "\"a\"",
     "1:1: binary expression must contain only scalar and instant vector types"},
    {"1 + foo[5m]", "foo[5m]",
     "1:5: binary expression must contain only scalar and instant vector types"},
    {"-\"a\"", "-\"a\"",
     "1:1: unary expression only allowed on expressions of type scalar or instant vector, got "
     "\"string\""},
    {"1 + -foo[5m]", "-foo[5m]",
     "1:5: unary expression only allowed on expressions of type scalar or instant vector, got "
     "\"range vector\""},
    {"1[5m:]", "1[5m:]", "1:1: subquery is only allowed on instant vector, got scalar instead"},
    {"foo[5m][5m:]", "foo[5m][5m:]",
     "1:1: subquery is only allowed on instant vector, got matrix instead"},
};

constexpr Case kExperimental[] = {
    {"limitk(1, foo)", "limitk", "1:1: limitk() is experimental and not enabled"},
    {"limit_ratio(1, foo)", "limit_ratio", "1:1: limit_ratio() is experimental and not enabled"},
    {"mad_over_time(foo[5m])", "mad_over_time",
     "1:1: function \"mad_over_time\" is not enabled (it is experimental)"},
    {"foo - start()", "start", "1:7: function \"start\" is not enabled (it is experimental)"},
    {"rate(foo[5m] anchored)", "anchored",
     "1:14: anchored modifier is experimental and not enabled"},
    {"foo[5m] smoothed", "smoothed", "1:9: smoothed modifier is experimental and not enabled"},
    {"a + on(x) fill(0) b", "fill", "1:11: fill modifier is experimental and not enabled"},
    {"a + fill_left(0) b", "fill_left", "1:5: fill_left modifier is experimental and not enabled"},
};

TEST(Invalid, Lexer) {
  for (const Case& c : kLexer) Check(c);
}

TEST(Invalid, Grammar) {
  for (const Case& c : kGrammar) Check(c);
}

TEST(Invalid, Selectors) {
  for (const Case& c : kSelectors) Check(c);
}

TEST(Invalid, Types) {
  for (const Case& c : kTypes) Check(c);
}

TEST(Invalid, Experimental) {
  for (const Case& c : kExperimental) Check(c);
}

TEST(Experimental, AcceptedOnRequest) {
  ParseOptions options;
  options.experimental = true;
  for (const char* text :
       {"limitk(1, foo)", "limit_ratio(-0.5, foo) by (a)", "mad_over_time(foo[5m])",
        "start() + end() + step() + range()", "info(foo)", "info(foo, {a=~\".*\"})",
        "histogram_quantiles(foo, \"q\", 0.5, 0.9)", "sort_by_label(foo, \"a\", \"b\")"}) {
    const ParseResult result = ParseExpr(text, options);
    EXPECT_FALSE(result.error.has_value()) << FormatParseError(text, *result.error);
  }
}

TEST(Experimental, RefusedWhereTheTreeHasNoPlaceForIt) {
  ParseOptions options;
  options.experimental = true;
  const char* text = "rate(foo[5m] smoothed)";
  const ParseResult result = ParseExpr(text, options);
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(FormatParseError(text, *result.error), "1:14: not supported yet: smoothed modifier");
}

TEST(Experimental, InfoTakesMatchersOnly) {
  ParseOptions options;
  options.experimental = true;
  const char* text = "info(foo, bar)";
  const ParseResult result = ParseExpr(text, options);
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(FormatParseError(text, *result.error),
            "1:11: expected label selectors only, got vector selector instead");
}

}  // namespace
}  // namespace tocsin::promql
