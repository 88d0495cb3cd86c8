#pragma once

#include <optional>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "absl/strings/string_view.h"

// Reads members of JSON objects leniently: what is absent or of another type has the default. Views
// live as long as the object. Pure functions, any thread.
namespace tocsin::datadog {

// Null if `object` is none or has no such member.
const nlohmann::json* JsonMember(const nlohmann::json& object, const char* name);
absl::string_view JsonText(const nlohmann::json& object, const char* name);
std::optional<double> JsonNumber(const nlohmann::json& value);
std::optional<double> JsonNumber(const nlohmann::json& object, const char* name);
// The texts of an array.
std::vector<absl::string_view> JsonTexts(const nlohmann::json& object, const char* name);

}  // namespace tocsin::datadog
