#include "rules/anomaly_decoder.h"

#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "base/time_zone.h"
#include "rules/condition.h"
#include "rules/decode_values.h"

namespace tocsin::rules {
namespace {

constexpr size_t kOverridesMax = 1000;
constexpr absl::Duration kIntervalMin = absl::Seconds(10);
constexpr absl::Duration kIntervalMax = absl::Hours(1);

const std::vector<std::string>& AnomalyKeys() {
  static const auto& keys = *new std::vector<std::string>{
      "direction", "sensitivity", "seasonality", "min_deviation", "timezone", "severity",
      "preset",    "interval",    "trigger",     "recovery",      "calendar"};
  return keys;
}

template <typename Value>
using Words = std::vector<std::pair<const char*, Value>>;

// One of a few words; `fallback` if the key is absent or wrong.
template <typename Value>
Value ReadWord(DecodeContext& context, const MapReader& reader, const char* key,
               const Words<Value>& words, Value fallback) {
  const YamlNode* node = reader.Find(key);
  if (node == nullptr) return fallback;
  std::string choices;
  for (const auto& [word, value] : words) {
    if (node->kind == YamlNode::Kind::kScalar && node->value == word) return value;
    absl::StrAppend(&choices, choices.empty() ? "" : ", ", word);
  }
  context.Error(*node, code::kBadValue, absl::StrCat(key, " must be one of ", choices));
  return fallback;
}

// A number, or with `share` also "10%".
std::optional<double> ReadNumber(DecodeContext& context, const YamlNode* node,
                                 absl::string_view what, double least, bool open, bool share) {
  if (node == nullptr) return std::nullopt;
  std::optional<std::string> text = ReadString(context, *node, what);
  if (!text) return std::nullopt;
  absl::string_view digits = *text;
  const bool percent = share && absl::ConsumeSuffix(&digits, "%");
  double value = 0;
  if (absl::SimpleAtod(digits, &value) && std::isfinite(value) &&
      (open ? value > least : value >= least)) {
    return percent ? value / 100 : value;
  }
  context.Error(*node, code::kBadValue,
                absl::StrCat(what, " must be a number ", open ? "above " : "of at least ", least,
                             share ? ", or a percentage" : ""));
  return std::nullopt;
}

void DecodeDeviation(DecodeContext& context, const YamlNode* node, Anomaly& anomaly) {
  if (node == nullptr) return;
  if (node->kind != YamlNode::Kind::kMap) {
    anomaly.deviation_min = ReadNumber(context, node, "min_deviation", 0, false, false).value_or(0);
    return;
  }
  const MapReader reader(context, *node, "min_deviation", {"absolute", "relative"});
  anomaly.deviation_min =
      ReadNumber(context, reader.Find("absolute"), "absolute", 0, false, false).value_or(0);
  anomaly.relative_deviation_min =
      ReadNumber(context, reader.Find("relative"), "relative", 0, false, true).value_or(0);
}

void DecodeSeverity(DecodeContext& context, const YamlNode* node, Anomaly& anomaly) {
  if (node == nullptr) return;
  if (node->kind == YamlNode::Kind::kMap) {
    const MapReader reader(context, *node, "severity", {"warning", "critical"});
    anomaly.warning_score = ReadNumber(context, reader.Find("warning"), "warning", 1, false, false);
    anomaly.critical_score =
        ReadNumber(context, reader.Find("critical"), "critical", 1, false, false);
    if (anomaly.warning_score && anomaly.critical_score &&
        *anomaly.critical_score <= *anomaly.warning_score) {
      context.Error(*node, code::kUnreachable,
                    "severity: the score of critical must be above that of warning");
    }
    if (reader.Find("warning") == nullptr && reader.Find("critical") == nullptr) {
      context.Error(*node, code::kMissingKey,
                    "severity needs the score of warning, critical or both");
    }
    return;
  }
  const bool critical = node->value == "critical";
  if (node->kind != YamlNode::Kind::kScalar || (!critical && node->value != "warning")) {
    context.Error(*node, code::kBadValue,
                  "severity must be warning or critical, or scores for them",
                  "for example {warning: 1, critical: 3}, which is the default");
    return;
  }
  anomaly.warning_score = critical ? std::nullopt : std::optional(1.0);
  anomaly.critical_score = critical ? std::optional(1.0) : std::nullopt;
}

void DecodeZone(DecodeContext& context, const YamlNode* node, Anomaly& anomaly) {
  if (node == nullptr) return;
  const std::optional<std::string> name = ReadString(context, *node, "timezone");
  if (!name) return;
  const auto zone = FindTimeZone(*name);
  if (!zone) {
    context.Error(*node, code::kBadValue, absl::StrCat("unknown time zone \"", *name, "\""),
                  "a name of the IANA database, for example Europe/Brussels");
    return;
  }
  anomaly.time_zone = *zone;
  anomaly.time_zone_name = *name;
}

std::optional<absl::Duration> DecodeWindow(DecodeContext& context, const MapReader& reader,
                                           const char* key) {
  const YamlNode* node = reader.Find(key);
  if (node == nullptr) return std::nullopt;
  const std::optional<absl::Duration> window = ReadDuration(context, *node, key);
  if (window && *window > absl::ZeroDuration()) return window;
  if (window) context.Error(*node, code::kBadValue, absl::StrCat(key, " must be longer than 0"));
  return std::nullopt;
}

void DecodeWindows(DecodeContext& context, const MapReader& reader, Anomaly& anomaly) {
  anomaly.trigger = DecodeWindow(context, reader, "trigger");
  anomaly.recovery = DecodeWindow(context, reader, "recovery");
  const bool trigger = reader.Find("trigger") != nullptr;
  if (trigger == (reader.Find("recovery") != nullptr)) return;
  context.Error(
      reader.Key(trigger ? "trigger" : "recovery"), code::kMissingKey,
      "trigger and recovery are given together",
      "an incident that lasted for trigger fires, and resolves after recovery without one");
}

// "2026-12-24" or "2026-12-24 18:00"; a day alone as an end means its end.
std::optional<absl::CivilSecond> ReadLocalTime(DecodeContext& context, const YamlNode* node,
                                               absl::string_view what, bool end) {
  if (node == nullptr) return std::nullopt;
  const std::optional<std::string> text = ReadString(context, *node, what);
  if (!text) return std::nullopt;
  absl::CivilDay day;
  absl::CivilMinute minute;
  if (absl::ParseCivilTime(*text, &day)) return absl::CivilSecond(end ? day + 1 : day);
  std::string with_t = *text;
  if (const size_t space = with_t.find(' '); space != std::string::npos) with_t[space] = 'T';
  if (absl::ParseCivilTime(with_t, &minute)) return absl::CivilSecond(minute);
  context.Error(*node, code::kBadValue,
                absl::StrCat(what, " must be a day or a minute: 2026-12-24 or 2026-12-24 18:00"));
  return std::nullopt;
}

std::optional<CalendarOverride> DecodeOverride(DecodeContext& context, const YamlNode& node) {
  const MapReader reader(context, node, "calendar entry", {"from", "to", "as"});
  if (!reader.is_map()) return std::nullopt;
  const auto from = ReadLocalTime(context, reader.Require("from"), "from", false);
  const YamlNode* to_node = reader.Find("to");
  const auto to = ReadLocalTime(context, to_node ? to_node : reader.Find("from"), "to", true);
  const Words<std::optional<absl::Weekday>> words = {{"ignore", std::nullopt},
                                                     {"monday", absl::Weekday::monday},
                                                     {"tuesday", absl::Weekday::tuesday},
                                                     {"wednesday", absl::Weekday::wednesday},
                                                     {"thursday", absl::Weekday::thursday},
                                                     {"friday", absl::Weekday::friday},
                                                     {"saturday", absl::Weekday::saturday},
                                                     {"sunday", absl::Weekday::sunday}};
  const auto as =
      ReadWord<std::optional<absl::Weekday>>(context, reader, "as", words, std::nullopt);
  if (reader.Require("as") == nullptr || !from || !to) return std::nullopt;
  if (*to <= *from) {
    context.Error(to_node ? *to_node : node, code::kUnreachable, "`to` must be after `from`");
    return std::nullopt;
  }
  return CalendarOverride{*from, *to, as};
}

void DecodeCalendar(DecodeContext& context, const YamlNode* node, Anomaly& anomaly) {
  if (node == nullptr) return;
  if (node->kind != YamlNode::Kind::kSequence) {
    return context.Error(*node, code::kWrongType, "calendar must be a list",
                         "for example [{from: 2026-12-25, as: sunday}]");
  }
  if (node->items.size() > kOverridesMax) {
    return context.Error(*node, code::kBadValue,
                         absl::StrCat("calendar has at most ", kOverridesMax, " entries"));
  }
  for (const YamlNodePtr& item : node->items) {
    if (auto entry = DecodeOverride(context, *item)) anomaly.calendar.push_back(*entry);
  }
}

}  // namespace

Anomaly::Day Anomaly::DayAt(absl::Time t) const {
  if (calendar.empty()) return {};
  const absl::CivilSecond local = absl::ToCivilSecond(t, time_zone);
  for (const CalendarOverride& entry : calendar) {
    if (local < entry.from || local >= entry.to) continue;
    if (!entry.as) return {.ignored = true};
    const absl::Weekday weekday = absl::GetWeekday(local);
    return {.days_later = static_cast<int>(*entry.as) - static_cast<int>(weekday)};
  }
  return {};
}

void DecodeAnomaly(DecodeContext& context, const YamlNode& node, Monitor& monitor) {
  auto anomaly = std::make_shared<Anomaly>();
  const MapReader reader(context, node, "anomaly", AnomalyKeys());
  using Direction = Anomaly::Direction;
  using Seasonality = Anomaly::Seasonality;
  anomaly->direction = ReadWord<Direction>(
      context, reader, "direction",
      {{"both", Direction::kBoth}, {"above", Direction::kAbove}, {"below", Direction::kBelow}},
      Direction::kBoth);
  anomaly->seasonality = ReadWord<Seasonality>(context, reader, "seasonality",
                                               {{"auto", Seasonality::kAuto},
                                                {"none", Seasonality::kNone},
                                                {"daily", Seasonality::kDaily},
                                                {"weekly", Seasonality::kWeekly}},
                                               Seasonality::kAuto);
  anomaly->preset = ReadWord<Anomaly::Preset>(
      context, reader, "preset",
      {{"page", Anomaly::Preset::kPage}, {"notice", Anomaly::Preset::kNotice}},
      Anomaly::Preset::kPage);
  anomaly->sensitivity =
      ReadNumber(context, reader.Find("sensitivity"), "sensitivity", 0, true, false).value_or(1);
  DecodeDeviation(context, reader.Find("min_deviation"), *anomaly);
  DecodeSeverity(context, reader.Find("severity"), *anomaly);
  DecodeZone(context, reader.Find("timezone"), *anomaly);
  if (const YamlNode* interval = reader.Find("interval")) {
    anomaly->interval = ReadDuration(context, *interval, "interval").value_or(anomaly->interval);
    if (anomaly->interval < kIntervalMin || anomaly->interval > kIntervalMax) {
      context.Error(*interval, code::kBadValue, "interval must be 10s to 1h",
                    "the step of the data, or less");
    }
  }
  DecodeWindows(context, reader, *anomaly);
  DecodeCalendar(context, reader.Find("calendar"), *anomaly);
  if (anomaly->critical_score) monitor.threshold.critical = AtLeast(Level::kCritical);
  if (anomaly->warning_score) monitor.threshold.warning = AtLeast(Level::kWarning);
  monitor.anomaly = std::move(anomaly);
}

}  // namespace tocsin::rules
