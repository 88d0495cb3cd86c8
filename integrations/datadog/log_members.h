#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace tocsin::datadog {

// Which members of a log say what. Members are looked for by the names that Datadog knows, and one
// of an unexpected type is an attribute like any other.
//
// Borrows the log.
struct LogMembers {
  const nlohmann::json* message = nullptr;
  std::string status, time, host, service, source, trace_id;  // "": not said
  std::string tags;                                           // "key:value,key:value"

  // The message, if it is an object of JSON or the text of one; else null. Its members are the
  // log's, too.
  const nlohmann::json* document = nullptr;

  // Whether a member of the log or the document says something of the above, or is an attribute.
  bool IsAttribute(const nlohmann::json& member) const;

  LogMembers() = default;
  LogMembers(const LogMembers&) = delete;  // it points into itself
  LogMembers& operator=(const LogMembers&) = delete;

  std::vector<const nlohmann::json*> used;
  nlohmann::json parsed;  // the text of a document
};

void ReadLogMembers(const nlohmann::json& log, LogMembers& members);

}  // namespace tocsin::datadog
