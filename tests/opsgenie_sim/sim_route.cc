#include "tests/opsgenie_sim/sim_route.h"

#include "tests/opsgenie_sim/sim_route_jsm.h"

#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tocsin::sim {
namespace {

using Kind = Routed::Kind;

struct Sub {
  const char* method;
  const char* name;
  Kind kind;
  ActionKind action;
};
constexpr Sub kSubs[] = {
    {"POST", "acknowledge", Kind::kAction, ActionKind::kAcknowledge},
    {"POST", "unacknowledge", Kind::kAction, ActionKind::kUnacknowledge},
    {"POST", "close", Kind::kAction, ActionKind::kClose},
    {"POST", "notes", Kind::kAction, ActionKind::kAddNote},
    {"GET", "notes", Kind::kNotes, ActionKind::kAddNote},
    {"GET", "logs", Kind::kLogs, ActionKind::kAddNote},
    {"GET", "recipients", Kind::kRecipients, ActionKind::kAddNote},
    {"POST", "snooze", Kind::kAction, ActionKind::kSnooze},
    {"POST", "escalate", Kind::kAction, ActionKind::kEscalate},
    {"POST", "assign", Kind::kAction, ActionKind::kAssign},
    {"POST", "responders", Kind::kAction, ActionKind::kAddResponder},
    {"POST", "teams", Kind::kAction, ActionKind::kAddTeam},
    {"POST", "tags", Kind::kAction, ActionKind::kAddTags},
    {"DELETE", "tags", Kind::kAction, ActionKind::kRemoveTags},
    {"POST", "details", Kind::kAction, ActionKind::kAddDetails},
    {"DELETE", "details", Kind::kAction, ActionKind::kRemoveDetails},
    {"PUT", "message", Kind::kAction, ActionKind::kSetMessage},
    {"PUT", "description", Kind::kAction, ActionKind::kSetDescription},
    {"PUT", "priority", Kind::kAction, ActionKind::kSetPriority},
};

std::string PathAndQuery(const std::string& target) {
  const size_t scheme = target.find("://");
  if (scheme == std::string::npos) return target;
  const size_t slash = target.find('/', scheme + 3);
  return slash == std::string::npos ? "/" : target.substr(slash);
}

std::map<std::string, std::string> ParseQuery(const std::string& text) {
  std::map<std::string, std::string> out;
  // As forms write them: + is a blank.
  const std::string plain = absl::StrReplaceAll(text, {{"+", " "}});
  for (const auto part : absl::StrSplit(plain, '&', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
    out[PercentDecode(pair.first)] = PercentDecode(pair.second);
  }
  return out;
}

void Is(Routed& routed, const std::string& method, const char* wanted, Kind kind) {
  routed.kind = method == wanted ? kind : Kind::kWrongMethod;
}

void NotSimulated(Routed& routed, const char* what) {
  routed.kind = Kind::kNotSimulated;
  routed.identifier = what;
}

void RouteSub(Routed& routed, const std::string& method, const std::string& name) {
  for (const Sub& sub : kSubs) {
    if (name != sub.name) continue;
    routed.kind = Kind::kWrongMethod;
    if (method != sub.method) continue;
    routed.kind = sub.kind;
    routed.action = sub.action;
    return;
  }
}

void ReadIdentifierType(Routed& routed) {
  const auto it = routed.query.find("identifierType");
  if (it == routed.query.end() || it->second == "id") return;
  if (it->second == "alias")
    routed.identifier_type = IdentifierType::kAlias;
  else if (it->second == "tiny")
    routed.identifier_type = IdentifierType::kTiny;
  else
    routed.kind = Kind::kBadIdentifierType;
}

// parts: what follows /v2/alerts, undecoded.
void RouteAlerts(Routed& routed, const std::string& method, const std::vector<std::string>& parts) {
  if (parts.empty()) {
    if (method == "GET")
      routed.kind = Kind::kList;
    else
      Is(routed, method, "POST", Kind::kAction);
    return;
  }
  if (parts.size() == 1 && parts[0] == "count") return Is(routed, method, "GET", Kind::kCount);
  if (parts.size() == 2 && parts[0] == "requests") {
    routed.identifier = PercentDecode(parts[1]);
    return Is(routed, method, "GET", Kind::kRequestStatus);
  }
  if (parts[0] == "saved-searches") return NotSimulated(routed, "saved searches");
  if (parts.size() > 1 && parts[1] == "attachments") return NotSimulated(routed, "attachments");
  routed.identifier = PercentDecode(parts[0]);
  if (parts.size() == 1) {
    routed.action = ActionKind::kDelete;
    if (method == "DELETE")
      routed.kind = Kind::kAction;
    else
      Is(routed, method, "GET", Kind::kGet);
  } else if (parts.size() == 2) {
    RouteSub(routed, method, parts[1]);
  } else if (parts.size() == 3 && parts[1] == "actions") {
    routed.action = ActionKind::kCustom;
    routed.custom_action = PercentDecode(parts[2]);
    Is(routed, method, "POST", Kind::kAction);
  }
  ReadIdentifierType(routed);
}

// parts: what follows /v2/heartbeats.
void RouteHeartbeats(Routed& routed, const std::string& method,
                     const std::vector<std::string>& parts) {
  if (parts.empty()) {
    if (method == "GET")
      routed.kind = Kind::kHeartbeatList;
    else
      Is(routed, method, "POST", Kind::kHeartbeatCreate);
    return;
  }
  routed.identifier = PercentDecode(parts[0]);
  if (parts.size() == 1) {
    static const std::map<std::string, Kind> kKinds = {{"GET", Kind::kHeartbeatGet},
                                                       {"PATCH", Kind::kHeartbeatUpdate},
                                                       {"DELETE", Kind::kHeartbeatDelete}};
    const auto it = kKinds.find(method);
    routed.kind = it == kKinds.end() ? Kind::kWrongMethod : it->second;
  } else if (parts.size() == 2 && parts[1] == "ping") {
    static const std::set<std::string> kMethods = {"GET", "POST", "PUT", "PATCH"};
    routed.kind = kMethods.count(method) ? Kind::kHeartbeatPing : Kind::kWrongMethod;
  } else if (parts.size() == 2 && parts[1] == "enable") {
    Is(routed, method, "POST", Kind::kHeartbeatEnable);
  } else if (parts.size() == 2 && parts[1] == "disable") {
    Is(routed, method, "POST", Kind::kHeartbeatDisable);
  }
}

// Teams, users, schedules and escalations: to be read only.
void RouteDirectory(Routed& routed, const std::string& method, const std::string& domain,
                    const std::vector<std::string>& parts) {
  using Entry = SimDirectoryEntry::Kind;
  static const std::map<std::string, Entry> kEntries = {{"teams", Entry::kTeam},
                                                        {"users", Entry::kUser},
                                                        {"schedules", Entry::kSchedule},
                                                        {"escalations", Entry::kEscalation}};
  const auto it = kEntries.find(domain);
  if (it == kEntries.end()) return;
  if (method != "GET" || parts.size() > 1) return NotSimulated(routed, "changing configuration");
  routed.entry = it->second;
  routed.kind = parts.empty() ? Kind::kDirectoryList : Kind::kDirectoryGet;
  if (parts.empty()) return;
  routed.identifier = PercentDecode(parts[0]);
  const auto type = routed.query.find("identifierType");
  if (type == routed.query.end()) return;
  routed.by_name = type->second == "name" || type->second == "username";
  if (!routed.by_name && type->second != "id") routed.kind = Kind::kBadIdentifierType;
}

bool ExistsOnJsm(const Routed& routed) {
  if (routed.kind == Kind::kRequestStatus) return true;
  static const std::set<ActionKind> kActions = {ActionKind::kCreate, ActionKind::kAcknowledge,
                                                ActionKind::kClose, ActionKind::kAddNote};
  return routed.kind == Kind::kAction && kActions.count(routed.action) > 0;
}

}  // namespace

std::string PercentDecode(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        absl::ascii_isxdigit(text[i + 1]) && absl::ascii_isxdigit(text[i + 2]);
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
    i += 2;
  }
  return out;
}

Routed RouteRequest(const std::string& method, const std::string& target) {
  Routed routed;
  const std::pair<std::string, std::string> split =
      absl::StrSplit(PathAndQuery(target), absl::MaxSplits('?', 1));
  routed.query = ParseQuery(split.second);
  absl::string_view path = split.first;
  if (absl::ConsumePrefix(&path, "/jsm/ops/api/")) {
    RouteJsmRest(routed, method, std::string(path));
    return routed;
  }
  if (absl::ConsumePrefix(&path, "/jsm/ops/integration")) routed.api = Api::kJsmEvents;
  if (!absl::ConsumePrefix(&path, "/v2/")) return routed;
  std::vector<std::string> parts = absl::StrSplit(path, '/');
  for (const std::string& part : parts) {
    if (part.empty()) return routed;
  }
  const std::string domain = parts.front();
  parts.erase(parts.begin());
  if (domain == "alerts") {
    RouteAlerts(routed, method, parts);
  } else if (domain == "heartbeats") {
    RouteHeartbeats(routed, method, parts);
  } else if (domain == "account" && parts.empty()) {
    Is(routed, method, "GET", Kind::kAccount);
  } else {
    RouteDirectory(routed, method, domain, parts);
  }
  const bool refused = routed.kind == Kind::kUnknownPath || routed.kind == Kind::kWrongMethod;
  if (routed.api == Api::kJsmEvents && !refused && !ExistsOnJsm(routed)) {
    routed.kind = Kind::kUnknownPath;
  }
  return routed;
}

bool IsAboutAlerts(Kind kind) {
  switch (kind) {
    case Kind::kAction:
    case Kind::kRequestStatus:
    case Kind::kGet:
    case Kind::kList:
    case Kind::kCount:
    case Kind::kNotes:
    case Kind::kLogs:
    case Kind::kRecipients:
      return true;
    default:
      return false;
  }
}

}  // namespace tocsin::sim
