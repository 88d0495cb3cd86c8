#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/opsgenie_sim/sim_alert_book.h"

namespace tocsin::sim {

// What a request asks for, read from its method and target alone.
struct Routed {
  enum class Kind {
    kUnknownPath,
    kWrongMethod,
    kBadIdentifierType,
    kAction,         // `action`, on `identifier` unless it is a create
    kRequestStatus,  // `identifier` is the request id
    kGet,
    kList,
    kCount,
    kNotes,
    kLogs,
    kHeartbeatPing,
  };
  Kind kind = Kind::kUnknownPath;
  bool jsm = false;
  ActionKind action = ActionKind::kCreate;
  IdentifierType identifier_type = IdentifierType::kId;
  std::string identifier;  // percent-decoded once
  std::string custom_action;
  std::map<std::string, std::string> query;
};

// `target` is a path with query, or an absolute URL. Without `identifierType` an identifier is an
// id. Below the prefix /jsm/ops/integration only create, acknowledge, close, notes and the request
// status exist.
Routed RouteRequest(const std::string& method, const std::string& target);

std::string PercentDecode(const std::string& text);

}  // namespace tocsin::sim
