#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "app/config_heartbeat.h"
#include "app/config_receivers.h"
#include "rules/page_check.h"

// `opsgenie_configs`.
namespace tocsin::app {
namespace {

namespace code = rules::code;
using opsgenie::OpsgenieConfig;
using opsgenie::ResponderTemplate;

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
  ResponderTemplate ReadResponder(const YamlNode& node);

 private:
  void ReadApiUrl(const ConfigMap& map, OpsgenieConfig& config);
  void ReadProfile(const ConfigMap& map, OpsgenieConfig& config);
  void ReadJsmRest(const ConfigMap& map, OpsgenieConfig& config);
  void ReadPriority(const ConfigMap& map, OpsgenieConfig& config);
  void ReadPolicies(const ConfigMap& map, OpsgenieConfig& config);
  void ReadDetails(const ConfigMap& map, OpsgenieConfig& config);

  const ReceiverContext& context_;
};

OpsgenieConfig OpsgenieReader::Read(const YamlNode& node) {
  ConfigMap map(context_.findings, node, "opsgenie_configs");
  map.CheckKeys({"api_url", "profile", "api_key", "api_key_file", "jsm_rest", "responders",
                 "priority", "tags", "entity", "actions", "details", "send_resolved",
                 "repage_on_escalation", "alias_per_occurrence", "reopen_after", "webhook_secret",
                 "webhook_secret_file", "heartbeat"},
                {"message", "description", "note", "source", "update_alerts", "http_config"});
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
  ReadDetails(map, config);
  map.ReadBool("send_resolved", &config.send_resolved);
  ReadPolicies(map, config);
  ReadHeartbeat(context_.findings, map, config);
  return config;
}

void OpsgenieReader::ReadPolicies(const ConfigMap& map, OpsgenieConfig& config) {
  map.ReadBool("repage_on_escalation", &config.repage_on_escalation);
  map.ReadBool("alias_per_occurrence", &config.alias_per_occurrence);
  const YamlNode* reopen = map.Find("reopen_after");
  absl::Duration after;
  if (reopen != nullptr && reopen->value == "never") {
    config.reopen_after = std::nullopt;
  } else if (map.ReadDuration("reopen_after", &after)) {
    config.reopen_after = after;
  }
  if (map.Find("webhook_secret") != nullptr || map.Find("webhook_secret_file") != nullptr) {
    config.webhook_secret = context_.ReadSecret(map, "webhook_secret");
  }
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
    if (!rules::IsPriority(*value)) {
      context_.findings.BadValue(*entry.value, "a priority is one of P1, P2, P3, P4, P5");
      continue;
    }
    config.priority[entry.key->value] = *value;
  }
}

void OpsgenieReader::ReadDetails(const ConfigMap& map, OpsgenieConfig& config) {
  const YamlNode* node = map.Find("details");
  if (node == nullptr) return;
  ConfigMap details(context_.findings, *node, "details");
  for (const rules::YamlEntry& entry : node->entries) {
    const std::string& key = entry.key->value;
    if (const auto fault = rules::CheckDetailKey(key)) {
      context_.findings.BadValue(*entry.key, fault->message, fault->hint);
      continue;
    }
    details.ReadString(key, &config.details[key]);
    context_.CheckTemplate(*entry.value, "details");
  }
}

ResponderTemplate OpsgenieReader::ReadResponder(const YamlNode& node) {
  ConfigMap map(context_.findings, node, "responder");
  map.CheckKeys({"type", "id", "name", "username"});
  rules::PageResponder responder;
  context_.ReadTemplate(map, "type", &responder.type);
  context_.ReadTemplate(map, "id", &responder.id);
  context_.ReadTemplate(map, "name", &responder.name);
  context_.ReadTemplate(map, "username", &responder.username);
  if (const auto type = rules::CheckResponderType(responder)) {
    context_.findings.BadValue(map.Key("type"), type->message, type->hint);
  } else if (const auto name = rules::CheckResponderName(responder)) {
    context_.findings.BadValue(node, name->message, name->hint);
  }
  return {responder.type, responder.id, responder.name, responder.username};
}

}  // namespace

ResponderTemplate ReadResponder(const ReceiverContext& context, const YamlNode& node) {
  return OpsgenieReader(context).ReadResponder(node);
}

OpsgenieConfig ReadOpsgenie(const ReceiverContext& context, const YamlNode& node) {
  return OpsgenieReader(context).Read(node);
}

}  // namespace tocsin::app
