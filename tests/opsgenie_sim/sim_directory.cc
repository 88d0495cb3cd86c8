#include "tests/opsgenie_sim/sim_directory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "base/random.h"

namespace tocsin::sim {
namespace {

using Kind = SimDirectoryEntry::Kind;

constexpr const char* kKinds[] = {"team", "user", "schedule", "escalation"};

const char* Name(Kind kind) {
  return kKinds[static_cast<int>(kind)];
}

Json EntryJson(const SimDirectoryEntry& entry) {
  Json json = {{"id", entry.id}};
  json[entry.kind == Kind::kUser ? "username" : "name"] = entry.name;
  if (!entry.team.empty()) json["ownerTeam"] = {{"name", entry.team}};
  return json;
}

std::string TextOf(const Json& object, const char* key) {
  return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

std::string IdOf(const std::string& text) {
  SeededRandom random(Hash64(text));
  return MakeUuid(random);
}

bool Sees(const SimKey& key, const SimDirectoryEntry& entry) {
  if (key.kind != KeyKind::kTeam) return true;
  return (entry.kind == Kind::kTeam ? entry.name : entry.team) == key.team;
}

}  // namespace

std::optional<Json> SimDirectory::Resolve(const Json& party) const {
  const std::string type = TextOf(party, "type");
  const std::string id = TextOf(party, "id");
  const std::string name = TextOf(party, type == "user" ? "username" : "name");
  Json resolved = party;
  if (entries_.empty()) {
    if (id.empty()) resolved["id"] = IdOf(absl::StrCat(type, ":", name));
    return resolved;
  }
  for (const SimDirectoryEntry& entry : entries_) {
    const bool found =
        type == Name(entry.kind) && (id.empty() ? entry.name == name : entry.id == id);
    if (!found) continue;
    resolved["id"] = entry.id;
    return resolved;
  }
  return std::nullopt;
}

SimAnswer SimDirectory::Read(const Routed& routed, const SimKey& key) const {
  if (routed.kind == Routed::Kind::kAccount) {
    const auto users = std::count_if(entries_.begin(), entries_.end(),
                                     [](const auto& entry) { return entry.kind == Kind::kUser; });
    return Ok({{"name", key.account},
               {"userCount", users},
               {"plan", {{"name", "Simulated"}, {"maxUserCount", 100}, {"isYearly", false}}}});
  }
  Json list = Json::array();
  for (const SimDirectoryEntry& entry : entries_) {
    if (entry.kind != routed.entry) continue;
    if (routed.kind == Routed::Kind::kDirectoryList) {
      list.push_back(EntryJson(entry));
      continue;
    }
    // A user is found by both without being told which.
    const bool user = entry.kind == Kind::kUser;
    const bool found = (!routed.by_name && entry.id == routed.identifier) ||
                       ((routed.by_name || user) && entry.name == routed.identifier);
    if (!found) continue;
    if (!Sees(key, entry)) return Forbidden("You are not authorized to access this resource.");
    return Ok(EntryJson(entry));
  }
  if (routed.kind == Routed::Kind::kDirectoryList) {
    SimAnswer answer = Ok(list);
    answer.body["totalCount"] = list.size();
    return answer;
  }
  return NotFound(absl::StrCat("No ", Name(routed.entry), " exists with this id or name"));
}

bool ReadDirectoryEntry(const std::string& text, SimDirectoryEntry& entry) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos || colon + 1 == text.size()) return false;
  const auto kind = std::find(std::begin(kKinds), std::end(kKinds), text.substr(0, colon));
  if (kind == std::end(kKinds)) return false;
  entry.kind = static_cast<Kind>(kind - std::begin(kKinds));
  entry.name = text.substr(colon + 1);
  const size_t at = entry.name.rfind('@');
  if (at != std::string::npos && entry.kind != Kind::kUser) {
    entry.team = entry.name.substr(at + 1);
    entry.name.resize(at);
  }
  entry.id = IdOf(text);
  return !entry.name.empty();
}

}  // namespace tocsin::sim
