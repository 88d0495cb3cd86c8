#include "rules/promql/functions.h"

#include <algorithm>

namespace tocsin::promql {
namespace {

constexpr ValueType kS = ValueType::kScalar;
constexpr ValueType kV = ValueType::kVector;
constexpr ValueType kM = ValueType::kMatrix;
constexpr ValueType kT = ValueType::kString;

constexpr int kRepeats = -1;

// Sorted by name; FindFunction relies on it.
std::vector<Function> MakeFunctions() {
  return {
      {"abs", {kV}},
      {"absent", {kV}},
      {"absent_over_time", {kM}},
      {"acos", {kV}},
      {"acosh", {kV}},
      {"asin", {kV}},
      {"asinh", {kV}},
      {"atan", {kV}},
      {"atanh", {kV}},
      {"avg_over_time", {kM}},
      {"ceil", {kV}},
      {"changes", {kM}},
      {"clamp", {kV, kS, kS}},
      {"clamp_max", {kV, kS}},
      {"clamp_min", {kV, kS}},
      {"cos", {kV}},
      {"cosh", {kV}},
      {"count_over_time", {kM}},
      {"day_of_month", {kV}, 1},
      {"day_of_week", {kV}, 1},
      {"day_of_year", {kV}, 1},
      {"days_in_month", {kV}, 1},
      {"deg", {kV}},
      {"delta", {kM}},
      {"deriv", {kM}},
      {"double_exponential_smoothing", {kM, kS, kS}, 0, kV, true},
      {"end", {}, 0, kS, true},
      {"exp", {kV}},
      {"first_over_time", {kM}},
      {"floor", {kV}},
      {"histogram_avg", {kV}},
      {"histogram_count", {kV}},
      {"histogram_fraction", {kS, kS, kV}},
      {"histogram_quantile", {kS, kV}},
      // One to ten quantiles.
      {"histogram_quantiles", {kV, kT, kS, kS, kS, kS, kS, kS, kS, kS, kS, kS}, 9, kV, true},
      {"histogram_stddev", {kV}},
      {"histogram_stdvar", {kV}},
      {"histogram_sum", {kV}},
      {"hour", {kV}, 1},
      {"idelta", {kM}},
      {"increase", {kM}},
      {"info", {kV, kV}, 1, kV, true},
      {"irate", {kM}},
      {"label_join", {kV, kT, kT, kT}, kRepeats},
      {"label_replace", {kV, kT, kT, kT, kT}},
      {"last_over_time", {kM}},
      {"ln", {kV}},
      {"log10", {kV}},
      {"log2", {kV}},
      {"mad_over_time", {kM}, 0, kV, true},
      {"max_of", {kS, kS}, 0, kS, true},
      {"max_over_time", {kM}},
      {"min_of", {kS, kS}, 0, kS, true},
      {"min_over_time", {kM}},
      {"minute", {kV}, 1},
      {"month", {kV}, 1},
      {"pi", {}, 0, kS},
      {"predict_linear", {kM, kS}},
      {"present_over_time", {kM}},
      {"quantile_over_time", {kS, kM}},
      {"rad", {kV}},
      {"range", {}, 0, kS, true},
      {"rate", {kM}},
      {"resets", {kM}},
      {"round", {kV, kS}, 1},
      {"scalar", {kV}, 0, kS},
      {"sgn", {kV}},
      {"sin", {kV}},
      {"sinh", {kV}},
      {"sort", {kV}},
      {"sort_by_label", {kV, kT}, kRepeats, kV, true},
      {"sort_by_label_desc", {kV, kT}, kRepeats, kV, true},
      {"sort_desc", {kV}},
      {"sqrt", {kV}},
      {"start", {}, 0, kS, true},
      {"start_timestamp", {kV}, 0, kV, true},
      {"stddev_over_time", {kM}},
      {"stdvar_over_time", {kM}},
      {"step", {}, 0, kS, true},
      {"sum_over_time", {kM}},
      {"tan", {kV}},
      {"tanh", {kV}},
      {"time", {}, 0, kS},
      {"timestamp", {kV}},
      {"ts_of_first_over_time", {kM}, 0, kV, true},
      {"ts_of_last_over_time", {kM}, 0, kV, true},
      {"ts_of_max_over_time", {kM}, 0, kV, true},
      {"ts_of_min_over_time", {kM}, 0, kV, true},
      {"vector", {kS}},
      {"year", {kV}, 1},
  };
}

}  // namespace

const std::vector<Function>& AllFunctions() {
  static const auto* const functions = new std::vector<Function>(MakeFunctions());
  return *functions;
}

const Function* FindFunction(absl::string_view name) {
  const std::vector<Function>& all = AllFunctions();
  const auto it =
      std::lower_bound(all.begin(), all.end(), name,
                       [](const Function& f, absl::string_view wanted) { return f.name < wanted; });
  return it != all.end() && it->name == name ? &*it : nullptr;
}

}  // namespace tocsin::promql
