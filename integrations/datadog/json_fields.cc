#include "integrations/datadog/json_fields.h"

#include <string>

#include <nlohmann/json.hpp>

namespace tocsin::datadog {

using Json = nlohmann::json;

const Json* JsonMember(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

absl::string_view JsonText(const Json& object, const char* name) {
  const Json* member = JsonMember(object, name);
  return member != nullptr && member->is_string()
             ? absl::string_view(member->get_ref<const std::string&>())
             : absl::string_view();
}

std::optional<double> JsonNumber(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

std::optional<double> JsonNumber(const Json& object, const char* name) {
  const Json* member = JsonMember(object, name);
  return member == nullptr ? std::nullopt : JsonNumber(*member);
}

std::vector<absl::string_view> JsonTexts(const Json& object, const char* name) {
  std::vector<absl::string_view> texts;
  const Json* member = JsonMember(object, name);
  if (member == nullptr || !member->is_array()) return texts;
  for (const Json& item : *member) {
    if (item.is_string()) texts.push_back(item.get_ref<const std::string&>());
  }
  return texts;
}

}  // namespace tocsin::datadog
