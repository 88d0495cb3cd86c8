#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/opsgenie_sim/sim_answer.h"
#include "tests/opsgenie_sim/sim_route.h"

namespace tocsin::sim {

// The teams, users, schedules and escalations of the account, as far as a start-up probe and
// responders need them. Thread: one at a time.
class SimDirectory {
 public:
  explicit SimDirectory(std::vector<SimDirectoryEntry> entries) : entries_(std::move(entries)) {}

  void Set(std::vector<SimDirectoryEntry> entries) { entries_ = std::move(entries); }

  // `party`, {type, id | name | username}, with its id; nullopt if it does not exist. Without
  // entries everything does.
  std::optional<Json> Resolve(const Json& party) const;

  // GET of one, of all of a kind, and of the account. A team key sees what its team has.
  SimAnswer Read(const Routed& routed, const SimKey& key) const;

 private:
  std::vector<SimDirectoryEntry> entries_;
};

// "team:payments", "user:a@example.com", "schedule:NAME[@TEAM]", "escalation:NAME[@TEAM]"; the id
// follows from it. False if it is none of them.
bool ReadDirectoryEntry(const std::string& text, SimDirectoryEntry& entry);

}  // namespace tocsin::sim
