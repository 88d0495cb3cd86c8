#include "app/config_routing.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "app/config_time_intervals.h"
#include "app/page_templates.h"
#include "base/secret.h"

namespace tocsin::app {
namespace {

namespace code = rules::code;
using opsgenie::OpsgenieConfig;
using opsgenie::Responder;

constexpr char kSwallowing[] = "none";  // the receiver without targets

// Reads everything below `receivers` and `route`.
class RoutingReader {
 public:
  RoutingReader(ConfigFindings& findings, const std::string& folder, const ConfigSources& sources,
                const routing::TimeIntervals& intervals)
      : findings_(findings), folder_(folder), sources_(sources), intervals_(intervals) {}

  void ReadReceiver(const YamlNode& node);
  delivery::Route ReadRoute(const YamlNode& node, bool root);

  delivery::ReceiversAndRoutes routing;

 private:
  OpsgenieConfig ReadOpsgenie(const YamlNode& node);
  void ReadApiUrl(const ConfigMap& map, OpsgenieConfig& config);
  void ReadProfile(const ConfigMap& map, OpsgenieConfig& config);
  void ReadPriority(const ConfigMap& map, OpsgenieConfig& config);
  Responder ReadResponder(const YamlNode& node);
  void CheckResponder(const YamlNode& node, const Responder& responder);
  void CheckTemplate(const YamlNode& node, const std::string& what);
  Secret ReadSecret(const ConfigMap& map, const std::string& key);
  std::optional<std::string> FromEnvironment(const YamlNode& node, const std::string& key);
  std::optional<std::string> FromFile(const YamlNode& node);
  void Unresolved(const YamlNode& at, std::string message);
  void ReadReceiverName(const ConfigMap& map, bool root, delivery::Route& route);
  void ReadMatchers(const ConfigMap& map, bool root, delivery::Route& route);

  ConfigFindings& findings_;
  const std::string& folder_;
  const ConfigSources& sources_;
  const routing::TimeIntervals& intervals_;
};

void RoutingReader::ReadReceiver(const YamlNode& node) {
  ConfigMap map(findings_, node, "receiver");
  map.CheckKeys({"name", "opsgenie_configs"},
                {"webhook_configs", "escalation", "email_configs", "slack_configs",
                 "pagerduty_configs", "victorops_configs", "pushover_configs", "msteams_configs"});
  delivery::Receiver receiver;
  if (!map.ReadString("name", &receiver.name) || receiver.name.empty()) {
    return findings_.Error(node, code::kMissingKey, "a receiver needs a name");
  }
  map.ForEachItem("opsgenie_configs", [&](const YamlNode& item) {
    receiver.opsgenie_configs.push_back(ReadOpsgenie(item));
  });
  const std::string name = receiver.name;
  if (!routing.receivers.emplace(name, std::move(receiver)).second) {
    findings_.Error(*map.Find("name"), code::kDuplicateName,
                    absl::StrCat("there are two receivers named \"", name, "\""));
  }
}

OpsgenieConfig RoutingReader::ReadOpsgenie(const YamlNode& node) {
  ConfigMap map(findings_, node, "opsgenie_configs");
  map.CheckKeys(
      {"api_url", "profile", "api_key", "api_key_file", "responders", "priority", "tags", "entity",
       "actions", "send_resolved"},
      {"message", "description", "details", "note", "source", "update_alerts", "http_config"});
  OpsgenieConfig config;
  ReadApiUrl(map, config);
  ReadProfile(map, config);
  config.api_key = ReadSecret(map, "api_key");
  map.ForEachItem("responders",
                  [&](const YamlNode& item) { config.responders.push_back(ReadResponder(item)); });
  ReadPriority(map, config);
  map.ReadStrings("tags", &config.tags);
  if (map.ReadString("entity", &config.entity)) CheckTemplate(*map.Find("entity"), "entity");
  map.ReadStrings("actions", &config.actions);
  for (const char* key : {"tags", "actions"}) {
    const YamlNode* list = map.Find(key);
    if (list == nullptr) continue;
    for (const auto& item : list->items) CheckTemplate(*item, key);
  }
  map.ReadBool("send_resolved", &config.send_resolved);
  return config;
}

void RoutingReader::ReadApiUrl(const ConfigMap& map, OpsgenieConfig& config) {
  std::string url;
  if (!map.ReadString("api_url", &url)) return;
  while (absl::EndsWith(url, "/")) url.pop_back();
  const bool http = absl::StartsWith(url, "http://");
  if (!http && !absl::StartsWith(url, "https://")) {
    return findings_.BadValue(*map.Find("api_url"), "api_url must begin with https:// or http://");
  }
  // A key in a URL would be printed with it.
  if (absl::StrContains(url, '@') || absl::StrContains(url, '?')) {
    return findings_.BadValue(*map.Find("api_url"), "api_url must not hold a user or parameters");
  }
  const bool local = absl::StartsWith(url, "http://127.") ||
                     absl::StartsWith(url, "http://localhost") ||
                     absl::StartsWith(url, "http://[::1]");
  if (http && !local) {
    findings_.Warning(*map.Find("api_url"), code::kBadValue,
                      "the key travels unencrypted to another host", "use https://");
  }
  config.api_url = std::move(url);
}

void RoutingReader::ReadProfile(const ConfigMap& map, OpsgenieConfig& config) {
  std::string profile;
  if (!map.ReadString("profile", &profile)) return;
  if (profile == "opsgenie") {
    config.profile = opsgenie::Profile::kOpsgenie;
  } else if (profile == "jsm") {
    config.profile = opsgenie::Profile::kJsm;
  } else {
    findings_.BadValue(*map.Find("profile"), "profile must be opsgenie or jsm");
  }
}

void RoutingReader::ReadPriority(const ConfigMap& map, OpsgenieConfig& config) {
  const YamlNode* node = map.Find("priority");
  if (node == nullptr) return;
  ConfigMap priorities(findings_, *node, "priority");
  for (const rules::YamlEntry& entry : node->entries) {
    const auto value = ReadText(findings_, *entry.value, "a priority");
    if (!value) continue;
    if (value->size() != 2 || (*value)[0] != 'P' || (*value)[1] < '1' || (*value)[1] > '5') {
      findings_.BadValue(*entry.value, "a priority is one of P1, P2, P3, P4, P5");
      continue;
    }
    config.priority[entry.key->value] = *value;
  }
}

Responder RoutingReader::ReadResponder(const YamlNode& node) {
  ConfigMap map(findings_, node, "responder");
  map.CheckKeys({"type", "id", "name", "username"});
  Responder responder;
  static const std::map<std::string, Responder::Type> kinds = {
      {"team", Responder::Type::kTeam},
      {"user", Responder::Type::kUser},
      {"escalation", Responder::Type::kEscalation},
      {"schedule", Responder::Type::kSchedule}};
  std::string type;
  map.ReadString("type", &type);
  const auto kind = kinds.find(type);
  if (kind == kinds.end()) {
    findings_.BadValue(map.Key("type"), "type must be team, user, escalation or schedule");
  } else {
    responder.type = kind->second;
  }
  map.ReadString("id", &responder.id);
  map.ReadString("name", &responder.name);
  map.ReadString("username", &responder.username);
  if (kind != kinds.end()) CheckResponder(node, responder);
  return responder;
}

// OpsGenie refuses each page whose responder is named in a way that its type does not know.
void RoutingReader::CheckResponder(const YamlNode& node, const Responder& responder) {
  const int named = !responder.id.empty() + !responder.name.empty() + !responder.username.empty();
  if (named != 1) {
    return findings_.BadValue(node, "a responder needs exactly one of id, name and username");
  }
  if (responder.type != Responder::Type::kUser) {
    if (responder.username.empty()) return;
    return findings_.BadValue(node, "only a user has a username", "use name or id");
  }
  if (!responder.name.empty()) {
    return findings_.BadValue(node, "a user has no name",
                              "use username, which is an e-mail address, or id");
  }
  const size_t at = responder.username.find('@');
  const bool address = at != std::string::npos && at > 0 && at + 1 < responder.username.size();
  if (!responder.username.empty() && !address) {
    findings_.BadValue(node, "the username of a user must be an e-mail address");
  }
}

void RoutingReader::CheckTemplate(const YamlNode& node, const std::string& what) {
  if (node.kind != YamlNode::Kind::kScalar) return;
  const auto fault = CheckReceiverTemplate(node.value);
  if (!fault) return;
  if (fault->certain) {
    return findings_.Error(node, code::kTemplate,
                           absl::StrCat("template of ", what, ": ", fault->message),
                           ".Labels.NAME is a label of the page, .Value its value");
  }
  findings_.Warning(node, code::kTemplate,
                    absl::StrCat("template of ", what, " fails without labels: ", fault->message),
                    "where it fails, the field is left out");
}

void RoutingReader::Unresolved(const YamlNode& at, std::string message) {
  if (sources_.secrets_required) return findings_.Error(at, kSecret, std::move(message));
  findings_.Warning(at, kSecret, std::move(message));
}

// The value is `${NAME}` and nothing else, so that no secret is ever written into the file.
std::optional<std::string> RoutingReader::FromEnvironment(const YamlNode& node,
                                                          const std::string& key) {
  const auto text = ReadText(findings_, node, key);
  if (!text) return std::nullopt;
  if (!absl::StartsWith(*text, "${") || !absl::EndsWith(*text, "}") || text->size() < 4) {
    findings_.BadValue(node, absl::StrCat(key, " must not be written into the file"),
                       absl::StrCat("use ", key, "_file or ${NAME} of an environment variable"));
    return std::nullopt;
  }
  const std::string name = text->substr(2, text->size() - 3);
  auto value = sources_.environment(name);
  if (!value) Unresolved(node, absl::StrCat("the environment variable ", name, " is not set"));
  return value;
}

std::optional<std::string> RoutingReader::FromFile(const YamlNode& node) {
  const auto path = ReadText(findings_, node, "the path of a secret");
  if (!path) return std::nullopt;
  auto content = sources_.secret_file(ResolvePath(folder_, *path));
  if (content.ok()) return *std::move(content);
  Unresolved(node, std::string(content.status().message()));
  return std::nullopt;
}

Secret RoutingReader::ReadSecret(const ConfigMap& map, const std::string& key) {
  const std::string file_key = key + "_file";
  const YamlNode* inline_value = map.Find(key);
  const YamlNode* file = map.Find(file_key);
  if ((inline_value == nullptr) == (file == nullptr)) {
    findings_.Error(map.node(), inline_value != nullptr ? code::kConflict : code::kMissingKey,
                    absl::StrCat("exactly one of ", key, " and ", file_key, " is needed"));
    return Secret();
  }
  const YamlNode& node = inline_value != nullptr ? *inline_value : *file;
  auto value = inline_value != nullptr ? FromEnvironment(node, key) : FromFile(node);
  if (!value) return Secret();
  absl::StripAsciiWhitespace(&*value);
  const bool printable = std::all_of(value->begin(), value->end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (value->empty() || !printable) {
    Unresolved(node, "the secret is empty or holds blanks or control characters");
    return Secret();
  }
  return Secret(*std::move(value));
}

void RoutingReader::ReadReceiverName(const ConfigMap& map, bool root, delivery::Route& route) {
  map.ReadString("receiver", &route.receiver);
  if (route.receiver.empty()) {
    if (root) findings_.Error(map.node(), code::kMissingKey, "the root route needs a receiver");
    return;
  }
  if (routing.receivers.count(route.receiver)) return;
  std::vector<std::string> names;
  for (const auto& entry : routing.receivers) names.push_back(entry.first);
  const std::string closest = rules::ClosestWord(route.receiver, names);
  findings_.BadValue(*map.Find("receiver"),
                     absl::StrCat("there is no receiver \"", route.receiver, "\""),
                     closest.empty() ? "" : absl::StrCat("did you mean \"", closest, "\"?"));
}

void RoutingReader::ReadMatchers(const ConfigMap& map, bool root, delivery::Route& route) {
  map.ForEachItem("matchers", [&](const YamlNode& item) {
    const auto text = ReadText(findings_, item, "a matcher");
    if (!text) return;
    auto matchers = delivery::ParseMatchers(*text);
    if (!matchers.ok()) return findings_.BadValue(item, std::string(matchers.status().message()));
    for (delivery::Matcher& matcher : *matchers) route.matchers.push_back(std::move(matcher));
  });
  if (root && !route.matchers.empty()) {
    findings_.BadValue(map.Key("matchers"),
                       "the root route takes every page and must have no matchers");
  }
}

delivery::Route RoutingReader::ReadRoute(const YamlNode& node, bool root) {
  ConfigMap map(findings_, node, "route");
  map.CheckKeys(
      {"receiver", "matchers", "continue", "routes", "mute_time_intervals",
       "active_time_intervals"},
      {"group_by", "group_wait", "group_interval", "repeat_interval", "match", "match_re"});
  delivery::Route route;
  ReadReceiverName(map, root, route);
  ReadMatchers(map, root, route);
  ReadRouteIntervals(findings_, map, root, intervals_, route);
  map.ReadBool("continue", &route.continue_matching);
  map.ForEachItem("routes", [&](const YamlNode& child) {
    route.routes.push_back(ReadRoute(child, /*root=*/false));
  });
  return route;
}

}  // namespace

delivery::ReceiversAndRoutes ReadRouting(ConfigFindings& findings, const ConfigMap& top,
                                         const std::string& folder, const ConfigSources& sources,
                                         const routing::TimeIntervals& intervals) {
  RoutingReader reader(findings, folder, sources, intervals);
  top.ForEachItem("receivers", [&](const YamlNode& node) { reader.ReadReceiver(node); });
  const YamlNode* route = top.Find("route");
  if (route != nullptr) {
    reader.routing.route = reader.ReadRoute(*route, /*root=*/true);
  } else if (reader.routing.receivers.empty()) {
    findings.Warning(top.node(), kNobodyPaged,
                     "no receivers: alerts are evaluated and shown, but nobody is paged");
    reader.routing.receivers[kSwallowing] = {.name = kSwallowing};
    reader.routing.route.receiver = kSwallowing;
  } else {
    findings.Error(top.Key("receivers"), code::kMissingKey,
                   "receivers without a route would get nothing", "add route: {receiver: NAME}");
  }
  return std::move(reader.routing);
}

std::string ResolvePath(const std::string& folder, const std::string& path) {
  if (folder.empty() || absl::StartsWith(path, "/")) return path;
  return absl::StrCat(folder, "/", path);
}

}  // namespace tocsin::app
