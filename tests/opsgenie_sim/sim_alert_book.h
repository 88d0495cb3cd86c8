#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/opsgenie_sim/sim_types.h"
#include "tests/opsgenie_sim/sim_validate.h"

namespace tocsin::sim {

enum class IdentifierType { kId, kAlias, kTiny };

// An accepted request that waits to be processed.
struct PendingAction {
  ActionKind kind = ActionKind::kCreate;
  SimKey key;
  IdentifierType identifier_type = IdentifierType::kId;
  std::string identifier;  // percent-decoded
  Json body = Json::object();
  std::string custom_action;
};

// What the request status will say.
struct ActionResult {
  bool success = false;
  std::string status;
  std::string alert_id;
  std::string alias;
};

// The alerts of all accounts and the rules by which actions change them: at most one open alert per
// alias and account; a create on an open alias only counts, up to 100, and changes no field; a
// closed alias gets a new alert.
//
// Thread: one at a time. Borrows the random generator and the list events are added to.
class SimAlertBook {
 public:
  SimAlertBook(Random& random, std::vector<SimEvent>& events) : random_(random), events_(events) {}

  ActionResult Apply(const PendingAction& action, Timestamp now);

  // By alias: the open alert, else the one closed last. Null if there is none that `key` may see.
  const SimAlert* Find(const SimKey& key, IdentifierType type, const std::string& identifier) const;
  const std::map<std::string, SimAlert>& alerts() const { return alerts_; }

 private:
  ActionResult Create(const PendingAction& action, Timestamp now);
  ActionResult Change(const PendingAction& action, SimAlert& alert, Timestamp now);
  void ChangeField(const PendingAction& action, SimAlert& alert);
  void Report(SimEvent::Kind kind, ActionKind what, const SimAlert& alert, Timestamp now);

  Random& random_;
  std::vector<SimEvent>& events_;
  std::map<std::string, SimAlert> alerts_;                             // by id
  std::map<std::pair<std::string, std::string>, std::string> latest_;  // account, alias -> id
  int64_t next_tiny_id_ = 1;
};

}  // namespace tocsin::sim
