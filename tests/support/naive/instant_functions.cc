#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "tests/support/naive/evaluator.h"

// Functions of scalars and instant vectors that look at values only.
namespace tocsin::naive {
namespace {

using promql::ValueType;
using Mapping = std::function<double(double)>;

constexpr double kPi = 3.14159265358979323846;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double Sign(double v) {
  if (v < 0) return -1;
  if (v > 0) return 1;
  return v;
}

absl::CivilSecond Civil(double seconds) {
  return absl::ToCivilSecond(absl::FromUnixSeconds(static_cast<int64_t>(seconds)),
                             absl::UTCTimeZone());
}

double DayOfWeek(double v) {
  // absl counts from Monday, PromQL from Sunday.
  return (static_cast<int>(absl::GetWeekday(Civil(v))) + 1) % 7;
}

double DaysInMonth(double v) {
  const absl::CivilMonth month(Civil(v));
  return static_cast<double>(absl::CivilDay(month + 1) - absl::CivilDay(month));
}

const std::map<std::string, Mapping>& DateFunctions() {
  static const std::map<std::string, Mapping> functions = {
      {"minute", [](double v) { return Civil(v).minute(); }},
      {"hour", [](double v) { return Civil(v).hour(); }},
      {"day_of_month", [](double v) { return Civil(v).day(); }},
      {"day_of_week", DayOfWeek},
      {"day_of_year", [](double v) { return absl::GetYearDay(Civil(v)); }},
      {"days_in_month", DaysInMonth},
      {"month", [](double v) { return Civil(v).month(); }},
      {"year", [](double v) { return static_cast<double>(Civil(v).year()); }},
  };
  return functions;
}

const std::map<std::string, Mapping>& Mappings() {
  using D = double;
  static const std::map<std::string, Mapping> mappings = {
      {"abs", [](D v) { return std::fabs(v); }},
      {"ceil", [](D v) { return std::ceil(v); }},
      {"floor", [](D v) { return std::floor(v); }},
      {"sqrt", [](D v) { return std::sqrt(v); }},
      {"exp", [](D v) { return std::exp(v); }},
      {"ln", [](D v) { return std::log(v); }},
      {"log2", [](D v) { return std::log2(v); }},
      {"log10", [](D v) { return std::log10(v); }},
      {"sgn", Sign},
      {"sin", [](D v) { return std::sin(v); }},
      {"cos", [](D v) { return std::cos(v); }},
      {"tan", [](D v) { return std::tan(v); }},
      {"asin", [](D v) { return std::asin(v); }},
      {"acos", [](D v) { return std::acos(v); }},
      {"atan", [](D v) { return std::atan(v); }},
      {"sinh", [](D v) { return std::sinh(v); }},
      {"cosh", [](D v) { return std::cosh(v); }},
      {"tanh", [](D v) { return std::tanh(v); }},
      {"asinh", [](D v) { return std::asinh(v); }},
      {"acosh", [](D v) { return std::acosh(v); }},
      {"atanh", [](D v) { return std::atanh(v); }},
      {"deg", [](D v) { return v * 180 / kPi; }},
      {"rad", [](D v) { return v * kPi / 180; }},
  };
  return mappings;
}

Value MapVector(const Evaluator& evaluator, std::vector<Element> vector, const Mapping& mapping) {
  for (Element& element : vector) {
    element.value = mapping(element.value);
    evaluator.DropName(&element);
  }
  return VectorValue(std::move(vector));
}

double AtLeast(double min, double v) {
  if (min == INFINITY || v == INFINITY) return INFINITY;  // even of NaN
  if (std::isnan(min) || std::isnan(v)) return kNan;
  return std::max(min, v);
}

double AtMost(double max, double v) {
  if (max == -INFINITY || v == -INFINITY) return -INFINITY;
  if (std::isnan(max) || std::isnan(v)) return kNan;
  return std::min(max, v);
}

Value Clamp(const Evaluator& evaluator, const std::vector<Element>& vector, double min,
            double max) {
  if (min > max) return VectorValue({});
  return MapVector(evaluator, vector, [=](double v) { return AtLeast(min, AtMost(max, v)); });
}

Value Round(const Evaluator& evaluator, const Call& call) {
  // Multiplying by the inverse is how PromQL defines it; dividing gives other last digits.
  const double inverse = 1 / (call.args.size() > 1 ? call.args[1].scalar : 1.0);
  return MapVector(evaluator, call.args[0].vector,
                   [=](double v) { return std::floor(v * inverse + 0.5) / inverse; });
}

Value Sorted(std::vector<Element> vector, bool descending) {
  std::stable_sort(vector.begin(), vector.end(), [&](const Element& a, const Element& b) {
    if (std::isnan(a.value) || std::isnan(b.value)) {
      return !std::isnan(a.value) && std::isnan(b.value);
    }
    return descending ? a.value > b.value : a.value < b.value;
  });
  return VectorValue(std::move(vector));
}

}  // namespace

absl::StatusOr<Value> InstantFunction(Evaluator& evaluator, const Call& call) {
  const std::string name = call.expr.function->name;
  const double now = static_cast<double>(call.t_ms) / 1000;
  if (name == "time") return ScalarValue(now);
  if (name == "pi") return ScalarValue(kPi);
  if (const auto date = DateFunctions().find(name); date != DateFunctions().end()) {
    if (call.args.empty()) return VectorValue({{Labels(), date->second(now)}});
    return MapVector(evaluator, call.args[0].vector, date->second);
  }
  if (call.args.empty()) return absl::UnimplementedError("");

  const std::vector<Element>& vector = call.args[0].vector;
  if (name == "vector") return VectorValue({{Labels(), call.args[0].scalar}});
  if (name == "scalar") return ScalarValue(vector.size() == 1 ? vector[0].value : kNan);
  if (name == "timestamp") return MapVector(evaluator, vector, [=](double) { return now; });
  if (name == "round") return Round(evaluator, call);
  if (name == "sort" || name == "sort_desc") return Sorted(vector, name == "sort_desc");
  if (name == "clamp") return Clamp(evaluator, vector, call.args[1].scalar, call.args[2].scalar);
  if (name == "clamp_min") {
    const double min = call.args[1].scalar;
    return MapVector(evaluator, vector, [=](double v) { return AtLeast(min, v); });
  }
  if (name == "clamp_max") {
    const double max = call.args[1].scalar;
    return MapVector(evaluator, vector, [=](double v) { return AtMost(max, v); });
  }
  const auto mapping = Mappings().find(name);
  if (mapping == Mappings().end()) return absl::UnimplementedError("");
  return MapVector(evaluator, vector, mapping->second);
}

}  // namespace tocsin::naive
