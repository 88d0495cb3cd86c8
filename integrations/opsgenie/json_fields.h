#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/timestamp.h"
#include "integrations/http/http_client.h"

// Reading JSON of others: what is missing or of another type reads as nothing. For the .cc files of
// this folder.
namespace tocsin::opsgenie {

using Json = nlohmann::json;

Json ParseObject(absl::string_view body);  // {} if it is not an object
// The answer without its envelope: `data` around it, or the answer itself. Both are seen.
Json DataOf(const http_client::HttpResponse& response);

std::string Text(const Json& object, const char* key);
bool Flag(const Json& object, const char* key);
int64_t Number(const Json& object, const char* key);  // 0 if missing
std::vector<std::string> Texts(const Json& object, const char* key);
std::map<std::string, std::string> TextMap(const Json& object, const char* key);

// An instant as OpsGenie writes one: RFC 3339, or digits since the epoch in seconds, milliseconds,
// microseconds or nanoseconds, as a number or as text. The unit follows from the magnitude, which
// is clear between the years 2001 and 2286.
std::optional<Timestamp> Instant(const Json& object, const char* key);

// Not valid UTF-8 becomes U+FFFD.
std::string Dump(const Json& json);

}  // namespace tocsin::opsgenie
