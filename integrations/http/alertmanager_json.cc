#include "integrations/http/alertmanager_json.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "integrations/routing/fingerprint.h"

namespace tocsin::http {
namespace {

using delivery::Matcher;
using routing::Silence;

// As Alertmanager's resolve_timeout.
constexpr absl::Duration kAssumedEnd = absl::Minutes(5);

absl::Status Missing(absl::string_view field) {
  return absl::InvalidArgumentError(absl::StrCat(field, " in body is required"));
}
absl::Status WrongType(absl::string_view field, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat(field, " in body must be ", wanted));
}

absl::StatusOr<std::string> ReadText(const Json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) return Missing(field);
  if (!found->is_string()) return WrongType(field, "a string");
  return found->get<std::string>();
}

absl::StatusOr<bool> ReadFlag(const Json& object, const char* field, bool otherwise) {
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return otherwise;
  if (!found->is_boolean()) return WrongType(field, "a boolean");
  return found->get<bool>();
}

absl::StatusOr<Timestamp> ReadTime(const Json& object, const char* field) {
  TOCSIN_ASSIGN_OR_RETURN(const std::string text, ReadText(object, field));
  absl::Time time;
  std::string error;
  const bool read = absl::ParseTime(absl::RFC3339_full, text, &time, &error);
  if (!read || time == absl::InfiniteFuture() || time == absl::InfinitePast()) {
    return WrongType(field, "a time such as 2026-11-22T10:00:00.000Z");
  }
  return Timestamp::FromMillis(absl::ToUnixMillis(time));
}

absl::StatusOr<Matcher> ReadMatcher(const Json& json) {
  if (!json.is_object()) return WrongType("matchers", "a list of objects");
  TOCSIN_ASSIGN_OR_RETURN(std::string name, ReadText(json, "name"));
  TOCSIN_ASSIGN_OR_RETURN(std::string value, ReadText(json, "value"));
  if (!json.contains("isRegex")) return Missing("isRegex");
  TOCSIN_ASSIGN_OR_RETURN(const bool regex, ReadFlag(json, "isRegex", false));
  TOCSIN_ASSIGN_OR_RETURN(const bool equal, ReadFlag(json, "isEqual", true));
  const Matcher::Op op = regex ? (equal ? Matcher::Op::kMatch : Matcher::Op::kNotMatch)
                               : (equal ? Matcher::Op::kEqual : Matcher::Op::kNotEqual);
  return Matcher::Make(std::move(name), op, std::move(value));
}

absl::StatusOr<std::vector<Matcher>> ReadMatchers(const Json& json) {
  const auto found = json.find("matchers");
  if (found == json.end()) return Missing("matchers");
  if (!found->is_array()) return WrongType("matchers", "a list of objects");
  std::vector<Matcher> matchers;
  for (const Json& item : *found) {
    TOCSIN_ASSIGN_OR_RETURN(Matcher matcher, ReadMatcher(item));
    matchers.push_back(std::move(matcher));
  }
  return matchers;
}

Json ToJson(const Matcher& matcher) {
  const bool regex = matcher.op() == Matcher::Op::kMatch || matcher.op() == Matcher::Op::kNotMatch;
  const bool equal = matcher.op() == Matcher::Op::kEqual || matcher.op() == Matcher::Op::kMatch;
  return {
      {"isEqual", equal}, {"isRegex", regex}, {"name", matcher.name()}, {"value", matcher.value()}};
}

}  // namespace

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json ToJson(const Silence& silence, Timestamp now) {
  Json matchers = Json::array();
  for (const Matcher& matcher : silence.matchers) matchers.push_back(ToJson(matcher));
  const char* state = routing::SilenceStateName(routing::StateOf(silence, now));
  return {{"id", silence.id},
          {"status", {{"state", state}}},
          {"updatedAt", FormatTimestamp(silence.updated_at)},
          {"comment", silence.comment},
          {"createdBy", silence.created_by},
          {"endsAt", FormatTimestamp(silence.ends_at)},
          {"matchers", std::move(matchers)},
          {"startsAt", FormatTimestamp(silence.starts_at)}};
}

Json ToJson(const ActiveAlert& alert, Timestamp now) {
  Json receivers = Json::array();
  for (const std::string& name : alert.receivers) receivers.push_back({{"name", name}});
  const bool suppressed = !alert.silenced_by.empty() || !alert.inhibited_by.empty();
  Json annotations = Json::object();
  for (const auto& [name, text] : alert.annotations) annotations[name] = text;
  return {{"annotations", std::move(annotations)},
          {"endsAt", FormatTimestamp(now + kAssumedEnd)},
          {"fingerprint", routing::AlertFingerprint(alert.labels)},
          {"receivers", std::move(receivers)},
          {"startsAt", FormatTimestamp(alert.starts_at)},
          {"status",
           {{"inhibitedBy", alert.inhibited_by},
            {"silencedBy", alert.silenced_by},
            {"state", suppressed ? "suppressed" : "active"}}},
          {"updatedAt", FormatTimestamp(alert.updated_at)},
          {"labels", ToJson(alert.labels)}};
}

absl::StatusOr<Silence> ParseSilence(absl::string_view body) {
  const Json json = Json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("the body must be a JSON object");
  Silence silence;
  const auto id = json.find("id");
  if (id != json.end() && !id->is_null()) {
    TOCSIN_ASSIGN_OR_RETURN(silence.id, ReadText(json, "id"));
  }
  TOCSIN_ASSIGN_OR_RETURN(silence.matchers, ReadMatchers(json));
  TOCSIN_ASSIGN_OR_RETURN(silence.starts_at, ReadTime(json, "startsAt"));
  TOCSIN_ASSIGN_OR_RETURN(silence.ends_at, ReadTime(json, "endsAt"));
  TOCSIN_ASSIGN_OR_RETURN(silence.created_by, ReadText(json, "createdBy"));
  TOCSIN_ASSIGN_OR_RETURN(silence.comment, ReadText(json, "comment"));
  return silence;
}

}  // namespace tocsin::http
