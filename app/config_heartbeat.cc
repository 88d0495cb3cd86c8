#include "app/config_heartbeat.h"

#include "absl/strings/str_cat.h"
#include "rules/promql/printer.h"

namespace tocsin::app {
namespace {

constexpr absl::Duration kIntervalMin = absl::Seconds(10);
constexpr absl::Duration kIntervalMax = absl::Hours(1);
constexpr size_t kNameBytesMax = 200;

void CheckTeam(ConfigFindings& findings, const ConfigMap& map,
               const opsgenie::OpsgenieConfig& config) {
  const bool has_team = !config.heartbeat.team_id.empty();
  if (config.profile == opsgenie::Profile::kOpsgenie) {
    if (!has_team) return;
    return findings.BadValue(map.Key("team_id"), "only heartbeats of JSM have a team_id",
                             "leave it out, or use profile: jsm");
  }
  if (config.jsm_rest.cloud_id.empty()) {
    return findings.BadValue(map.node(), "the integration API of JSM has no heartbeats",
                             "configure jsm_rest, whose API has them");
  }
  if (has_team) return;
  findings.Error(map.node(), rules::code::kMissingKey, "a heartbeat of JSM needs team_id",
                 "the id of the team that it belongs to");
}

}  // namespace

void ReadHeartbeat(ConfigFindings& findings, const ConfigMap& map,
                   opsgenie::OpsgenieConfig& config) {
  const YamlNode* node = map.Find("heartbeat");
  if (node == nullptr) return;
  ConfigMap keys(findings, *node, "heartbeat");
  if (node->kind != YamlNode::Kind::kMap) return;  // said there
  keys.CheckKeys({"name", "team_id", "interval"});
  opsgenie::HeartbeatConfig& heartbeat = config.heartbeat;
  keys.ReadString("name", &heartbeat.name);
  keys.ReadString("team_id", &heartbeat.team_id);
  keys.ReadDuration("interval", &heartbeat.interval);
  if (heartbeat.name.empty()) {
    findings.Error(keys.node(), rules::code::kMissingKey, "a heartbeat needs a name");
  } else if (heartbeat.name.size() > kNameBytesMax) {
    findings.BadValue(keys.Key("name"), absl::StrCat("the name of a heartbeat has at most ",
                                                     kNameBytesMax, " characters"));
  }
  if (heartbeat.interval < kIntervalMin || heartbeat.interval > kIntervalMax) {
    findings.BadValue(*keys.Find("interval"), "interval must be from 10s to 1h");
  }
  CheckTeam(findings, keys, config);
}

void PrintHeartbeat(const opsgenie::HeartbeatConfig& heartbeat, ConfigWriter& writer) {
  if (heartbeat.name.empty()) return;
  writer.Begin("heartbeat");
  writer.Text("name", heartbeat.name);
  if (!heartbeat.team_id.empty()) writer.Text("team_id", heartbeat.team_id);
  writer.Line(absl::StrCat("interval: ", promql::PrintDuration(heartbeat.interval)));
  writer.End();
}

}  // namespace tocsin::app
