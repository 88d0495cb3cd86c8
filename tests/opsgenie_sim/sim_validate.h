#pragma once

#include <map>
#include <string>

#include "base/timestamp.h"
#include "tests/opsgenie_sim/sim_types.h"

namespace tocsin::sim {

// Reason by field, as in the `errors` object of a 422. Empty: valid.
using FieldErrors = std::map<std::string, std::string>;

// The operations on alerts that take a body and are processed later.
enum class ActionKind {
  kCreate,
  kDelete,
  kAcknowledge,
  kUnacknowledge,
  kClose,
  kAddNote,
  kSnooze,
  kEscalate,
  kAssign,
  kAddResponder,
  kAddTeam,
  kAddTags,
  kRemoveTags,
  kAddDetails,
  kRemoveDetails,
  kSetMessage,
  kSetDescription,
  kSetPriority,
  kCustom,
};
// As the request status and webhooks show it: "Create", "UpdatePriority", ...
const char* ActionName(ActionKind kind);

// What the server checks before it says 202. `body` is an object.
FieldErrors Validate(ActionKind kind, const Json& body, const SimOptions& options, Timestamp now);

// A heartbeat's body; a name is needed to create one.
FieldErrors ValidateHeartbeat(const Json& body, bool create);

// Code points of UTF-8 text: the unit of every limit.
size_t CodePoints(const std::string& text);

inline constexpr size_t kDetailsCharsMax = 8000;

}  // namespace tocsin::sim
