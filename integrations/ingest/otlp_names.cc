#include "integrations/ingest/otlp_names.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace tocsin::ingest {
namespace {

using Word = std::pair<absl::string_view, absl::string_view>;

constexpr Word kUnits[] = {
    {"d", "days"},
    {"h", "hours"},
    {"min", "minutes"},
    {"s", "seconds"},
    {"ms", "milliseconds"},
    {"us", "microseconds"},
    {"ns", "nanoseconds"},
    {"By", "bytes"},
    {"KiBy", "kibibytes"},
    {"MiBy", "mebibytes"},
    {"GiBy", "gibibytes"},
    {"TiBy", "tibibytes"},
    {"KBy", "kilobytes"},
    {"MBy", "megabytes"},
    {"GBy", "gigabytes"},
    {"TBy", "terabytes"},
    {"m", "meters"},
    {"V", "volts"},
    {"A", "amperes"},
    {"J", "joules"},
    {"W", "watts"},
    {"g", "grams"},
    {"Cel", "celsius"},
    {"Hz", "hertz"},
    {"1", ""},
    {"%", "percent"},
};
constexpr Word kPerUnits[] = {
    {"s", "second"}, {"m", "minute"}, {"h", "hour"}, {"d", "day"},
    {"w", "week"},   {"mo", "month"}, {"y", "year"},
};

template <size_t N>
absl::string_view Translated(const Word (&words)[N], absl::string_view unit) {
  for (const auto& [from, to] : words) {
    if (from == unit) return to;
  }
  return unit;
}

bool IsNameChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == ':';
}

std::vector<std::string> Tokens(absl::string_view name) {
  std::vector<std::string> tokens;
  bool inside = false;
  for (char c : name) {
    if (!IsNameChar(c)) {
      inside = false;
      continue;
    }
    if (!inside) tokens.emplace_back();
    inside = true;
    tokens.back().push_back(c);
  }
  return tokens;
}

// One word of a unit, or "": blank and annotated units ("{requests}") add nothing.
template <size_t N>
absl::string_view UnitWord(const Word (&words)[N], absl::string_view unit) {
  unit = absl::StripAsciiWhitespace(unit);
  if (absl::StrContains(unit, "{") || absl::StrContains(unit, "}")) return "";
  return Translated(words, unit);
}

// Runs of what a name cannot hold become one '_'; a leading one goes.
std::string Cleaned(absl::string_view unit) {
  std::string out;
  for (char c : unit) {
    const char clean = IsNameChar(c) ? c : '_';
    if (clean == '_' && (out.empty() || out.back() == '_')) continue;
    out.push_back(clean);
  }
  return out;
}

bool Contains(const std::vector<std::string>& tokens, absl::string_view word) {
  return std::find(tokens.begin(), tokens.end(), word) != tokens.end();
}

void MoveLast(std::vector<std::string>& tokens, const char* word) {
  tokens.erase(std::remove(tokens.begin(), tokens.end(), word), tokens.end());
  tokens.emplace_back(word);
}

void AddUnit(std::vector<std::string>& tokens, absl::string_view unit) {
  const size_t slash = unit.find('/');
  std::string main = Cleaned(UnitWord(kUnits, unit.substr(0, slash)));
  std::string per;
  if (slash != absl::string_view::npos) {
    const absl::string_view word = UnitWord(kPerUnits, unit.substr(slash + 1));
    if (!word.empty()) per = Cleaned(absl::StrCat("per_", word));
  }
  if (Contains(tokens, main)) main.clear();
  if (per == "per_") {
    per.clear();
  } else {
    per = std::string(absl::StripSuffix(per, "_"));
    if (Contains(tokens, per)) per.clear();
  }
  if (!per.empty()) main = std::string(absl::StripSuffix(main, "_"));
  if (!main.empty()) tokens.push_back(std::move(main));
  if (!per.empty()) tokens.push_back(std::move(per));
}

bool StartsWithDigit(absl::string_view text) {
  return !text.empty() && absl::ascii_isdigit(static_cast<unsigned char>(text[0]));
}

}  // namespace

absl::StatusOr<std::string> MetricNameFromOtlp(absl::string_view name, absl::string_view unit,
                                               PointKind kind) {
  std::vector<std::string> tokens = Tokens(name);
  if (tokens.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("metric name \"", name, "\" holds no letter or digit"));
  }
  AddUnit(tokens, unit);
  if (kind == PointKind::kMonotonicSum) MoveLast(tokens, "total");
  if (kind == PointKind::kGauge && unit == "1") MoveLast(tokens, "ratio");
  std::string result = absl::StrJoin(tokens, "_");
  return StartsWithDigit(result) ? absl::StrCat("_", result) : result;
}

absl::StatusOr<std::string> LabelNameFromOtlp(absl::string_view key) {
  std::string name;
  for (char c : key) {
    // A character of several bytes becomes one '_': its continuation bytes are passed over.
    if ((static_cast<unsigned char>(c) & 0xc0) == 0x80) continue;
    name.push_back(absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_');
  }
  if (StartsWithDigit(name)) name = absl::StrCat("key_", name);
  if (absl::StartsWith(name, "_") && !absl::StartsWith(name, "__"))
    name = absl::StrCat("key", name);
  if (name.find_first_not_of('_') == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("attribute \"", key, "\" leaves no label name"));
  }
  return name;
}

}  // namespace tocsin::ingest
