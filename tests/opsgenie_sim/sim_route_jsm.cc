#include "tests/opsgenie_sim/sim_route_jsm.h"

#include <utility>
#include <vector>

#include "absl/strings/str_split.h"

namespace tocsin::sim {
namespace {

using Kind = Routed::Kind;

struct Operation {
  const char* method;
  const char* name;
  Kind kind;
  ActionKind action;
};
constexpr Operation kOperations[] = {
    {"POST", "acknowledge", Kind::kAction, ActionKind::kAcknowledge},
    {"POST", "unacknowledge", Kind::kAction, ActionKind::kUnacknowledge},
    {"POST", "close", Kind::kAction, ActionKind::kClose},
    {"POST", "notes", Kind::kAction, ActionKind::kAddNote},
    {"GET", "notes", Kind::kNotes, ActionKind::kAddNote},
    {"GET", "logs", Kind::kLogs, ActionKind::kAddNote},
    {"POST", "snooze", Kind::kAction, ActionKind::kSnooze},
    {"POST", "tags", Kind::kAction, ActionKind::kAddTags},
    {"DELETE", "tags", Kind::kAction, ActionKind::kRemoveTags},
    {"POST", "extra-properties", Kind::kAction, ActionKind::kAddDetails},
    {"PATCH", "message", Kind::kAction, ActionKind::kSetMessage},
    {"PATCH", "description", Kind::kAction, ActionKind::kSetDescription},
    {"PATCH", "priority", Kind::kAction, ActionKind::kSetPriority},
};
// They exist, but the shape of their bodies is not known well enough to be strict about them.
constexpr const char* kUnknownShapes[] = {"escalate", "assign", "responders", "action",
                                          "attachments"};

void Is(Routed& routed, bool right, Kind kind) {
  routed.kind = right ? kind : Kind::kWrongMethod;
}

void RouteOperation(Routed& routed, const std::string& method, const std::string& name) {
  for (const char* unknown : kUnknownShapes) {
    if (name != unknown) continue;
    routed.kind = Kind::kNotSimulated;
    routed.identifier = name;
    return;
  }
  for (const Operation& operation : kOperations) {
    if (name != operation.name) continue;
    routed.kind = Kind::kWrongMethod;
    if (method != operation.method) continue;
    routed.kind = operation.kind;
    routed.action = operation.action;
    return;
  }
}

// parts: what follows /v1/alerts.
void RouteAlerts(Routed& routed, const std::string& method, const std::vector<std::string>& parts) {
  if (parts.empty()) {
    if (method == "GET")
      routed.kind = Kind::kList;
    else
      Is(routed, method == "POST", Kind::kAction);
    return;
  }
  routed.identifier = PercentDecode(parts[0]);
  if (parts.size() == 1 && parts[0] == "alias") {
    routed.identifier = routed.query["alias"];
    routed.identifier_type = IdentifierType::kAlias;
    Is(routed, method == "GET", Kind::kGet);
  } else if (parts.size() == 1) {
    routed.action = ActionKind::kDelete;
    if (method == "DELETE")
      routed.kind = Kind::kAction;
    else
      Is(routed, method == "GET", Kind::kGet);
  } else if (parts.size() == 2 && parts[0] == "requests") {
    routed.identifier = PercentDecode(parts[1]);
    Is(routed, method == "GET", Kind::kRequestStatus);
  } else if (parts.size() == 2) {
    RouteOperation(routed, method, parts[1]);
  }
}

Json AlertAsJsm(Json alert) {
  if (!alert.contains("details")) return alert;
  alert["extraProperties"] = alert["details"];
  alert.erase("details");
  return alert;
}

SimAnswer ErrorAsJsm(SimAnswer answer) {
  Json errors = Json::array();
  const Json& fields = answer.body.contains("errors") ? answer.body["errors"] : Json::object();
  for (const auto& [field, reason] : fields.items()) {
    errors.push_back({{"title", field}, {"detail", reason}});
  }
  if (errors.empty()) errors.push_back({{"title", answer.body.value("message", "")}});
  answer.body = {{"errors", std::move(errors)}};
  return answer;
}

}  // namespace

void RouteJsmRest(Routed& routed, const std::string& method, const std::string& path) {
  routed.api = Api::kJsmRest;
  std::vector<std::string> parts = absl::StrSplit(path, '/');
  if (parts.size() < 3 || parts[1] != "v1") return;
  routed.cloud_id = PercentDecode(parts[0]);
  const std::string domain = parts[2];
  parts.erase(parts.begin(), parts.begin() + 3);
  if (domain == "alerts") return RouteAlerts(routed, method, parts);
  // teams/ID/heartbeats/ping?name=
  if (domain == "teams" && parts.size() == 3 && parts[1] == "heartbeats" && parts[2] == "ping") {
    routed.identifier = routed.query["name"];
    Is(routed, method == "GET" || method == "POST", Kind::kHeartbeatPing);
  }
}

Json FromJsmBody(ActionKind action, Json body) {
  const bool has_details = action == ActionKind::kCreate || action == ActionKind::kAddDetails;
  if (has_details && body.contains("extraProperties")) {
    body["details"] = body["extraProperties"];
    body.erase("extraProperties");
  }
  if (action == ActionKind::kRemoveTags && body.contains("tags") && body["tags"].is_array()) {
    std::string list;
    for (const Json& tag : body["tags"]) {
      if (tag.is_string()) list += (list.empty() ? "" : ",") + tag.get<std::string>();
    }
    body["tags"] = list;
  }
  return body;
}

SimAnswer AsJsmAnswer(const Routed& routed, SimAnswer answer) {
  if (answer.status >= 300) return ErrorAsJsm(std::move(answer));
  if (!answer.body.contains("data")) return answer;
  Json data = std::move(answer.body["data"]);
  if (routed.kind == Kind::kGet) {
    answer.body = AlertAsJsm(std::move(data));
  } else if (data.is_array()) {
    const std::string next = answer.body.value("paging", Json::object()).value("next", "");
    answer.body = {{"values", std::move(data)},
                   {"count", answer.body.value("total", 0)},
                   {"links", {{"next", next}}}};
  } else {
    answer.body = std::move(data);
  }
  return answer;
}

}  // namespace tocsin::sim
