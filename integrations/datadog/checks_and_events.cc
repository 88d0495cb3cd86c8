#include "integrations/datadog/checks_and_events.h"

#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "integrations/datadog/json_fields.h"
#include "integrations/datadog/json_picker.h"
#include "integrations/datadog/names.h"

namespace tocsin::datadog {
namespace {

using Json = nlohmann::json;

constexpr int64_t kStatusMax = 3;

void SetIdentity(absl::string_view metric, absl::string_view host,
                 const std::vector<absl::string_view>& tags, SentIdentity& identity) {
  identity.metric = metric;
  identity.host = host;
  for (const absl::string_view tag : tags) identity.AddTag(tag);
}

int64_t TimeOf(const Json& json, const char* name) {
  const auto seconds = JsonNumber(json, name);
  return seconds ? MillisOf(*seconds) : 0;
}

absl::string_view FirstText(const Json& json, const char* name, const char* other) {
  const absl::string_view text = JsonText(json, name);
  return text.empty() ? JsonText(json, other) : text;
}

SentEvent EventOf(const Json& json) {
  SentEvent event;
  event.source = JsonText(json, "source_type_name");
  event.alert_type = JsonText(json, "alert_type");
  event.priority = JsonText(json, "priority");
  event.host = FirstText(json, "host", "hostname");
  event.tags = JsonTexts(json, "tags");
  event.time_ms =
      TimeOf(json, JsonMember(json, "timestamp") != nullptr ? "timestamp" : "date_happened");
  return event;
}

}  // namespace

absl::Status TakeCheck(const SentCheck& check, SampleTaker& taker) {
  SentSeries series;
  SetIdentity(kServiceCheckMetric, check.host, check.tags, series.identity);
  series.identity.own.emplace_back("check", check.name);
  const int64_t time_ms = check.time_ms == 0 ? taker.now().millis() : check.time_ms;
  if (check.name.empty()) {
    taker.rejected().Add(ingest::RejectReason::kInvalidName, 1, "a check without a name");
    return absl::OkStatus();
  }
  if (check.status < 0 || check.status > kStatusMax) {
    series.points_without_value = 1;
  } else {
    series.points.push_back({time_ms, static_cast<double>(check.status), nullptr});
  }
  return taker.Take(series);
}

absl::Status TakeEvent(const SentEvent& event, uint64_t number, SampleTaker& taker) {
  SentSeries series;
  SetIdentity(kEventsMetric, event.host, event.tags, series.identity);
  series.identity.own.emplace_back("source", event.source);
  series.identity.own.emplace_back("alert_type",
                                   event.alert_type.empty() ? "info" : event.alert_type);
  series.identity.own.emplace_back("priority", event.priority.empty() ? "normal" : event.priority);
  const int64_t now_ms = taker.now().millis();
  const int64_t time_ms = event.time_ms == 0 ? now_ms : event.time_ms;
  const auto within = static_cast<int64_t>((static_cast<uint64_t>(now_ms) + number) % 1000);
  const bool far = time_ms <= INT64_MIN + 1000 || time_ms >= INT64_MAX - 1000;
  series.points.push_back({far ? time_ms : time_ms - time_ms % 1000 + within, 1, nullptr});
  return taker.Take(series);
}

absl::Status TakeChecksJson(absl::string_view body, SampleTaker& taker) {
  size_t too_large = 0;
  const auto take = [&](const Json& json) {
    SentCheck check;
    check.name = JsonText(json, "check");
    check.host = FirstText(json, "host_name", "hostname");
    check.tags = JsonTexts(json, "tags");
    check.time_ms = TimeOf(json, "timestamp");
    const double status = JsonNumber(json, "status").value_or(-1);
    check.status = status >= 0 && status <= kStatusMax ? static_cast<int64_t>(status) : -1;
    return TakeCheck(check, taker);
  };
  TOCSIN_RETURN_IF_ERROR(ForEachJsonElement(body, "", take, &too_large));
  taker.rejected().Add(ingest::RejectReason::kSampleLimit, too_large,
                       "a check run of too many values");
  return absl::OkStatus();
}

absl::Status TakeEventJson(absl::string_view body, SampleTaker& taker, uint64_t* events) {
  size_t too_large = 0;
  const auto take = [&](const Json& json) { return TakeEvent(EventOf(json), (*events)++, taker); };
  TOCSIN_RETURN_IF_ERROR(ForEachJsonElement(body, "", take, &too_large));
  taker.rejected().Add(ingest::RejectReason::kSampleLimit, too_large,
                       "an event of too many values");
  return absl::OkStatus();
}

absl::Status TakeEventsOf(const Json& by_source, SampleTaker& taker, uint64_t* events) {
  if (!by_source.is_object()) return absl::OkStatus();
  for (const auto& [source, list] : by_source.items()) {
    if (!list.is_array()) continue;
    for (const Json& json : list) {
      SentEvent event = EventOf(json);
      if (event.source.empty()) event.source = source;
      TOCSIN_RETURN_IF_ERROR(TakeEvent(event, (*events)++, taker));
    }
  }
  return absl::OkStatus();
}

}  // namespace tocsin::datadog
