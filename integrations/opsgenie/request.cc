#include "integrations/opsgenie/request.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "integrations/opsgenie/endpoint.h"

namespace tocsin::opsgenie {
namespace {

using http_client::HttpRequest;

Json MinimalBody(const PageContent& content) {
  return {{"message", content.message}, {"alias", content.alias}, {"priority", content.priority}};
}

// What only JSM's REST API has, and that by id only. An alias goes to the integration API, which
// answers that it does not know the operation.
bool ByRest(const OpsgenieConfig& config, const AlertRef& alert) {
  return HasJsmRest(config) && alert.type == AlertRef::Type::kId;
}

std::string RestPath(const AlertRef& alert, const char* action) {
  return absl::StrCat("/v1/alerts/", PercentEncode(alert.value), action);
}

HttpRequest OnAlert(const OpsgenieConfig& config, const char* method, const AlertRef& alert,
                    const char* action) {
  if (ByRest(config, alert)) return RestRequest(config, method, RestPath(alert, action));
  return KeyRequest(config, method, AlertPath(alert, action));
}

// PUT there, PATCH here.
HttpRequest SetField(const OpsgenieConfig& config, const AlertRef& alert, const char* field,
                     const std::string& value) {
  const char* method = ByRest(config, alert) ? "PATCH" : "PUT";
  return WithBody(OnAlert(config, method, alert, absl::StrCat("/", field).c_str()),
                  {{field, value}});
}

HttpRequest WithNote(HttpRequest request, Json body, const std::string& note) {
  body["source"] = kSource;
  if (!note.empty()) body["note"] = note;
  return WithBody(std::move(request), body);
}

HttpRequest WithNoteAlone(HttpRequest request, const std::string& note) {
  if (note.empty()) return WithBody(std::move(request), Json::object());
  return WithNote(std::move(request), Json::object(), note);
}

// The part of a responder that names it, without its type.
Json NameOf(const Responder& responder) {
  Json json = ResponderJson(responder);
  json.erase("type");
  return json;
}

}  // namespace

Capabilities CapabilitiesOf(Profile profile) {
  const bool full = profile == Profile::kOpsgenie;
  return {.lookup = full,
          .field_updates = full,
          .list = full,
          .snooze = full,
          .escalation = full,
          .heartbeat = full,
          .by_alias = full};
}

Capabilities CapabilitiesOf(const OpsgenieConfig& config) {
  Capabilities capabilities = CapabilitiesOf(config.profile);
  if (HasJsmRest(config)) {
    capabilities.lookup = capabilities.field_updates = capabilities.list = true;
    capabilities.snooze = capabilities.heartbeat = true;
  }
  return capabilities;
}

uint64_t AccountHash(const OpsgenieConfig& config) {
  const char* profile = config.profile == Profile::kJsm ? "jsm" : "opsgenie";
  return std::max<uint64_t>(1, Hash64(absl::StrCat(profile, " ", BaseUrl(config), "/v2/alerts")));
}

HttpRequest CreateAlert(const OpsgenieConfig& config, const PageContent& content) {
  Json body = MinimalBody(content);
  body["source"] = kSource;
  if (!content.description.empty()) body["description"] = content.description;
  if (!content.entity.empty()) body["entity"] = content.entity;
  if (!content.tags.empty()) body["tags"] = content.tags;
  if (!content.actions.empty()) body["actions"] = content.actions;
  for (const auto& [key, value] : content.details) body["details"][key] = value;
  for (const Responder& responder : content.responders) {
    body["responders"].push_back(ResponderJson(responder));
  }
  return WithBody(KeyRequest(config, "POST", "/v2/alerts"), body);
}

HttpRequest CreateMinimalAlert(const OpsgenieConfig& config, const PageContent& content) {
  return WithBody(KeyRequest(config, "POST", "/v2/alerts"), MinimalBody(content));
}

HttpRequest CloseAlert(const OpsgenieConfig& config, const AlertRef& alert,
                       const std::string& note) {
  return WithNoteAlone(KeyRequest(config, "POST", AlertPath(alert, "/close")), note);
}

HttpRequest Acknowledge(const OpsgenieConfig& config, const AlertRef& alert,
                        const std::string& note) {
  return WithNoteAlone(KeyRequest(config, "POST", AlertPath(alert, "/acknowledge")), note);
}

HttpRequest AddNote(const OpsgenieConfig& config, const AlertRef& alert, const std::string& note) {
  return WithBody(KeyRequest(config, "POST", AlertPath(alert, "/notes")),
                  {{"source", kSource}, {"note", note}});
}

HttpRequest SetPriority(const OpsgenieConfig& config, const AlertRef& alert,
                        const std::string& priority) {
  return SetField(config, alert, "priority", priority);
}

HttpRequest SetMessage(const OpsgenieConfig& config, const AlertRef& alert,
                       const std::string& message) {
  return SetField(config, alert, "message", message);
}

HttpRequest SetDescription(const OpsgenieConfig& config, const AlertRef& alert,
                           const std::string& description) {
  return SetField(config, alert, "description", description);
}

HttpRequest AddDetails(const OpsgenieConfig& config, const AlertRef& alert,
                       const Details& details) {
  Json map = Json::object();
  for (const auto& [key, value] : details) map[key] = value;
  if (ByRest(config, alert)) {
    return WithBody(OnAlert(config, "POST", alert, "/extra-properties"),
                    {{"extraProperties", map}});
  }
  return WithBody(OnAlert(config, "POST", alert, "/details"),
                  {{"details", map}, {"source", kSource}});
}

HttpRequest AddTags(const OpsgenieConfig& config, const AlertRef& alert,
                    const std::vector<std::string>& tags) {
  if (ByRest(config, alert)) {
    return WithBody(OnAlert(config, "POST", alert, "/tags"), {{"tags", tags}});
  }
  return WithBody(OnAlert(config, "POST", alert, "/tags"), {{"tags", tags}, {"source", kSource}});
}

HttpRequest RemoveTags(const OpsgenieConfig& config, const AlertRef& alert,
                       const std::vector<std::string>& tags) {
  if (ByRest(config, alert)) {
    return WithBody(OnAlert(config, "DELETE", alert, "/tags"), {{"tags", tags}});
  }
  std::string list;
  for (const std::string& tag : tags) {
    absl::StrAppend(&list, list.empty() ? "" : ",", PercentEncode(tag));
  }
  return KeyRequest(config, "DELETE",
                    absl::StrCat(AlertPath(alert, "/tags"), "&tags=", list, "&source=", kSource));
}

HttpRequest Unacknowledge(const OpsgenieConfig& config, const AlertRef& alert,
                          const std::string& note) {
  HttpRequest request = OnAlert(config, "POST", alert, "/unacknowledge");
  if (ByRest(config, alert)) return request;  // takes no body
  return WithNoteAlone(std::move(request), note);
}

HttpRequest Snooze(const OpsgenieConfig& config, const AlertRef& alert, Timestamp until,
                   const std::string& note) {
  const Json body = {{"endTime", FormatTimestamp(until)}};
  HttpRequest request = OnAlert(config, "POST", alert, "/snooze");
  if (ByRest(config, alert)) return WithBody(std::move(request), body);
  return WithNote(std::move(request), body, note);
}

HttpRequest EscalateToNext(const OpsgenieConfig& config, const AlertRef& alert,
                           const Responder& escalation, const std::string& note) {
  return WithNote(KeyRequest(config, "POST", AlertPath(alert, "/escalate")),
                  {{"escalation", NameOf(escalation)}}, note);
}

HttpRequest Assign(const OpsgenieConfig& config, const AlertRef& alert, const Responder& owner,
                   const std::string& note) {
  return WithNote(KeyRequest(config, "POST", AlertPath(alert, "/assign")),
                  {{"owner", NameOf(owner)}}, note);
}

HttpRequest AddResponder(const OpsgenieConfig& config, const AlertRef& alert,
                         const Responder& responder, const std::string& note) {
  return WithNote(KeyRequest(config, "POST", AlertPath(alert, "/responders")),
                  {{"responder", ResponderJson(responder)}}, note);
}

bool CanBeAdded(Responder::Type type) {
  return type == Responder::Type::kTeam || type == Responder::Type::kUser;
}

HttpRequest GetRequestStatus(const OpsgenieConfig& config, const std::string& request_id) {
  return KeyRequest(config, "GET", absl::StrCat("/v2/alerts/requests/", PercentEncode(request_id)));
}

HttpRequest GetRestRequestStatus(const OpsgenieConfig& config, const std::string& request_id) {
  return RestRequest(config, "GET",
                     absl::StrCat("/v1/alerts/requests/", PercentEncode(request_id)));
}

HttpRequest GetAlert(const OpsgenieConfig& config, const AlertRef& alert) {
  if (HasJsmRest(config) && alert.type == AlertRef::Type::kAlias) {
    return RestRequest(
        config, "GET",
        absl::StrCat("/v1/alerts/alias?alias=", PercentEncode(RemoteAlias(alert.value))));
  }
  return OnAlert(config, "GET", alert, "");
}

}  // namespace tocsin::opsgenie
