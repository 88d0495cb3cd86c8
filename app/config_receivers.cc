#include "app/config_receivers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "app/config_escalation.h"

namespace tocsin::app {
namespace {

namespace code = rules::code;

// It becomes a part of a header.
bool IsWord(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-';
  });
}

void ReadReceiver(const ReceiverContext& context, const YamlNode& node,
                  std::map<std::string, delivery::Receiver>& receivers) {
  ConfigMap map(context.findings, node, "receiver");
  map.CheckKeys({"name", "opsgenie_configs", "webhook_configs", "alertmanager_configs",
                 "pagerduty_configs", "escalation", "fallback"},
                {"email_configs", "slack_configs", "victorops_configs", "pushover_configs",
                 "msteams_configs"});
  delivery::Receiver receiver;
  if (!map.ReadString("name", &receiver.name) || receiver.name.empty()) {
    return context.findings.Error(node, code::kMissingKey, "a receiver needs a name");
  }
  map.ForEachItem("opsgenie_configs", [&](const YamlNode& item) {
    receiver.opsgenie_configs.push_back(ReadOpsgenie(context, item));
  });
  map.ForEachItem("webhook_configs", [&](const YamlNode& item) {
    receiver.webhook_configs.push_back(ReadWebhook(context, item));
  });
  map.ForEachItem("alertmanager_configs", [&](const YamlNode& item) {
    for (auto& config : ReadAlertmanager(context, item)) {
      receiver.alertmanager_configs.push_back(std::move(config));
    }
  });
  map.ForEachItem("pagerduty_configs", [&](const YamlNode& item) {
    receiver.pagerduty_configs.push_back(ReadPagerduty(context, item));
  });
  ReadEscalation(context, map, receiver);
  const std::string name = receiver.name;
  if (!receivers.emplace(name, std::move(receiver)).second) {
    context.findings.Error(*map.Find("name"), code::kDuplicateName,
                           absl::StrCat("there are two receivers named \"", name, "\""));
  }
}

}  // namespace

void ReadReceivers(const ReceiverContext& context, const ConfigMap& top,
                   std::map<std::string, delivery::Receiver>& receivers) {
  top.ForEachItem("receivers",
                  [&](const YamlNode& node) { ReadReceiver(context, node, receivers); });
  top.ForEachItem("receivers", [&](const YamlNode& node) {
    CheckEscalationNames(context, ConfigMap(context.findings, node, "receiver"), receivers);
  });
}

http_client::Credentials ReadCredentials(const ReceiverContext& context, const ConfigMap& map) {
  const YamlNode* node = map.Find("http_config");
  if (node == nullptr) return {};
  ConfigMap http(context.findings, *node, "http_config");
  http.CheckKeys(
      {"authorization", "basic_auth"},
      {"oauth2", "proxy_url", "no_proxy", "proxy_from_environment", "tls_config",
       "follow_redirects", "enable_http2", "http_headers", "bearer_token", "bearer_token_file"});
  return ReadAuthorization(context, http);
}

http_client::Credentials ReadAuthorization(const ReceiverContext& context, const ConfigMap& map) {
  http_client::Credentials credentials;
  const YamlNode* authorization = map.Find("authorization");
  const YamlNode* basic = map.Find("basic_auth");
  if (authorization != nullptr && basic != nullptr) {
    context.findings.Error(*basic, code::kConflict,
                           "only one of authorization and basic_auth can be used");
    return credentials;
  }
  if (authorization != nullptr) {
    ConfigMap keys(context.findings, *authorization, "authorization");
    keys.CheckKeys({"type", "credentials", "credentials_file"});
    keys.ReadString("type", &credentials.type);
    if (!IsWord(credentials.type)) {
      context.findings.BadValue(*keys.Find("type"), "type is one word, such as Bearer");
    }
    credentials.credentials = context.ReadSecret(keys, "credentials");
  }
  if (basic != nullptr) {
    ConfigMap keys(context.findings, *basic, "basic_auth");
    keys.CheckKeys({"username", "password", "password_file"});
    if (!keys.ReadString("username", &credentials.username) || credentials.username.empty()) {
      context.findings.Error(*basic, code::kMissingKey, "basic_auth needs a username");
    } else if (absl::StrContains(credentials.username, ':')) {
      context.findings.BadValue(*keys.Find("username"), "a username must not hold a colon");
    }
    credentials.password = context.ReadSecret(keys, "password");
  }
  return credentials;
}

}  // namespace tocsin::app
