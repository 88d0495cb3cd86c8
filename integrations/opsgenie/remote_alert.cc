#include "integrations/opsgenie/remote_alert.h"

#include <utility>

#include "integrations/opsgenie/json_fields.h"

namespace tocsin::opsgenie {
namespace {

using http_client::HttpResponse;

std::optional<RemoteAlert> AlertOf(const Json& json) {
  RemoteAlert alert;
  alert.id = Text(json, "id");
  if (alert.id.empty()) return std::nullopt;
  alert.alias = Text(json, "alias");
  alert.open = Text(json, "status") == "open";
  alert.acknowledged = Flag(json, "acknowledged");
  alert.owner = Text(json, "owner");
  alert.snoozed = Flag(json, "snoozed");
  alert.snoozed_until = Instant(json, "snoozedUntil");
  alert.created_at = Instant(json, "createdAt");
  alert.updated_at = Instant(json, "updatedAt");
  alert.count = Number(json, "count");
  alert.source = Text(json, "source");
  alert.priority = Text(json, "priority");
  alert.message = Text(json, "message");
  alert.description = Text(json, "description");
  alert.tags = Texts(json, "tags");
  alert.details = TextMap(json, "details");
  // JSM's name for them.
  if (alert.details.empty()) alert.details = TextMap(json, "extraProperties");
  // JSM's REST API has acknowledgement in the status.
  if (Text(json, "status") == "acked") alert.open = alert.acknowledged = true;
  return alert;
}

}  // namespace

std::optional<RequestStatus> ParseRequestStatus(const HttpResponse& response) {
  const Json data = DataOf(response);
  for (const char* key : {"isSuccess", "success"}) {
    if (data.contains(key) && data[key].is_boolean()) {
      return RequestStatus{data[key].get<bool>(), Text(data, "status"), Text(data, "alertId")};
    }
  }
  return std::nullopt;
}

std::optional<RemoteAlert> ParseAlert(const HttpResponse& response) {
  return AlertOf(DataOf(response));
}

std::optional<RemoteAlerts> ParseAlertList(const HttpResponse& response) {
  const Json body = ParseObject(response.body);
  for (const char* key : {"data", "values"}) {
    const auto list = body.find(key);
    if (list == body.end() || !list->is_array()) continue;
    RemoteAlerts page;
    for (const Json& item : *list) {
      auto alert = AlertOf(item);
      if (alert)
        page.alerts.push_back(*std::move(alert));
      else
        ++page.skipped;
    }
    return page;
  }
  return std::nullopt;
}

std::optional<int64_t> ParseCount(const HttpResponse& response) {
  const Json data = DataOf(response);
  const auto count = data.find("count");
  if (count == data.end() || !count->is_number_integer()) return std::nullopt;
  return count->get<int64_t>();
}

}  // namespace tocsin::opsgenie
