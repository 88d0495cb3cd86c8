#include "absl/strings/str_cat.h"
#include "app/config.h"
#include "app/config_access.h"
#include "app/config_datadog.h"
#include "app/config_grouping.h"
#include "app/config_otlp.h"
#include "app/config_print_routing.h"
#include "app/config_scrape.h"
#include "app/config_writer.h"
#include "app/limit_names.h"
#include "rules/promql/printer.h"

namespace tocsin::app {
namespace {

// Writes the keys of a route, at least one line.
void PrintRoute(const delivery::Route& route, ConfigWriter& writer) {
  std::vector<std::string> matchers;
  for (const delivery::Matcher& matcher : route.matchers) matchers.push_back(matcher.ToString());
  writer.Line(absl::StrCat("continue: ", route.continue_matching ? "true" : "false"));
  if (!route.receiver.empty()) writer.Text("receiver", route.receiver);
  if (!matchers.empty()) writer.Texts("matchers", matchers);
  PrintRouteGrouping(route, writer);
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
  PrintAccess(config.access, writer);
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
  if (!config.external_url.empty()) writer.Text("external_url", config.external_url);
  PrintReceivers(config.routing, writer);
  writer.Begin("route");
  PrintRoute(config.routing.route, writer);
  writer.End();
  PrintTimeIntervals(config.suppression.time_intervals, writer);
  PrintInhibitRules(config.suppression.inhibit_rules, writer);
  PrintOtlp(config.otlp, writer);
  PrintDatadog(config.datadog, writer);
  PrintDogstatsd(config.dogstatsd, writer);
  PrintScrapeJobs(config.scrape_configs, writer);
  writer.Begin("limits");
  for (const LimitName& limit : AllLimits()) {
    writer.Line(absl::StrCat(limit.name, ": ", config.limits.*limit.member));
  }
  writer.End();
  return writer.Take();
}

}  // namespace tocsin::app
