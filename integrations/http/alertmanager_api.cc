#include "integrations/http/alertmanager_api.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "integrations/http/admin_reply.h"
#include "integrations/http/alert_filter.h"
#include "integrations/http/alertmanager_json.h"
#include "integrations/http/form.h"

namespace tocsin::http {
namespace {

HttpReply Ok(const Json& json) {
  return JsonReply(200, Dump(json));
}

HttpReply Error(int status, absl::string_view message) {
  return JsonReply(status, Dump(Json(std::string(message))));
}

HttpReply Error(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kResourceExhausted:
      return Error(400, status.message());
    case absl::StatusCode::kNotFound:
      return Error(404, status.message());
    case absl::StatusCode::kUnavailable:
      return Error(503, status.message());
    default:
      return Error(500, status.message());
  }
}

bool IsGet(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

absl::StatusOr<Form> ReadParameters(const HttpRequest& request) {
  Form form;
  if (form.Add(request.query)) return form;
  return absl::InvalidArgumentError("the parameters are not properly encoded");
}

using Rows = std::vector<std::pair<ActiveAlert, Json>>;

// In order of receivers and labels; an alert that shares no page is a group of its own labels.
Json Groups(const Rows& rows, const AlertFilter& filter) {
  std::map<std::pair<std::string, std::string>, Json> groups;
  for (const auto& [alert, shown] : rows) {
    for (const std::string& receiver : alert.receivers) {
      if (!filter.WantsReceiver(receiver)) continue;
      const auto shared = alert.groups.find(receiver);
      const Labels& labels = shared == alert.groups.end() ? alert.labels : shared->second;
      Json& group = groups[{receiver, labels.ToString()}];
      if (group.is_null()) {
        group = {{"alerts", Json::array()},
                 {"labels", ToJson(labels)},
                 {"receiver", {{"name", receiver}}}};
      }
      group["alerts"].push_back(shown);
    }
  }
  Json list = Json::array();
  for (auto& [key, group] : groups) list.push_back(std::move(group));
  return list;
}

}  // namespace

AlertmanagerApi::AlertmanagerApi(AlertmanagerBackend& backend, routing::Silences& silences,
                                 const Clock& clock, BuildInfo build)
    : backend_(backend),
      silences_(silences),
      clock_(clock),
      build_(std::move(build)),
      started_(clock.Now()) {}

HttpReply AlertmanagerApi::Handle(const HttpRequest& request) {
  absl::string_view path = request.path;
  absl::ConsumePrefix(&path, "/api/v2");
  const bool changes = request.method == "POST" || request.method == "DELETE";
  if (changes && FromAnotherOrigin(request)) {
    return Error(403, "a page of another origin may not change silences");
  }
  if (absl::ConsumePrefix(&path, "/silence/")) return OneSilence(request, std::string(path));
  if (path == "/silences" && request.method == "POST") return PostSilence(request);
  if (path == "/alerts" && request.method == "POST") {
    return Error(501, "not supported: alerts are made by rules and cannot be posted");
  }
  const bool silences = path == "/silences";
  const bool groups = path == "/alerts/groups";
  if (!silences && !groups && path != "/alerts" && path != "/status" && path != "/receivers") {
    return Error(404, absl::StrCat("path ", request.path, " was not found"));
  }
  if (!IsGet(request)) return MethodNotAllowed(silences ? "GET, POST" : "GET");
  if (silences) return SilenceList(request);
  if (path == "/status") return Status();
  if (path == "/receivers") return Receivers();
  return Alerts(request, groups);
}

HttpReply AlertmanagerApi::Status() {
  return Ok({{"cluster", {{"peers", Json::array()}, {"status", "disabled"}}},
             {"config", {{"original", backend_.ConfigText()}}},
             {"uptime", FormatTimestamp(started_)},
             {"versionInfo",
              {{"branch", build_.branch},
               {"buildDate", build_.build_date},
               {"buildUser", ""},
               {"goVersion", ""},
               {"revision", build_.revision},
               {"version", build_.version}}}});
}

HttpReply AlertmanagerApi::Receivers() {
  Json receivers = Json::array();
  for (const std::string& name : backend_.Receivers()) receivers.push_back({{"name", name}});
  return Ok(receivers);
}

HttpReply AlertmanagerApi::Alerts(const HttpRequest& request, bool grouped) {
  const auto parameters = ReadParameters(request);
  if (!parameters.ok()) return Error(parameters.status());
  const auto filter = AlertFilter::Read(*parameters);
  if (!filter.ok()) return Error(filter.status());
  const Timestamp now = clock_.Now();
  Rows rows;
  for (ActiveAlert& alert : backend_.ActiveAlerts(now)) {
    if (!filter->Wants(alert)) continue;
    Json shown = ToJson(alert, now);
    rows.emplace_back(std::move(alert), std::move(shown));
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.second["fingerprint"] < b.second["fingerprint"];
  });
  if (grouped) return Ok(Groups(rows, *filter));
  Json list = Json::array();
  for (auto& [alert, shown] : rows) list.push_back(std::move(shown));
  return Ok(list);
}

HttpReply AlertmanagerApi::SilenceList(const HttpRequest& request) {
  const auto parameters = ReadParameters(request);
  if (!parameters.ok()) return Error(parameters.status());
  const auto wanted = ReadMatchers(*parameters);
  if (!wanted.ok()) return Error(wanted.status());
  const Timestamp now = clock_.Now();
  Json list = Json::array();
  for (const routing::Silence& silence : silences_.All(now)) {
    if (HasMatchers(silence, *wanted)) list.push_back(ToJson(silence, now));
  }
  return Ok(list);
}

HttpReply AlertmanagerApi::PostSilence(const HttpRequest& request) {
  auto silence = ParseSilence(request.body);
  if (!silence.ok()) return Error(silence.status());
  const Timestamp now = clock_.Now();
  if (silence->starts_at >= silence->ends_at) {
    return Error(400, "Failed to create silence: start time must be before end time");
  }
  if (silence->ends_at < now) {
    return Error(400, "Failed to create silence: end time can't be in the past");
  }
  const auto id = silences_.Set(*std::move(silence), now);
  if (!id.ok()) return Error(id.status());
  return Ok({{"silenceID", *id}});
}

HttpReply AlertmanagerApi::OneSilence(const HttpRequest& request, const std::string& id) {
  if (request.method == "DELETE") {
    const absl::Status expired = silences_.Expire(id, clock_.Now());
    return expired.ok() ? JsonReply(200, "") : Error(expired);
  }
  if (!IsGet(request)) return MethodNotAllowed("GET, DELETE");
  const Timestamp now = clock_.Now();
  const auto silence = silences_.Find(id, now);
  if (!silence) return Error(404, "silence not found");
  return Ok(ToJson(*silence, now));
}

}  // namespace tocsin::http
