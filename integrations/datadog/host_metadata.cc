#include "integrations/datadog/host_metadata.h"

#include <nlohmann/json.hpp>

#include "integrations/datadog/json_fields.h"
#include "integrations/datadog/names.h"

namespace tocsin::datadog {

const std::vector<std::string> kHostMetadataMembers = {"internalHostname", "meta", "host-tags"};

std::optional<HostMetadata> ReadHostMetadata(const nlohmann::json& members) {
  const nlohmann::json* by_source = JsonMember(members, "host-tags");
  if (by_source == nullptr || !by_source->is_object()) return std::nullopt;
  HostMetadata metadata;
  absl::string_view host = JsonText(members, "internalHostname");
  const nlohmann::json* meta = JsonMember(members, "meta");
  if (host.empty() && meta != nullptr) host = JsonText(*meta, "hostname");
  metadata.host = NormalTag(host);
  for (const auto& [source, list] : by_source->items()) {
    for (const absl::string_view tag : JsonTexts(*by_source, source.c_str()))
      metadata.tags.emplace_back(tag);
  }
  return metadata;
}

}  // namespace tocsin::datadog
