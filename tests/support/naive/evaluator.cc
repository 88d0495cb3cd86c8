#include "tests/support/naive/evaluator.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/histogram/sum.h"
#include "base/status_macros.h"

namespace tocsin::naive {
namespace {

using promql::As;
using promql::ExprKind;
using promql::ValueType;

bool SampleBefore(int64_t time, const Point& sample) {
  return time < sample.time_ms;
}

void AddNote(std::vector<std::string>* notes, std::string note) {
  if (std::find(notes->begin(), notes->end(), note) == notes->end()) {
    notes->push_back(std::move(note));
  }
}

// Steps may leave samples out: what a counter says about the sample before it no longer holds.
HistogramPtr WithoutReset(const HistogramPtr& histogram) {
  if (!histogram || histogram->counter_reset == CounterReset::kGauge) return histogram;
  auto result = std::make_shared<NativeHistogram>(*histogram);
  result->counter_reset = CounterReset::kUnknown;
  return result;
}

// Prometheus prints line:column; tests write their expressions on one line.
std::string Position(const promql::Expr& where) {
  return absl::StrCat(" (1:", where.span.begin + 1, ")");
}

// The smallest multiple of `step` that is greater than `bound`.
int64_t NextMultiple(int64_t bound, int64_t step) {
  int64_t next = bound / step * step;
  while (next <= bound) next += step;
  return next;
}

}  // namespace

absl::Status DuplicateLabels() {
  return absl::InvalidArgumentError("vector cannot contain metrics with the same labelset");
}

std::vector<Element> Floats(const std::vector<Element>& vector) {
  std::vector<Element> floats;
  for (const Element& element : vector) {
    if (!element.histogram) floats.push_back(element);
  }
  return floats;
}

std::vector<Element> Histograms(const std::vector<Element>& vector) {
  std::vector<Element> histograms;
  for (const Element& element : vector) {
    if (element.histogram) histograms.push_back(element);
  }
  return histograms;
}

HistogramPtr Scaled(const NativeHistogram& histogram, double factor) {
  auto result = std::make_shared<NativeHistogram>(histogram);
  Multiply(*result, factor);
  return result;
}

Labels WithoutName(const Labels& labels) {
  return LabelsBuilder(labels).Delete(kMetricName).Build();
}

void Evaluator::DropName(Element* element) const {
  if (options_.delayed_name_removal) {
    element->drop_name = true;
  } else {
    element->labels = WithoutName(element->labels);
  }
}

absl::Status Evaluator::CheckUnique(const std::vector<Element>& vector) const {
  if (options_.delayed_name_removal) return absl::OkStatus();
  std::set<Labels> seen;
  for (const Element& element : vector) {
    if (!seen.insert(element.labels).second) return DuplicateLabels();
  }
  return absl::OkStatus();
}

void Evaluator::Warn(const std::string& what, const promql::Expr& where) {
  if (annotations_ == nullptr) return;
  AddNote(&annotations_->warnings, absl::StrCat("PromQL warning: ", what, Position(where)));
}

void Evaluator::Info(const std::string& what, const promql::Expr& where) {
  if (annotations_ == nullptr) return;
  AddNote(&annotations_->infos, absl::StrCat("PromQL info: ", what, Position(where)));
}

int64_t Evaluator::InstantOf(const std::optional<promql::AtModifier>& at, absl::Duration offset,
                             int64_t t) const {
  if (at.has_value()) {
    switch (at->kind) {
      case promql::AtModifier::Kind::kTime:
        t = at->time.millis();
        break;
      case promql::AtModifier::Kind::kStart:
        t = start_ms_;
        break;
      case promql::AtModifier::Kind::kEnd:
        t = end_ms_;
        break;
    }
  }
  return t - absl::ToInt64Milliseconds(offset);
}

absl::StatusOr<std::vector<Series>> Evaluator::Select(const promql::VectorSelector& selector,
                                                      int64_t t) const {
  const int64_t end = InstantOf(selector.at, selector.offset, t);
  const int64_t begin = end - absl::ToInt64Milliseconds(options_.lookback);
  std::vector<Series> selected;
  for (const auto& [labels, samples] : storage_.series()) {
    TOCSIN_ASSIGN_OR_RETURN(const bool matches, Matches(selector.matchers, labels));
    if (!matches) continue;
    const auto after = std::upper_bound(samples.begin(), samples.end(), end, SampleBefore);
    if (after == samples.begin()) continue;
    const Point newest = *(after - 1);
    if (newest.time_ms <= begin || IsStaleMarker(newest.value)) continue;
    selected.push_back({labels, {newest}});
  }
  return selected;
}

absl::StatusOr<Value> Evaluator::EvalMatrix(const promql::MatrixSelector& matrix, int64_t t) {
  const promql::VectorSelector& selector = *matrix.selector;
  Value value;
  value.type = ValueType::kMatrix;
  value.range_end_ms = InstantOf(selector.at, selector.offset, t);
  value.range_begin_ms = value.range_end_ms - absl::ToInt64Milliseconds(matrix.range);
  for (const auto& [labels, samples] : storage_.series()) {
    TOCSIN_ASSIGN_OR_RETURN(const bool matches, Matches(selector.matchers, labels));
    if (!matches) continue;
    Series series{labels, {}};
    for (const Point& sample : samples) {
      const bool inside =
          sample.time_ms > value.range_begin_ms && sample.time_ms <= value.range_end_ms;
      if (inside && !IsStaleMarker(sample.value)) series.samples.push_back(sample);
    }
    if (!series.samples.empty()) value.matrix.push_back(std::move(series));
  }
  return value;
}

absl::StatusOr<Value> Evaluator::EvalSubquery(const promql::Subquery& subquery, int64_t t) {
  const int64_t step =
      absl::ToInt64Milliseconds(subquery.step.value_or(options_.default_subquery_step));
  Value value;
  value.type = ValueType::kMatrix;
  value.range_end_ms = InstantOf(subquery.at, subquery.offset, t);
  value.range_begin_ms = value.range_end_ms - absl::ToInt64Milliseconds(subquery.range);
  std::map<Labels, Series> by_labels;
  for (int64_t at = NextMultiple(value.range_begin_ms, step); at <= value.range_end_ms;
       at += step) {
    TOCSIN_ASSIGN_OR_RETURN(const Value inner, Eval(*subquery.expr, at));
    std::vector<Element> elements = inner.vector;
    if (inner.type == ValueType::kScalar) elements = {{Labels(), inner.scalar}};
    for (const Element& element : elements) {
      auto [found, added] = by_labels.try_emplace(element.labels);
      Series& series = found->second;
      if (added) series = {element.labels, {}, element.drop_name};
      if (!series.samples.empty() && series.samples.back().time_ms == at) return DuplicateLabels();
      series.samples.push_back({at, element.value, WithoutReset(element.histogram)});
    }
  }
  for (auto& [labels, series] : by_labels) value.matrix.push_back(std::move(series));
  return value;
}

absl::StatusOr<Value> Evaluator::EvalUnary(const promql::UnaryExpr& unary, int64_t t) {
  TOCSIN_ASSIGN_OR_RETURN(Value value, Eval(*unary.expr, t));
  if (!unary.negate) return value;
  value.scalar = -value.scalar;
  for (Element& element : value.vector) {
    element.value = -element.value;
    if (element.histogram) element.histogram = Scaled(*element.histogram, -1);
    DropName(&element);
  }
  TOCSIN_RETURN_IF_ERROR(CheckUnique(value.vector));
  return value;
}

absl::StatusOr<Value> Evaluator::EvalBinary(const promql::BinaryExpr& binary, int64_t t) {
  TOCSIN_ASSIGN_OR_RETURN(Value lhs, Eval(*binary.lhs, t));
  TOCSIN_ASSIGN_OR_RETURN(Value rhs, Eval(*binary.rhs, t));
  TOCSIN_ASSIGN_OR_RETURN(Value value, Binary(*this, binary, std::move(lhs), std::move(rhs)));
  TOCSIN_RETURN_IF_ERROR(CheckUnique(value.vector));
  return value;
}

absl::StatusOr<Value> Evaluator::EvalAggregate(const promql::AggregateExpr& aggregate, int64_t t) {
  TOCSIN_ASSIGN_OR_RETURN(const Value input, Eval(*aggregate.expr, t));
  Value param;
  if (aggregate.param != nullptr) {
    TOCSIN_ASSIGN_OR_RETURN(param, Eval(*aggregate.param, t));
  }
  TOCSIN_ASSIGN_OR_RETURN(Value value, Aggregate(*this, aggregate, input, param));
  TOCSIN_RETURN_IF_ERROR(CheckUnique(value.vector));
  return value;
}

absl::StatusOr<Value> Evaluator::EvalCall(const promql::CallExpr& expr, int64_t t) {
  const std::string name = expr.function->name;
  if (name == "timestamp") {
    // Of a selector: the time of the sample itself, not of the evaluation.
    const promql::Expr& arg = promql::Unwrap(*expr.args[0]);
    if (arg.kind == ExprKind::kVectorSelector) {
      TOCSIN_ASSIGN_OR_RETURN(const auto selected, Select(As<promql::VectorSelector>(arg), t));
      std::vector<Element> vector;
      for (const Series& series : selected) {
        vector.push_back({series.labels, static_cast<double>(series.samples[0].time_ms) / 1000});
        DropName(&vector.back());
      }
      TOCSIN_RETURN_IF_ERROR(CheckUnique(vector));
      return VectorValue(std::move(vector));
    }
  }
  Call call{expr, {}, t};
  for (const promql::ExprPtr& arg : expr.args) {
    TOCSIN_ASSIGN_OR_RETURN(Value value, Eval(*arg, t));
    call.args.push_back(std::move(value));
  }
  for (const auto family : {RangeFunction, InstantFunction, LabelFunction, HistogramFunction}) {
    absl::StatusOr<Value> value = family(*this, call);
    if (absl::IsUnimplemented(value.status())) continue;
    if (value.ok()) TOCSIN_RETURN_IF_ERROR(CheckUnique(value->vector));
    return value;
  }
  return absl::UnimplementedError(absl::StrCat("not supported yet: function ", name));
}

absl::StatusOr<Value> Evaluator::Eval(const promql::Expr& expr, int64_t t) {
  switch (expr.kind) {
    case ExprKind::kNumber:
      return ScalarValue(As<promql::NumberLiteral>(expr).value);
    case ExprKind::kString: {
      Value value;
      value.type = ValueType::kString;
      value.text = As<promql::StringLiteral>(expr).value;
      return value;
    }
    case ExprKind::kVectorSelector: {
      TOCSIN_ASSIGN_OR_RETURN(const auto selected, Select(As<promql::VectorSelector>(expr), t));
      std::vector<Element> vector;
      for (const Series& series : selected) {
        const Point& sample = series.samples[0];
        vector.push_back({series.labels, sample.value, false, sample.histogram});
      }
      return VectorValue(std::move(vector));
    }
    case ExprKind::kMatrixSelector:
      return EvalMatrix(As<promql::MatrixSelector>(expr), t);
    case ExprKind::kSubquery:
      return EvalSubquery(As<promql::Subquery>(expr), t);
    case ExprKind::kUnary:
      return EvalUnary(As<promql::UnaryExpr>(expr), t);
    case ExprKind::kBinary:
      return EvalBinary(As<promql::BinaryExpr>(expr), t);
    case ExprKind::kAggregate:
      return EvalAggregate(As<promql::AggregateExpr>(expr), t);
    case ExprKind::kCall:
      return EvalCall(As<promql::CallExpr>(expr), t);
    case ExprKind::kParen:
      return Eval(*As<promql::ParenExpr>(expr).expr, t);
  }
  return absl::InternalError("an expression of no known kind");
}

absl::StatusOr<Value> Evaluate(const Storage& storage, const promql::Expr& expr, Timestamp t,
                               const engine::QueryOptions& options, Annotations* annotations) {
  Evaluator evaluator(storage, options, options.range_start.value_or(t).millis(),
                      options.range_end.value_or(t).millis(), annotations);
  TOCSIN_ASSIGN_OR_RETURN(Value value, evaluator.Eval(expr, t.millis()));
  std::set<Labels> seen;
  for (Series& series : value.matrix) {
    if (series.drop_name) series.labels = WithoutName(series.labels);
    if (!seen.insert(series.labels).second) return DuplicateLabels();
  }
  for (Element& element : value.vector) {
    if (element.drop_name) element.labels = WithoutName(element.labels);
    if (!seen.insert(element.labels).second) return DuplicateLabels();
  }
  return value;
}

}  // namespace tocsin::naive
