#include <numbers>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/query/graph/compile.h"
#include "engine/query/range_function.h"
#include "rules/promql/functions.h"

namespace tocsin::engine {
namespace {

using promql::As;
using promql::Expr;
using promql::ExprKind;
using promql::ValueType;

std::string Text(absl::string_view text) {
  return absl::StrCat(text.size(), ":", text);
}

// The labels that the expression pins down by a single equality each: what absent() can say.
Labels PinnedLabels(const Expr& outer) {
  const Expr* expr = &promql::Unwrap(outer);
  if (expr->kind == ExprKind::kMatrixSelector)
    expr = As<promql::MatrixSelector>(*expr).selector.get();
  if (expr->kind != ExprKind::kVectorSelector) return Labels();
  LabelsBuilder builder;
  std::vector<std::string> seen;
  for (const promql::Matcher& matcher : As<promql::VectorSelector>(*expr).matchers) {
    if (matcher.name == kMetricName) continue;
    const bool known = std::find(seen.begin(), seen.end(), matcher.name) != seen.end();
    if (matcher.op == promql::MatchOp::kEqual && !known) {
      builder.Set(matcher.name, matcher.value);
      seen.push_back(matcher.name);
    } else {
      builder.Delete(matcher.name);
    }
  }
  return builder.Build();
}

}  // namespace

absl::StatusOr<OperatorPtr> Compiler::Call(const promql::CallExpr& call) {
  const std::string name = call.function->name;
  if (name == "time") return Share(name, {}, MakeTime);
  if (name == "pi") return Share(name, {}, [] { return MakeNumber(std::numbers::pi); });
  if (name == "absent" || name == "absent_over_time") return AbsentCall(call);
  if (name == "label_replace" || name == "label_join") return LabelCall(call);
  if (name == "scalar" || name == "vector") {
    TOCSIN_ASSIGN_OR_RETURN(OperatorPtr arg, Compile(*call.args[0]));
    return Share(name, {arg},
                 [&] { return name == "scalar" ? MakeScalarOf(arg) : MakeVectorOf(arg); });
  }
  if (absl::StartsWith(name, "sort")) return SortCall(call);
  if (name == "histogram_quantile" || name == "histogram_fraction") return HistogramCall(call);
  if (IsHistogramFunction(name)) {
    TOCSIN_ASSIGN_OR_RETURN(OperatorPtr arg, Compile(*call.args[0]));
    return Share(name, {arg},
                 [&] { return MakeHistogramFunction(name, arg, options_.delayed_name_removal); });
  }
  if (IsRangeFunction(name)) return RangeCall(call);
  if (IsSimpleFunction(name)) return SimpleCall(call);
  return absl::UnimplementedError(absl::StrCat("not supported yet: ", name, "()"));
}

absl::StatusOr<OperatorPtr> Compiler::RangeCall(const promql::CallExpr& call) {
  const std::string name = call.function->name;
  std::shared_ptr<RangeVector> range;
  OperatorPtr param;
  const Expr* range_arg = nullptr;
  for (const promql::ExprPtr& arg : call.args) {
    if (arg->type == ValueType::kMatrix) {
      TOCSIN_ASSIGN_OR_RETURN(range, Range(*arg));
      range_arg = arg.get();
    } else {
      TOCSIN_ASSIGN_OR_RETURN(param, Compile(*arg));
    }
  }
  Ops inputs = {range};
  if (param) inputs.push_back(param);
  OperatorPtr op = Share(name, inputs, [&] {
    return MakeRangeFunction(name, range, param, options_.delayed_name_removal);
  });
  speakers_.push_back(
      {op.get(), name == "quantile_over_time" ? call.args[0]->span : range_arg->span});
  return op;
}

absl::StatusOr<OperatorPtr> Compiler::AbsentCall(const promql::CallExpr& call) {
  const std::string name = call.function->name;
  const Labels labels = PinnedLabels(*call.args[0]);
  const std::string kind = absl::StrCat(name, Text(labels.canonical()));
  if (name == "absent_over_time") {
    TOCSIN_ASSIGN_OR_RETURN(auto range, Range(*call.args[0]));
    return Share(kind, {range}, [&] { return MakeAbsentOverTime(labels, range); });
  }
  TOCSIN_ASSIGN_OR_RETURN(OperatorPtr vector, Compile(*call.args[0]));
  return Share(kind, {vector}, [&] { return MakeAbsent(labels, vector); });
}

absl::StatusOr<OperatorPtr> Compiler::LabelCall(const promql::CallExpr& call) {
  TOCSIN_ASSIGN_OR_RETURN(OperatorPtr vector, Compile(*call.args[0]));
  std::string kind = call.function->name;
  std::vector<std::string> texts;
  for (size_t i = 1; i < call.args.size(); ++i) {
    texts.push_back(StringOf(*call.args[i]));
    kind += Text(texts.back());
  }
  absl::StatusOr<OperatorPtr> made =
      absl::string_view(call.function->name) == "label_replace"
          ? MakeLabelReplace({texts[0], texts[1], texts[2], texts[3]}, vector)
          : MakeLabelJoin({texts[0], texts[1], {texts.begin() + 2, texts.end()}}, vector);
  if (!made.ok()) return made.status();
  return Share(kind, {vector}, [&] { return *made; });
}

absl::StatusOr<OperatorPtr> Compiler::HistogramCall(const promql::CallExpr& call) {
  const bool delayed = options_.delayed_name_removal;
  TOCSIN_ASSIGN_OR_RETURN(OperatorPtr vector, Compile(*call.args.back()));
  Ops inputs = {vector};
  for (size_t i = 0; i + 1 < call.args.size(); ++i) {
    TOCSIN_ASSIGN_OR_RETURN(OperatorPtr scalar, Compile(*call.args[i]));
    inputs.push_back(std::move(scalar));
  }
  OperatorPtr op = Share(call.function->name, inputs, [&] {
    return inputs.size() == 2 ? MakeHistogramQuantile(vector, inputs[1], delayed)
                              : MakeHistogramFraction(vector, inputs[1], inputs[2], delayed);
  });
  speakers_.push_back({op.get(), call.args.front()->span, 0});
  speakers_.push_back({op.get(), call.args.back()->span, 1});
  return op;
}

absl::StatusOr<OperatorPtr> Compiler::SortCall(const promql::CallExpr& call) {
  TOCSIN_ASSIGN_OR_RETURN(OperatorPtr vector, Compile(*call.args[0]));
  std::string kind = call.function->name;
  SortOptions options;
  options.descending = absl::EndsWith(kind, "_desc");
  options.range_query =
      options_.range_start && options_.range_end && *options_.range_start != *options_.range_end;
  if (absl::StrContains(kind, "by_label")) {
    options.labels.emplace();
    for (size_t i = 1; i < call.args.size(); ++i) {
      options.labels->push_back(StringOf(*call.args[i]));
      kind += Text(options.labels->back());
    }
  }
  OperatorPtr op = Share(kind, {vector}, [&] { return MakeSort(options, vector); });
  speakers_.push_back({op.get(), call.span});
  return op;
}

absl::StatusOr<OperatorPtr> Compiler::SimpleCall(const promql::CallExpr& call) {
  const std::string name = call.function->name;
  const bool delayed = options_.delayed_name_removal;
  if (call.args.empty()) {  // date functions without argument speak of the evaluation time
    return Share(name, {},
                 [&] { return MakeSimpleFunction(name, MakeVectorOf(MakeTime()), {}, delayed); });
  }
  const Expr& arg = promql::Unwrap(*call.args[0]);
  if (name == "timestamp" && arg.kind == ExprKind::kVectorSelector) {
    // The sample's own time; the name goes as with any function.
    TOCSIN_ASSIGN_OR_RETURN(OperatorPtr times, Selector(As<promql::VectorSelector>(arg), true));
    return Share("times", {times}, [&] { return MakeSimpleFunction("+", times, {}, delayed); });
  }
  Ops inputs;
  for (const promql::ExprPtr& each : call.args) {
    TOCSIN_ASSIGN_OR_RETURN(OperatorPtr input, Compile(*each));
    inputs.push_back(std::move(input));
  }
  return Share(name, inputs, [&] {
    return MakeSimpleFunction(name, inputs[0], {inputs.begin() + 1, inputs.end()}, delayed);
  });
}

}  // namespace tocsin::engine
