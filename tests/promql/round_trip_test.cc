// Random expressions: printing and parsing again gives the same tree, also when their text is
// damaged first.

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "tests/promql/tree_text.h"

namespace tocsin::promql {
namespace {

// Writes well-typed expressions.
class Writer {
 public:
  explicit Writer(uint64_t seed) : random_(seed) {}

  std::string Expression(int depth) { return Coin() ? Vector(depth) : Scalar(depth); }

  size_t Below(size_t n) { return static_cast<size_t>(random_.Next() % n); }

 private:
  bool Coin() { return Below(2) == 0; }
  template <size_t N>
  std::string Pick(const char* const (&&choices)[N]) {
    return choices[Below(N)];
  }

  std::string Scalar(int depth) {
    if (depth <= 0 || Below(3) == 0) return Number();
    switch (Below(6)) {
      case 0:
        return absl::StrCat("(", Scalar(depth - 1), ")");
      case 1:
        return absl::StrCat(Pick({"-", "+", "- ", "--"}), Scalar(depth - 1));
      case 2:
        return absl::StrCat("scalar(", Vector(depth - 1), ")");
      case 3:
        return Pick({"time()", "pi()"});
      case 4:
        return absl::StrCat(Scalar(depth - 1), Pick({" == bool ", "<bool ", " >= BOOL "}),
                            Scalar(depth - 1));
      default:
        return absl::StrCat(Scalar(depth - 1), Arithmetic(), Scalar(depth - 1));
    }
  }

  std::string Number() {
    return Pick({"1", "0", "-2", "0.5", ".5e-9", "1e22", "0x1f", "Inf", "nan", "5m", "1h30m", "017",
                 "1_000", "-0", "1ms"});
  }
  std::string Arithmetic() {
    return Pick({" + ", "-", " - ", "*", " / ", "%", " ^ ", "^", " atan2 ", " </ ", ">/"});
  }

  std::string Vector(int depth) {
    if (depth <= 0 || Below(4) == 0) return Selector() + Modifiers();
    switch (Below(8)) {
      case 0:
        return absl::StrCat("(", Vector(depth - 1), ")");
      case 1:
        return absl::StrCat(Pick({"-", "+"}), Vector(depth - 1));
      case 2:
        return Aggregate(depth);
      case 3:
        return absl::StrCat(Pick({"rate", "absent_over_time", "last_over_time"}), "(",
                            Matrix(depth - 1), ")");
      case 4:
        return absl::StrCat("label_join(", Vector(depth - 1), ", 'a', \"\\t\", `b`)");
      case 5:
        // In parentheses: a matching that follows must not bind to the number.
        return absl::StrCat("(", Vector(depth - 1), Arithmetic(), Scalar(depth - 1), ")");
      default:
        return absl::StrCat(Vector(depth - 1), VectorOperator(), Vector(depth - 1));
    }
  }

  std::string VectorOperator() {
    const std::string on = Pick({"", "on()", "on(a,b,)", "ignoring (by, \"x y\")", "ignoring()"});
    if (Below(3) == 0) return absl::StrCat(Pick({" and ", " or ", " UNLESS "}), on, " ");
    const std::string group =
        on.empty() ? "" : Pick({"", " group_left ", " group_right(c)", " group_left(c,sum)"});
    const std::string op = Coin() ? Pick({" > bool ", " != ", " <= "}) : Arithmetic();
    // Plus signs keep `group_left (x)` from reading the operand as labels.
    return absl::StrCat(op, " ", on, group, group.empty() ? " " : " +");
  }

  std::string Aggregate(int depth) {
    const std::string by = Pick({"", " by (a)", " without (a, on)", " by (\"x.y\")"});
    const bool parameter = Coin();
    const std::string op = parameter ? Pick({"topk", "quantile"}) : Pick({"sum", "COUNT", "group"});
    const std::string args =
        absl::StrCat("(", parameter ? Scalar(depth - 1) + ", " : "", Vector(depth - 1), ")");
    return Coin() ? absl::StrCat(op, by, args) : absl::StrCat(op, args, by);
  }

  std::string Matrix(int depth) {
    const std::string range = Pick({"[5m", "[1h30m", "[2*1m", "[300", "[1d"});
    if (depth <= 0 || Coin()) return absl::StrCat(Selector(), range, "]", Modifiers());
    return absl::StrCat("(", Vector(depth - 1), ")", range, Pick({":]", ":1m]", ":15]"}),
                        Modifiers());
  }

  std::string Selector() {
    return Pick({"up", "a:b", "sum", "offset", "x{a=\"b\"}", "{a!=\"\"}", "{'my.metric', c=~'d|e'}",
                 "x{on='\\n', \"q.r\"!~`.+`,}", "by{}", "{__name__=~\"a+\"}", "{\"bool\"}"});
  }
  std::string Modifiers() {
    return Pick({"", "", "", " offset 5m", " offset -1h", " @ 12.5", " @ start()",
                 " offset (2m + 1s) @ end()", " @ 3 offset 1d"});
  }

  SeededRandom random_;
};

void ExpectRoundTrip(const std::string& text, const Expr& expr) {
  const std::string printed = Print(expr);
  const ParseResult again = ParseExpr(printed);
  ASSERT_FALSE(again.error.has_value()) << text << "\n"
                                        << printed << "\n"
                                        << FormatParseError(printed, *again.error);
  ASSERT_EQ(TreeText(*again.expr), TreeText(expr)) << text;
  ASSERT_EQ(Print(*again.expr), printed) << text;
}

TEST(RoundTrip, RandomExpressions) {
  Writer writer(1);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = writer.Expression(1 + i % 5);
    const ParseResult result = ParseExpr(text);
    ASSERT_FALSE(result.error.has_value()) << text << "\n" << FormatParseError(text, *result.error);
    ASSERT_NO_FATAL_FAILURE(ExpectRoundTrip(text, *result.expr));
  }
}

TEST(RoundTrip, DamagedExpressionsAreRefusedInPlaceOrStillRoundTrip) {
  Writer writer(2);
  size_t refused = 0;
  constexpr int kRounds = 10000;
  for (int i = 0; i < kRounds; ++i) {
    std::string text = writer.Expression(1 + i % 4);
    const size_t at = writer.Below(text.size());
    const std::string other = writer.Expression(2);
    switch (writer.Below(3)) {
      case 0:
        text.erase(at, 1 + writer.Below(4));
        break;
      case 1:
        text[at] = other[writer.Below(other.size())];
        break;
      default:
        text.insert(at, other.substr(writer.Below(other.size()), 3));
        break;
    }
    const ParseResult result = ParseExpr(text);
    ASSERT_EQ(result.error.has_value(), result.expr == nullptr) << text;
    if (!result.error.has_value()) {
      ASSERT_NO_FATAL_FAILURE(ExpectRoundTrip(text, *result.expr));
      continue;
    }
    ++refused;
    ASSERT_FALSE(result.error->message.empty()) << text;
    ASSERT_LE(result.error->span.begin, result.error->span.end) << text;
    ASSERT_LE(result.error->span.end, text.size()) << text;
  }
  EXPECT_GT(refused, kRounds / 4);
  EXPECT_LT(refused, kRounds);
}

}  // namespace
}  // namespace tocsin::promql
