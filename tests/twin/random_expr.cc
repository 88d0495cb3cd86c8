#include "tests/twin/random_expr.h"

#include "absl/strings/str_cat.h"

namespace tocsin::twin {

std::string RandomExpr::Selector() {
  if (OneIn(20)) return R"({__name__=~"level|limit"})";
  if (OneIn(30)) return "missing";
  const std::string metric = Pick({"steps_total", "level", "level", "limit", "odd"});
  return metric + Pick({"", "", "", "", "", R"({g="x"})", R"({i!="1"})",
                        R"({g=~"x|z", i=~"[0-2]"})", R"({i!~"0|3"})"});
}

std::string RandomExpr::Offset() {
  if (OneIn(40)) return Pick({" @ 4000", " @ 4321.5 offset 1m", " @ end()"});
  if (!OneIn(5)) return "";
  return Pick({" offset 30s", " offset 1m", " offset 4m", " offset -30s", " offset 7s"});
}

std::string RandomExpr::RangeCall(int depth, bool exact) {
  const std::string range = Pick({"10s", "45s", "1m", "2m", "5m", "10m"});
  std::string matrix = absl::StrCat(Selector(), "[", range, "]", Offset());
  if (depth > 0 && OneIn(10)) {
    const std::string step = Pick({"", "15s", "40s"});
    matrix = absl::StrCat("(", Vector(depth - 1, exact), ")[3m:", step, "]", Offset());
  }
  if (!exact && OneIn(12)) {
    return absl::StrCat("quantile_over_time(", Pick({"0.3", "0.99"}), ", ", matrix, ")");
  }
  if (!exact && OneIn(12)) return absl::StrCat("predict_linear(", matrix, ", 60)");
  if (OneIn(15)) return absl::StrCat("absent_over_time(", matrix, ")");
  std::string name = Pick({"min_over_time", "max_over_time", "sum_over_time", "count_over_time",
                           "last_over_time", "idelta", "changes", "resets", "present_over_time",
                           "mad_over_time", "ts_of_min_over_time", "ts_of_max_over_time"});
  if (!exact && !OneIn(3)) {
    name = Pick({"rate", "increase", "delta", "irate", "avg_over_time", "stddev_over_time",
                 "stdvar_over_time", "deriv"});
  }
  return absl::StrCat(name, "(", matrix, ")");
}

std::string RandomExpr::Call(int depth, bool exact) {
  if (OneIn(12)) return absl::StrCat("vector(", Scalar(depth - 1, exact), ")");
  if (OneIn(12))
    return absl::StrCat("absent(", OneIn(2) ? Selector() : Vector(depth - 1, exact), ")");
  if (OneIn(12)) return absl::StrCat("timestamp(", Selector(), Offset(), ")");
  if (OneIn(12)) {
    return absl::StrCat("label_replace(", Vector(depth - 1, exact),
                        R"(, "i", "n$1", "i", "([0-9]).*"))");
  }
  if (OneIn(20)) {
    return absl::StrCat("label_join(", Vector(depth - 1, exact), R"(, "both", "-", "g", "i"))");
  }
  if (OneIn(20)) return Pick({"minute()", "hour(vector(time()))", "day_of_week()", "vector(pi())"});
  if (OneIn(6)) return absl::StrCat("clamp_min(", Vector(depth - 1, exact), ", 2)");
  if (OneIn(6)) {
    return absl::StrCat("clamp(", Vector(depth - 1, exact), ", ", Scalar(depth - 1, true), ", 9)");
  }
  // Rounding makes a jump of a last digit's difference, so what it rounds must be exact.
  const std::string name = Pick({"abs", "ceil", "floor", "round", "-", "sgn"});
  return absl::StrCat(name, "(", Vector(depth - 1, true), ")");
}

std::string RandomExpr::Grouping() {
  return Pick({"", "", " by (g)", " by (i)", " by (g, i)", " by ()", " without (i)", " without (g)",
               " without ()", " by (nope, g)"});
}

std::string RandomExpr::Aggregate(int depth, bool exact) {
  std::string op = Pick({"sum", "min", "max", "count", "group"});
  if (!exact && OneIn(2)) op = Pick({"avg", "avg", "stddev", "stdvar"});
  const std::string grouping = Grouping();
  if (!exact && OneIn(12)) {
    return absl::StrCat("quantile", grouping, " (0.7, ", Vector(depth - 1, exact), ")");
  }
  if (OneIn(15)) {
    return absl::StrCat("count_values", grouping, R"( ("value", )", Vector(depth - 1, true), ")");
  }
  return absl::StrCat(op, grouping, " (", Vector(depth - 1, exact), ")");
}

std::string RandomExpr::WithScalar(int depth, bool exact) {
  if (OneIn(2)) {
    const std::string op = Pick({"==", "!=", ">", "<", ">=", "<="});
    const std::string flag = OneIn(3) ? "bool " : "";
    const std::string vector = Vector(depth - 1, true);
    if (OneIn(3))
      return absl::StrCat("(", Scalar(depth - 1, true), " ", op, " ", flag, vector, ")");
    return absl::StrCat("(", vector, " ", op, " ", flag, Scalar(depth - 1, true), ")");
  }
  const std::string op = exact ? Pick({"+", "-", "*"}) : Pick({"+", "-", "*", "/", "%", "^"});
  // The remainder jumps like rounding does.
  const bool exact_operands = exact || op == "%";
  const std::string vector = Vector(depth - 1, exact_operands);
  const std::string scalar = Scalar(depth - 1, exact_operands);
  if (OneIn(3)) return absl::StrCat("(", scalar, " ", op, " ", vector, ")");
  return absl::StrCat("(", vector, " ", op, " ", scalar, ")");
}

std::string RandomExpr::Matching() {
  return Pick({"", "", "", "on (g, i) ", "ignoring (i) ", "on (g) group_left () ",
               "on (g) group_right () ", "on (g) group_left (i) ", "ignoring (i) group_left () ",
               "on () ", "on (i) "});
}

std::string RandomExpr::Match(int depth, bool exact) {
  const std::string matching = Matching();
  if (OneIn(2)) {
    const std::string op = Pick({"==", "!=", ">", "<", ">=", "<="});
    return absl::StrCat("(", Vector(depth - 1, true), " ", op, OneIn(3) ? " bool " : " ", matching,
                        Vector(depth - 1, true), ")");
  }
  const std::string op = exact ? Pick({"+", "-", "*"}) : Pick({"+", "-", "*", "/"});
  return absl::StrCat("(", Vector(depth - 1, exact), " ", op, " ", matching,
                      Vector(depth - 1, exact), ")");
}

std::string RandomExpr::SetOperation(int depth, bool exact) {
  const std::string matching = Pick({"", "", "on (g) ", "on (i) ", "ignoring (i) ", "on () "});
  return absl::StrCat("(", Vector(depth - 1, exact), " ", Pick({"and", "or", "unless"}), " ",
                      matching, Vector(depth - 1, exact), ")");
}

std::string RandomExpr::Scalar(int depth, bool exact) {
  if (depth > 0 && OneIn(5)) return absl::StrCat("scalar(", Vector(depth - 1, exact), ")");
  if (OneIn(8)) return "time()";
  return Pick({"0", "1", "2", "3", "-4", "10", "0.5", "NaN", "Inf"});
}

std::string RandomExpr::HistogramSelector() {
  if (OneIn(12)) return R"({__name__=~"hist_.*"})";
  if (OneIn(12)) return R"({__name__=~"hist_total|level"})";
  return Pick({"hist_total", "hist_total", "hist_level", "hist_custom", "hist_mixed"}) +
         Pick({"", "", "", R"({g="x"})", R"({i!="1"})"});
}

std::string RandomExpr::Histograms(int depth) {
  const std::string selector = HistogramSelector();
  if (depth <= 0 || OneIn(8)) return selector + Offset();
  std::string matrix =
      absl::StrCat(selector, "[", Pick({"45s", "1m", "2m", "5m", "10m"}), "]", Offset());
  if (OneIn(8)) matrix = absl::StrCat("(", Histograms(depth - 1), ")[3m:", Pick({"", "40s"}), "]");
  switch (Below(9)) {
    case 0:
    case 1:
      return absl::StrCat(Pick({"rate", "increase", "delta", "irate", "idelta", "sum_over_time",
                                "avg_over_time", "last_over_time", "first_over_time"}),
                          "(", matrix, ")");
    case 2:
      // Functions of floats, or of any samples.
      if (OneIn(3)) return absl::StrCat(Pick({"abs", "sgn"}), "(", Histograms(depth - 1), ")");
      return absl::StrCat(Pick({"max_over_time", "changes", "resets", "count_over_time", "deriv",
                                "stddev_over_time"}),
                          "(", matrix, ")");
    case 3:
    case 4:
      return absl::StrCat(Pick({"sum", "avg", "sum", "avg", "count", "max", "stddev", "group"}),
                          Grouping(), " (", Histograms(depth - 1), ")");
    case 5:
      return absl::StrCat("(", Histograms(depth - 1), Pick({" * ", " / "}),
                          Pick({"2", "0.5", "-1", "0"}), ")");
    case 6:
      return absl::StrCat("(", Histograms(depth - 1), Pick({" + ", " - ", " == ", " != ", " < "}),
                          Matching(), Histograms(depth - 1), ")");
    case 7:
      return absl::StrCat("(", Histograms(depth - 1), Pick({" and ", " or ", " unless "}),
                          Pick({"", "on (g) "}), Histograms(depth - 1), ")");
    default:
      return absl::StrCat("(", selector, Pick({" </ ", " >/ "}), Pick({"1", "1.5", "-0.3", "0"}),
                          ")");
  }
}

std::string RandomExpr::Reading(int depth) {
  const std::string histograms = Histograms(depth - 1);
  if (OneIn(4)) {
    // Ranks off the edges of buckets, where rounding would decide which of two it is.
    const std::string q = Pick({"0.137", "0.519", "0.987"});
    return absl::StrCat("histogram_quantile(", q, ", ", histograms, ")");
  }
  if (OneIn(4)) return absl::StrCat("histogram_fraction(-1, 1.5, ", histograms, ")");
  if (OneIn(6)) return absl::StrCat("count_values(\"v\", ", HistogramSelector(), ")");
  return absl::StrCat(Pick({"histogram_count", "histogram_sum", "histogram_avg", "histogram_stddev",
                            "histogram_stdvar", "-", "timestamp"}),
                      "(", histograms, ")");
}

std::string RandomExpr::Vector(int depth, bool exact) {
  if (depth <= 0) return OneIn(2) ? RangeCall(0, exact) : Selector() + Offset();
  switch (Below(8)) {
    case 0:
      return Selector() + Offset();
    case 1:
      return RangeCall(depth, exact);
    case 2:
      return Call(depth, exact);
    case 3:
      return Aggregate(depth, exact);
    case 4:
      return WithScalar(depth, exact);
    case 5:
    case 6:
      return Match(depth, exact);
    default:
      return SetOperation(depth, exact);
  }
}

}  // namespace tocsin::twin
