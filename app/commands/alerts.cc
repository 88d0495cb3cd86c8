#include "app/commands/alerts.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/text_table.h"
#include "base/labels.h"

namespace tocsin::app {
namespace {

using nlohmann::json;

// "1.5e+01" as people write it.
std::string PlainNumber(const std::string& text) {
  try {
    return json(std::stod(text)).dump();
  } catch (const std::exception&) {
    return text;
  }
}

std::vector<std::string> Row(const json& alert) {
  LabelsBuilder builder;
  for (const auto& [name, value] : alert.at("labels").items()) {
    if (name != "alertname") builder.Set(name, value.get<std::string>());
  }
  std::string value = alert.value("value", "");
  if (value != "NaN" && value.find("Inf") == std::string::npos) value = PlainNumber(value);
  return {alert.value("state", ""), alert.at("labels").value("alertname", ""),
          alert.value("activeAt", ""), value, builder.Build().ToString()};
}

void PrintAlerts(const json& alerts, std::ostream& out) {
  if (alerts.empty()) {
    out << "no pending or firing alerts\n";
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const json& alert : alerts) rows.push_back(Row(alert));
  std::sort(rows.begin(), rows.end());  // "firing" < "pending", then by name
  PrintTable({"STATE", "ALERT", "SINCE", "VALUE", "LABELS"}, rows, out);
}

}  // namespace

int RunAlerts(const AlertsOptions& options, http_client::HttpTransport& transport,
              std::ostream& out, std::ostream& err) {
  AdminClient client(transport, options.server);
  const auto answer = client.Call("/api/v1/alerts");
  if (!answer.ok()) {
    err << "tocsin alerts: " << answer.status().message() << "\n";
    return 2;
  }
  if (options.json) {
    out << *answer << "\n";
    return 0;
  }
  try {
    PrintAlerts(json::parse(*answer).at("data").at("alerts"), out);
  } catch (const json::exception& e) {
    err << "tocsin alerts: " << client.server() << " answers something else: " << e.what() << "\n";
    return 2;
  }
  return 0;
}

}  // namespace tocsin::app
