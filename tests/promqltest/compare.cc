#include "tests/promqltest/compare.h"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/histogram/text.h"

namespace tocsin::promqltest {
namespace {

using Kind = Expectation::Kind;
using promql::ValueType;

// Per series its values, one per step.
using Rows = std::map<Labels, notation::Values>;

std::string Show(const std::optional<notation::Value>& value) {
  if (!value.has_value()) return "_";
  return value->histogram ? HistogramNotation(*value->histogram) : absl::StrCat(value->number);
}

std::string Show(const notation::Values& values) {
  return absl::StrJoin(values, " ",
                       [](std::string* out, const std::optional<notation::Value>& value) {
                         out->append(Show(value));
                       });
}

bool AlmostEqualBuckets(const std::vector<HistogramBucket>& a,
                        const std::vector<HistogramBucket>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const HistogramBucket& x, const HistogramBucket& y) {
                      return x.index == y.index && promqltest::AlmostEqual(x.count, y.count);
                    });
}

// Equal but for empty buckets and rounding. The counter reset counts if the expectation names it.
bool Fits(const notation::Value& expected, const NativeHistogram& actual) {
  NativeHistogram a = *expected.histogram, b = actual;
  Compact(a);
  Compact(b);
  const bool same_layout = a.schema == b.schema && a.zero_threshold == b.zero_threshold &&
                           (!a.has_custom_buckets() || a.custom_bounds == b.custom_bounds);
  return same_layout && promqltest::AlmostEqual(a.count, b.count) &&
         promqltest::AlmostEqual(a.sum, b.sum) &&
         promqltest::AlmostEqual(a.zero_count, b.zero_count) &&
         AlmostEqualBuckets(a.positive, b.positive) && AlmostEqualBuckets(a.negative, b.negative) &&
         (!expected.names_reset || a.counter_reset == b.counter_reset);
}

bool Fits(const std::optional<notation::Value>& expected,
          const std::optional<notation::Value>& actual) {
  if (!expected || !actual) return expected.has_value() == actual.has_value();
  if (!expected->histogram || !actual->histogram) {
    return !expected->histogram && !actual->histogram &&
           promqltest::AlmostEqual(expected->number, actual->number);
  }
  return Fits(*expected, *actual->histogram);
}

notation::Value ValueOf(double value, const HistogramPtr& histogram) {
  return histogram ? notation::Value(histogram, false) : notation::Value(value);
}

void FillUp(size_t steps, notation::Values* values) {
  if (values->size() < steps) values->resize(steps);
}

std::string CompareRows(Rows expected, Rows actual, size_t steps) {
  for (auto& [labels, values] : actual) {
    const auto found = expected.find(labels);
    FillUp(steps, &values);
    if (found == expected.end()) {
      return absl::StrCat("unexpected ", labels.ToString(), " ", Show(values));
    }
    FillUp(steps, &found->second);
    for (size_t i = 0; i < std::max(values.size(), found->second.size()); ++i) {
      const bool both = i < values.size() && i < found->second.size();
      if (both && Fits(found->second[i], values[i])) continue;
      return absl::StrCat(labels.ToString(), ": expected ", Show(found->second), ", got ",
                          Show(values));
    }
  }
  for (auto& [labels, values] : expected) {
    bool any = false;
    for (const auto& value : values) any = any || value.has_value();
    if (any && actual.count(labels) == 0) {
      return absl::StrCat("expected ", labels.ToString(), " ", Show(values), ", got nothing");
    }
  }
  return "";
}

Rows ExpectedRows(const Eval& eval) {
  Rows rows;
  for (const ExpectedRow& row : eval.rows) rows[row.labels] = row.values;
  return rows;
}

std::string CompareScalar(const Eval& eval, double value) {
  const bool well_formed = eval.rows.size() == 1 && eval.rows[0].is_number;
  if (!well_formed) return absl::StrCat("got the scalar ", value);
  const double expected = eval.rows[0].values[0].value_or(0).number;
  if (AlmostEqual(expected, value)) return "";
  return absl::StrCat("expected ", expected, ", got ", value);
}

std::string CompareOrder(const Eval& eval, const std::vector<naive::Element>& vector) {
  for (size_t i = 0; i < vector.size() && i < eval.rows.size(); ++i) {
    if (vector[i].labels == eval.rows[i].labels) continue;
    return absl::StrCat("at place ", i + 1, ": expected ", eval.rows[i].labels.ToString(), ", got ",
                        vector[i].labels.ToString());
  }
  return "";
}

std::string CompareVector(const Eval& eval, const std::vector<naive::Element>& vector,
                          bool check_order) {
  Rows actual;
  for (const naive::Element& element : vector) {
    notation::Values& values = actual[element.labels];
    if (!values.empty()) return absl::StrCat("twice in the result: ", element.labels.ToString());
    values.emplace_back(ValueOf(element.value, element.histogram));
  }
  for (const ExpectedRow& row : eval.rows) {
    if (row.is_number) return "expected a scalar, got an instant vector";
  }
  std::string difference = CompareRows(ExpectedRows(eval), actual, 1);
  if (difference.empty() && check_order && eval.ordered) difference = CompareOrder(eval, vector);
  return difference;
}

std::string CompareMatrix(const Eval& eval, const std::vector<naive::Series>& matrix) {
  if (!eval.range_vector.has_value()) return "got a range vector";
  const Steps& steps = *eval.range_vector;
  const size_t count = static_cast<size_t>((steps.end - steps.start) / steps.step) + 1;
  Rows actual;
  for (const naive::Series& series : matrix) {
    notation::Values& values = actual[series.labels];
    FillUp(count, &values);
    for (const naive::Point& sample : series.samples) {
      const absl::Duration since = Timestamp::FromMillis(sample.time_ms) - steps.start;
      const int64_t place = since / steps.step;
      const bool on_step = since >= absl::ZeroDuration() && place * steps.step == since;
      if (!on_step || static_cast<size_t>(place) >= count) {
        return absl::StrCat(series.labels.ToString(), ": unexpected sample at ", sample.time_ms,
                            " ms");
      }
      values[static_cast<size_t>(place)] = ValueOf(sample.value, sample.histogram);
    }
  }
  return CompareRows(ExpectedRows(eval), actual, count);
}

bool Fits(const Expectation& expectation, const std::string& text) {
  switch (expectation.match) {
    case Expectation::Match::kAnything:
      return true;
    case Expectation::Match::kText:
      return text == expectation.text;
    case Expectation::Match::kRegex:
      break;
  }
  return RE2::PartialMatch(text, expectation.text);
}

// Any expectation of a kind lists all there may be of it.
std::string CompareNotesOf(const Eval& eval, Kind kind, Kind none,
                           const std::vector<std::string>& notes, const char* word) {
  std::vector<const Expectation*> wanted;
  for (const Expectation& expectation : eval.expectations) {
    if (expectation.kind == none && !notes.empty()) {
      return absl::StrCat("expected no ", word, ", got: ", notes.front());
    }
    if (expectation.kind == kind) wanted.push_back(&expectation);
  }
  if (wanted.empty()) return "";
  for (const Expectation* expectation : wanted) {
    bool found = false;
    for (const std::string& note : notes) found = found || Fits(*expectation, note);
    if (!found) {
      return absl::StrCat("expected ", word, " ", expectation->text,
                          ", got: ", notes.empty() ? "none" : absl::StrJoin(notes, "; "));
    }
  }
  for (const std::string& note : notes) {
    bool found = false;
    for (const Expectation* expectation : wanted) found = found || Fits(*expectation, note);
    if (!found) return absl::StrCat("unexpected ", word, ": ", note);
  }
  return "";
}

}  // namespace

bool AlmostEqual(double a, double b) {
  constexpr double kEpsilon = 1e-6;
  constexpr double kMinNormal = std::numeric_limits<double>::min();
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  const double sum = std::abs(a) + std::abs(b);
  const double difference = std::abs(a - b);
  if (a == 0 || b == 0 || sum < kMinNormal) return difference < kEpsilon * kMinNormal;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kEpsilon;
}

std::string CompareInstant(const Eval& eval, const naive::Value& value, bool check_order) {
  if (eval.text.has_value() != (value.type == ValueType::kString)) {
    return absl::StrCat("got a ", promql::ValueTypeName(value.type));
  }
  switch (value.type) {
    case ValueType::kString:
      if (value.text == *eval.text) return "";
      return absl::StrCat("expected string \"", *eval.text, "\", got \"", value.text, "\"");
    case ValueType::kScalar:
      return CompareScalar(eval, value.scalar);
    case ValueType::kVector:
      return CompareVector(eval, value.vector, check_order);
    case ValueType::kMatrix:
      break;
  }
  return CompareMatrix(eval, value.matrix);
}

std::string CompareRange(const Eval& eval, const std::vector<Timestamp>& times,
                         const std::vector<Outcome>& outcomes) {
  Rows actual;
  for (size_t step = 0; step < outcomes.size(); ++step) {
    const naive::Value& value = outcomes[step].value;
    std::vector<naive::Element> elements = value.vector;
    if (value.type == ValueType::kScalar) elements = {{Labels(), value.scalar}};
    for (const naive::Element& element : elements) {
      notation::Values& values = actual[element.labels];
      FillUp(times.size(), &values);
      values[step] = ValueOf(element.value, element.histogram);
    }
  }
  return CompareRows(ExpectedRows(eval), actual, times.size());
}

std::string CompareNotes(const Eval& eval, const naive::Annotations& notes) {
  std::string difference =
      CompareNotesOf(eval, Kind::kWarn, Kind::kNoWarn, notes.warnings, "warning");
  if (!difference.empty()) return difference;
  return CompareNotesOf(eval, Kind::kInfo, Kind::kNoInfo, notes.infos, "info");
}

bool ExpectsFailure(const Eval& eval) {
  for (const Expectation& expectation : eval.expectations) {
    if (expectation.kind == Kind::kFail) return true;
  }
  return false;
}

std::string CompareError(const Eval& eval, const absl::Status& error) {
  const std::string message(error.message());
  if (!ExpectsFailure(eval) || absl::IsUnimplemented(error)) return message;
  for (const Expectation& expectation : eval.expectations) {
    if (expectation.kind != Kind::kFail || Fits(expectation, message)) continue;
    return absl::StrCat("expected to fail with: ", expectation.text, ", but got: ", message);
  }
  return "";
}

}  // namespace tocsin::promqltest
