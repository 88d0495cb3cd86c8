#pragma once

#include <map>
#include <optional>
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

  friend bool operator==(const Responder&, const Responder&) = default;
};

// A responder as files name it: each text may be a template. See ToResponder.
struct ResponderTemplate {
  std::string type;  // team, user, escalation, schedule
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
  std::vector<ResponderTemplate> responders;
  std::map<std::string, std::string> priority;  // severity -> P1..P5; see PriorityOf
  std::vector<std::string> tags;               // templates; one that expands to nothing is left out
  std::string entity;                          // template
  std::vector<std::string> actions;            // templates
  std::map<std::string, std::string> details;  // templates, by key; besides Tocsin's own and labels
  bool send_resolved = true;                   // false: an open page is never closed by us
  // A page that gets worse is closed and opened anew, which notifies again; otherwise the open one
  // changes.
  bool repage_on_escalation = false;
  // Each episode has an alias of its own: that of its alert, "-" and a number that grows.
  bool alias_per_occurrence = false;
  // A page that somebody closes while its alert fires is respected for so long, then opened anew;
  // nullopt: until it gets worse.
  std::optional<absl::Duration> reopen_after = absl::Hours(24);
  // Where people reach the admin port, without a slash at the end; empty: pages have no link.
  std::string external_url;
  Secret webhook_secret;      // of what OpsGenie's webhook sends us; empty: it is not listened to
  HeartbeatConfig heartbeat;  // pinged while pages can be relied on
};

// `text`, which a server may have made of what it was sent, without the configuration's secrets.
std::string WithoutSecrets(const OpsgenieConfig& config, std::string text);

}  // namespace tocsin::opsgenie
