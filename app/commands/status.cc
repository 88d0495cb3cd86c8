#include "app/commands/status.h"

#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "app/text_table.h"
#include "base/status_macros.h"

namespace tocsin::app {
namespace {

using nlohmann::json;

struct RuleCounts {
  size_t groups = 0;
  size_t rules = 0;
  std::map<std::string, size_t> alerts;           // by state
  std::vector<std::vector<std::string>> failing;  // group, rule, error
};

RuleCounts CountRules(const json& groups) {
  RuleCounts counts;
  for (const json& group : groups) {
    ++counts.groups;
    for (const json& rule : group.at("rules")) {
      ++counts.rules;
      if (rule.value("health", "") == "err") {
        counts.failing.push_back(
            {group.value("name", ""), rule.value("name", ""), rule.value("lastError", "")});
      }
      for (const json& alert : rule.value("alerts", json::array())) {
        ++counts.alerts[alert.value("state", "")];
      }
    }
  }
  return counts;
}

// "yes", or "no: reason, reason".
std::string ReadyText(const http_client::HttpResponse& response) {
  if (response.status == 200) return "yes";
  const json body = json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return absl::StrCat("no: status ", response.status);
  return "no: " + absl::StrJoin(body.value("reasons", std::vector<std::string>()), ", ");
}

absl::StatusOr<int> PrintStatus(AdminClient& client, std::ostream& out) {
  TOCSIN_ASSIGN_OR_RETURN(const auto ready, client.Get("/-/ready"));
  TOCSIN_ASSIGN_OR_RETURN(const std::string build, client.Call("/api/v1/status/buildinfo"));
  TOCSIN_ASSIGN_OR_RETURN(const std::string rules, client.Call("/api/v1/rules"));
  const RuleCounts counts = CountRules(json::parse(rules).at("data").at("groups"));
  const std::string version = json::parse(build).at("data").value("version", "");
  const auto alerts = [&](const char* state) {
    const auto found = counts.alerts.find(state);
    return found == counts.alerts.end() ? size_t{0} : found->second;
  };
  out << "server:   " << client.server() << "\n"
      << "version:  " << version << "\n"
      << "ready:    " << ReadyText(ready) << "\n"
      << "rules:    " << counts.rules << " in " << counts.groups << " groups, "
      << counts.failing.size() << " failing\n"
      << "alerts:   " << alerts("firing") << " firing, " << alerts("pending") << " pending\n";
  if (!counts.failing.empty()) {
    out << "\n";
    PrintTable({"GROUP", "RULE", "ERROR"}, counts.failing, out);
  }
  return ready.status == 200 && counts.failing.empty() ? 0 : 1;
}

}  // namespace

int RunStatus(const StatusOptions& options, http_client::HttpTransport& transport,
              std::ostream& out, std::ostream& err) {
  AdminClient client(transport, options.server);
  try {
    const absl::StatusOr<int> code = PrintStatus(client, out);
    if (code.ok()) return *code;
    err << "tocsin status: " << code.status().message() << "\n";
  } catch (const json::exception& e) {
    err << "tocsin status: " << client.server() << " answers something else: " << e.what() << "\n";
  }
  return 2;
}

}  // namespace tocsin::app
