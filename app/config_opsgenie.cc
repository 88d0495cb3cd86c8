#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "app/config_receivers.h"

// `opsgenie_configs`.
namespace tocsin::app {
namespace {

namespace code = rules::code;
using opsgenie::OpsgenieConfig;
using opsgenie::Responder;

constexpr char kAtlassianUrl[] = "https://api.atlassian.com";

// Part of a path: nothing in it may need to be encoded.
bool IsCloudId(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-';
  });
}

class OpsgenieReader {
 public:
  explicit OpsgenieReader(const ReceiverContext& context) : context_(context) {}

  OpsgenieConfig Read(const YamlNode& node);

 private:
  void ReadApiUrl(const ConfigMap& map, OpsgenieConfig& config);
  void ReadProfile(const ConfigMap& map, OpsgenieConfig& config);
  void ReadJsmRest(const ConfigMap& map, OpsgenieConfig& config);
  void ReadPriority(const ConfigMap& map, OpsgenieConfig& config);
  Responder ReadResponder(const YamlNode& node);
  void CheckResponder(const YamlNode& node, const Responder& responder);

  const ReceiverContext& context_;
};

OpsgenieConfig OpsgenieReader::Read(const YamlNode& node) {
  ConfigMap map(context_.findings, node, "opsgenie_configs");
  map.CheckKeys(
      {"api_url", "profile", "api_key", "api_key_file", "jsm_rest", "responders", "priority",
       "tags", "entity", "actions", "send_resolved"},
      {"message", "description", "details", "note", "source", "update_alerts", "http_config"});
  OpsgenieConfig config;
  ReadProfile(map, config);
  if (config.profile == opsgenie::Profile::kJsm) config.api_url = kAtlassianUrl;
  ReadApiUrl(map, config);
  config.api_key = context_.ReadSecret(map, "api_key");
  ReadJsmRest(map, config);
  map.ForEachItem("responders",
                  [&](const YamlNode& item) { config.responders.push_back(ReadResponder(item)); });
  ReadPriority(map, config);
  map.ReadStrings("tags", &config.tags);
  context_.ReadTemplate(map, "entity", &config.entity);
  map.ReadStrings("actions", &config.actions);
  for (const char* key : {"tags", "actions"}) {
    const YamlNode* list = map.Find(key);
    if (list == nullptr) continue;
    for (const auto& item : list->items) context_.CheckTemplate(*item, key);
  }
  map.ReadBool("send_resolved", &config.send_resolved);
  return config;
}

void OpsgenieReader::ReadApiUrl(const ConfigMap& map, OpsgenieConfig& config) {
  std::string url;
  if (!map.ReadString("api_url", &url)) return;
  while (absl::EndsWith(url, "/")) url.pop_back();
  const bool http = absl::StartsWith(url, "http://");
  if (!http && !absl::StartsWith(url, "https://")) {
    return context_.findings.BadValue(*map.Find("api_url"),
                                      "api_url must begin with https:// or http://");
  }
  // A key in a URL would be printed with it.
  if (absl::StrContains(url, '@') || absl::StrContains(url, '?')) {
    return context_.findings.BadValue(*map.Find("api_url"),
                                      "api_url must not hold a user or parameters");
  }
  const bool local = absl::StartsWith(url, "http://127.") ||
                     absl::StartsWith(url, "http://localhost") ||
                     absl::StartsWith(url, "http://[::1]");
  if (http && !local) {
    context_.findings.Warning(*map.Find("api_url"), code::kBadValue,
                              "the key travels unencrypted to another host", "use https://");
  }
  config.api_url = std::move(url);
}

void OpsgenieReader::ReadProfile(const ConfigMap& map, OpsgenieConfig& config) {
  std::string profile;
  if (!map.ReadString("profile", &profile)) return;
  if (profile == "opsgenie") {
    config.profile = opsgenie::Profile::kOpsgenie;
  } else if (profile == "jsm") {
    config.profile = opsgenie::Profile::kJsm;
  } else {
    context_.findings.BadValue(*map.Find("profile"), "profile must be opsgenie or jsm");
  }
}

void OpsgenieReader::ReadJsmRest(const ConfigMap& map, OpsgenieConfig& config) {
  const YamlNode* node = map.Find("jsm_rest");
  if (node == nullptr) return;
  if (config.profile != opsgenie::Profile::kJsm) {
    return context_.findings.BadValue(map.Key("jsm_rest"), "jsm_rest needs profile: jsm",
                                      "OpsGenie's own API needs no second credentials");
  }
  ConfigMap rest(context_.findings, *node, "jsm_rest");
  rest.CheckKeys({"cloud_id", "user", "token", "token_file"});
  if (node->kind != YamlNode::Kind::kMap) return;
  std::string cloud_id;
  rest.ReadString("cloud_id", &cloud_id);
  if (!IsCloudId(cloud_id)) {
    return context_.findings.BadValue(
        rest.Key("cloud_id"), "jsm_rest needs a cloud_id of letters, digits and dashes",
        "https://SITE.atlassian.net/_edge/tenant_info tells that of your site");
  }
  rest.ReadString("user", &config.jsm_rest.user);
  if (absl::StrContains(config.jsm_rest.user, ':')) {
    context_.findings.BadValue(*rest.Find("user"), "user must not hold a colon");
  }
  config.jsm_rest.token = context_.ReadSecret(rest, "token");
  config.jsm_rest.cloud_id = std::move(cloud_id);
}

void OpsgenieReader::ReadPriority(const ConfigMap& map, OpsgenieConfig& config) {
  const YamlNode* node = map.Find("priority");
  if (node == nullptr) return;
  ConfigMap priorities(context_.findings, *node, "priority");
  for (const rules::YamlEntry& entry : node->entries) {
    const auto value = ReadText(context_.findings, *entry.value, "a priority");
    if (!value) continue;
    if (value->size() != 2 || (*value)[0] != 'P' || (*value)[1] < '1' || (*value)[1] > '5') {
      context_.findings.BadValue(*entry.value, "a priority is one of P1, P2, P3, P4, P5");
      continue;
    }
    config.priority[entry.key->value] = *value;
  }
}

Responder OpsgenieReader::ReadResponder(const YamlNode& node) {
  ConfigMap map(context_.findings, node, "responder");
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
    context_.findings.BadValue(map.Key("type"), "type must be team, user, escalation or schedule");
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
void OpsgenieReader::CheckResponder(const YamlNode& node, const Responder& responder) {
  const int named = !responder.id.empty() + !responder.name.empty() + !responder.username.empty();
  if (named != 1) {
    return context_.findings.BadValue(node,
                                      "a responder needs exactly one of id, name and username");
  }
  if (responder.type != Responder::Type::kUser) {
    if (responder.username.empty()) return;
    return context_.findings.BadValue(node, "only a user has a username", "use name or id");
  }
  if (!responder.name.empty()) {
    return context_.findings.BadValue(node, "a user has no name",
                                      "use username, which is an e-mail address, or id");
  }
  const size_t at = responder.username.find('@');
  const bool address = at != std::string::npos && at > 0 && at + 1 < responder.username.size();
  if (!responder.username.empty() && !address) {
    context_.findings.BadValue(node, "the username of a user must be an e-mail address");
  }
}

}  // namespace

OpsgenieConfig ReadOpsgenie(const ReceiverContext& context, const YamlNode& node) {
  return OpsgenieReader(context).Read(node);
}

}  // namespace tocsin::app
