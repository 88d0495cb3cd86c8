#include "integrations/opsgenie/json_fields.h"

#include "absl/strings/numbers.h"
#include "absl/time/time.h"

namespace tocsin::opsgenie {
namespace {

std::optional<Timestamp> FromDigits(int64_t value) {
  constexpr int64_t kSecondsMax = 10'000'000'000;  // the year 2286
  if (value <= 0) return std::nullopt;
  if (value < kSecondsMax) return Timestamp::FromMillis(value * 1000);
  if (value < kSecondsMax * 1000) return Timestamp::FromMillis(value);
  if (value < kSecondsMax * 1'000'000) return Timestamp::FromMillis(value / 1000);
  return Timestamp::FromMillis(value / 1'000'000);
}

const Json* Find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

}  // namespace

Json ParseObject(absl::string_view body) {
  Json json = Json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json::object();
}

Json DataOf(const http_client::HttpResponse& response) {
  Json json = ParseObject(response.body);
  return json.contains("data") && json["data"].is_object() ? json["data"] : json;
}

std::string Text(const Json& object, const char* key) {
  const Json* value = Find(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

bool Flag(const Json& object, const char* key) {
  const Json* value = Find(object, key);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

int64_t Number(const Json& object, const char* key) {
  const Json* value = Find(object, key);
  return value != nullptr && value->is_number_integer() ? value->get<int64_t>() : 0;
}

std::vector<std::string> Texts(const Json& object, const char* key) {
  std::vector<std::string> texts;
  const Json* value = Find(object, key);
  if (value == nullptr || !value->is_array()) return texts;
  for (const Json& item : *value) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::map<std::string, std::string> TextMap(const Json& object, const char* key) {
  std::map<std::string, std::string> texts;
  const Json* value = Find(object, key);
  if (value == nullptr || !value->is_object()) return texts;
  for (const auto& [name, item] : value->items()) {
    if (item.is_string()) texts[name] = item.get<std::string>();
  }
  return texts;
}

std::optional<Timestamp> Instant(const Json& object, const char* key) {
  const Json* value = Find(object, key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_integer()) return FromDigits(value->get<int64_t>());
  if (!value->is_string()) return std::nullopt;
  const std::string& text = value->get_ref<const std::string&>();
  int64_t digits = 0;
  if (absl::SimpleAtoi(text, &digits)) return FromDigits(digits);
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return std::nullopt;
  return Timestamp::FromMillis(absl::ToUnixMillis(time));
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tocsin::opsgenie
