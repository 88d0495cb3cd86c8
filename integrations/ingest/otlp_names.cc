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

struct UnitSuffixes {
  std::string main;  // "seconds"
  std::string per;   // "per_second"
};

UnitSuffixes SuffixesOf(absl::string_view unit) {
  UnitSuffixes suffixes;
  const size_t slash = unit.find('/');
  suffixes.main = std::string(UnitWord(kUnits, unit.substr(0, slash)));
  if (slash == absl::string_view::npos) return suffixes;
  const absl::string_view word = UnitWord(kPerUnits, unit.substr(slash + 1));
  if (!word.empty()) suffixes.per = absl::StrCat("per_", word);
  return suffixes;
}

void AddUnit(std::vector<std::string>& tokens, absl::string_view unit) {
  const UnitSuffixes suffixes = SuffixesOf(unit);
  std::string main = Cleaned(suffixes.main);
  std::string per = Cleaned(suffixes.per);
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

std::string EscapedWithSuffixes(absl::string_view name, absl::string_view unit, PointKind kind) {
  std::vector<std::string> tokens = Tokens(name);
  if (tokens.empty()) return "";
  AddUnit(tokens, unit);
  if (kind == PointKind::kMonotonicSum) MoveLast(tokens, "total");
  if (kind == PointKind::kGauge && unit == "1") MoveLast(tokens, "ratio");
  return absl::StrJoin(tokens, "_");
}

// Underscores that were sent stay as they are, all but the first and the last.
std::string EscapedWithoutSuffixes(absl::string_view name) {
  std::string out;
  bool gap = false, some = false;
  for (char c : name) {
    if (!IsNameChar(c) && c != '_') {
      gap = true;
      continue;
    }
    if (gap && !out.empty()) out.push_back('_');
    gap = false;
    some |= c != '_';
    out.push_back(c);
  }
  return some ? out : "";
}

// Cuts off an ending and the character before it.
void CutEnding(absl::string_view ending, std::string& name) {
  if (absl::EndsWith(name, ending) && name.size() > ending.size() + 1) {
    name.resize(name.size() - ending.size() - 1);
  }
}

std::string UnescapedWithSuffixes(std::string name, absl::string_view unit, PointKind kind) {
  const bool ratio = kind == PointKind::kGauge && unit == "1";
  const bool total = kind == PointKind::kMonotonicSum;
  if (ratio) CutEnding("ratio", name);
  if (total) CutEnding("total", name);
  const UnitSuffixes suffixes = SuffixesOf(unit);
  if (!suffixes.per.empty()) CutEnding(suffixes.per, name);
  if (!suffixes.main.empty() && !absl::EndsWith(name, suffixes.main)) {
    absl::StrAppend(&name, "_", suffixes.main);
  }
  if (!suffixes.per.empty()) absl::StrAppend(&name, "_", suffixes.per);
  if (total) name += "_total";
  if (ratio) name += "_ratio";
  return name;
}

bool Escapes(TranslationStrategy strategy) {
  return strategy == TranslationStrategy::kUnderscoreEscapingWithSuffixes ||
         strategy == TranslationStrategy::kUnderscoreEscapingWithoutSuffixes;
}

std::string Translate(absl::string_view name, absl::string_view unit, PointKind kind,
                      TranslationStrategy strategy) {
  switch (strategy) {
    case TranslationStrategy::kUnderscoreEscapingWithSuffixes:
      return EscapedWithSuffixes(name, unit, kind);
    case TranslationStrategy::kUnderscoreEscapingWithoutSuffixes:
      return EscapedWithoutSuffixes(name);
    case TranslationStrategy::kNoUtf8EscapingWithSuffixes:
      return name.empty() ? "" : UnescapedWithSuffixes(std::string(name), unit, kind);
    case TranslationStrategy::kNoTranslation:
      return std::string(name);
  }
  return "";
}

}  // namespace

absl::StatusOr<std::string> MetricNameFromOtlp(absl::string_view name, absl::string_view unit,
                                               PointKind kind, TranslationStrategy strategy) {
  std::string result = Translate(name, unit, kind, strategy);
  if (result.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("metric name \"", name, "\" holds no letter or digit"));
  }
  return Escapes(strategy) && StartsWithDigit(result) ? absl::StrCat("_", result) : result;
}

absl::StatusOr<std::string> LabelNameFromOtlp(absl::string_view key, TranslationStrategy strategy) {
  if (!Escapes(strategy)) {
    if (key.empty()) return absl::InvalidArgumentError("an attribute without a key");
    return std::string(key);
  }
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
