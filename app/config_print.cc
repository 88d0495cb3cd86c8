#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "app/config.h"
#include "app/config_print_routing.h"
#include "app/config_writer.h"
#include "app/limit_names.h"
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

void PrintReceivers(const delivery::ReceiversAndRoutes& routing, ConfigWriter& writer) {
  writer.Begin("receivers");
  for (const auto& [name, receiver] : routing.receivers) {
    writer.Item();
    writer.Text("name", name);
    if (!receiver.opsgenie_configs.empty()) {
      writer.Begin("opsgenie_configs");
      for (const auto& config : receiver.opsgenie_configs) {
        writer.Item();
        PrintOpsgenie(config, writer);
        writer.End();
      }
      writer.End();
    }
    writer.End();
  }
  writer.End();
}

// Writes the keys of a route, at least one line.
void PrintRoute(const delivery::Route& route, ConfigWriter& writer) {
  std::vector<std::string> matchers;
  for (const delivery::Matcher& matcher : route.matchers) matchers.push_back(matcher.ToString());
  writer.Line(absl::StrCat("continue: ", route.continue_matching ? "true" : "false"));
  if (!route.receiver.empty()) writer.Text("receiver", route.receiver);
  if (!matchers.empty()) writer.Texts("matchers", matchers);
  PrintRouteIntervals(route, writer);
  if (route.routes.empty()) return;
  writer.Begin("routes");
  for (const delivery::Route& child : route.routes) {
    writer.Item();
    PrintRoute(child, writer);
    writer.End();
  }
  writer.End();
}

}  // namespace

std::string PrintConfig(const Config& config) {
  ConfigWriter writer;
  writer.Begin("listen");
  writer.Text("grpc", config.listen.grpc);
  writer.Text("http", config.listen.http);
  writer.Text("admin", config.listen.admin);
  writer.End();
  writer.Text("data_dir", config.data_dir);
  writer.Texts("rules", config.rules);
  writer.Line(absl::StrCat("retention: ", promql::PrintDuration(config.retention)));
  writer.Begin("evaluation");
  writer.Line(absl::StrCat("interval: ", promql::PrintDuration(config.evaluation_interval)));
  writer.End();
  if (!config.external_labels.empty()) {
    writer.Begin("external_labels");
    for (const LabelView& label : config.external_labels) {
      writer.Line(absl::StrCat(Quote(label.name), ": ", Quote(label.value)));
    }
    writer.End();
  }
  PrintReceivers(config.routing, writer);
  writer.Begin("route");
  PrintRoute(config.routing.route, writer);
  writer.End();
  PrintTimeIntervals(config.suppression.time_intervals, writer);
  PrintInhibitRules(config.suppression.inhibit_rules, writer);
  writer.Begin("limits");
  for (const LimitName& limit : AllLimits()) {
    writer.Line(absl::StrCat(limit.name, ": ", config.limits.*limit.member));
  }
  writer.End();
  return writer.Take();
}

}  // namespace tocsin::app
