#include "engine/query/graph/compile.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "rules/promql/quote.h"

namespace tocsin::engine {
namespace {

using promql::As;
using promql::Expr;
using promql::ExprKind;
using promql::ValueType;

int64_t Millis(absl::Duration duration) {
  return absl::ToInt64Milliseconds(duration);
}

// Texts in keys are preceded by their length, so that no text can look like another key.
std::string Text(absl::string_view text) {
  return absl::StrCat(text.size(), ":", text);
}

std::string Texts(const std::vector<std::string>& texts) {
  return absl::StrCat(
      "(",
      absl::StrJoin(texts, ",",
                    [](std::string* out, const std::string& text) { *out += Text(text); }),
      ")");
}

std::string ShiftKey(const TimeShift& shift) {
  return absl::StrCat(shift.offset_ms, "@",
                      shift.query_time ? "q"
                      : shift.at_ms    ? absl::StrCat(*shift.at_ms)
                                       : "t");
}

// Any text that is UTF-8.
bool IsLabelName(absl::string_view name) {
  constexpr char32_t kNotUtf8 = 0xfffd;
  for (absl::string_view rest = name; !rest.empty();) {
    const promql::Decoded decoded = promql::DecodeCodePoint(rest);
    if (decoded.code_point == kNotUtf8 && decoded.bytes == 1) return false;
    rest.remove_prefix(decoded.bytes);
  }
  return !name.empty();
}

}  // namespace

const std::string& StringOf(const Expr& expr) {
  return As<promql::StringLiteral>(promql::Unwrap(expr)).value;
}

OperatorPtr Compiler::Share(const std::string& kind, const Ops& inputs,
                            const std::function<OperatorPtr()>& make) {
  std::string key = absl::StrCat(times_, "|", kind);
  for (const OperatorPtr& input : inputs) key += graph_.NameOf(*input);
  return graph_.Intern(key, make);
}

OperatorPtr Compiler::Speaking(promql::Span span, OperatorPtr op) {
  speakers_.push_back({op.get(), span});
  return op;
}

absl::StatusOr<OperatorPtr> Compiler::CompileResult(const Expr& expr) {
  TOCSIN_ASSIGN_OR_RETURN(OperatorPtr op, Compile(expr));
  return Share("result", {op}, [&] { return MakeResult(op); });
}

absl::StatusOr<OperatorPtr> Compiler::Compile(const Expr& outer) {
  const Expr& expr = promql::Unwrap(outer);
  switch (expr.kind) {
    case ExprKind::kNumber: {
      const double value = As<promql::NumberLiteral>(expr).value;
      return Share(absl::StrCat("number", absl::Hex(std::bit_cast<uint64_t>(value))), {},
                   [&] { return MakeNumber(value); });
    }
    case ExprKind::kVectorSelector:
      return Selector(As<promql::VectorSelector>(expr), /*take_time=*/false);
    case ExprKind::kUnary:
      return Unary(As<promql::UnaryExpr>(expr));
    case ExprKind::kBinary:
      return Binary(As<promql::BinaryExpr>(expr));
    case ExprKind::kAggregate:
      return Aggregate(As<promql::AggregateExpr>(expr));
    case ExprKind::kCall:
      return Call(As<promql::CallExpr>(expr));
    default:
      return absl::UnimplementedError(
          absl::StrCat("not supported yet: ", promql::ValueTypeName(expr.type), " as a result"));
  }
}

TimeShift Compiler::Shift(absl::Duration offset,
                          const std::optional<promql::AtModifier>& at) const {
  TimeShift shift{.offset_ms = Millis(offset)};
  if (!at) return shift;
  using Kind = promql::AtModifier::Kind;
  const std::optional<Timestamp> time = at->kind == Kind::kTime    ? at->time
                                        : at->kind == Kind::kStart ? options_.range_start
                                                                   : options_.range_end;
  if (time) {
    shift.at_ms = time->millis();
  } else if (depth_ > 0) {
    shift.query_time = query_time_;
  }
  return shift;
}

absl::StatusOr<SelectorSource> Compiler::Source(const promql::VectorSelector& selector) {
  TOCSIN_ASSIGN_OR_RETURN(auto set, sets_.Get(selector.matchers));
  return SelectorSource{&table_, std::move(set), Shift(selector.offset, selector.at)};
}

absl::StatusOr<OperatorPtr> Compiler::Selector(const promql::VectorSelector& selector,
                                               bool take_time) {
  TOCSIN_ASSIGN_OR_RETURN(SelectorSource source, Source(selector));
  const std::string kind = absl::StrCat(take_time ? "times" : "values", ShiftKey(source.shift), "{",
                                        MatcherKey(selector.matchers), "}");
  return Share(kind, {}, [&] {
    return std::make_shared<InstantSelector>(source, Millis(options_.lookback), take_time);
  });
}

absl::StatusOr<std::shared_ptr<RangeVector>> Compiler::Range(const Expr& outer) {
  const Expr& expr = promql::Unwrap(outer);
  if (expr.kind == ExprKind::kMatrixSelector) return MatrixWindow(As<promql::MatrixSelector>(expr));
  if (expr.kind == ExprKind::kSubquery) return SubqueryRange(As<promql::Subquery>(expr));
  return absl::UnimplementedError("not supported yet: this range vector");
}

absl::StatusOr<std::shared_ptr<RangeVector>> Compiler::MatrixWindow(
    const promql::MatrixSelector& matrix) {
  TOCSIN_ASSIGN_OR_RETURN(SelectorSource source, Source(*matrix.selector));
  const int64_t range_ms = Millis(matrix.range);
  const std::string kind = absl::StrCat("window", range_ms, "/", ShiftKey(source.shift), "{",
                                        MatcherKey(matrix.selector->matchers), "}");
  return std::static_pointer_cast<RangeVector>(
      Share(kind, {}, [&] { return std::make_shared<Window>(source, range_ms); }));
}

absl::StatusOr<std::shared_ptr<RangeVector>> Compiler::SubqueryRange(
    const promql::Subquery& subquery) {
  SubqueryOptions options;
  options.shift = Shift(subquery.offset, subquery.at);
  options.range_ms = Millis(subquery.range);
  options.step_ms = Millis(subquery.step.value_or(options_.default_subquery_step));
  const std::string steps = absl::StrCat(options.step_ms, "/", ShiftKey(options.shift));
  ++depth_;
  const std::string times = std::exchange(times_, absl::StrCat(times_, ":", steps));
  absl::StatusOr<OperatorPtr> inner = Compile(*subquery.expr);
  times_ = times;
  --depth_;
  if (!inner.ok()) return inner.status();
  std::vector<std::shared_ptr<const SeriesSet>> sets;
  for (const SelectorNeed& need : QueryEngine::Needs(*subquery.expr, options_)) {
    options.ahead_ms =
        std::max(options.ahead_ms, need.unbounded || need.at_query_time ? SubqueryOptions::kAnywhere
                                                                        : Millis(need.ahead));
    TOCSIN_ASSIGN_OR_RETURN(sets.emplace_back(), sets_.Get(need.matchers));
  }
  // Parsing did not know the default step.
  const auto steps_max = static_cast<int64_t>(promql::ParseOptions().subquery_steps_max);
  if (options.range_ms / options.step_ms > steps_max) {
    return absl::InvalidArgumentError(
        absl::StrCat("subquery has more than ", steps_max, " steps of ", options.step_ms, " ms"));
  }
  return std::static_pointer_cast<RangeVector>(
      Share(absl::StrCat("subquery", options.range_ms, ":", steps), {*inner}, [&] {
        options.watch = std::make_shared<SeriesWatch>(table_, std::move(sets));
        return MakeSubquery(options, *inner);
      }));
}

absl::StatusOr<OperatorPtr> Compiler::Unary(const promql::UnaryExpr& expr) {
  TOCSIN_ASSIGN_OR_RETURN(OperatorPtr inner, Compile(*expr.expr));
  if (!expr.negate) return inner;
  if (expr.type == ValueType::kScalar) {
    // -x is -1 * x, also for zeros and infinities.
    return Share("neg", {inner},
                 [&] { return MakeScalarBinary(promql::BinaryOp::kMul, inner, MakeNumber(-1)); });
  }
  return Share("-", {inner},
               [&] { return MakeSimpleFunction("-", inner, {}, options_.delayed_name_removal); });
}

absl::StatusOr<OperatorPtr> Compiler::Binary(const promql::BinaryExpr& expr) {
  TOCSIN_ASSIGN_OR_RETURN(OperatorPtr lhs, Compile(*expr.lhs));
  TOCSIN_ASSIGN_OR_RETURN(OperatorPtr rhs, Compile(*expr.rhs));
  const bool left_scalar = expr.lhs->type == ValueType::kScalar;
  const bool right_scalar = expr.rhs->type == ValueType::kScalar;
  const std::string op =
      absl::StrCat(promql::BinaryOpName(expr.op), expr.return_bool ? " bool" : "");
  if (left_scalar && right_scalar) {
    if (promql::IsTrim(expr.op)) {
      return absl::InvalidArgumentError(
          absl::StrCat("operator \"", op, "\" not allowed for Scalar operations"));
    }
    return Share("scalar " + op, {lhs, rhs}, [&] { return MakeScalarBinary(expr.op, lhs, rhs); });
  }
  if (left_scalar || right_scalar) {
    const VectorScalarOptions options{expr.op, left_scalar, expr.return_bool,
                                      options_.delayed_name_removal};
    const OperatorPtr& vector = left_scalar ? rhs : lhs;
    const OperatorPtr& scalar = left_scalar ? lhs : rhs;
    return Speaking(expr.span,
                    Share(absl::StrCat(left_scalar ? "sv " : "vs ", op), {vector, scalar},
                          [&] { return MakeVectorScalar(options, vector, scalar); }));
  }
  const promql::VectorMatching& matching = *expr.matching;
  const std::string kind = absl::StrCat("vv ", op, static_cast<int>(matching.cardinality),
                                        matching.on ? "on" : "ignoring", Texts(matching.labels),
                                        Texts(matching.include));
  return Speaking(expr.span, Share(kind, {lhs, rhs}, [&] {
                    return promql::IsSetOperator(expr.op)
                               ? MakeSetOperator(expr, lhs, rhs)
                               : MakeVectorMatch(expr, lhs, rhs, options_.delayed_name_removal);
                  }));
}

absl::StatusOr<OperatorPtr> Compiler::Aggregate(const promql::AggregateExpr& expr) {
  using promql::AggregateOp;
  TOCSIN_ASSIGN_OR_RETURN(OperatorPtr vector, Compile(*expr.expr));
  const Grouping grouping{expr.without, expr.grouping};
  const std::string kind = absl::StrCat(promql::AggregateOpName(expr.op),
                                        expr.without ? " without" : " by", Texts(expr.grouping));
  if (expr.op == AggregateOp::kCountValues) {
    const std::string& label = StringOf(*expr.param);
    if (!IsLabelName(label)) {
      return absl::InvalidArgumentError(absl::StrCat("invalid label name ", promql::Quote(label)));
    }
    return Share(kind + Text(label), {vector},
                 [&] { return MakeCountValues(grouping, vector, label); });
  }
  if (expr.param == nullptr) {
    return Speaking(expr.expr->span, Share(kind, {vector}, [&] {
                      return MakeAggregate(expr.op, grouping, vector);
                    }));
  }
  TOCSIN_ASSIGN_OR_RETURN(OperatorPtr param, Compile(*expr.param));
  OperatorPtr op = Share(kind, {vector, param}, [&] {
    return expr.op == AggregateOp::kQuantile ? MakeQuantile(grouping, vector, param)
                                             : MakeRanking(expr.op, grouping, vector, param);
  });
  // Rankings speak of themselves, other aggregations of what they aggregate.
  const bool quantile = expr.op == AggregateOp::kQuantile;
  speakers_.push_back({op.get(), expr.param->span, 0});
  speakers_.push_back({op.get(), quantile ? expr.expr->span : expr.span, 1});
  return op;
}

}  // namespace tocsin::engine
