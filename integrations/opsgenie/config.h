#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/secret.h"

namespace tocsin::opsgenie {

// Which API stands behind the URL. JSM Operations' integration API knows create, acknowledge,
// close, notes and the request status only: fields of an open page cannot change there (a note
// tells instead), and alerts cannot be looked up. With JsmRest they can.
enum class Profile { kOpsgenie, kJsm };

struct Responder {
  enum class Type { kTeam, kUser, kEscalation, kSchedule };
  Type type = Type::kTeam;
  // One of them. A user is named by `username` (an e-mail address), everything else by `name`.
  std::string id;
  std::string name;
  std::string username;
};

// Credentials of JSM Operations' REST API, which can do what the integration API cannot. Its alerts
// have the same ids.
struct JsmRest {
  std::string cloud_id;  // of the Atlassian site; empty: not configured
  std::string user;      // the e-mail address `token` belongs to; empty: it is an OAuth token
  Secret token;
};

// A heartbeat of the account, which has an alert of its own when nobody pings for too long.
struct HeartbeatConfig {
  std::string name;                            // empty: none
  std::string team_id;                         // JSM only: heartbeats belong to teams there
  absl::Duration interval = absl::Minutes(1);  // between two pings; 10 s to 1 h
};

// One entry of `opsgenie_configs` in tocsin.yaml.
struct OpsgenieConfig {
  std::string api_url = "https://api.opsgenie.com";
  Secret api_key;
  Profile profile = Profile::kOpsgenie;
  JsmRest jsm_rest;  // with Profile::kJsm only
  std::vector<Responder> responders;
  std::map<std::string, std::string> priority;  // severity -> P1..P5; see PriorityOf
  std::vector<std::string> tags;     // templates; one that expands to nothing is left out
  std::string entity;                // template
  std::vector<std::string> actions;  // templates
  bool send_resolved = true;         // false: an open page is never closed by us
  HeartbeatConfig heartbeat;         // pinged while pages can be relied on
};

// The configured priority of a severity; else "critical" is P1 and anything else P3.
std::string PriorityOf(const OpsgenieConfig& config, const std::string& severity);

}  // namespace tocsin::opsgenie
