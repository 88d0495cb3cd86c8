#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/opsgenie_sim/sim_alert_book.h"

namespace tocsin::sim {

// OpsGenie's API; JSM's integration API below /jsm/ops/integration, where only create, acknowledge,
// close, notes and the request status exist; JSM's REST API below /jsm/ops/api/CLOUD.
enum class Api { kOpsgenie, kJsmEvents, kJsmRest };

// What a request asks for, read from its method and target alone.
struct Routed {
  enum class Kind {
    kUnknownPath,
    kWrongMethod,
    kNotSimulated,  // known, but not here; `identifier` says what
    kBadIdentifierType,
    kAction,         // `action`, on `identifier` unless it is a create
    kRequestStatus,  // `identifier` is the request id
    kGet,
    kList,
    kCount,
    kNotes,
    kLogs,
    kRecipients,
    kHeartbeatPing,  // these on `identifier`, but list and create
    kHeartbeatGet,
    kHeartbeatList,
    kHeartbeatCreate,
    kHeartbeatUpdate,
    kHeartbeatDelete,
    kHeartbeatEnable,
    kHeartbeatDisable,
    kAccount,
    kDirectoryGet,  // `entry`, by id or name
    kDirectoryList,
  };
  Kind kind = Kind::kUnknownPath;
  Api api = Api::kOpsgenie;
  std::string cloud_id;  // kJsmRest
  ActionKind action = ActionKind::kCreate;
  SimDirectoryEntry::Kind entry = SimDirectoryEntry::Kind::kTeam;
  IdentifierType identifier_type = IdentifierType::kId;
  bool by_name = false;    // kDirectoryGet: identifierType=name or username
  std::string identifier;  // percent-decoded once
  std::string custom_action;
  std::map<std::string, std::string> query;
};

// `target` is a path with query, or an absolute URL. Without `identifierType` an identifier is an
// id.
Routed RouteRequest(const std::string& method, const std::string& target);

// True for what changes or reads alerts; the rest is configuration.
bool IsAboutAlerts(Routed::Kind kind);

std::string PercentDecode(const std::string& text);

}  // namespace tocsin::sim
