#include "engine/query/range_function.h"

#include <algorithm>
#include <array>

namespace tocsin::engine {
namespace {

constexpr std::array<absl::string_view, 25> kNames = {"avg_over_time",
                                                      "changes",
                                                      "count_over_time",
                                                      "delta",
                                                      "deriv",
                                                      "first_over_time",
                                                      "idelta",
                                                      "increase",
                                                      "irate",
                                                      "last_over_time",
                                                      "mad_over_time",
                                                      "max_over_time",
                                                      "min_over_time",
                                                      "predict_linear",
                                                      "present_over_time",
                                                      "quantile_over_time",
                                                      "rate",
                                                      "resets",
                                                      "stddev_over_time",
                                                      "stdvar_over_time",
                                                      "sum_over_time",
                                                      "ts_of_first_over_time",
                                                      "ts_of_last_over_time",
                                                      "ts_of_max_over_time",
                                                      "ts_of_min_over_time"};

}  // namespace

HistogramRange::Result RangeOperator::ComputeMixed(size_t row, const Samples& samples,
                                                   const RangeVector::View& range) {
  using Type = HistogramRange::Result::Type;
  const auto metric = [&] { return std::string(input(0).LabelsOf(row).metric_name()); };
  HistogramRange::Result result = histograms_.Compute(samples, range, metric, notes_);
  if (result.type == Type::kFloat) frame_.Set(row, result.value);
  if (result.type == Type::kHistogram) frame_.SetHistogram(row, result.histogram);
  return result;
}

bool IsRangeFunction(absl::string_view name) {
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

OperatorPtr MakeRangeFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                              OperatorPtr param, bool delayed_name_removal) {
  const NameRule drop = DropRule(delayed_name_removal);
  OperatorPtr op = MakeCounterFunction(name, range, drop);
  if (op == nullptr) op = MakeEndFunction(name, range, drop);
  if (op == nullptr) op = MakeMomentFunction(name, range, drop);
  if (op == nullptr) op = MakeOrderFunction(name, range, param, drop);
  if (op == nullptr) op = MakeRegressionFunction(name, range, param, drop);
  if (op != nullptr) {
    static_cast<RangeOperator&>(*op).SetHistogramKind(HistogramRange::KindOf(name));
  }
  return op;
}

}  // namespace tocsin::engine
