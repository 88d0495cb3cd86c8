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

bool IsRangeFunction(absl::string_view name) {
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

OperatorPtr MakeRangeFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                              OperatorPtr param, bool delayed_name_removal) {
  const NameRule drop = DropRule(delayed_name_removal);
  if (auto op = MakeCounterFunction(name, range, drop)) return op;
  if (auto op = MakeEndFunction(name, range, drop)) return op;
  if (auto op = MakeMomentFunction(name, range, drop)) return op;
  if (auto op = MakeOrderFunction(name, range, param, drop)) return op;
  return MakeRegressionFunction(name, range, param, drop);
}

}  // namespace tocsin::engine
