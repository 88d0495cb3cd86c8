#include "absl/strings/str_cat.h"
#include "app/config_writer.h"
#include "rules/promql/printer.h"

namespace tocsin::app {

namespace {

constexpr char kRedacted[] = "<redacted>";

const char* ResponderTypeName(opsgenie::Responder::Type type) {
  switch (type) {
    case opsgenie::Responder::Type::kTeam:
      return "team";
    case opsgenie::Responder::Type::kUser:
      return "user";
    case opsgenie::Responder::Type::kEscalation:
      return "escalation";
    case opsgenie::Responder::Type::kSchedule:
      return "schedule";
  }
  return "unknown";
}

std::string ResponderText(const opsgenie::Responder& responder) {
  std::string text = absl::StrCat("{type: ", ResponderTypeName(responder.type));
  if (!responder.id.empty()) absl::StrAppend(&text, ", id: ", Quote(responder.id));
  if (!responder.name.empty()) absl::StrAppend(&text, ", name: ", Quote(responder.name));
  if (!responder.username.empty()) {
    absl::StrAppend(&text, ", username: ", Quote(responder.username));
  }
  return text + "}";
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
  if (!config.responders.empty()) {
    std::string list;
    for (const opsgenie::Responder& responder : config.responders) {
      absl::StrAppend(&list, list.empty() ? "" : ", ", ResponderText(responder));
    }
    writer.Line(absl::StrCat("responders: [", list, "]"));
  }
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
  writer.Line(absl::StrCat("send_resolved: ", config.send_resolved ? "true" : "false"));
}

void PrintCredentials(const http_client::Credentials& credentials, ConfigWriter& writer) {
  if (credentials.empty()) return;
  writer.Begin("http_config");
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
  writer.End();
}

void PrintFlag(absl::string_view key, bool value, ConfigWriter& writer) {
  writer.Line(absl::StrCat(key, ": ", value ? "true" : "false"));
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

void PrintTexts(absl::string_view key, const std::map<std::string, std::string>& texts,
                ConfigWriter& writer) {
  if (texts.empty()) return;
  writer.Begin(key);
  for (const auto& [name, text] : texts) {
    writer.Line(absl::StrCat(Quote(name), ": ", Quote(text)));
  }
  writer.End();
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

void PrintReceivers(const delivery::ReceiversAndRoutes& routing, ConfigWriter& writer) {
  writer.Begin("receivers");
  for (const auto& [name, receiver] : routing.receivers) {
    writer.Item();
    writer.Text("name", name);
    PrintAll("opsgenie_configs", receiver.opsgenie_configs, PrintOpsgenie, writer);
    PrintAll("webhook_configs", receiver.webhook_configs, PrintWebhook, writer);
    PrintAll("alertmanager_configs", receiver.alertmanager_configs, PrintAlertmanager, writer);
    PrintAll("pagerduty_configs", receiver.pagerduty_configs, PrintPagerduty, writer);
    writer.End();
  }
  writer.End();
}

}  // namespace tocsin::app
