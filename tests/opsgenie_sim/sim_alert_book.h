#pragma once

#include <functional>
#include <map>
#include <optional>
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
  // A responder, {type, id | name | username}, with its id; nullopt if it does not exist. Those
  // that do not are left out.
  using Resolve = std::function<std::optional<Json>(const Json& party)>;

  SimAlertBook(Random& random, std::vector<SimEvent>& events, Resolve resolve)
      : random_(random), events_(events), resolve_(std::move(resolve)) {}

  ActionResult Apply(const PendingAction& action, Timestamp now);

  // Ends snoozes whose time has come.
  void AdvanceTo(Timestamp now);
  // When the next one ends, in ms; INT64_MAX if none does.
  int64_t NextSnoozeEnd() const;

  // By alias: the open alert, else the one closed last. Null if there is none that `key` may see.
  const SimAlert* Find(const SimKey& key, IdentifierType type, const std::string& identifier) const;
  const std::map<std::string, SimAlert>& alerts() const { return alerts_; }

 private:
  ActionResult Create(const PendingAction& action, Timestamp now);
  ActionResult Change(const PendingAction& action, SimAlert& alert, Timestamp now);
  // Names what the action refers to and there is not; "" if there is nothing such.
  std::string Missing(const PendingAction& action) const;
  void ChangeState(const PendingAction& action, SimAlert& alert, Timestamp now);
  void ChangeContent(const PendingAction& action, SimAlert& alert);
  Json Existing(const Json& responders) const;
  void Report(SimEvent::Kind kind, const PendingAction& action, const SimAlert& alert,
              Timestamp now, const std::string& old_priority = {});

  Random& random_;
  std::vector<SimEvent>& events_;
  const Resolve resolve_;
  std::multimap<int64_t, std::string> snooze_ends_;                    // ms -> id
  std::map<std::string, SimAlert> alerts_;                             // by id
  std::map<std::pair<std::string, std::string>, std::string> latest_;  // account, alias -> id
  int64_t next_tiny_id_ = 1;
};

// Whether `key` belongs to the alert's account and, if it is a team's, to its team.
bool MaySee(const SimKey& key, const SimAlert& alert);

}  // namespace tocsin::sim
