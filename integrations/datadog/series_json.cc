#include "integrations/datadog/series_json.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "integrations/datadog/distribution.h"
#include "integrations/datadog/json_fields.h"
#include "integrations/datadog/json_picker.h"

namespace tocsin::datadog {
namespace {

using Json = nlohmann::json;

constexpr double kHiddenMetricType =
    9;  // in metadata.origin: written by Agents for what is not to be indexed

MetricType TypeOf(const Json& series) {
  if (const auto number = JsonNumber(series, "type")) {
    if (*number == 1) return MetricType::kCount;
    return *number == 2 ? MetricType::kRate : MetricType::kGauge;
  }
  const absl::string_view name = JsonText(series, "type");
  if (name == "count") return MetricType::kCount;
  return name == "rate" ? MetricType::kRate : MetricType::kGauge;
}

int64_t IntervalOf(const Json& series) {
  const double interval = JsonNumber(series, "interval").value_or(0);
  return static_cast<int64_t>(std::clamp(interval, 0.0, 1e9));
}

bool IsHidden(const Json& series) {
  const Json* metadata = JsonMember(series, "metadata");
  const Json* origin = metadata == nullptr ? nullptr : JsonMember(*metadata, "origin");
  return origin != nullptr && JsonNumber(*origin, "metric_type") == kHiddenMetricType;
}

void AddResources(const Json& series, SentIdentity& identity) {
  const Json* resources = JsonMember(series, "resources");
  if (resources == nullptr || !resources->is_array()) return;
  for (const Json& resource : *resources) {
    identity.AddResource(JsonText(resource, "type"), JsonText(resource, "name"));
  }
}

// [time, value] or {"timestamp", "value"}; null where there is none.
struct PointParts {
  const Json* time = nullptr;
  const Json* value = nullptr;
};
PointParts PartsOf(const Json& point) {
  if (point.is_array() && point.size() == 2) return {&point[0], &point[1]};
  return {JsonMember(point, "timestamp"), JsonMember(point, "value")};
}

void ReadSeries(const Json& json, SentSeries& series) {
  series.Clear();
  SentIdentity& identity = series.identity;
  identity.metric = JsonText(json, "metric");
  identity.host = JsonText(json, "host");
  for (const absl::string_view tag : JsonTexts(json, "tags")) identity.AddTag(tag);
  if (const absl::string_view device = JsonText(json, "device"); !device.empty()) {
    identity.AddTag("device", device);
  }
  AddResources(json, identity);
  series.type = TypeOf(json);
  series.interval_s = IntervalOf(json);
  series.hidden = IsHidden(json);
}

using ReadPoint = std::function<bool(int64_t time_ms, const Json& value, SentSeries& series)>;

void ReadPoints(const Json& json, const ReadPoint& read, SentSeries& series) {
  const Json* points = JsonMember(json, "points");
  if (points == nullptr || !points->is_array()) return;
  for (const Json& point : *points) {
    const auto [time, value] = PartsOf(point);
    const auto seconds = time == nullptr ? std::nullopt : JsonNumber(*time);
    if (!seconds || value == nullptr || !read(MillisOf(*seconds), *value, series))
      ++series.points_without_value;
  }
}

absl::Status TakeAll(absl::string_view body, const ReadPoint& read, SampleTaker& taker) {
  SentSeries series;
  size_t too_large = 0;
  const auto take = [&](const Json& json) {
    ReadSeries(json, series);
    ReadPoints(json, read, series);
    return taker.Take(series);
  };
  TOCSIN_RETURN_IF_ERROR(ForEachJsonElement(body, "series", take, &too_large));
  taker.rejected().Add(ingest::RejectReason::kSampleLimit, too_large,
                       "a series of too many values");
  return absl::OkStatus();
}

}  // namespace

absl::Status TakeSeriesJson(absl::string_view body, SampleTaker& taker) {
  const auto read = [](int64_t time_ms, const Json& value, SentSeries& series) {
    const auto number = JsonNumber(value);
    if (number) series.points.push_back({time_ms, *number, nullptr});
    return number.has_value();
  };
  return TakeAll(body, read, taker);
}

absl::Status TakeDistributionsJson(absl::string_view body, SampleTaker& taker) {
  const size_t buckets_max = taker.limits().histogram_buckets_max;
  const auto read = [&](int64_t time_ms, const Json& values, SentSeries& series) {
    if (!values.is_array() || values.empty()) return false;
    Distribution distribution;
    for (const Json& value : values) {
      const auto number = JsonNumber(value);
      if (!number) return false;
      distribution.AddValue(*number, 1);
    }
    series.type = MetricType::kGauge;
    series.points.push_back({time_ms, 0, distribution.Build(buckets_max)});
    return true;
  };
  return TakeAll(body, read, taker);
}

}  // namespace tocsin::datadog
