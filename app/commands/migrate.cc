#include "app/commands/migrate.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "app/config.h"
#include "app/migrate.h"
#include "app/text_table.h"
#include "base/labels.h"
#include "rules/rule_file.h"

namespace tocsin::app {
namespace {

using nlohmann::json;

constexpr size_t kNamedMax = 20;  // alerts of a receiver that are listed
constexpr char kName[] = "tocsin migrate opsgenie-to-jsm: ";

// The alerts that fire and are routed to a receiver.
struct OpenAlerts {
  std::vector<std::string> names;
  size_t suppressed = 0;
};
using OpenByReceiver = std::map<std::string, OpenAlerts>;

void AddAlert(const json& alert, OpenByReceiver& open) {
  LabelsBuilder builder;
  for (const auto& [name, value] : alert.at("labels").items()) {
    if (name != "alertname") builder.Set(name, value.get<std::string>());
  }
  const std::string text =
      absl::StrCat(alert.at("labels").value("alertname", ""), builder.Build().ToString());
  const bool suppressed = alert.at("status").value("state", "") == "suppressed";
  for (const json& receiver : alert.at("receivers")) {
    OpenAlerts& alerts = open[receiver.at("name").get<std::string>()];
    alerts.names.push_back(text);
    alerts.suppressed += suppressed;
  }
}

absl::StatusOr<OpenByReceiver> AskServer(AdminClient& client) {
  const auto answer = client.Get("/api/v2/alerts");
  if (!answer.ok()) return answer.status();
  if (answer->status != 200) {
    return absl::FailedPreconditionError(
        absl::StrCat(client.server(), " answers ", answer->status));
  }
  try {
    OpenByReceiver open;
    for (const json& alert : json::parse(answer->body)) AddAlert(alert, open);
    for (auto& [receiver, alerts] : open) std::sort(alerts.names.begin(), alerts.names.end());
    return open;
  } catch (const json::exception& e) {
    return absl::FailedPreconditionError(
        absl::StrCat(client.server(), " answers something else: ", e.what()));
  }
}

void PrintMove(const TargetMove& move, std::ostream& out) {
  out << "receiver " << Printable(move.receiver) << ", opsgenie_configs entry " << move.index + 1
      << " (" << move.position.file << ":" << move.position.line << ")\n";
  for (const std::string& line : move.removed) out << "  -     " << Printable(line) << "\n";
  for (const std::string& line : move.added) out << "  +     " << Printable(line) << "\n";
  for (const std::string& text : move.findings) out << "  finding: " << Printable(text) << "\n";
  for (const std::string& text : move.notes) out << "  " << Printable(text) << "\n";
}

void PrintOpen(const std::string& receiver, const OpenAlerts& alerts, std::ostream& out) {
  out << "receiver " << Printable(receiver) << ", alerts that fire: " << alerts.names.size()
      << "; their pages are named by alias from the reload on\n";
  if (alerts.suppressed > 0) {
    out << "  " << alerts.suppressed
        << " of them silenced or inhibited: those have a page if it was opened before that\n";
  }
  for (size_t i = 0; i < std::min(kNamedMax, alerts.names.size()); ++i) {
    out << "  " << Printable(alerts.names[i]) << "\n";
  }
  if (alerts.names.size() > kNamedMax) {
    out << "  and " << alerts.names.size() - kNamedMax << " more\n";
  }
}

void PrintPlan(const JsmMigration& plan, std::ostream& out) {
  for (const TargetMove& move : plan.moves) {
    PrintMove(move, out);
    out << "\n";
  }
  if (plan.moves.empty()) return;
  out << "An open page that was carried over is found by its alias, or counted up once where it "
         "cannot be looked up. One that was not is opened there while its alert fires. At OpsGenie "
         "it stays as it is.\n";
}

}  // namespace

int RunMigrateToJsm(const MigrateOptions& options, http_client::HttpTransport& transport,
                    std::ostream& out, std::ostream& err) {
  if (!options.dry_run) {
    err << kName << "only --dry-run is supported: change the file as shown, then reload\n";
    return 2;
  }
  std::vector<rules::Diagnostic> diagnostics;
  const auto files = rules::ReadRuleFiles({options.config_path}, diagnostics);
  ConfigSources sources = ConfigSources::System();
  sources.secrets_required = false;
  ConfigResult config;
  if (!files.empty()) {
    config = ParseConfig(options.config_path, files.front().content, sources);
    diagnostics.insert(diagnostics.end(), config.diagnostics.begin(), config.diagnostics.end());
  }
  if (files.empty() || !config.ok()) {
    for (const auto& finding : diagnostics) {
      if (finding.severity == rules::Severity::kError) err << FormatDiagnostic(finding) << "\n";
    }
    return 2;
  }
  std::optional<OpenByReceiver> open;
  if (!options.server.url.empty()) {
    AdminClient client(transport, options.server);
    auto asked = AskServer(client);
    if (!asked.ok()) {
      err << kName << asked.status().message() << "\n";
      return 2;
    }
    open = *std::move(asked);
  }
  const JsmMigration plan =
      PlanMoveToJsm(options.config_path, files.front().content, config.config);
  PrintPlan(plan, out);
  if (open) {
    for (const std::string& receiver : plan.receivers) PrintOpen(receiver, (*open)[receiver], out);
  }
  out << "targets that move: " << plan.moves.size()
      << ", at Jira Service Management already: " << plan.moved_already
      << ", findings: " << plan.CountFindings() << "\n";
  return plan.CountFindings() > 0 ? 1 : 0;
}

}  // namespace tocsin::app
