#include "app/migrate.h"

#include <algorithm>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "app/config_writer.h"
#include "integrations/opsgenie/request.h"
#include "rules/yaml_tree.h"

namespace tocsin::app {
namespace {

using opsgenie::Capabilities;
using opsgenie::OpsgenieConfig;
using opsgenie::ResponderTemplate;
using rules::YamlNode;

constexpr char kAtlassianUrl[] = "https://api.atlassian.com";

const YamlNode* Find(const YamlNode* map, absl::string_view key) {
  if (map == nullptr) return nullptr;
  for (const rules::YamlEntry& entry : map->entries) {
    if (entry.key->value == key) return entry.value.get();
  }
  return nullptr;
}

const YamlNode* ReceiverNode(const YamlNode& root, const std::string& name) {
  const YamlNode* receivers = Find(&root, "receivers");
  if (receivers == nullptr) return nullptr;
  for (const auto& item : receivers->items) {
    const YamlNode* found = Find(item.get(), "name");
    if (found != nullptr && found->value == name) return item.get();
  }
  return nullptr;
}

const YamlNode* EntryNode(const YamlNode& root, const std::string& receiver, size_t index) {
  const YamlNode* entries = Find(ReceiverNode(root, receiver), "opsgenie_configs");
  return entries == nullptr || index >= entries->items.size() ? nullptr
                                                              : entries->items[index].get();
}

void PlanLines(const YamlNode& entry, TargetMove& move) {
  for (const char* key : {"profile", "api_url", "api_key", "api_key_file"}) {
    const YamlNode* value = Find(&entry, key);
    if (value != nullptr) move.removed.push_back(absl::StrCat(key, ": ", Quote(value->value)));
  }
  const bool variable = Find(&entry, "api_key") != nullptr;
  move.added = {"profile: jsm",
                absl::StrCat("api_url: ", kAtlassianUrl),
                absl::StrCat(variable ? "api_key: ${VARIABLE}" : "api_key_file: FILE",
                             "  # the key of an API integration in Jira Service Management"),
                "jsm_rest:  # may be left out: then see below what becomes a note",
                "  cloud_id: CLOUD_ID  # https://SITE.atlassian.net/_edge/tenant_info",
                "  user: EMAIL  # whose API token it is",
                variable ? "  token: ${VARIABLE}" : "  token_file: FILE"};
}

// What the new APIs can do less: by the integration's key alone, and with the REST API besides.
void PlanLosses(const OpsgenieConfig& config, TargetMove& move) {
  OpsgenieConfig jsm = config;
  jsm.profile = opsgenie::Profile::kJsm;
  const Capabilities alone = opsgenie::CapabilitiesOf(jsm);
  jsm.jsm_rest.cloud_id = "any";
  const Capabilities rest = opsgenie::CapabilitiesOf(jsm);
  struct Loss {
    bool Capabilities::*capability;
    const char* text;
  };
  static constexpr Loss kLosses[] = {
      {&Capabilities::field_updates,
       "becomes a note on the open page: a change of priority, message, description, details, "
       "tags"},
      {&Capabilities::lookup,
       "not done: looking up a page whose create got no answer; it is created again under its "
       "alias, which counts it up and opens no second one"},
      {&Capabilities::list, "not done: listing alerts"},
      {&Capabilities::snooze, "not done: snooze, unacknowledge"},
      {&Capabilities::escalation, "not done: escalate, assign, add responders to an open page"},
      {&Capabilities::heartbeat,
       "moves: heartbeats belong to a team, whose id (team_id) a ping needs then"}};
  for (const Loss& loss : kLosses) {
    if (alone.*loss.capability) continue;
    move.notes.push_back(
        absl::StrCat(loss.text, rest.*loss.capability ? " (with jsm_rest: done)" : ""));
  }
}

void PlanUrl(const OpsgenieConfig& config, TargetMove& move) {
  if (absl::StrContains(config.api_url, "//api.eu.opsgenie.com")) {
    move.notes.push_back("there is no host of its own for the EU: the site decides");
  } else if (!absl::EndsWith(config.api_url, "opsgenie.com")) {
    move.findings.push_back(
        absl::StrCat("api_url ", config.api_url,
                     " is not a host of OpsGenie's: if it is a proxy, keep it and let it lead to ",
                     kAtlassianUrl));
  }
}

void PlanPeople(const OpsgenieConfig& config, TargetMove& move) {
  for (const ResponderTemplate& responder : config.responders) {
    if (responder.type == "user" && responder.id.empty()) continue;  // by address
    const std::string name = absl::StrCat(
        responder.type, " ", Quote(responder.id.empty() ? responder.name : responder.id));
    if (responder.id.empty()) {
      move.findings.push_back(absl::StrCat(
          "responder ", name,
          " is given by name, and names change where teams are merged: a page "
          "for an unknown one notifies nobody; give its id in Jira Service Management"));
    } else {
      move.findings.push_back(absl::StrCat("responder ", name,
                                           " is given by id: check that it is the same in Jira "
                                           "Service Management, where teams may have been merged"));
    }
  }
  if (config.actions.empty()) return;
  move.findings.push_back(absl::StrCat("actions (", absl::StrJoin(config.actions, ", "),
                                       "): what they do is not carried over, set it up again"));
}

}  // namespace

size_t JsmMigration::CountFindings() const {
  size_t count = 0;
  for (const TargetMove& move : moves) count += move.findings.size();
  return count;
}

JsmMigration PlanMoveToJsm(const std::string& path, const std::string& text, const Config& config) {
  JsmMigration plan;
  std::vector<rules::Diagnostic> ignored;  // the text was read before
  const auto document = rules::YamlDocument::Parse(path, text, {}, ignored);
  for (const auto& [name, receiver] : config.routing.receivers) {
    for (size_t i = 0; i < receiver.opsgenie_configs.size(); ++i) {
      const OpsgenieConfig& target = receiver.opsgenie_configs[i];
      if (target.profile == opsgenie::Profile::kJsm) {
        ++plan.moved_already;
        continue;
      }
      TargetMove& move = plan.moves.emplace_back();
      move.receiver = name;
      move.index = i;
      if (plan.receivers.empty() || plan.receivers.back() != name) plan.receivers.push_back(name);
      const YamlNode* entry = document == nullptr ? nullptr : EntryNode(document->root(), name, i);
      if (entry != nullptr) {
        move.position = document->PositionOf(*entry);
        PlanLines(*entry, move);
      }
      PlanUrl(target, move);
      PlanPeople(target, move);
      PlanLosses(target, move);
    }
  }
  return plan;
}

}  // namespace tocsin::app
