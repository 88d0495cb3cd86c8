#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
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

// Only floats have a value to map.
Value MapVector(const Evaluator& evaluator, const std::vector<Element>& all,
                const Mapping& mapping) {
  std::vector<Element> vector = Floats(all);
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

Value Sorted(const std::vector<Element>& all, bool descending) {
  std::vector<Element> vector = Floats(all);
  std::stable_sort(vector.begin(), vector.end(), [&](const Element& a, const Element& b) {
    if (std::isnan(a.value) || std::isnan(b.value)) {
      return !std::isnan(a.value) && std::isnan(b.value);
    }
    return descending ? a.value > b.value : a.value < b.value;
  });
  return VectorValue(std::move(vector));
}

// The number at the front of *text, as its digits without leading zeros; takes it off.
std::string TakeNumber(absl::string_view* text) {
  size_t end = 0;
  while (end < text->size() && absl::ascii_isdigit((*text)[end])) ++end;
  const std::string digits(text->substr(0, end));
  text->remove_prefix(end);
  const size_t first = digits.find_first_not_of('0');
  return first == std::string::npos ? "" : digits.substr(first);
}

// Runs of digits are compared as numbers, everything else as bytes.
bool NaturallyLess(absl::string_view a, absl::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (absl::ascii_isdigit(a[0]) && absl::ascii_isdigit(b[0])) {
      const std::string x = TakeNumber(&a), y = TakeNumber(&b);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
      continue;
    }
    if (a[0] != b[0]) return static_cast<unsigned char>(a[0]) < static_cast<unsigned char>(b[0]);
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.empty() && !b.empty();
}

Value SortedByLabels(std::vector<Element> vector, const Call& call, bool descending) {
  const auto less = [&](const Element& a, const Element& b) {
    for (size_t i = 1; i < call.args.size(); ++i) {
      const std::string& name = call.args[i].text;
      if (a.labels.Get(name) == b.labels.Get(name)) continue;
      return NaturallyLess(a.labels.Get(name), b.labels.Get(name));
    }
    return a.labels < b.labels;
  };
  std::sort(vector.begin(), vector.end(), [&](const Element& a, const Element& b) {
    return descending ? less(b, a) : less(a, b);
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
  if (name == "scalar") {
    const std::vector<Element> floats = Floats(vector);
    return ScalarValue(floats.size() == 1 ? floats[0].value : kNan);
  }
  if (name == "timestamp") {
    std::vector<Element> times;
    for (Element element : vector) {
      element.histogram = nullptr;
      times.push_back(std::move(element));
    }
    return MapVector(evaluator, times, [=](double) { return now; });
  }
  if (name == "round") return Round(evaluator, call);
  if (absl::StartsWith(name, "sort") && evaluator.in_range_query()) {
    evaluator.Warn(
        "sort is ineffective for range queries since results are always ordered by labels",
        call.expr);
  }
  if (absl::StartsWith(name, "sort_by_label")) {
    return SortedByLabels(vector, call, name == "sort_by_label_desc");
  }
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
