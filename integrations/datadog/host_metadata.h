#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tocsin::datadog {

// What an Agent says of its host.
struct HostMetadata {
  std::string host;               // NormalTag(); "": not said
  std::vector<std::string> tags;  // of all sources (its configuration, its cloud), as sent
};

// Reads a document of /intake; `members` is what ReadJsonMembers() made of it for
// kHostMetadataMembers. nullopt if it says nothing of tags: events and metadata of checks are
// posted there, too.
extern const std::vector<std::string> kHostMetadataMembers;
std::optional<HostMetadata> ReadHostMetadata(const nlohmann::json& members);

}  // namespace tocsin::datadog
