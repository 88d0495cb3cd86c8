#include "rules/rule_test_values.h"

#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/native_histogram.h"
#include "base/status_macros.h"
#include "rules/decode_values.h"
#include "rules/promql/number.h"

namespace tocsin::rules {
namespace {

void Report(DecodeContext& context, const YamlNode& node, absl::string_view what,
            const absl::Status& status) {
  const bool later = absl::IsUnimplemented(status);
  context.Error(node, later ? code::kUnsupported : code::kBadValue,
                later ? std::string(status.message()) : absl::StrCat(what, ": ", status.message()));
}

// What no storage takes: negative counts, which a series that shrinks comes to.
absl::Status ValidateHistograms(const notation::Values& values) {
  for (const std::optional<notation::Value>& value : values) {
    if (value && value->histogram != nullptr) {
      TOCSIN_RETURN_IF_ERROR(Validate(*value->histogram));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<Labels> ReadSeriesLabels(DecodeContext& context, const YamlNode& node,
                                       absl::string_view what) {
  const auto text = ReadString(context, node, what);
  if (!text) return std::nullopt;
  const auto split = notation::SplitSeriesLine(*text);
  if (!split.ok()) {
    Report(context, node, what, split.status());
    return std::nullopt;
  }
  if (!split->rest.empty()) {
    context.Error(node, code::kBadValue,
                  absl::StrCat(what, ": unexpected \"", split->rest, "\" behind the series"));
    return std::nullopt;
  }
  return split->labels;
}

std::optional<notation::Values> ReadSeriesValues(DecodeContext& context, const YamlNode& node,
                                                 size_t keep) {
  const auto text = ReadString(context, node, "values");
  if (!text) return std::nullopt;
  auto values = notation::ParseValues(*text, keep);
  if (values.ok()) {
    if (const absl::Status whole = ValidateHistograms(*values); !whole.ok()) values = whole;
  }
  if (values.ok()) return *std::move(values);
  Report(context, node, "values", values.status());
  return std::nullopt;
}

HistogramPtr ReadHistogram(DecodeContext& context, const YamlNode& node, absl::string_view what) {
  const auto text = ReadString(context, node, what);
  if (!text) return nullptr;
  const auto values = notation::ParseValues(*text, 2);
  if (!values.ok()) {
    Report(context, node, what, values.status());
  } else if (values->size() != 1 || !values->front() || values->front()->histogram == nullptr) {
    context.Error(node, code::kBadValue, absl::StrCat(what, " must be one native histogram"),
                  "for example {{schema:1 count:3 sum:4.5 buckets:[1 0 2]}}");
  } else {
    return values->front()->histogram;
  }
  return nullptr;
}

std::optional<double> ReadFloat(DecodeContext& context, const YamlNode& node,
                                absl::string_view what) {
  if (node.kind == YamlNode::Kind::kScalar) {
    absl::string_view text = node.value;
    double sign = 1;
    const bool is_signed = absl::StartsWith(text, "-") || absl::StartsWith(text, "+");
    if (is_signed) sign = text[0] == '-' ? -1 : 1;
    const absl::string_view unsigned_text = is_signed ? text.substr(1) : text;
    if (absl::EqualsIgnoreCase(unsigned_text, ".inf")) {
      return sign * std::numeric_limits<double>::infinity();
    }
    if (absl::EqualsIgnoreCase(text, ".nan")) return std::nan("");
    if (const auto number = promql::ParseNumber(text); number.ok()) return *number;
  }
  context.Error(node, code::kWrongType, absl::StrCat(what, " must be a number"));
  return std::nullopt;
}

std::optional<Timestamp> ReadInstant(DecodeContext& context, const YamlNode& node,
                                     absl::string_view what) {
  const auto text = ReadString(context, node, what);
  if (!text) return std::nullopt;
  // Beyond this, spans since the start could leave the range of instants.
  constexpr double kSecondsMax = 1e12;
  double seconds = -1;
  absl::Time time;
  if (absl::ParseTime(absl::RFC3339_full, *text, &time, nullptr)) {
    seconds = static_cast<double>(absl::ToUnixMillis(time)) / 1000;
  } else if (!absl::SimpleAtod(*text, &seconds)) {
    context.Error(node, code::kBadValue, absl::StrCat(what, " \"", *text, "\" is no time"),
                  "write Unix seconds or RFC 3339, for example 2026-01-31T10:00:00Z");
    return std::nullopt;
  }
  if (!(seconds >= 0 && seconds <= kSecondsMax)) {
    context.Error(node, code::kBadValue,
                  absl::StrCat(what, " \"", *text, "\" is out of range: it starts in 1970"));
    return std::nullopt;
  }
  return Timestamp::FromMillis(std::llround(seconds * 1000));
}

TextMap ReadTextMap(DecodeContext& context, const YamlNode* map, absl::string_view what) {
  TextMap texts;
  if (map == nullptr) return texts;
  if (map->kind != YamlNode::Kind::kMap) {
    context.Error(*map, code::kWrongType, absl::StrCat(what, " must be a map of texts"));
    return texts;
  }
  for (const YamlEntry& entry : map->entries) {
    const auto text = ReadString(context, *entry.value, absl::StrCat(what, " value"));
    if (text) texts[entry.key->value] = *text;
  }
  return texts;
}

absl::Duration ReadInterval(DecodeContext& context, const MapReader& reader, absl::string_view key,
                            absl::Duration otherwise) {
  const YamlNode* node = reader.Find(key);
  if (node == nullptr) return otherwise;
  const absl::Duration interval = ReadDuration(context, *node, key).value_or(otherwise);
  return interval == absl::ZeroDuration() ? otherwise : interval;
}

}  // namespace tocsin::rules
