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
// acknowledge, close or add notes. A team key acts on its team's alerts and configuration only, and
// the team replaces the responders of what it creates. A read-only key may change nothing, a
// write-only key may not read: neither alerts nor what became of its own requests. A token is for
// JSM's REST API and nothing else.
enum class KeyKind { kApiIntegration, kTeam, kManagement, kReadOnly, kWriteOnly, kJsmToken };

struct SimKey {
  KeyKind kind = KeyKind::kApiIntegration;
  std::string account = "main";
  std::string team;     // kTeam only
  bool enabled = true;  // a disabled integration answers 401
  std::string region;   // where its account is: "us", "eu"; "": in both
  // "opsgenie" or "jsm": 401 at the other; "": good for both.
  std::string product;
  bool restrict_configuration = false;  // heartbeats may only be pinged
  std::string user;                     // kJsmToken: whose it is; "": an OAuth token
};

struct SimNote {
  std::string text;
  std::string owner;
  Timestamp at;
};

struct SimLogLine {
  std::string text;
  std::string type;  // the action's name, or "system"
  std::string owner;
  Timestamp at;
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
  std::string acknowledged_by;
  std::string closed_by;
  int64_t snoozed_until_ms = 0;  // 0: not snoozed
  int count = 1;                 // occurrences; stops at 100
  std::vector<std::string> tags;
  std::vector<std::string> actions;
  std::map<std::string, std::string> details;
  Json responders = Json::array();
  std::vector<SimNote> notes;
  std::vector<SimLogLine> log;
  Timestamp created_at;
  Timestamp updated_at;
  Timestamp last_occurred_at;
  Timestamp acknowledged_at;
  Timestamp closed_at;
};

// What happened to an alert, for whoever prints or waits.
struct SimEvent {
  enum class Kind { kOpened, kRepeated, kUpdated, kNoted, kClosed, kDiscarded };
  Kind kind;
  Timestamp at;
  std::string what;  // the action's name: "Create", "UpdatePriority", ...
  SimAlert alert;    // after it
  std::string user;  // who asked for it
  std::string source;
  std::string note;
  std::string old_priority;  // UpdatePriority only
};

// What exists besides alerts, for responders and start-up probes.
struct SimDirectoryEntry {
  enum class Kind { kTeam, kUser, kSchedule, kEscalation };
  Kind kind = Kind::kTeam;
  std::string id;
  std::string name;  // a user's is an e-mail address
  std::string team;  // that owns a schedule or escalation; "": none
};

struct SimHeartbeat {
  std::string name;
  std::string description;
  int interval = 10;
  std::string unit = "minutes";  // minutes, hours or days
  bool enabled = true;
  std::string owner_team;
  std::string alert_message;  // "": "NAME is expired"
  std::vector<std::string> alert_tags;
  std::string alert_priority = "P3";
  int64_t pings = 0;
  Timestamp last_ping;  // if pings > 0
  bool expired = false;
};

// What the "Webhook" integration sends.
struct SimWebhook {
  Timestamp due;
  std::string action;
  std::string body;
  bool repeat = false;
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
  bool outage = false;       // every connection is dropped
  bool key_rotated = false;  // every key answers 401
  double late = 0;           // processed `late_delay` later than else
  absl::Duration late_delay = absl::Seconds(30);
  // Of each webhook: sent twice; overtaken by what comes within 2 s; not sent.
  double webhook_repeat = 0;
  double webhook_reorder = 0;
  double webhook_loss = 0;
  double fail_create = 0;             // 202, then the request status says that nothing was created
  std::vector<StatusFault> statuses;  // the first that fits
};

struct SimOptions {
  std::map<std::string, SimKey> keys;  // by key text
  std::string region = "us";
  std::string cloud_id = "00000000-0000-4000-8000-00000000c10d";  // of JSM's REST API
  // Empty: every well-formed responder exists.
  std::vector<SimDirectoryEntry> directory;
  std::vector<SimHeartbeat> heartbeats;
  bool webhooks = false;
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
