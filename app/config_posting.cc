#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "app/config_receivers.h"
#include "integrations/http/remote_url.h"

// `webhook_configs`, `alertmanager_configs` and `pagerduty_configs`.
namespace tocsin::app {
namespace {

namespace code = rules::code;
using http_client::HostKind;
using http_client::RemoteUrl;

constexpr absl::Duration kResendIntervalMin = absl::Seconds(1);
constexpr absl::Duration kResendIntervalMax = absl::Hours(1);

// nullopt, with a finding, if it is no URL. The finding does not repeat it.
std::optional<RemoteUrl> CheckUrl(const ReceiverContext& context, const YamlNode& at,
                                  const std::string& text) {
  auto url = http_client::ParseRemoteUrl(text);
  if (url.ok()) return *std::move(url);
  context.findings.BadValue(at, std::string(url.status().message()));
  return std::nullopt;
}

// A URL that is printed and logged: parameters may be keys.
std::optional<RemoteUrl> CheckOpenUrl(const ReceiverContext& context, const YamlNode& at,
                                      const std::string& text) {
  if (absl::StrContains(text, '?')) {
    context.findings.BadValue(at, "this URL must not hold parameters");
    return std::nullopt;
  }
  return CheckUrl(context, at, text);
}

void CheckReach(const ReceiverContext& context, const YamlNode& at, const RemoteUrl& url,
                const webhook::WebhookConfig& config) {
  const bool loopback = url.kind == HostKind::kLoopback;
  if (!url.https && !loopback && !config.allow_http) {
    context.findings.BadValue(at, "http:// would send pages unencrypted to another host",
                              "use https://, or allow_http: true");
  }
  if (config.allow_private_addresses || loopback) return;
  if (url.kind == HostKind::kPrivate) {
    context.findings.BadValue(at, "the address is private", "allow_private_addresses: true");
  } else if (absl::EqualsIgnoreCase(url.host, "localhost")) {
    context.findings.BadValue(at, "localhost is a name that resolves to a private address",
                              "write 127.0.0.1, or allow_private_addresses: true");
  }
}

void ReadWebhookUrl(const ReceiverContext& context, const ConfigMap& map,
                    webhook::WebhookConfig& config) {
  const YamlNode* inline_url = map.Find("url");
  const YamlNode* file = map.Find("url_file");
  if ((inline_url == nullptr) == (file == nullptr)) {
    return context.findings.Error(map.node(),
                                  inline_url != nullptr ? code::kConflict : code::kMissingKey,
                                  "exactly one of url and url_file is needed");
  }
  std::string text;
  if (inline_url != nullptr && !map.ReadString("url", &text)) return;
  if (file != nullptr) {
    config.url = context.ReadSecretFile(map, "url");
  } else {
    const bool variable = absl::StartsWith(text, "${");
    config.url = variable ? context.ReadSecretVariable(map, "url") : Secret(text);
  }
  if (config.url.empty() && !(inline_url != nullptr && text.empty())) return;  // already a finding
  const YamlNode& at = inline_url != nullptr ? *inline_url : *file;
  const auto url = CheckUrl(context, at, config.url.Reveal());
  if (url) CheckReach(context, at, *url, config);
}

void WarnIfOpen(const ReceiverContext& context, const YamlNode& at, const RemoteUrl& url) {
  if (url.https || url.kind == HostKind::kLoopback || url.host == "localhost") return;
  context.findings.Warning(at, code::kBadValue, "the key travels unencrypted to another host",
                           "use https://");
}

void ReadSeverities(const ReceiverContext& context, const ConfigMap& map,
                    pagerduty::PagerdutyConfig& config) {
  const YamlNode* node = map.Find("severity");
  if (node == nullptr) return;
  ConfigMap severities(context.findings, *node, "severity");
  for (const rules::YamlEntry& entry : node->entries) {
    const auto value = ReadText(context.findings, *entry.value, "a severity");
    if (!value) continue;
    if (!pagerduty::IsSeverity(*value)) {
      context.findings.BadValue(*entry.value,
                                "PagerDuty's severity is one of critical, error, warning, info");
      continue;
    }
    config.severity[entry.key->value] = *value;
  }
}

void ReadDetails(const ReceiverContext& context, const ConfigMap& map,
                 pagerduty::PagerdutyConfig& config) {
  const YamlNode* node = map.Find("details");
  if (node == nullptr) return;
  ConfigMap details(context.findings, *node, "details");
  for (const rules::YamlEntry& entry : node->entries) {
    details.ReadString(entry.key->value, &config.details[entry.key->value]);
    context.CheckTemplate(*entry.value, "details");
  }
}

}  // namespace

webhook::WebhookConfig ReadWebhook(const ReceiverContext& context, const YamlNode& node) {
  ConfigMap map(context.findings, node, "webhook_configs");
  map.CheckKeys({"url", "url_file", "http_config", "send_resolved", "max_alerts",
                 "allow_private_addresses", "allow_http"},
                {"timeout"});
  webhook::WebhookConfig config;
  map.ReadBool("send_resolved", &config.send_resolved);
  map.ReadBool("allow_private_addresses", &config.allow_private_addresses);
  map.ReadBool("allow_http", &config.allow_http);
  std::string max_alerts;
  if (map.ReadString("max_alerts", &max_alerts) && max_alerts != "0") {
    context.findings.BadValue(*map.Find("max_alerts"),
                              "a page is one alert, so max_alerts can only be 0 (no limit)");
  }
  config.credentials = ReadCredentials(context, map);
  ReadWebhookUrl(context, map, config);
  return config;
}

std::vector<alertmanager::AlertmanagerConfig> ReadAlertmanager(const ReceiverContext& context,
                                                               const YamlNode& node) {
  ConfigMap map(context.findings, node, "alertmanager_configs");
  map.CheckKeys({"url", "urls", "http_config", "send_resolved", "resend_interval"});
  alertmanager::AlertmanagerConfig common;
  map.ReadBool("send_resolved", &common.send_resolved);
  absl::Duration interval = common.resend_interval;
  map.ReadDuration("resend_interval", &interval);
  if (interval < kResendIntervalMin || interval > kResendIntervalMax) {
    context.findings.BadValue(*map.Find("resend_interval"),
                              "resend_interval must be from 1s to 1h");
  }
  common.resend_interval = interval;
  common.credentials = ReadCredentials(context, map);
  if ((map.Find("url") == nullptr) == (map.Find("urls") == nullptr)) {
    context.findings.Error(node, code::kMissingKey, "exactly one of url and urls is needed");
  }
  std::vector<alertmanager::AlertmanagerConfig> configs;
  const auto add = [&](const YamlNode& at) {
    auto text = ReadText(context.findings, at, "a URL");
    if (!text) return;
    while (absl::EndsWith(*text, "/")) text->pop_back();
    const auto url = CheckOpenUrl(context, at, *text);
    if (!url) return;
    if (absl::EndsWith(*text, "/api/v2")) {
      return context.findings.BadValue(at, "the URL goes without /api/v2");
    }
    if (!common.credentials.empty()) WarnIfOpen(context, at, *url);
    common.url = *std::move(text);
    configs.push_back(common);
  };
  if (const YamlNode* url = map.Find("url")) add(*url);
  map.ForEachItem("urls", add);
  return configs;
}

pagerduty::PagerdutyConfig ReadPagerduty(const ReceiverContext& context, const YamlNode& node) {
  ConfigMap map(context.findings, node, "pagerduty_configs");
  map.CheckKeys({"routing_key", "routing_key_file", "url", "severity", "client", "client_url",
                 "class", "component", "group", "details", "send_resolved"},
                {"service_key", "service_key_file", "description", "images", "links", "source",
                 "http_config"});
  pagerduty::PagerdutyConfig config;
  config.routing_key = context.ReadSecret(map, "routing_key");
  if (map.ReadString("url", &config.url)) {
    const auto url = CheckOpenUrl(context, *map.Find("url"), config.url);
    if (url) WarnIfOpen(context, *map.Find("url"), *url);
  }
  ReadSeverities(context, map, config);
  context.ReadTemplate(map, "client", &config.client);
  context.ReadTemplate(map, "client_url", &config.client_url);
  context.ReadTemplate(map, "class", &config.event_class);
  context.ReadTemplate(map, "component", &config.component);
  context.ReadTemplate(map, "group", &config.group);
  ReadDetails(context, map, config);
  map.ReadBool("send_resolved", &config.send_resolved);
  return config;
}

}  // namespace tocsin::app
