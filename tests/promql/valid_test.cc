#include <gtest/gtest.h>

#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "tests/promql/tree_text.h"

namespace tocsin::promql {
namespace {

struct Case {
  const char* text;
  const char* printed;
  const char* tree;
};

void Check(const Case& c) {
  SCOPED_TRACE(c.text);
  const ParseResult result = ParseExpr(c.text);
  ASSERT_FALSE(result.error.has_value()) << FormatParseError(c.text, *result.error);
  EXPECT_EQ(TreeText(*result.expr), c.tree);
  EXPECT_EQ(Print(*result.expr), c.printed);
  const ParseResult again = ParseExpr(c.printed);
  ASSERT_FALSE(again.error.has_value()) << FormatParseError(c.printed, *again.error);
  EXPECT_EQ(TreeText(*again.expr), c.tree);
}

constexpr Case kNumbers[] = {
    {"1", "1", "1"},
    {" 1\t\n", "1", "1"},
    {"1e3", "1000", "1000"},
    {"1E-7", "1e-07", "0.0000001"},
    {".5", "0.5", "0.5"},
    {"5.", "5", "5"},
    {"0x1F", "31", "31"},
    {"0Xff", "255", "255"},
    {"0x_1_f", "31", "31"},
    {"1_000_000", "1000000", "1000000"},
    {"1_0.2_5", "10.25", "10.25"},
    {"010", "8", "8"},
    {"09", "9", "9"},
    {"1e300", "1e+300",
     "100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0"
     "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0"
     "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0"
     "0000000000000000000"},
    {"Inf", "Inf", "+Inf"},
    {"+inF", "Inf", "+Inf"},
    {"-INF", "-Inf", "-Inf"},
    {"nan", "NaN", "NaN"},
    {"-NaN", "NaN", "NaN"},
    {"-1", "-1", "-1"},
    {"- 1", "-1", "-1"},
    {"--1", "1", "1"},
    {"-0", "-0", "-0"},
    {"5m", "5m", "300s"},
    {"-5m", "-5m", "-300s"},
    {"1h30m", "1h30m", "5400s"},
    {"1ms", "1ms", "0.001s"},
    {"0s", "0s", "0s"},
    {"14d", "2w", "1209600s"},
    {"5m / 2", "5m / 2", "(/ 300s 2)"},
};

constexpr Case kStrings[] = {
    {R"("a b")", R"("a b")", "'a b'"},
    {"'a\"b'", R"("a\"b")", R"('a\"b')"},
    {"`a\\n\n`", R"("a\\n\n")", R"('a\\n\n')"},
    {R"("\a\b\f\n\r\t\v\\\"\x41\101\u00e9\U0001F600")", "\"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"AAé😀\"",
     R"('\x07\x08\x0c\n\r\t\x0b\\\"AA\xc3\xa9\xf0\x9f\x98\x80')"},
    {R"("\xff")", R"("\xff")", R"('\xff')"},
    {R"('it\'s')", R"("it's")", R"('it\'s')"},
    {"\"\\x00\"", "\"\\x00\"", R"('\x00')"},
};

constexpr Case kSelectors[] = {
    {"up", "up", "up{__name__='up'}"},
    {"a:b:c", "a:b:c", "a:b:c{__name__='a:b:c'}"},
    {":a", ":a", ":a{__name__=':a'}"},
    {"up{}", "up", "up{__name__='up'}"},
    {"up {job=\"x\"}", R"(up{job="x"})", "up{__name__='up' job='x'}"},
    {R"({a="b",})", R"({a="b"})", "{a='b'}"},
    {R"(x{a="1",b!="2",c=~"3.*",d!~"4|5"})", R"(x{a="1",b!="2",c=~"3.*",d!~"4|5"})",
     "x{__name__='x' a='1' b!='2' c=~'3.*' d!~'4|5'}"},
    {R"({__name__=~"a.+"})", R"({__name__=~"a.+"})", "{__name__=~'a.+'}"},
    {R"({__name__="a",__name__!="b"})", R"({__name__="a",__name__!="b"})",
     "{__name__='a' __name__!='b'}"},
    {R"({"my.metric","a.b"="x"})", R"({"my.metric","a.b"="x"})",
     "my.metric{__name__='my.metric' a.b='x'}"},
    {R"({a="b", "my.metric"})", R"({"my.metric",a="b"})", "my.metric{__name__='my.metric' a='b'}"},
    {R"({"plain"})", "plain", "plain{__name__='plain'}"},
    {R"({"inf"})", R"({"inf"})", "inf{__name__='inf'}"},
    {R"({"on", x="1"})", R"({"on",x="1"})", "on{__name__='on' x='1'}"},
    {R"(x{'a'='b'})", R"(x{a="b"})", "x{__name__='x' a='b'}"},
    {R"(x{on="1",offset="2",sum="3",inf="4"})", R"(x{on="1",offset="2",sum="3",inf="4"})",
     "x{__name__='x' on='1' offset='2' sum='3' inf='4'}"},
    {"x # comment\n{a=\"b\" # more\n}", R"(x{a="b"})", "x{__name__='x' a='b'}"},
    {"x offset 5m", "x offset 5m", "x{__name__='x'} offset=300000ms"},
    {"x OFFSET -1h", "x offset -1h", "x{__name__='x'} offset=-3600000ms"},
    {"x offset 90", "x offset 1m30s", "x{__name__='x'} offset=90000ms"},
    {"x offset (1h / 2)", "x offset 30m", "x{__name__='x'} offset=1800000ms"},
    {"x offset -(1m)", "x offset -1m", "x{__name__='x'} offset=-60000ms"},
    {"x offset 5m + y", "x offset 5m + y",
     "(+ one-to-one x{__name__='x'} offset=300000ms y{__name__='y'})"},
    {"x @ 1609746000", "x @ 1609746000.000", "x{__name__='x'} @1609746000000ms"},
    {"x @ -0.5", "x @ -0.500", "x{__name__='x'} @-500ms"},
    {"x @ 1m40s", "x @ 100.000", "x{__name__='x'} @100000ms"},
    {"x @ START()", "x @ start()", "x{__name__='x'} @start"},
    {"x @ end()", "x @ end()", "x{__name__='x'} @end"},
    {"x offset 5m @ 10", "x @ 10.000 offset 5m", "x{__name__='x'} @10000ms offset=300000ms"},
    {"x @ 10 offset 5m", "x @ 10.000 offset 5m", "x{__name__='x'} @10000ms offset=300000ms"},
    {"offset offset 5m", "offset offset 5m", "offset{__name__='offset'} offset=300000ms"},
    {"sum", "sum", "sum{__name__='sum'}"},
    {"by", "by", "by{__name__='by'}"},
    {"start", "start", "start{__name__='start'}"},
    {"Infinity", "Infinity", "Infinity{__name__='Infinity'}"},
};

constexpr Case kRanges[] = {
    {"x[5m]", "x[5m]", "(range x{__name__='x'} 300000ms)"},
    {"x[1y2w3d4h5m6s7ms]", "x[382d4h5m6s7ms]", "(range x{__name__='x'} 33019506007ms)"},
    {"x[365d]", "x[1y]", "(range x{__name__='x'} 31536000000ms)"},
    {"x[300]", "x[5m]", "(range x{__name__='x'} 300000ms)"},
    {"x[1.5]", "x[1s500ms]", "(range x{__name__='x'} 1500ms)"},
    {"x[ 5m * 2 ]", "x[10m]", "(range x{__name__='x'} 600000ms)"},
    {"x[(5+2) * 1m]", "x[7m]", "(range x{__name__='x'} 420000ms)"},
    {"x[2^3*1m - 1m]", "x[7m]", "(range x{__name__='x'} 420000ms)"},
    {"x[4h % 3h]", "x[1h]", "(range x{__name__='x'} 3600000ms)"},
    {"x[-(-5m)]", "x[5m]", "(range x{__name__='x'} 300000ms)"},
    {"x[max(5m, 1h)]", "x[1h]", "(range x{__name__='x'} 3600000ms)"},
    {"x[min(5m, 1h)]", "x[5m]", "(range x{__name__='x'} 300000ms)"},
    {"x{a=\"b\"}[5m] offset 1h @ 3", R"(x{a="b"}[5m] @ 3.000 offset 1h)",
     "(range x{__name__='x' a='b'} @3000ms offset=3600000ms 300000ms)"},
    {"x[5m:1m]", "x[5m:1m]", "(subquery x{__name__='x'} 300000ms:60000ms)"},
    {"x[5m:]", "x[5m:]", "(subquery x{__name__='x'} 300000ms:)"},
    {"x[5m : 30]", "x[5m:30s]", "(subquery x{__name__='x'} 300000ms:30000ms)"},
    {"(x + 1)[5m:1m] offset 1h", "(x + 1)[5m:1m] offset 1h",
     "(subquery (paren (+ x{__name__='x'} 1)) 300000ms:60000ms offset=3600000ms)"},
    {"x offset 1m [5m:]", "x offset 1m[5m:]",
     "(subquery x{__name__='x'} offset=60000ms 300000ms:)"},
    {"max_over_time(rate(x[5m])[1h:1m] @ end())", "max_over_time(rate(x[5m])[1h:1m] @ end())",
     "(max_over_time (subquery (rate (range x{__name__='x'} 300000ms)) 3600000ms:60000ms @end))"},
};

constexpr Case kOperators[] = {
    {"1+2*3", "1 + 2 * 3", "(+ 1 (* 2 3))"},
    {"1-2-3", "1 - 2 - 3", "(- (- 1 2) 3)"},
    {"(1+2)*3", "(1 + 2) * 3", "(* (paren (+ 1 2)) 3)"},
    {"2^3^2", "2 ^ 3 ^ 2", "(^ 2 (^ 3 2))"},
    {"-1^2", "-1 ^ 2", "(neg (^ 1 2))"},
    {"-1*2", "-1 * 2", "(* -1 2)"},
    {"-x*2", "-x * 2", "(* (neg x{__name__='x'}) 2)"},
    {"2^-1*3", "2 ^ -1 * 3", "(* (^ 2 -1) 3)"},
    {"2^-x^2", "2 ^ -x ^ 2", "(^ 2 (neg (^ x{__name__='x'} 2)))"},
    {"-(1)", "-(1)", "(neg (paren 1))"},
    {"+x", "+x", "(pos x{__name__='x'})"},
    {"- - x", "--x", "(neg (neg x{__name__='x'}))"},
    {"-x offset 1m", "-x offset 1m", "(neg x{__name__='x'} offset=60000ms)"},
    {"Inf ^ 2", "Inf ^ 2", "(^ +Inf 2)"},
    {"+Inf ^ 2", "+Inf ^ 2", "(pos (^ +Inf 2))"},
    {"1 % 2 / 3 atan2 4", "1 % 2 / 3 atan2 4", "(atan2 (/ (% 1 2) 3) 4)"},
    {"1 == bool 2", "1 == bool 2", "(== bool 1 2)"},
    {"1 < bool 2 + 3", "1 < bool 2 + 3", "(< bool 1 (+ 2 3))"},
    {"h </ 2", "h </ 2", "(</ h{__name__='h'} 2)"},
    {"h>/-1", "h >/ -1", "(>/ h{__name__='h'} -1)"},
    {"h </ 1 + 2 == h", "h </ 1 + 2 == h",
     "(== one-to-one (</ h{__name__='h'} (+ 1 2)) h{__name__='h'})"},
    {"h >/ on (a) group_left () x", "h >/ on (a) group_left () x",
     "(>/ many-to-one on[a] h{__name__='h'} x{__name__='x'})"},
    {"x > 1 < 3", "x > 1 < 3", "(< (> x{__name__='x'} 1) 3)"},
    {"x > bool 1 > 2", "x > bool 1 > 2", "(> (> bool x{__name__='x'} 1) 2)"},
    {"x != y", "x != y", "(!= one-to-one x{__name__='x'} y{__name__='y'})"},
    {"x AND y or z unless w", "x and y or z unless w",
     "(or many-to-many (and many-to-many x{__name__='x'} y{__name__='y'}) (unless many-to-many "
     "z{__name__='z'} w{__name__='w'}))"},
    {"and and and", "and and and", "(and many-to-many and{__name__='and'} and{__name__='and'})"},
    {"x + on(a,b) y", "x + on (a, b) y", "(+ one-to-one on[a b] x{__name__='x'} y{__name__='y'})"},
    {"x + on() y", "x + on () y", "(+ one-to-one on[] x{__name__='x'} y{__name__='y'})"},
    {"x + ignoring() y", "x + y", "(+ one-to-one x{__name__='x'} y{__name__='y'})"},
    {"x * on(a) group_left y", "x * on (a) group_left () y",
     "(* many-to-one on[a] x{__name__='x'} y{__name__='y'})"},
    {"x * ignoring(a) group_right(b,) y", "x * ignoring (a) group_right (b) y",
     "(* one-to-many ignoring[a] include[b] x{__name__='x'} y{__name__='y'})"},
    {"x > bool on(a) y", "x > bool on (a) y",
     "(> bool one-to-one on[a] x{__name__='x'} y{__name__='y'})"},
    {"x and on(sum, \"a.b\") y", "x and on (sum, \"a.b\") y",
     "(and many-to-many on[sum a.b] x{__name__='x'} y{__name__='y'})"},
    {"x + on() 1", "x + 1", "(+ x{__name__='x'} 1)"},
};

constexpr Case kCalls[] = {
    {"sum(x)", "sum(x)", "(sum by[] x{__name__='x'})"},
    {"SUM BY (a) (x)", "sum by (a) (x)", "(sum by[a] x{__name__='x'})"},
    {"sum(x) by (a, b,)", "sum by (a, b) (x)", "(sum by[a b] x{__name__='x'})"},
    {"sum by () (x)", "sum(x)", "(sum by[] x{__name__='x'})"},
    {"avg without (a) (x)", "avg without (a) (x)", "(avg without[a] x{__name__='x'})"},
    {"avg without () (x)", "avg without () (x)", "(avg without[] x{__name__='x'})"},
    {"topk(3, x)", "topk(3, x)", "(topk by[] 3 x{__name__='x'})"},
    {"topk by (job) (scalar(y), x)", "topk by (job) (scalar(y), x)",
     "(topk by[job] (scalar y{__name__='y'}) x{__name__='x'})"},
    {"count_values(\"v\", x)", "count_values(\"v\", x)", "(count_values by[] 'v' x{__name__='x'})"},
    {"sum by (\"a.b\") (x)", "sum by (\"a.b\") (x)", "(sum by[a.b] x{__name__='x'})"},
    {"sum by (by, on, bool) (sum)", "sum by (by, on, bool) (sum)",
     "(sum by[by on bool] sum{__name__='sum'})"},
    {"time()", "time()", "(time)"},
    {"hour()", "hour()", "(hour)"},
    {"hour(x)", "hour(x)", "(hour x{__name__='x'})"},
    {"round(x)", "round(x)", "(round x{__name__='x'})"},
    {"round(x, 0.1)", "round(x, 0.1)", "(round x{__name__='x'} 0.1)"},
    {"label_join(x,\"a\",\"-\",\"b\",\"c\",\"d\")",
     "label_join(x, \"a\", \"-\", \"b\", \"c\", \"d\")",
     "(label_join x{__name__='x'} 'a' '-' 'b' 'c' 'd')"},
    {"rate(x[5m])", "rate(x[5m])", "(rate (range x{__name__='x'} 300000ms))"},
    {"histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))",
     "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))",
     "(histogram_quantile 0.9 (sum by[le] (rate (range x_bucket{__name__='x_bucket'} "
     "300000ms))))"},
};

TEST(Valid, Numbers) {
  for (const Case& c : kNumbers) Check(c);
}

TEST(Valid, Strings) {
  for (const Case& c : kStrings) Check(c);
}

TEST(Valid, Selectors) {
  for (const Case& c : kSelectors) Check(c);
}

TEST(Valid, Ranges) {
  for (const Case& c : kRanges) Check(c);
}

TEST(Valid, Operators) {
  for (const Case& c : kOperators) Check(c);
}

TEST(Valid, Calls) {
  for (const Case& c : kCalls) Check(c);
}

}  // namespace
}  // namespace tocsin::promql
