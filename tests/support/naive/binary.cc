#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/histogram/sum.h"
#include "base/histogram/trim.h"
#include "base/status_macros.h"
#include "tests/support/naive/evaluator.h"

namespace tocsin::naive {
namespace {

using promql::BinaryOp;
using promql::Cardinality;
using promql::ValueType;
using promql::VectorMatching;

// The value of an arithmetic operator, or 1 and 0 of a comparison.
double Apply(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSub:
      return a - b;
    case BinaryOp::kMul:
      return a * b;
    case BinaryOp::kDiv:
      return a / b;
    case BinaryOp::kMod:
      return std::fmod(a, b);
    case BinaryOp::kPow:
      return std::pow(a, b);
    case BinaryOp::kAtan2:
      return std::atan2(a, b);
    case BinaryOp::kEql:
      return a == b;
    case BinaryOp::kNeq:
      return a != b;
    case BinaryOp::kGtr:
      return a > b;
    case BinaryOp::kLss:
      return a < b;
    case BinaryOp::kGte:
      return a >= b;
    case BinaryOp::kLte:
      return a <= b;
    case BinaryOp::kTrimUpper:
    case BinaryOp::kTrimLower:
    case BinaryOp::kAnd:
    case BinaryOp::kOr:
    case BinaryOp::kUnless:
      break;
  }
  return 0;
}

// The labels two elements must agree in to match.
Labels MatchGroup(const VectorMatching& matching, const Labels& labels) {
  LabelsBuilder builder(labels);
  if (matching.on) return builder.Keep(matching.labels).Build();
  return builder.Drop(matching.labels).Delete(kMetricName).Build();
}

std::vector<Element> SetOperation(BinaryOp op, const VectorMatching& matching,
                                  const std::vector<Element>& lhs,
                                  const std::vector<Element>& rhs) {
  std::set<Labels> left, right;
  for (const Element& element : lhs) left.insert(MatchGroup(matching, element.labels));
  for (const Element& element : rhs) right.insert(MatchGroup(matching, element.labels));
  std::vector<Element> result;
  for (const Element& element : lhs) {
    const bool matched = right.count(MatchGroup(matching, element.labels)) > 0;
    if (op == BinaryOp::kOr || matched == (op == BinaryOp::kAnd)) result.push_back(element);
  }
  if (op != BinaryOp::kOr) return result;
  for (const Element& element : rhs) {
    if (left.count(MatchGroup(matching, element.labels)) == 0) result.push_back(element);
  }
  return result;
}

// What an operator makes of two samples: nothing if it is not defined for them, which is told. Of a
// comparison `holds` is its truth.
struct Outcome {
  bool holds = true;
  double value = 0;
  HistogramPtr histogram;
};

const char* TypeName(const Element& element) {
  return element.histogram ? "histogram" : "float";
}

HistogramPtr Compacted(NativeHistogram histogram) {
  Compact(histogram);
  return std::make_shared<NativeHistogram>(std::move(histogram));
}

std::optional<Outcome> Combine(Evaluator& evaluator, const promql::BinaryExpr& expr,
                               const NativeHistogram& lhs, const NativeHistogram& rhs) {
  const bool add = expr.op == BinaryOp::kAdd;
  NativeHistogram result = lhs;
  const auto notes = add ? AddTo(result, rhs) : SubtractFrom(result, rhs);
  if (!notes) {
    evaluator.Warn(absl::StrCat("incompatible bucket layout encountered for binary operator ",
                                promql::BinaryOpName(expr.op)),
                   expr);
    return std::nullopt;
  }
  const char* operation = add ? "addition" : "subtraction";
  if (notes->reset_collision) {
    evaluator.Warn(absl::StrCat("conflicting counter resets during histogram ", operation), expr);
  }
  if (notes->bounds_reconciled) {
    evaluator.Info(absl::StrCat("mismatched custom buckets were reconciled during ", operation),
                   expr);
  }
  if (!add) result.counter_reset = CounterReset::kGauge;
  return Outcome{true, 0, Compacted(std::move(result))};
}

std::optional<Outcome> ApplyToHistograms(Evaluator& evaluator, const promql::BinaryExpr& expr,
                                         const Element& lhs, const Element& rhs) {
  if (lhs.histogram && rhs.histogram) {
    switch (expr.op) {
      case BinaryOp::kAdd:
      case BinaryOp::kSub:
        return Combine(evaluator, expr, *lhs.histogram, *rhs.histogram);
      case BinaryOp::kEql:
        return Outcome{SameHistogram(*lhs.histogram, *rhs.histogram), 0, lhs.histogram};
      case BinaryOp::kNeq:
        return Outcome{!SameHistogram(*lhs.histogram, *rhs.histogram), 0, lhs.histogram};
      default:
        break;
    }
  } else if (expr.op == BinaryOp::kMul) {
    const HistogramPtr scaled =
        lhs.histogram ? Scaled(*lhs.histogram, rhs.value) : Scaled(*rhs.histogram, lhs.value);
    return Outcome{true, 0, Compacted(*scaled)};
  } else if (lhs.histogram && expr.op == BinaryOp::kDiv) {
    NativeHistogram result = *lhs.histogram;
    Divide(result, rhs.value);
    return Outcome{true, 0, Compacted(std::move(result))};
  } else if (lhs.histogram && promql::IsTrim(expr.op)) {
    const auto trim = expr.op == BinaryOp::kTrimUpper ? Trim::kKeepBelow : Trim::kKeepAbove;
    return Outcome{true, 0,
                   std::make_shared<NativeHistogram>(Trimmed(*lhs.histogram, trim, rhs.value))};
  }
  return std::nullopt;
}

std::optional<Outcome> ApplyToElements(Evaluator& evaluator, const promql::BinaryExpr& expr,
                                       const Element& lhs, const Element& rhs) {
  const bool floats = !lhs.histogram && !rhs.histogram;
  if (floats && !promql::IsTrim(expr.op)) {
    const double value = Apply(expr.op, lhs.value, rhs.value);
    const bool comparison = promql::IsComparison(expr.op);
    return Outcome{!comparison || value != 0, comparison ? lhs.value : value, nullptr};
  }
  const bool combines =
      lhs.histogram && rhs.histogram && (expr.op == BinaryOp::kAdd || expr.op == BinaryOp::kSub);
  std::optional<Outcome> outcome;
  if (!floats) outcome = ApplyToHistograms(evaluator, expr, lhs, rhs);
  if (!outcome && !combines) {
    const absl::string_view op = promql::BinaryOpName(expr.op);
    evaluator.Info(absl::StrCat("incompatible sample types encountered for binary operator \"", op,
                                "\": ", TypeName(lhs), " ", op, " ", TypeName(rhs)),
                   expr);
  }
  return outcome;
}

std::vector<Element> VectorWithScalar(Evaluator& evaluator, const promql::BinaryExpr& expr,
                                      const std::vector<Element>& vector, double scalar,
                                      bool scalar_is_left) {
  const bool comparison = promql::IsComparison(expr.op);
  std::vector<Element> result;
  const Element other{Labels(), scalar};
  for (Element element : vector) {
    const auto outcome = scalar_is_left ? ApplyToElements(evaluator, expr, other, element)
                                        : ApplyToElements(evaluator, expr, element, other);
    if (!outcome) continue;
    const bool filter = comparison && !expr.return_bool;
    if (filter && !outcome->holds) continue;
    if (!filter) {
      element.value = expr.return_bool ? (outcome->holds ? 1 : 0) : outcome->value;
      element.histogram = expr.return_bool ? nullptr : outcome->histogram;
      if (!promql::IsTrim(expr.op)) evaluator.DropName(&element);
    }
    result.push_back(std::move(element));
  }
  return result;
}

// As errors print label sets: the name is one of the labels.
std::string PrintLabels(const Labels& labels) {
  std::vector<std::string> parts;
  for (const LabelView& label : labels) {
    parts.push_back(absl::StrCat(label.name, "=\"", absl::Utf8SafeCEscape(label.value), "\""));
  }
  return absl::StrCat("{", absl::StrJoin(parts, ", "), "}");
}

absl::Status DuplicateMatch(const VectorMatching& matching, const Labels& group, Labels a,
                            Labels b) {
  if (b < a) std::swap(a, b);
  const char* side = matching.cardinality == Cardinality::kOneToMany ? "left" : "right";
  return absl::InvalidArgumentError(absl::StrCat(
      "found duplicate series for the match group ", PrintLabels(group), " on the ", side,
      " hand-side of the operation: [", PrintLabels(a), ", ", PrintLabels(b),
      "];many-to-many matching not allowed: matching labels must be unique on one side"));
}

Labels ResultLabels(const promql::BinaryExpr& expr, const Labels& many, const Labels& one) {
  const VectorMatching& matching = *expr.matching;
  LabelsBuilder builder(many);
  if (!promql::IsComparison(expr.op) && !promql::IsTrim(expr.op)) builder.Delete(kMetricName);
  if (matching.cardinality == Cardinality::kOneToOne) {
    if (matching.on) {
      builder.Keep(matching.labels);
    } else {
      builder.Drop(matching.labels);
    }
  }
  for (const std::string& name : matching.include) builder.Set(name, one.Get(name));
  return builder.Build();
}

absl::StatusOr<std::vector<Element>> VectorWithVector(Evaluator& evaluator,
                                                      const promql::BinaryExpr& expr,
                                                      const std::vector<Element>& lhs,
                                                      const std::vector<Element>& rhs) {
  const VectorMatching& matching = *expr.matching;
  std::vector<Element> result;
  if (lhs.empty() || rhs.empty()) return result;
  const bool swapped = matching.cardinality == Cardinality::kOneToMany;
  const std::vector<Element>& many = swapped ? rhs : lhs;
  const std::vector<Element>& one = swapped ? lhs : rhs;

  std::map<Labels, const Element*> partners;
  for (const Element& element : one) {
    const Labels group = MatchGroup(matching, element.labels);
    const auto [found, added] = partners.emplace(group, &element);
    if (!added) return DuplicateMatch(matching, group, found->second->labels, element.labels);
  }

  std::map<Labels, std::set<Labels>> matched;
  for (const Element& element : many) {
    const Labels group = MatchGroup(matching, element.labels);
    const auto partner = partners.find(group);
    if (partner == partners.end()) continue;
    const Element& left = swapped ? *partner->second : element;
    const Element& right = swapped ? element : *partner->second;
    const auto outcome = ApplyToElements(evaluator, expr, left, right);

    // As in Prometheus, a removal that is still pending for the operand is forgotten here.
    Element out{ResultLabels(expr, element.labels, partner->second->labels)};
    if (expr.return_bool) evaluator.DropName(&out);
    std::set<Labels>& taken = matched[group];
    if (matching.cardinality == Cardinality::kOneToOne && !taken.empty()) {
      return absl::InvalidArgumentError(
          "multiple matches for labels: many-to-one matching must be explicit "
          "(group_left/group_right)");
    }
    if (!taken.insert(out.labels).second) {
      return absl::InvalidArgumentError(
          "multiple matches for labels: grouping labels must ensure unique matches");
    }
    if (!outcome || (!outcome->holds && !expr.return_bool)) continue;
    out.value = expr.return_bool ? (outcome->holds ? 1 : 0) : outcome->value;
    out.histogram = expr.return_bool ? nullptr : outcome->histogram;
    result.push_back(std::move(out));
  }
  return result;
}

}  // namespace

absl::StatusOr<Value> Binary(Evaluator& evaluator, const promql::BinaryExpr& expr, Value lhs,
                             Value rhs) {
  const bool left_scalar = lhs.type == ValueType::kScalar;
  const bool right_scalar = rhs.type == ValueType::kScalar;
  if (left_scalar && right_scalar && promql::IsTrim(expr.op)) {
    return absl::InvalidArgumentError(absl::StrCat("operator \"", promql::BinaryOpName(expr.op),
                                                   "\" not allowed for Scalar operations"));
  }
  if (left_scalar && right_scalar) return ScalarValue(Apply(expr.op, lhs.scalar, rhs.scalar));
  if (left_scalar) {
    return VectorValue(VectorWithScalar(evaluator, expr, rhs.vector, lhs.scalar, true));
  }
  if (right_scalar) {
    return VectorValue(VectorWithScalar(evaluator, expr, lhs.vector, rhs.scalar, false));
  }
  if (promql::IsSetOperator(expr.op)) {
    return VectorValue(SetOperation(expr.op, *expr.matching, lhs.vector, rhs.vector));
  }
  TOCSIN_ASSIGN_OR_RETURN(auto vector, VectorWithVector(evaluator, expr, lhs.vector, rhs.vector));
  return VectorValue(std::move(vector));
}

}  // namespace tocsin::naive
