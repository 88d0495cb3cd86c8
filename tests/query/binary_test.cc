// Operators between scalars and vectors, matching and its errors.
#include <gtest/gtest.h>

#include "tests/query/fixture.h"

namespace tocsin::engine {
namespace {

constexpr char kData[] = R"(
  a{i="1", g="x"} 6x10
  a{i="2", g="y"} 8x10
  b{i="1"}        2x10
  b{i="3"}        3x10
  info{g="x", role="db"}  1x10
  info{g="y", role="web"} 1x10
  dup{i="1", n="p"} 1x10
  dup{i="1", n="q"} 2x10
  unreal            NaNx10
)";

TEST(BinaryTest, Arithmetic) {
  Check(kData, {
                   {"scalars", "7 % 4 + 2 ^ 3 ^ 0 - 1 / 2", "4.5"},
                   {"remainder has the sign of the dividend", "-7 % 3", "-1"},
                   {"remainder by infinity", "5 % Inf", "5"},
                   {"remainder by zero", "5 % 0", "NaN"},
                   {"division by zero", "-1 / 0", "-Inf"},
                   {"one to anything", "1 ^ NaN", "1"},
                   {"atan2", "1 atan2 1", "0.7853981634"},
                   {"unary on vector", "-b", "{i=\"1\"} -2; {i=\"3\"} -3"},
                   {"unary plus keeps the name", "+b{i=\"1\"}", "b{i=\"1\"} 2"},
                   {"vector and scalar", "a * 2", "{g=\"x\", i=\"1\"} 12; {g=\"y\", i=\"2\"} 16"},
                   {"scalar and vector", "1 - b", "{i=\"1\"} -1; {i=\"3\"} -2"},
                   {"scalar comparison", "2 > bool 1", "1"},
               });
}

TEST(BinaryTest, Comparison) {
  Check(kData, {
                   {"filter keeps name and value", "a > 6", "a{g=\"y\", i=\"2\"} 8"},
                   {"scalar left keeps the vector's value", "6 < a", "a{g=\"y\", i=\"2\"} 8"},
                   {"bool", "a >= bool 8", "{g=\"x\", i=\"1\"} 0; {g=\"y\", i=\"2\"} 1"},
                   {"NaN is not equal", "unreal == unreal", ""},
                   {"NaN differs", "unreal != unreal", "unreal NaN"},
                   {"vectors", "a > ignoring(g) b", "a{i=\"1\"} 6"},
                   {"vectors with bool", "a < bool on(i) b", "{i=\"1\"} 0"},
                   {"many left", "a > on(g) group_left(role) info",
                    "a{g=\"x\", i=\"1\", role=\"db\"} 6; a{g=\"y\", i=\"2\", role=\"web\"} 8"},
                   {"many right gives the left value", "info < on(g) group_right() a",
                    "a{g=\"x\", i=\"1\"} 1; a{g=\"y\", i=\"2\"} 1"},
               });
}

TEST(BinaryTest, Matching) {
  Check(kData, {
                   {"on", "a / on(i) b", "{i=\"1\"} 3"},
                   {"ignoring", "a - ignoring(g) b", "{i=\"1\"} 4"},
                   {"on nothing", "sum(a) + on() sum(b)", "{} 19"},
                   {"no partner", "a + b", ""},
                   {"copied label replaces", "a * on(g) group_left(role) info",
                    "{g=\"x\", i=\"1\", role=\"db\"} 6; {g=\"y\", i=\"2\", role=\"web\"} 8"},
                   {"copied label may be absent", "a * on(g) group_left(nope, i) info",
                    "{g=\"x\"} 6; {g=\"y\"} 8"},
                   {"subtraction turned around", "info - on(g) group_right(role) a",
                    "{g=\"x\", i=\"1\", role=\"db\"} -5; {g=\"y\", i=\"2\", role=\"web\"} -7"},
               });
}

TEST(BinaryTest, MatchingErrors) {
  constexpr char kMany[] =
      "error: multiple matches for labels: many-to-one matching must be explicit "
      "(group_left/group_right)";
  constexpr char kRight[] =
      "error: found duplicate series for the match group {i=\"1\"} on the right "
      "hand-side of the operation: [{__name__=\"dup\", i=\"1\", n=\"p\"}, "
      "{__name__=\"dup\", i=\"1\", n=\"q\"}];many-to-many matching not allowed: "
      "matching labels must be unique on one side";
  constexpr char kLeft[] =
      "error: found duplicate series for the match group {i=\"1\"} on the left "
      "hand-side of the operation: [{__name__=\"dup\", i=\"1\", n=\"p\"}, "
      "{__name__=\"dup\", i=\"1\", n=\"q\"}];many-to-many matching not allowed: "
      "matching labels must be unique on one side";
  Check(kData,
        {
            {"many left", "dup + on(i) b", kMany},
            {"many left, all filtered away", "dup > on(i) (b * 100)", kMany},
            {"many right", "b + on(i) dup", kRight},
            {"one side of group_right", "dup + on(i) group_right() b", kLeft},
            {"only one of them present", "b + on(i) (dup > 1)", "{i=\"1\"} 4"},
            {"other side empty", "(b > 100) + on(i) dup", ""},
            {"labels collide in a group", "dup * on(i) group_left(n) b",
             "error: multiple matches for labels: grouping labels must ensure unique matches"},
        });
}

TEST(BinaryTest, ErrorEndsWhenTheDuplicateLeaves) {
  QueryFixture fixture;
  fixture.Load(absl::Minutes(1), "l 1 1 1\nr{n=\"p\"} 1 2 stale\nr{n=\"q\"} _ 5 6");
  const QueryId query = fixture.Add("l + on() r");
  EXPECT_EQ(fixture.Eval(query, absl::Minutes(0)), "{} 2");
  EXPECT_EQ(fixture.Eval(query, absl::Minutes(1)).substr(0, 30), "error: found duplicate series ");
  EXPECT_EQ(fixture.Eval(query, absl::Minutes(2)), "{} 7");
}

TEST(BinaryTest, Sets) {
  Check(kData, {
                   {"and", "a and on(i) b", "a{g=\"x\", i=\"1\"} 6"},
                   {"and without partner labels", "a and b", ""},
                   {"and on nothing", "b and on() (vector(1) == 1)", "b{i=\"1\"} 2; b{i=\"3\"} 3"},
                   {"and on nothing, empty", "b and on() (vector(1) == 2)", ""},
                   {"or takes what is not left", "b or on(i) a",
                    "a{g=\"y\", i=\"2\"} 8; b{i=\"1\"} 2; b{i=\"3\"} 3"},
                   {"unless", "a unless on(i) b", "a{g=\"y\", i=\"2\"} 8"},
                   {"several of a group stay", "dup and on(i) b",
                    "dup{i=\"1\", n=\"p\"} 1; dup{i=\"1\", n=\"q\"} 2"},
               });
}

TEST(BinaryTest, EqualLabelsOfTwoMetrics) {
  constexpr char kTwo[] = "p{l=\"1\"} 1 _ _ 5\nq{l=\"1\"} _ _ _ 6";
  constexpr char kError[] = "error: vector cannot contain metrics with the same labelset";
  Check(kTwo, {
                  {"only one is there", "-{__name__=~\"p|q\"}", "{l=\"1\"} -1", absl::Minutes(1)},
                  {"both are there", "-{__name__=~\"p|q\"}", kError, absl::Minutes(3)},
                  {"with a scalar", "{__name__=~\"p|q\"} * 2", kError, absl::Minutes(3)},
                  {"range function", "last_over_time({__name__=~\"p|q\"}[1m])",
                   "p{l=\"1\"} 5; q{l=\"1\"} 6", absl::Minutes(3)},
                  {"range function that drops names", "max_over_time({__name__=~\"p|q\"}[1m])",
                   kError, absl::Minutes(3)},
              });
}

// A row that users see keeps its place whichever of the series with these labels it comes from.
TEST(BinaryTest, ResultHasOneRowPerLabelSet) {
  QueryFixture fixture;
  fixture.Load(absl::Minutes(1), "p{l=\"1\"} 1 stale\nq{l=\"1\"} _ 2");
  const QueryId query = fixture.Add("-{__name__=~\"p|q\"}");
  const auto first = fixture.engine().Evaluate(query, At(absl::Minutes(0)));
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first->labels->size(), 1u);
  EXPECT_EQ(first->frame->value(0), -1);
  const auto second = fixture.engine().Evaluate(query, At(absl::Minutes(1)));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->frame->value(0), -2);
}

}  // namespace
}  // namespace tocsin::engine
