#include "rules/promql/type_check.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "rules/promql/functions.h"
#include "rules/promql/quote.h"
#include "rules/promql/regex.h"

namespace tocsin::promql {
namespace {

using Error = std::optional<ParseError>;

Error Mistake(Span span, std::string message) {
  return ParseError{span, std::move(message), ""};
}

template <typename T>
T& MutableAs(Expr& expr) {
  return static_cast<T&>(expr);
}

Error Expect(const Expr& expr, ValueType wanted, absl::string_view context) {
  if (expr.type == wanted) return std::nullopt;
  return Mistake(expr.span, absl::StrCat("expected type ", ValueTypeName(wanted), " in ", context,
                                         ", got ", ValueTypeName(expr.type)));
}

bool MatchesEmpty(const Matcher& matcher) {
  switch (matcher.op) {
    case MatchOp::kEqual:
      return matcher.value.empty();
    case MatchOp::kNotEqual:
      return !matcher.value.empty();
    case MatchOp::kRegex:
    case MatchOp::kNotRegex:
      break;
  }
  const auto regex = CompileRegex(matcher.value);
  TOCSIN_CHECK(regex.ok()) << "regex the parser let through: " << matcher.value;
  return FullMatch(**regex, "") == (matcher.op == MatchOp::kRegex);
}

Error CheckSelector(const VectorSelector& selector) {
  if (!selector.metric.empty()) return std::nullopt;
  if (!std::all_of(selector.matchers.begin(), selector.matchers.end(), MatchesEmpty)) {
    return std::nullopt;
  }
  return Mistake(selector.span, "vector selector must contain at least one non-empty matcher");
}

// The one message of Prometheus that says "matrix".
absl::string_view ShortName(ValueType type) {
  return type == ValueType::kMatrix ? "matrix" : ValueTypeName(type);
}

Error CheckSubquery(Subquery& subquery) {
  if (Error error = TypeCheck(*subquery.expr)) return error;
  if (subquery.expr->type == ValueType::kVector) return std::nullopt;
  return Mistake(subquery.span, absl::StrCat("subquery is only allowed on instant vector, got ",
                                             ShortName(subquery.expr->type), " instead"));
}

Error CheckUnary(UnaryExpr& unary) {
  if (Error error = TypeCheck(*unary.expr)) return error;
  unary.type = unary.expr->type;
  if (unary.type == ValueType::kScalar || unary.type == ValueType::kVector) return std::nullopt;
  return Mistake(
      unary.span,
      absl::StrCat("unary expression only allowed on expressions of type scalar or instant vector, "
                   "got ",
                   Quote(ValueTypeName(unary.type))));
}

Error CheckBool(const BinaryExpr& binary, bool scalars) {
  if (binary.return_bool && !IsComparison(binary.op)) {
    return Mistake(binary.op_span, "bool modifier can only be used on comparison operators");
  }
  if (!binary.return_bool && IsComparison(binary.op) && scalars) {
    return Mistake(binary.op_span, "comparisons between scalars must use BOOL modifier");
  }
  return std::nullopt;
}

Error CheckOnAndGroup(const BinaryExpr& binary) {
  if (!binary.matching.has_value() || !binary.matching->on) return std::nullopt;
  const std::vector<std::string>& include = binary.matching->include;
  for (const std::string& label : binary.matching->labels) {
    if (std::find(include.begin(), include.end(), label) == include.end()) continue;
    return Mistake(binary.op_span, absl::StrCat("label ", Quote(label),
                                                " must not occur in ON and GROUP clause at once"));
  }
  return std::nullopt;
}

Error CheckMatching(BinaryExpr& binary, bool vectors) {
  const std::string name = Quote(BinaryOpName(binary.op));
  if (!vectors) {
    if (binary.matching.has_value() && !binary.matching->labels.empty()) {
      return Mistake(binary.span, "vector matching only allowed between instant vectors");
    }
    binary.matching.reset();
    if (!IsSetOperator(binary.op)) return std::nullopt;
    return Mistake(binary.span,
                   absl::StrCat("set operator ", name, " not allowed in binary scalar expression"));
  }
  if (!binary.matching.has_value()) binary.matching.emplace();
  if (!IsSetOperator(binary.op)) return std::nullopt;
  if (binary.matching->cardinality != Cardinality::kOneToOne) {
    return Mistake(binary.span, absl::StrCat("no grouping allowed for ", name, " operation"));
  }
  binary.matching->cardinality = Cardinality::kManyToMany;
  return std::nullopt;
}

Error CheckBinary(BinaryExpr& binary) {
  if (Error error = TypeCheck(*binary.lhs)) return error;
  if (Error error = TypeCheck(*binary.rhs)) return error;
  const ValueType lhs = binary.lhs->type;
  const ValueType rhs = binary.rhs->type;
  const bool scalars = lhs == ValueType::kScalar && rhs == ValueType::kScalar;
  if (Error error = CheckBool(binary, scalars)) return error;
  if (Error error = CheckOnAndGroup(binary)) return error;
  for (const Expr* side : {binary.lhs.get(), binary.rhs.get()}) {
    if (side->type != ValueType::kScalar && side->type != ValueType::kVector) {
      return Mistake(side->span,
                     "binary expression must contain only scalar and instant vector types");
    }
  }
  binary.type = scalars ? ValueType::kScalar : ValueType::kVector;
  return CheckMatching(binary, lhs == ValueType::kVector && rhs == ValueType::kVector);
}

Error CheckAggregate(AggregateExpr& aggregate) {
  aggregate.type = ValueType::kVector;
  if (Error error = TypeCheck(*aggregate.expr)) return error;
  if (Error error = Expect(*aggregate.expr, ValueType::kVector, "aggregation expression")) {
    return error;
  }
  if (aggregate.param == nullptr) return std::nullopt;
  if (Error error = TypeCheck(*aggregate.param)) return error;
  const bool named = aggregate.op == AggregateOp::kCountValues;
  return Expect(*aggregate.param, named ? ValueType::kString : ValueType::kScalar,
                "aggregation parameter");
}

Error CheckArgumentCount(const CallExpr& call) {
  const size_t given = call.args.size();
  const size_t listed = call.function->args.size();
  const bool repeats = call.function->optional_args < 0;
  const size_t least = listed - (repeats ? 1 : static_cast<size_t>(call.function->optional_args));
  const auto wrong = [&](absl::string_view bound, size_t count) {
    return Mistake(call.span, absl::StrCat("expected ", bound, count, " argument(s) in call to ",
                                           Quote(call.function->name), ", got ", given));
  };
  if (least == listed && given != listed) return wrong("", listed);
  if (given < least) return wrong("at least ", least);
  if (!repeats && given > listed) return wrong("at most ", listed);
  return std::nullopt;
}

// The second argument of info() is a list of matchers in the clothes of a selector.
bool IsInfoMatchers(const CallExpr& call, size_t arg) {
  return arg == 1 && absl::string_view(call.function->name) == "info" &&
         call.args[arg]->kind == ExprKind::kVectorSelector;
}

Error CheckInfoMatchers(const VectorSelector& selector) {
  if (selector.metric.empty()) return std::nullopt;
  return Mistake(selector.span, "expected label selectors only, got vector selector instead");
}

Error CheckCall(CallExpr& call) {
  call.type = call.function->result;
  if (Error error = CheckArgumentCount(call)) return error;
  const std::string context = absl::StrCat("call to function ", Quote(call.function->name));
  for (size_t i = 0; i < call.args.size(); ++i) {
    Expr& arg = *call.args[i];
    Error error =
        IsInfoMatchers(call, i) ? CheckInfoMatchers(As<VectorSelector>(arg)) : TypeCheck(arg);
    if (error.has_value()) return error;
    const std::vector<ValueType>& types = call.function->args;
    error = Expect(arg, types[std::min(i, types.size() - 1)], context);
    if (error.has_value()) return error;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ParseError> TypeCheck(Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
      expr.type = ValueType::kScalar;
      return std::nullopt;
    case ExprKind::kString:
      expr.type = ValueType::kString;
      return std::nullopt;
    case ExprKind::kVectorSelector:
      return CheckSelector(As<VectorSelector>(expr));
    case ExprKind::kMatrixSelector:
      return CheckSelector(*As<MatrixSelector>(expr).selector);
    case ExprKind::kSubquery:
      return CheckSubquery(MutableAs<Subquery>(expr));
    case ExprKind::kUnary:
      return CheckUnary(MutableAs<UnaryExpr>(expr));
    case ExprKind::kBinary:
      return CheckBinary(MutableAs<BinaryExpr>(expr));
    case ExprKind::kAggregate:
      return CheckAggregate(MutableAs<AggregateExpr>(expr));
    case ExprKind::kCall:
      return CheckCall(MutableAs<CallExpr>(expr));
    case ExprKind::kParen: {
      auto& paren = MutableAs<ParenExpr>(expr);
      Error error = TypeCheck(*paren.expr);
      paren.type = paren.expr->type;
      return error;
    }
  }
  TOCSIN_CHECK(false) << "expression kind " << static_cast<int>(expr.kind);
  return std::nullopt;
}

}  // namespace tocsin::promql
