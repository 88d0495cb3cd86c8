#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/histogram/text.h"
#include "base/status_macros.h"
#include "rules/promql/number.h"
#include "rules/promql/quote.h"
#include "tests/support/naive/evaluator.h"
#include "tests/support/naive/histogram_fold.h"
#include "tests/support/naive/math.h"

namespace tocsin::naive {
namespace {

using promql::AggregateOp;

// A group keeps its elements in input order; groups come in the order of their first element.
struct Group {
  Labels labels;
  std::vector<Element> elements;
};

Labels GroupLabels(const promql::AggregateExpr& expr, const Labels& labels) {
  LabelsBuilder builder(labels);
  if (expr.without) return builder.Drop(expr.grouping).Delete(kMetricName).Build();
  return builder.Keep(expr.grouping).Build();
}

std::vector<Group> MakeGroups(const promql::AggregateExpr& expr,
                              const std::vector<Element>& elements) {
  std::vector<Group> groups;
  std::map<Labels, size_t> index;
  for (const Element& element : elements) {
    const Labels labels = GroupLabels(expr, element.labels);
    const auto [found, added] = index.emplace(labels, groups.size());
    if (added) groups.push_back({labels, {}});
    groups[found->second].elements.push_back(element);
  }
  return groups;
}

std::vector<double> ValuesOf(const Group& group) {
  std::vector<double> values;
  for (const Element& element : group.elements) values.push_back(element.value);
  return values;
}

double Reduce(AggregateOp op, const std::vector<double>& values, double param) {
  switch (op) {
    case AggregateOp::kSum:
      return Sum(values);
    case AggregateOp::kAvg:
      return Mean(values);
    case AggregateOp::kMin:
      return Min(values);
    case AggregateOp::kMax:
      return Max(values);
    case AggregateOp::kCount:
      return static_cast<double>(values.size());
    case AggregateOp::kGroup:
      return 1;
    case AggregateOp::kStddev:
      return std::sqrt(Variance(values));
    case AggregateOp::kStdvar:
      return Variance(values);
    case AggregateOp::kQuantile:
      return Quantile(param, values);
    default:
      return 0;
  }
}

// The first k of each group by value, NaN behind all others.
std::vector<Element> TopK(std::vector<Group> groups, double k, bool top) {
  std::vector<Element> result;
  for (Group& group : groups) {
    std::stable_sort(group.elements.begin(), group.elements.end(),
                     [top](const Element& a, const Element& b) {
                       if (std::isnan(a.value) || std::isnan(b.value)) {
                         return !std::isnan(a.value) && std::isnan(b.value);
                       }
                       return top ? a.value > b.value : a.value < b.value;
                     });
    const double count = std::min(std::floor(k), static_cast<double>(group.elements.size()));
    for (size_t i = 0; static_cast<double>(i) < count; ++i) result.push_back(group.elements[i]);
  }
  return result;
}

bool IsUtf8(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80             ? 1
                          : (lead & 0xe0) == 0xc0 ? 2
                          : (lead & 0xf0) == 0xe0 ? 3
                          : (lead & 0xf8) == 0xf0 ? 4
                                                  : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (size_t j = 1; j < length; ++j) {
      if ((static_cast<unsigned char>(text[i + j]) & 0xc0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

absl::StatusOr<std::vector<Element>> CountValues(const promql::AggregateExpr& expr,
                                                 const std::vector<Element>& elements,
                                                 const std::string& label) {
  if (label.empty() || !IsUtf8(label)) {
    return absl::InvalidArgumentError(absl::StrCat("invalid label name ", promql::Quote(label)));
  }
  std::map<Labels, Element> counts;
  for (const Element& element : elements) {
    const std::string text =
        element.histogram ? HistogramText(*element.histogram) : promql::FormatNumber(element.value);
    const Labels labels = LabelsBuilder(GroupLabels(expr, element.labels)).Set(label, text).Build();
    Element& count = counts[labels];
    count.labels = labels;
    count.value += 1;
    count.drop_name = count.drop_name || element.drop_name;
  }
  std::vector<Element> result;
  for (auto& [labels, count] : counts) result.push_back(std::move(count));
  return result;
}

absl::StatusOr<std::vector<Element>> LargestOrSmallest(const promql::AggregateExpr& expr,
                                                       const std::vector<Element>& elements,
                                                       double k) {
  if (std::isnan(k)) return absl::InvalidArgumentError("Parameter value is NaN");
  return TopK(MakeGroups(expr, elements), k, expr.op == AggregateOp::kTopk);
}

bool IgnoresHistograms(AggregateOp op) {
  switch (op) {
    case AggregateOp::kMin:
    case AggregateOp::kMax:
    case AggregateOp::kStddev:
    case AggregateOp::kStdvar:
    case AggregateOp::kQuantile:
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
      return true;
    default:
      return false;
  }
}

// The sum or average of histograms; null, with a warning, if they cannot be added.
HistogramPtr Fold(Evaluator& evaluator, const promql::AggregateExpr& expr,
                  const std::vector<Element>& elements) {
  std::vector<HistogramPtr> histograms;
  for (const Element& element : elements) histograms.push_back(element.histogram);
  const HistogramFold fold = FoldHistograms(histograms, expr.op == AggregateOp::kAvg);
  if (fold.failed_at) {
    evaluator.Warn(MixedSchemas(elements[*fold.failed_at].labels), *expr.expr);
    return nullptr;
  }
  if (fold.reset_collision) {
    evaluator.Warn("conflicting counter resets during histogram aggregation", *expr.expr);
  }
  if (fold.bounds_reconciled) {
    evaluator.Info("mismatched custom buckets were reconciled during aggregation", *expr.expr);
  }
  return fold.result;
}

}  // namespace

absl::StatusOr<Value> Aggregate(Evaluator& evaluator, const promql::AggregateExpr& expr,
                                const Value& all, const Value& param) {
  Value input = all;
  if (IgnoresHistograms(expr.op)) {
    input.vector = Floats(all.vector);
    const bool ranking = expr.op == AggregateOp::kTopk || expr.op == AggregateOp::kBottomk;
    if (input.vector.size() != all.vector.size()) {
      evaluator.Info(
          absl::StrCat("ignored histogram in ", promql::AggregateOpName(expr.op), " aggregation"),
          ranking ? static_cast<const promql::Expr&>(expr) : *expr.expr);
    }
  }
  switch (expr.op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk: {
      TOCSIN_ASSIGN_OR_RETURN(auto vector, LargestOrSmallest(expr, input.vector, param.scalar));
      return VectorValue(std::move(vector));
    }
    case AggregateOp::kCountValues: {
      TOCSIN_ASSIGN_OR_RETURN(auto vector, CountValues(expr, input.vector, param.text));
      return VectorValue(std::move(vector));
    }
    case AggregateOp::kLimitk:
    case AggregateOp::kLimitRatio:
      return absl::UnimplementedError(
          absl::StrCat("not supported yet: ", promql::AggregateOpName(expr.op)));
    case AggregateOp::kQuantile:
      if (!(param.scalar >= 0 && param.scalar <= 1)) {
        evaluator.Warn(absl::StrCat("quantile value should be between 0 and 1, got ",
                                    promql::FormatNumber(param.scalar)),
                       *expr.param);
      }
      break;
    default:
      break;
  }
  std::vector<Element> result;
  for (const Group& group : MakeGroups(expr, input.vector)) {
    Element element{group.labels, Reduce(expr.op, ValuesOf(group), param.scalar)};
    const bool folds = expr.op == AggregateOp::kSum || expr.op == AggregateOp::kAvg;
    const size_t histograms = Histograms(group.elements).size();
    if (folds && histograms > 0) {
      if (histograms < group.elements.size()) {
        evaluator.Warn("encountered a mix of histograms and floats for aggregation", *expr.expr);
        continue;
      }
      element.histogram = Fold(evaluator, expr, group.elements);
      if (!element.histogram) continue;
    }
    for (const Element& member : group.elements) {
      element.drop_name = element.drop_name || member.drop_name;
    }
    result.push_back(std::move(element));
  }
  return VectorValue(std::move(result));
}

}  // namespace tocsin::naive
