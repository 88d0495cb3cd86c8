#include "rules/promql/size_check.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rules/promql/functions.h"
#include "rules/promql/regex.h"

namespace tocsin::promql {
namespace {

using Error = std::optional<ParseError>;

constexpr absl::Duration kAssumedStep = absl::Minutes(1);

class SizeCheck {
 public:
  SizeCheck(const ParseOptions& options, ExprSize& size) : options_(options), size_(size) {}

  // `around`: how far the subqueries around `expr` reach together.
  Error Visit(const Expr& expr, absl::Duration around) {
    if (Error error = CountNode(expr.span)) return error;
    switch (expr.kind) {
      case ExprKind::kNumber:
      case ExprKind::kString:
        return std::nullopt;
      case ExprKind::kVectorSelector:
        return VisitSelector(As<VectorSelector>(expr));
      case ExprKind::kMatrixSelector:
        return VisitSelector(*As<MatrixSelector>(expr).selector);
      case ExprKind::kSubquery:
        return VisitSubquery(As<Subquery>(expr), around);
      case ExprKind::kUnary:
        return Visit(*As<UnaryExpr>(expr).expr, around);
      case ExprKind::kParen:
        return Visit(*As<ParenExpr>(expr).expr, around);
      case ExprKind::kBinary: {
        const auto& binary = As<BinaryExpr>(expr);
        if (Error error = Visit(*binary.lhs, around)) return error;
        return Visit(*binary.rhs, around);
      }
      case ExprKind::kAggregate: {
        const auto& aggregate = As<AggregateExpr>(expr);
        if (Error error = Visit(*aggregate.expr, around)) return error;
        return aggregate.param ? Visit(*aggregate.param, around) : std::nullopt;
      }
      case ExprKind::kCall:
        return VisitCall(As<CallExpr>(expr), around);
    }
    return std::nullopt;
  }

 private:
  Error CountNode(Span span) {
    if (++size_.nodes <= options_.nodes_max) return std::nullopt;
    return ParseError{span, absl::StrCat("expression has more than ", options_.nodes_max, " parts"),
                      "split it by recording rules"};
  }

  Error CountRegex(const std::string& pattern, Span span) {
    const auto instructions = RegexInstructions(pattern);
    // Whoever runs it says what is wrong with it.
    if (!instructions.ok()) return std::nullopt;
    size_.regex_instructions += *instructions;
    if (size_.regex_instructions <= options_.regex_instructions_max) return std::nullopt;
    return ParseError{span,
                      absl::StrCat("regular expressions compile to more than ",
                                   options_.regex_instructions_max, " instructions together"),
                      "repetitions such as {1000} are copies"};
  }

  Error VisitSelector(const VectorSelector& selector) {
    for (const Matcher& matcher : selector.matchers) {
      if (Error error = CountNode(matcher.span)) return error;
      if (matcher.op != MatchOp::kRegex && matcher.op != MatchOp::kNotRegex) continue;
      if (Error error = CountRegex(matcher.value, matcher.span)) return error;
    }
    return std::nullopt;
  }

  Error VisitSubquery(const Subquery& subquery, absl::Duration around) {
    const absl::Duration reach = subquery.range + around;
    const absl::Duration step = subquery.step.value_or(kAssumedStep);
    if (absl::FDivDuration(reach, step) > static_cast<double>(options_.subquery_steps_max)) {
      return ParseError{
          subquery.span,
          absl::StrCat("subquery has more than ", options_.subquery_steps_max, " steps"),
          "give it a longer step, or use a recording rule"};
    }
    return Visit(*subquery.expr, reach);
  }

  Error VisitCall(const CallExpr& call, absl::Duration around) {
    for (const ExprPtr& arg : call.args) {
      if (Error error = Visit(*arg, around)) return error;
    }
    constexpr size_t kRegexArgument = 4;
    if (call.function->name != kLabelReplace || call.args.size() <= kRegexArgument) {
      return std::nullopt;
    }
    const Expr& regex = Unwrap(*call.args[kRegexArgument]);
    return regex.kind == ExprKind::kString ? CountRegex(As<StringLiteral>(regex).value, regex.span)
                                           : std::nullopt;
  }

  static constexpr absl::string_view kLabelReplace = "label_replace";

  const ParseOptions& options_;
  ExprSize& size_;
};

}  // namespace

std::optional<ParseError> CheckSize(const Expr& expr, const ParseOptions& options, ExprSize& size) {
  return SizeCheck(options, size).Visit(expr, absl::ZeroDuration());
}

}  // namespace tocsin::promql
