#include "integrations/datadog/log_members.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "integrations/datadog/json_fields.h"
#include "integrations/datadog/json_picker.h"

namespace tocsin::datadog {
namespace {

using Json = nlohmann::json;
using Names = std::initializer_list<const char*>;
using Fits = bool (*)(const Json&);

bool IsText(const Json& value) {
  return value.is_string();
}
bool IsTextOrInteger(const Json& value) {
  return value.is_string() || value.is_number_integer();
}
// A number beyond is something else, such as HTTP's status.
bool IsStatus(const Json& value) {
  return value.is_string() || (value.is_number_unsigned() && value.get<uint64_t>() <= 7);
}
bool IsAny(const Json& value) {
  return !value.is_null();
}

const Json* Find(const Json& object, Names names, Fits fits) {
  for (const char* name : names) {
    const Json* member = JsonMember(object, name);
    if (member != nullptr && fits(*member)) return member;
  }
  return nullptr;
}

std::string TextOf(const Json* value) {
  if (value == nullptr) return "";
  return value->is_string() ? value->get_ref<const std::string&>() : value->dump();
}

// Reads one member, which is then no attribute.
std::string Take(const Json& object, Names names, Fits fits, LogMembers& members) {
  const Json* member = Find(object, names, fits);
  if (member != nullptr) members.used.push_back(member);
  return TextOf(member);
}

// Some clients send them as a list.
std::string TakeTags(const Json& log, LogMembers& members) {
  const Json* tags = JsonMember(log, "ddtags");
  if (tags == nullptr || !tags->is_array()) return Take(log, {"ddtags"}, IsText, members);
  members.used.push_back(tags);
  return absl::StrJoin(JsonTexts(log, "ddtags"), ",");
}

constexpr Names kStatus = {"status", "severity", "level"};

// It stays an attribute as well.
std::string TraceIdIn(const Json& object) {
  if (const Json* trace = Find(object, {"dd.trace_id", "trace_id"}, IsTextOrInteger)) {
    return TextOf(trace);
  }
  const Json* dd = JsonMember(object, "dd");
  return dd == nullptr ? "" : TextOf(Find(*dd, {"trace_id"}, IsTextOrInteger));
}

// Programs that write JSON are read by Agents as text.
void FindDocument(LogMembers& members) {
  if (members.message == nullptr) return;
  if (members.message->is_object()) members.document = members.message;
  if (!members.message->is_string()) return;
  const std::string& text = members.message->get_ref<const std::string&>();
  if (!absl::StartsWith(absl::StripLeadingAsciiWhitespace(text), "{")) return;
  size_t too_large = 0;
  const auto take = [&](Json& document) {
    members.parsed = std::move(document);
    return absl::OkStatus();
  };
  const absl::Status read = ForEachJsonElement(text, "", take, &too_large);
  if (read.ok() && too_large == 0) members.document = &members.parsed;
}

}  // namespace

bool LogMembers::IsAttribute(const Json& member) const {
  return std::find(used.begin(), used.end(), &member) == used.end();
}

void ReadLogMembers(const Json& log, LogMembers& members) {
  members.message = Find(log, {"message", "msg", "log"}, IsAny);
  if (members.message != nullptr) members.used.push_back(members.message);
  FindDocument(members);
  members.time = Take(log, {"timestamp", "date", "@timestamp"}, IsTextOrInteger, members);
  members.host = Take(log, {"hostname", "host"}, IsText, members);
  members.service = Take(log, {"service"}, IsText, members);
  members.source = Take(log, {"ddsource"}, IsText, members);
  members.tags = TakeTags(log, members);
  members.status = Take(log, kStatus, IsStatus, members);
  members.trace_id = TraceIdIn(log);
  if (members.document == nullptr) return;
  // What the program says of itself counts, not what an Agent made of the stream it wrote to.
  const std::string status = Take(*members.document, kStatus, IsStatus, members);
  if (!status.empty()) members.status = status;
  if (members.trace_id.empty()) members.trace_id = TraceIdIn(*members.document);
}

}  // namespace tocsin::datadog
