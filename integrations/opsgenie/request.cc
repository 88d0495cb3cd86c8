#include "integrations/opsgenie/request.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/labels.h"
#include "integrations/page/clamp.h"

namespace tocsin::opsgenie {
namespace {

using http_client::HttpRequest;
using http_client::HttpResponse;
using Json = nlohmann::json;

constexpr char kSource[] = "tocsin";
constexpr char kJsmPrefix[] = "/jsm/ops/integration";
constexpr size_t kErrorCharsMax = 300;
constexpr int64_t kWaitSecondsMax = 3600;  // a longer hint is not believed

std::string BaseUrl(const OpsgenieConfig& config) {
  std::string base(config.api_url);
  while (absl::EndsWith(base, "/")) base.pop_back();
  if (config.profile == Profile::kJsm && !absl::StrContains(base, kJsmPrefix)) base += kJsmPrefix;
  return absl::StrCat(base, "/v2/alerts");
}

// Everything but unreserved characters: an alias may hold slashes, blanks and percent signs.
std::string PercentEncode(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
        absl::string_view("-._~").find(c) != absl::string_view::npos) {
      out += c;
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

HttpRequest Request(const OpsgenieConfig& config, const char* method, const std::string& path) {
  HttpRequest request;
  request.method = method;
  request.url = BaseUrl(config) + path;
  request.headers = {{"Authorization", absl::StrCat("GenieKey ", config.api_key.Reveal())},
                     {"Accept", "application/json"},
                     {"User-Agent", "tocsin"}};
  return request;
}

HttpRequest WithBody(HttpRequest request, const Json& body) {
  request.headers.push_back({"Content-Type", "application/json"});
  request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return request;
}

std::string AlertPath(const AlertRef& alert, const char* action) {
  const bool id = alert.type == AlertRef::Type::kId;
  return absl::StrCat("/", PercentEncode(id ? alert.value : RemoteAlias(alert.value)), action,
                      "?identifierType=", id ? "id" : "alias");
}

Json ResponderJson(const Responder& responder) {
  static constexpr const char* kTypes[] = {"team", "user", "escalation", "schedule"};
  Json json = {{"type", kTypes[static_cast<int>(responder.type)]}};
  if (!responder.id.empty())
    json["id"] = responder.id;
  else if (responder.type == Responder::Type::kUser)
    json["username"] = responder.username;
  else
    json["name"] = responder.name;
  return json;
}

Json MinimalBody(const PageContent& content) {
  return {{"message", content.message}, {"alias", content.alias}, {"priority", content.priority}};
}

Json ParseObject(const std::string& body) {
  Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json::object();
}

std::string Text(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

// Both shapes are seen: `data` around the answer, or the answer itself.
Json Data(const HttpResponse& response) {
  Json json = ParseObject(response.body);
  return json.contains("data") && json["data"].is_object() ? json["data"] : json;
}

// "422 Request body is not processable. (tags: more than 20 items)"
std::string ErrorText(const HttpResponse& response, const Json& body) {
  std::string text = absl::StrCat(response.status, " ", Text(body, "message"));
  if (body.contains("errors")) {
    absl::StrAppend(&text, " ",
                    body["errors"].dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return page::ClampEnd(text, kErrorCharsMax);
}

absl::Duration WaitHint(const HttpResponse& response) {
  for (const char* name : {"Retry-After", "X-RateLimit-Period-In-Sec"}) {
    int64_t seconds = 0;
    if (absl::SimpleAtoi(response.Header(name), &seconds) && seconds > 0) {
      return absl::Seconds(std::min(seconds, kWaitSecondsMax));
    }
  }
  return absl::ZeroDuration();
}

Verdict VerdictOf(const HttpResponse& response, const Json& body) {
  const int status = response.status;
  if (status >= 200 && status < 300) return Verdict::kAccepted;
  switch (status) {
    case 404:
      return response.Header("X-Opsgenie-Errortype") == "RequestNotProcessed" ? Verdict::kPending
                                                                              : Verdict::kNotFound;
    case 429:
      return Verdict::kThrottled;
    case 400:
    case 413:
      return Verdict::kRejected;
    case 422:
      // An ill-formed key is answered like an ill-formed page, but no other page would pass.
      return absl::StrContains(Text(body, "message"), "Key format") ? Verdict::kUnauthorized
                                                                    : Verdict::kRejected;
    case 401:
      return Verdict::kUnauthorized;
    case 408:
      return Verdict::kRetryLater;
    case 501:
      return Verdict::kRefused;
    default:
      return status >= 500 ? Verdict::kRetryLater : Verdict::kRefused;
  }
}

}  // namespace

Capabilities CapabilitiesOf(Profile profile) {
  const bool full = profile == Profile::kOpsgenie;
  return {.lookup = full, .field_updates = full};
}

uint64_t AccountHash(const OpsgenieConfig& config) {
  const char* profile = config.profile == Profile::kJsm ? "jsm" : "opsgenie";
  return std::max<uint64_t>(1, Hash64(absl::StrCat(profile, " ", BaseUrl(config))));
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
  return WithBody(Request(config, "POST", ""), body);
}

HttpRequest CreateMinimalAlert(const OpsgenieConfig& config, const PageContent& content) {
  return WithBody(Request(config, "POST", ""), MinimalBody(content));
}

HttpRequest CloseAlert(const OpsgenieConfig& config, const AlertRef& alert,
                       const std::string& note) {
  HttpRequest request = Request(config, "POST", AlertPath(alert, "/close"));
  if (note.empty()) return WithBody(std::move(request), Json::object());
  return WithBody(std::move(request), {{"source", kSource}, {"note", note}});
}

HttpRequest AddNote(const OpsgenieConfig& config, const AlertRef& alert, const std::string& note) {
  return WithBody(Request(config, "POST", AlertPath(alert, "/notes")),
                  {{"source", kSource}, {"note", note}});
}

HttpRequest SetPriority(const OpsgenieConfig& config, const AlertRef& alert,
                        const std::string& priority) {
  return WithBody(Request(config, "PUT", AlertPath(alert, "/priority")), {{"priority", priority}});
}

HttpRequest SetMessage(const OpsgenieConfig& config, const AlertRef& alert,
                       const std::string& message) {
  return WithBody(Request(config, "PUT", AlertPath(alert, "/message")), {{"message", message}});
}

HttpRequest SetDescription(const OpsgenieConfig& config, const AlertRef& alert,
                           const std::string& description) {
  return WithBody(Request(config, "PUT", AlertPath(alert, "/description")),
                  {{"description", description}});
}

HttpRequest AddDetails(const OpsgenieConfig& config, const AlertRef& alert,
                       const Details& details) {
  Json body = {{"details", Json::object()}, {"source", kSource}};
  for (const auto& [key, value] : details) body["details"][key] = value;
  return WithBody(Request(config, "POST", AlertPath(alert, "/details")), body);
}

HttpRequest AddTags(const OpsgenieConfig& config, const AlertRef& alert,
                    const std::vector<std::string>& tags) {
  return WithBody(Request(config, "POST", AlertPath(alert, "/tags")),
                  {{"tags", tags}, {"source", kSource}});
}

HttpRequest RemoveTags(const OpsgenieConfig& config, const AlertRef& alert,
                       const std::vector<std::string>& tags) {
  std::string list;
  for (const std::string& tag : tags) {
    absl::StrAppend(&list, list.empty() ? "" : ",", PercentEncode(tag));
  }
  return Request(config, "DELETE",
                 absl::StrCat(AlertPath(alert, "/tags"), "&tags=", list, "&source=", kSource));
}

HttpRequest GetRequestStatus(const OpsgenieConfig& config, const std::string& request_id) {
  return Request(config, "GET", absl::StrCat("/requests/", PercentEncode(request_id)));
}

HttpRequest GetAlert(const OpsgenieConfig& config, const AlertRef& alert) {
  return Request(config, "GET", AlertPath(alert, ""));
}

const char* VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAccepted:
      return "accepted";
    case Verdict::kPending:
      return "pending";
    case Verdict::kNotFound:
      return "not_found";
    case Verdict::kThrottled:
      return "throttled";
    case Verdict::kRetryLater:
      return "retry_later";
    case Verdict::kRejected:
      return "rejected";
    case Verdict::kUnauthorized:
      return "unauthorized";
    case Verdict::kRefused:
      return "refused";
  }
  return "";
}

Judgement Judge(const HttpResponse& response) {
  const Json body = ParseObject(response.body);
  Judgement judgement;
  judgement.verdict = VerdictOf(response, body);
  judgement.wait = WaitHint(response);
  if (judgement.verdict == Verdict::kAccepted) {
    judgement.request_id = Text(body, "requestId");
    judgement.wait = absl::ZeroDuration();  // on success the period only describes the quota
  } else {
    judgement.error = ErrorText(response, body);
  }
  return judgement;
}

Judgement JudgeWrite(const HttpResponse& response) {
  Judgement judgement = Judge(response);
  const bool strange = judgement.verdict == Verdict::kAccepted && response.status != 202 &&
                       judgement.request_id.empty();
  if (!strange) return judgement;
  judgement.verdict = Verdict::kUnauthorized;
  judgement.error = absl::StrCat(response.status, ": this does not look like OpsGenie");
  return judgement;
}

std::optional<RequestStatus> ParseRequestStatus(const HttpResponse& response) {
  const Json data = Data(response);
  for (const char* key : {"isSuccess", "success"}) {
    if (data.contains(key) && data[key].is_boolean()) {
      return RequestStatus{data[key].get<bool>(), Text(data, "status"), Text(data, "alertId")};
    }
  }
  return std::nullopt;
}

std::optional<RemoteAlert> ParseAlert(const HttpResponse& response) {
  const Json data = Data(response);
  RemoteAlert alert;
  alert.id = Text(data, "id");
  if (alert.id.empty()) return std::nullopt;
  alert.open = Text(data, "status") == "open";
  alert.priority = Text(data, "priority");
  alert.message = Text(data, "message");
  alert.description = Text(data, "description");
  if (data.contains("tags") && data["tags"].is_array()) {
    for (const Json& tag : data["tags"]) {
      if (tag.is_string()) alert.tags.push_back(tag.get<std::string>());
    }
  }
  if (data.contains("details") && data["details"].is_object()) {
    for (const auto& [key, value] : data["details"].items()) {
      if (value.is_string()) alert.details[key] = value.get<std::string>();
    }
  }
  return alert;
}

}  // namespace tocsin::opsgenie
