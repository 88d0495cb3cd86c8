#include "absl/strings/str_cat.h"
#include "app/config_escalation.h"
#include "app/config_heartbeat.h"
#include "app/config_writer.h"
#include "rules/page_check.h"
#include "rules/promql/printer.h"

namespace tocsin::app {

namespace {

constexpr char kRedacted[] = "<redacted>";

// A type is a word of its own unless it is a template.
std::string ResponderText(const opsgenie::ResponderTemplate& responder) {
  const bool plain = !rules::IsTemplate(responder.type);
  std::string text = absl::StrCat("{type: ", plain ? responder.type : Quote(responder.type));
  if (!responder.id.empty()) absl::StrAppend(&text, ", id: ", Quote(responder.id));
  if (!responder.name.empty()) absl::StrAppend(&text, ", name: ", Quote(responder.name));
  if (!responder.username.empty()) {
    absl::StrAppend(&text, ", username: ", Quote(responder.username));
  }
  return text + "}";
}

void PrintFlag(absl::string_view key, bool value, ConfigWriter& writer) {
  writer.Line(absl::StrCat(key, ": ", value ? "true" : "false"));
}

void PrintTexts(absl::string_view key, const std::map<std::string, std::string>& texts,
                ConfigWriter& writer) {
  if (texts.empty()) return;
  writer.Begin(key);
  for (const auto& [name, text] : texts) {
    writer.Line(absl::StrCat(Quote(name), ": ", Quote(text)));
  }
  writer.End();
}

void PrintOpsgenie(const opsgenie::OpsgenieConfig& config, ConfigWriter& writer) {
  writer.Text("api_url", config.api_url);
  writer.Line(
      absl::StrCat("profile: ", config.profile == opsgenie::Profile::kJsm ? "jsm" : "opsgenie"));
  writer.Line(absl::StrCat("api_key: ", Quote(kRedacted)));
  if (!config.jsm_rest.cloud_id.empty()) {
    writer.Begin("jsm_rest");
    writer.Text("cloud_id", config.jsm_rest.cloud_id);
    if (!config.jsm_rest.user.empty()) writer.Text("user", config.jsm_rest.user);
    writer.Text("token", kRedacted);
    writer.End();
  }
  PrintResponders("responders", config.responders, writer);
  if (!config.priority.empty()) {
    writer.Begin("priority");
    for (const auto& [severity, priority] : config.priority) {
      writer.Line(absl::StrCat(Quote(severity), ": ", priority));
    }
    writer.End();
  }
  writer.Texts("tags", config.tags);
  writer.Text("entity", config.entity);
  writer.Texts("actions", config.actions);
  PrintTexts("details", config.details, writer);
  PrintFlag("send_resolved", config.send_resolved, writer);
  PrintFlag("repage_on_escalation", config.repage_on_escalation, writer);
  PrintFlag("alias_per_occurrence", config.alias_per_occurrence, writer);
  writer.Line(absl::StrCat("reopen_after: ", config.reopen_after
                                                 ? promql::PrintDuration(*config.reopen_after)
                                                 : "never"));
  if (!config.webhook_secret.empty()) writer.Text("webhook_secret", kRedacted);
  PrintHeartbeat(config.heartbeat, writer);
}

void PrintCredentials(const http_client::Credentials& credentials, ConfigWriter& writer) {
  if (credentials.empty()) return;
  writer.Begin("http_config");
  PrintAuthorization(credentials, writer);
  writer.End();
}

void PrintWebhook(const webhook::WebhookConfig& config, ConfigWriter& writer) {
  writer.Text("url", kRedacted);
  PrintCredentials(config.credentials, writer);
  PrintFlag("send_resolved", config.send_resolved, writer);
  PrintFlag("allow_private_addresses", config.allow_private_addresses, writer);
  PrintFlag("allow_http", config.allow_http, writer);
}

void PrintAlertmanager(const alertmanager::AlertmanagerConfig& config, ConfigWriter& writer) {
  writer.Text("url", config.url);
  PrintCredentials(config.credentials, writer);
  writer.Line(absl::StrCat("resend_interval: ", promql::PrintDuration(config.resend_interval)));
  PrintFlag("send_resolved", config.send_resolved, writer);
}

void PrintPagerduty(const pagerduty::PagerdutyConfig& config, ConfigWriter& writer) {
  writer.Text("url", config.url);
  writer.Text("routing_key", kRedacted);
  PrintTexts("severity", config.severity, writer);
  writer.Text("client", config.client);
  writer.Text("client_url", config.client_url);
  writer.Text("class", config.event_class);
  writer.Text("component", config.component);
  writer.Text("group", config.group);
  PrintTexts("details", config.details, writer);
  PrintFlag("send_resolved", config.send_resolved, writer);
}

template <typename Config>
void PrintAll(absl::string_view key, const std::vector<Config>& configs,
              void (*print)(const Config&, ConfigWriter&), ConfigWriter& writer) {
  if (configs.empty()) return;
  writer.Begin(key);
  for (const Config& config : configs) {
    writer.Item();
    print(config, writer);
    writer.End();
  }
  writer.End();
}

}  // namespace

void PrintAuthorization(const http_client::Credentials& credentials, ConfigWriter& writer) {
  if (credentials.empty()) return;
  if (!credentials.username.empty()) {
    writer.Begin("basic_auth");
    writer.Text("username", credentials.username);
    writer.Text("password", kRedacted);
  } else {
    writer.Begin("authorization");
    writer.Text("type", credentials.type);
    writer.Text("credentials", kRedacted);
  }
  writer.End();
}

void PrintResponders(absl::string_view key,
                     const std::vector<opsgenie::ResponderTemplate>& responders,
                     ConfigWriter& writer) {
  if (responders.empty()) return;
  std::string list;
  for (const opsgenie::ResponderTemplate& responder : responders) {
    absl::StrAppend(&list, list.empty() ? "" : ", ", ResponderText(responder));
  }
  writer.Line(absl::StrCat(key, ": [", list, "]"));
}

void PrintReceivers(const delivery::ReceiversAndRoutes& routing, ConfigWriter& writer) {
  writer.Begin("receivers");
  for (const auto& [name, receiver] : routing.receivers) {
    writer.Item();
    writer.Text("name", name);
    PrintAll("opsgenie_configs", receiver.opsgenie_configs, PrintOpsgenie, writer);
    PrintAll("webhook_configs", receiver.webhook_configs, PrintWebhook, writer);
    PrintAll("alertmanager_configs", receiver.alertmanager_configs, PrintAlertmanager, writer);
    PrintAll("pagerduty_configs", receiver.pagerduty_configs, PrintPagerduty, writer);
    PrintEscalation(receiver, writer);
    writer.End();
  }
  writer.End();
}

}  // namespace tocsin::app
