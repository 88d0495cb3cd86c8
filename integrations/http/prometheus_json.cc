#include "integrations/http/prometheus_json.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/check.h"

namespace tocsin::http {
namespace {

// The time Prometheus shows for "never".
constexpr char kZeroTime[] = "0001-01-01T00:00:00Z";

// A finite value's shortest decimal: digits without a point, and the exponent of the first digit.
struct Decimal {
  bool negative = false;
  std::string digits;
  int exponent = 0;
};

Decimal ToDecimal(double value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific);
  TOCSIN_CHECK(end.ec == std::errc());
  *end.ptr = '\0';
  Decimal decimal;
  const char* at = text;
  if (*at == '-') {
    decimal.negative = true;
    ++at;
  }
  for (; *at != 'e'; ++at) {
    if (*at != '.') decimal.digits.push_back(*at);
  }
  decimal.exponent = std::atoi(at + 1);
  return decimal;
}

std::string NotFinite(double value) {
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

Json PairsToJson(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json json = Json::object();
  for (const auto& [name, value] : pairs) json[name] = value;
  return json;
}

std::string TimeText(const std::optional<Timestamp>& time) {
  return time ? FormatTimestamp(*time) : kZeroTime;
}

// Whole seconds stay integers, as Go writes float64.
Json SecondsToJson(absl::Duration duration) {
  const double seconds = absl::ToDoubleSeconds(duration);
  if (seconds == std::floor(seconds) && std::abs(seconds) < 1e15) {
    return static_cast<int64_t>(seconds);
  }
  return seconds;
}

Json SampleToJson(Timestamp time, Json value) {
  return Json::array({TimeToJson(time), std::move(value)});
}

}  // namespace

std::string FormatScalar(double value) {
  if (!std::isfinite(value)) return NotFinite(value);
  const Decimal d = ToDecimal(value);
  const int count = static_cast<int>(d.digits.size());
  std::string text = d.negative ? "-" : "";
  if (d.exponent < 0) {
    absl::StrAppend(&text, "0.", std::string(static_cast<size_t>(-d.exponent - 1), '0'), d.digits);
  } else if (d.exponent >= count - 1) {
    absl::StrAppend(&text, d.digits, std::string(static_cast<size_t>(d.exponent - count + 1), '0'));
  } else {
    const auto whole = static_cast<size_t>(d.exponent + 1);
    absl::StrAppend(&text, d.digits.substr(0, whole), ".", d.digits.substr(whole));
  }
  return text;
}

std::string FormatSampleValue(double value) {
  const double size = std::abs(value);
  const bool exponent = std::isfinite(value) && size != 0 && (size < 1e-6 || size >= 1e21);
  return exponent ? FormatAlertValue(value) : FormatScalar(value);
}

std::string FormatAlertValue(double value) {
  if (!std::isfinite(value)) return NotFinite(value);
  const Decimal d = ToDecimal(value);
  std::string text = absl::StrCat(d.negative ? "-" : "", d.digits.substr(0, 1));
  if (d.digits.size() > 1) absl::StrAppend(&text, ".", d.digits.substr(1));
  absl::StrAppendFormat(&text, "e%c%02d", d.exponent < 0 ? '-' : '+', std::abs(d.exponent));
  return text;
}

std::optional<Timestamp> ParseTime(const std::string& text) {
  double seconds = 0;
  if (absl::SimpleAtod(text, &seconds)) {
    if (!(std::abs(seconds) < 9e12)) return std::nullopt;
    return Timestamp::FromMillis(std::llround(seconds * 1000));
  }
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return std::nullopt;
  return Timestamp::FromMillis(absl::ToUnixMillis(time));
}

Json TimeToJson(Timestamp time) {
  if (time.millis() % 1000 == 0) return time.millis() / 1000;
  return time.seconds();
}

Json ToJson(const Labels& labels) {
  Json json = Json::object();
  for (const LabelView& label : labels) json[std::string(label.name)] = std::string(label.value);
  return json;
}

Json ToJson(const TargetStatus& target) {
  const char* up = target.last_error.empty() ? "up" : "down";
  return {{"discoveredLabels", {{"__address__", target.address}, {"job", target.job}}},
          {"labels", ToJson(target.labels)},
          {"scrapePool", target.job},
          {"scrapeUrl", target.url},
          {"globalUrl", target.url},
          {"lastError", target.last_error},
          {"lastScrape",
           target.last_scrape ? FormatTimestamp(*target.last_scrape) : "0001-01-01T00:00:00Z"},
          {"lastScrapeDuration", absl::ToDoubleSeconds(target.took)},
          {"health", target.last_scrape ? up : "unknown"},
          {"scrapeInterval", target.interval},
          {"scrapeTimeout", target.timeout}};
}

Json ToJson(const AlertStatus& alert) {
  Json json = {{"labels", ToJson(alert.labels)},
               {"annotations", PairsToJson(alert.annotations)},
               {"state", alert.state}};
  if (alert.active_at) json["activeAt"] = FormatTimestamp(*alert.active_at);
  if (alert.keep_firing_since) json["keepFiringSince"] = FormatTimestamp(*alert.keep_firing_since);
  json["value"] = FormatAlertValue(alert.value);
  if (!alert.reason.empty()) json["reason"] = alert.reason;
  return json;
}

Json ToJson(const RuleStatus& rule) {
  Json json = Json::object();
  if (rule.alerting) json["state"] = rule.state;
  json["name"] = rule.name;
  json["query"] = rule.query;
  if (rule.alerting) {
    json["duration"] = SecondsToJson(rule.duration);
    json["keepFiringFor"] = SecondsToJson(rule.keep_firing_for);
    json["labels"] = PairsToJson(rule.labels);
    json["annotations"] = PairsToJson(rule.annotations);
    json["alerts"] = Json::array();
    for (const AlertStatus& alert : rule.alerts) json["alerts"].push_back(ToJson(alert));
  } else if (!rule.labels.empty()) {
    json["labels"] = PairsToJson(rule.labels);
  }
  json["health"] = rule.health;
  if (!rule.last_error.empty()) json["lastError"] = rule.last_error;
  json["evaluationTime"] = SecondsToJson(rule.evaluation_time);
  json["lastEvaluation"] = TimeText(rule.last_evaluation);
  json["type"] = rule.alerting ? "alerting" : "recording";
  return json;
}

Json ToJson(const RuleGroupStatus& group) {
  Json rules = Json::array();
  for (const RuleStatus& rule : group.rules) rules.push_back(ToJson(rule));
  return {{"name", group.name},
          {"file", group.file},
          {"rules", std::move(rules)},
          {"interval", SecondsToJson(group.interval)},
          {"limit", group.limit},
          {"evaluationTime", SecondsToJson(group.evaluation_time)},
          {"lastEvaluation", TimeText(group.last_evaluation)}};
}

// A bucket is [boundaries, lower, upper, count]; boundaries: 0 the upper one is inclusive, 1 the
// lower one, 2 neither, 3 both.
Json ToJson(const NativeHistogram& histogram) {
  Json json = {{"count", FormatSampleValue(histogram.count)},
               {"sum", FormatSampleValue(histogram.sum)}};
  Json buckets = Json::array();
  for (const BucketRange& bucket : AllBuckets(histogram)) {
    if (bucket.count == 0) continue;
    const int boundaries = bucket.lower_inclusive ? (bucket.upper_inclusive ? 3 : 1)
                                                  : (bucket.upper_inclusive ? 0 : 2);
    buckets.push_back(
        Json::array({boundaries, FormatSampleValue(bucket.lower), FormatSampleValue(bucket.upper),
                     FormatSampleValue(bucket.count)}));
  }
  if (!buckets.empty()) json["buckets"] = std::move(buckets);
  return json;
}

namespace {

Json VectorToJson(const QueryValue& value, Timestamp time) {
  Json result = Json::array();
  for (size_t i = 0; i < value.vector.size(); ++i) {
    const auto& [labels, sample] = value.vector[i];
    const HistogramPtr histogram = value.histograms.empty() ? nullptr : value.histograms[i];
    Json row = {{"metric", ToJson(labels)}};
    if (histogram != nullptr) {
      row["histogram"] = SampleToJson(time, ToJson(*histogram));
    } else {
      row["value"] = SampleToJson(time, FormatSampleValue(sample));
    }
    result.push_back(std::move(row));
  }
  return result;
}

Json MatrixToJson(const std::vector<QuerySeries>& matrix) {
  Json result = Json::array();
  for (const QuerySeries& series : matrix) {
    Json values = Json::array(), histograms = Json::array();
    for (size_t i = 0; i < series.times_ms.size(); ++i) {
      const Timestamp time = Timestamp::FromMillis(series.times_ms[i]);
      const HistogramPtr histogram = series.histograms.empty() ? nullptr : series.histograms[i];
      if (histogram != nullptr) {
        histograms.push_back(SampleToJson(time, ToJson(*histogram)));
      } else {
        values.push_back(SampleToJson(time, FormatSampleValue(series.values[i])));
      }
    }
    Json row = {{"metric", ToJson(series.labels)}};
    if (!values.empty()) row["values"] = std::move(values);
    if (!histograms.empty()) row["histograms"] = std::move(histograms);
    result.push_back(std::move(row));
  }
  return result;
}

}  // namespace

Json ToJson(const QueryValue& value, Timestamp time) {
  switch (value.type) {
    case QueryValue::Type::kScalar:
      return {{"resultType", "scalar"}, {"result", SampleToJson(time, FormatScalar(value.scalar))}};
    case QueryValue::Type::kString:
      return {{"resultType", "string"}, {"result", SampleToJson(time, value.string)}};
    case QueryValue::Type::kMatrix:
      return {{"resultType", "matrix"}, {"result", MatrixToJson(value.matrix)}};
    case QueryValue::Type::kVector:
      break;
  }
  return {{"resultType", "vector"}, {"result", VectorToJson(value, time)}};
}

namespace {

// Input may hold bytes that are no UTF-8: they become U+FFFD instead of failing the reply.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string SuccessBody(Json data, const std::vector<std::string>& warnings,
                        const std::vector<std::string>& infos) {
  Json json = {{"status", "success"}, {"data", std::move(data)}};
  if (!warnings.empty()) json["warnings"] = warnings;
  if (!infos.empty()) json["infos"] = infos;
  return Dump(json);
}

std::string ErrorBody(absl::string_view type, absl::string_view message) {
  return Dump(
      {{"status", "error"}, {"errorType", std::string(type)}, {"error", std::string(message)}});
}

}  // namespace tocsin::http
