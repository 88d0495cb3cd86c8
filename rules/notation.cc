#include "rules/notation.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/sample.h"
#include "base/status_macros.h"
#include "rules/notation_histogram.h"
#include "rules/promql/parser.h"

namespace tocsin::notation {
namespace {

absl::Status Bad(absl::string_view what, absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(what, ": \"", text, "\""));
}

bool IsBlank(char c) {
  return c == ' ' || c == '\t';
}

size_t DigitsAt(absl::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && absl::ascii_isdigit(text[end])) ++end;
  return end - at;
}

// Length of `digits[.digits][e[sign]digits]` at the front; 0 if there is none. Hand-made because
// `0x2` is two repetitions of 0 here, not hexadecimal.
size_t DecimalLength(absl::string_view text) {
  size_t end = DigitsAt(text, 0);
  size_t digits = end;
  if (end < text.size() && text[end] == '.') {
    const size_t fraction = DigitsAt(text, end + 1);
    digits += fraction;
    end += 1 + fraction;
  }
  if (digits == 0) return 0;
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    const size_t length = DigitsAt(text, exponent);
    if (length > 0) end = exponent + length;
  }
  return end;
}

}  // namespace

std::optional<double> TakeNumber(absl::string_view* text) {
  absl::string_view rest = *text;
  double sign = 1;
  if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) {
    sign = rest[0] == '-' ? -1 : 1;
    rest.remove_prefix(1);
  }
  double value = 0;
  if (absl::StartsWithIgnoreCase(rest, "inf")) {
    value = std::numeric_limits<double>::infinity();
    rest.remove_prefix(3);
  } else if (absl::StartsWithIgnoreCase(rest, "nan")) {
    value = std::numeric_limits<double>::quiet_NaN();
    rest.remove_prefix(3);
  } else {
    const size_t length = DecimalLength(rest);
    if (length == 0 || !absl::SimpleAtod(rest.substr(0, length), &value)) return std::nullopt;
    rest.remove_prefix(length);
  }
  *text = rest;
  return sign * value;
}

namespace {

// Takes `xN` off the front; nullopt if something else is there.
std::optional<size_t> TakeTimes(absl::string_view* text) {
  if (text->empty() || (*text)[0] != 'x') return std::nullopt;
  const size_t digits = DigitsAt(*text, 1);
  uint64_t times = 0;
  if (digits == 0 || !absl::SimpleAtoi(text->substr(1, digits), &times)) return std::nullopt;
  text->remove_prefix(1 + digits);
  return times;
}

absl::Status CheckRoom(size_t count, const Values& out) {
  if (count <= kValuesMax && out.size() + count <= kValuesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("more than ", kValuesMax, " values"));
}

// Of `count` values those that still belong to the first `keep`.
size_t Kept(size_t count, size_t keep, const Values& out) {
  return std::min(count, keep - std::min(keep, out.size()));
}

absl::Status Append(std::optional<double> value, double step, size_t count, size_t keep,
                    Values* out) {
  count = Kept(count, keep, *out);
  TOCSIN_RETURN_IF_ERROR(CheckRoom(count, *out));
  for (size_t i = 0; i < count; ++i) {
    out->push_back(value);
    if (value.has_value() && step != 0) *value += step;
  }
  return absl::OkStatus();
}

// {{..}}, {{..}}xN, {{..}}+{{..}}xN, {{..}}-{{..}}xN
absl::Status ParseHistogramItem(absl::string_view item, size_t keep, Values* out) {
  absl::string_view rest = item;
  TOCSIN_ASSIGN_OR_RETURN(const HistogramLiteral first, TakeHistogram(&rest));
  if (rest.empty()) {
    if (Kept(1, keep, *out) == 1) out->emplace_back(Value(first.histogram, first.names_reset));
    return absl::OkStatus();
  }
  std::optional<HistogramLiteral> step;
  const bool negative = rest[0] == '-';
  if (rest[0] == '+' || negative) {
    rest.remove_prefix(1);
    TOCSIN_ASSIGN_OR_RETURN(step, TakeHistogram(&rest));
  }
  const auto times = TakeTimes(&rest);
  if (!times.has_value() || !rest.empty()) return Bad("not a value", item);
  const size_t count = Kept(*times + 1, keep, *out);
  TOCSIN_RETURN_IF_ERROR(CheckRoom(count, *out));
  const bool names_reset = step ? step->names_reset : first.names_reset;
  HistogramPtr histogram = first.histogram;
  for (size_t i = 0; i < count; ++i) {
    out->emplace_back(Value(histogram, names_reset));
    if (step && i + 1 < count) {
      TOCSIN_ASSIGN_OR_RETURN(histogram, Stepped(*histogram, *step->histogram, negative));
    }
  }
  return absl::OkStatus();
}

absl::Status ParseItem(absl::string_view item, size_t keep, Values* out) {
  absl::string_view rest = item;
  if (absl::ConsumePrefix(&rest, "_")) {
    if (rest.empty()) return Append(std::nullopt, 0, 1, keep, out);
    const auto times = TakeTimes(&rest);
    if (!times.has_value() || !rest.empty()) return Bad("not a value", item);
    return Append(std::nullopt, 0, *times, keep, out);
  }
  if (item == "stale") return Append(StaleMarker(), 0, 1, keep, out);
  const auto start = TakeNumber(&rest);
  if (!start.has_value()) return Bad("not a value", item);
  if (rest.empty()) return Append(*start, 0, 1, keep, out);
  double step = 0;
  if (rest[0] == '+' || rest[0] == '-') {
    const auto number = TakeNumber(&rest);
    if (!number.has_value()) return Bad("not a value", item);
    step = *number;
  }
  const auto times = TakeTimes(&rest);
  if (!times.has_value() || !rest.empty()) return Bad("not a value", item);
  return Append(*start, step, *times + 1, keep, out);
}

// Where the series at the front of `line` ends; npos if a brace is left open.
size_t SeriesLength(absl::string_view line) {
  size_t at = 0;
  while (at < line.size() && !IsBlank(line[at]) && line[at] != '{' && line[at] != '@') ++at;
  size_t brace = at;
  while (brace < line.size() && IsBlank(line[brace])) ++brace;
  if (brace == line.size() || line[brace] != '{') return at;
  if (line.substr(brace, 2) == "{{") return at;
  char quote = 0;
  for (size_t i = brace + 1; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\' && quote != '`') ++i;
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'' || c == '`') {
      quote = c;
    } else if (c == '}') {
      return i + 1;
    }
  }
  return absl::string_view::npos;
}

}  // namespace

std::optional<double> ParseNumber(absl::string_view text) {
  const auto value = TakeNumber(&text);
  return text.empty() ? value : std::nullopt;
}

absl::StatusOr<SplitLine> SplitSeriesLine(absl::string_view line) {
  line = absl::StripAsciiWhitespace(line);
  const size_t length = SeriesLength(line);
  if (length == absl::string_view::npos) return Bad("a brace is not closed", line);
  if (length == 0) return Bad("expected a series", line);
  TOCSIN_ASSIGN_OR_RETURN(auto matchers, promql::ParseMetricSelector(line.substr(0, length)));
  LabelsBuilder labels;
  for (const promql::Matcher& matcher : matchers) {
    if (matcher.op != promql::MatchOp::kEqual) return Bad("a series has only `=`", line);
    labels.Set(matcher.name, matcher.value);
  }
  return SplitLine{labels.Build(), absl::StripAsciiWhitespace(line.substr(length))};
}

absl::StatusOr<Values> ParseValues(absl::string_view text, size_t keep) {
  Values values;
  for (text = absl::StripAsciiWhitespace(text); !text.empty();
       text = absl::StripLeadingAsciiWhitespace(text)) {
    size_t end = 0;
    // Blanks within a histogram belong to the item.
    while (end < text.size() && !IsBlank(text[end])) {
      if (text.substr(end, 2) == "{{") {
        end = text.find("}}", end);
        if (end == absl::string_view::npos) return Bad("a histogram is not closed", text);
      } else {
        ++end;
      }
    }
    const absl::string_view item = text.substr(0, end);
    TOCSIN_RETURN_IF_ERROR(absl::StartsWith(item, "{{") ? ParseHistogramItem(item, keep, &values)
                                                        : ParseItem(item, keep, &values));
    text.remove_prefix(end);
  }
  return values;
}

absl::StatusOr<SeriesLine> ParseSeriesLine(absl::string_view line) {
  TOCSIN_ASSIGN_OR_RETURN(SplitLine split, SplitSeriesLine(line));
  TOCSIN_ASSIGN_OR_RETURN(Values values, ParseValues(split.rest));
  return SeriesLine{std::move(split.labels), std::move(values)};
}

}  // namespace tocsin::notation
