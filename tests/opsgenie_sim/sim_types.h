#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/timestamp.h"
#include "nlohmann/json.hpp"

namespace tocsin::sim {

using Json = nlohmann::json;

// What a key may do. An account-level (management) key reads and configures, but may not create,
// acknowledge, close or add notes. A team key acts on its team's alerts only, and the team replaces
// the responders of what it creates. A read-only key may change nothing, a write-only key may not
// read: neither alerts nor what became of its own requests.
enum class KeyKind { kApiIntegration, kTeam, kManagement, kReadOnly, kWriteOnly };

struct SimKey {
  KeyKind kind = KeyKind::kApiIntegration;
  std::string account = "main";
  std::string team;     // kTeam only
  bool enabled = true;  // a disabled integration answers 401
};

// One alert as OpsGenie keeps it.
struct SimAlert {
  std::string id;
  int64_t tiny_id = 0;
  std::string account;
  std::string alias;
  std::string message;
  std::string description;
  std::string entity;
  std::string source;
  std::string owner;
  std::string owner_team;
  std::string priority = "P3";
  bool open = true;
  bool acknowledged = false;
  int64_t snoozed_until_ms = 0;
  int count = 1;  // occurrences; stops at 100
  std::vector<std::string> tags;
  std::vector<std::string> actions;
  std::map<std::string, std::string> details;
  Json responders = Json::array();
  std::vector<std::string> notes;
  std::vector<std::string> log;
  Timestamp created_at;
  Timestamp updated_at;
  Timestamp last_occurred_at;
  Timestamp closed_at;
};

// What happened to an alert, for whoever prints or waits.
struct SimEvent {
  enum class Kind { kOpened, kRepeated, kUpdated, kNoted, kClosed, kDiscarded };
  Kind kind;
  Timestamp at;
  std::string what;  // the action's name: "Create", "UpdatePriority", ...
  SimAlert alert;    // after it
};

// One request as it came in and what was thought of it. The key is not kept.
struct JournalEntry {
  uint64_t number = 0;
  Timestamp at;
  std::string method;
  std::string target;
  std::string body;
  int status = 0;  // 0: the connection was dropped
  std::string
      verdict;  // "accepted", "ok", "pending", "not found", "refused: <why>", "fault: <name>"
};

// Answers `status` to requests of `method` ("*": any) whose path contains `path_part`.
struct StatusFault {
  std::string method = "*";
  std::string path_part;
  int status = 500;
  double probability = 1;
};

// Probabilities in [0, 1] per request, drawn in this order; and switches.
struct FaultPlan {
  double drop_before = 0;  // connection lost, nothing enqueued
  double drop_after = 0;   // connection lost after the request was enqueued
  double error_500 = 0;
  double error_503 = 0;
  double throttle = 0;  // 429 with a period of one second
  double discard = 0;   // 202, then silently never processed
  double slow = 0;      // answered after `slow_delay`
  absl::Duration slow_delay = absl::Seconds(2);
  bool outage = false;                // every connection is dropped
  bool key_rotated = false;           // every key answers 401
  double fail_create = 0;             // 202, then the request status says that nothing was created
  std::vector<StatusFault> statuses;  // the first that fits
};

struct SimOptions {
  std::map<std::string, SimKey> keys;              // by key text
  absl::Duration delay = absl::Milliseconds(100);  // from 202 to processed
  bool out_of_order = false;  // each request draws its own delay in [0, 2 * delay]
  // Token buckets per account and domain; 0: no limit.
  int per_second = 0;
  int per_minute = 0;
  // Details above 8000 characters: 422 instead of truncation. Added ones: 20 of 50 characters.
  bool strict_details = false;
  bool strict_unknown_fields = false;  // unknown top-level fields: 422 instead of ignoring
  FaultPlan faults;
  uint64_t seed = 1;
  size_t journal_entries_max = 100'000;  // then the oldest go
};

}  // namespace tocsin::sim
