#include "tests/opsgenie_sim/sim_reads.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/opsgenie_sim/sim_json.h"

namespace tocsin::sim {
namespace {

using Kind = Routed::Kind;

std::string Parameter(const Routed& routed, const char* name, const std::string& fallback) {
  const auto it = routed.query.find(name);
  return it == routed.query.end() ? fallback : it->second;
}

SimAnswer Unprocessable(const char* field, const char* why) {
  return {422, Refusal({{field, why}}), absl::StrCat("refused: ", field), {}};
}

// One page of entries; each gets its place, counted from 1, as its offset.
SimAnswer Page(std::vector<Json> entries, const Routed& routed) {
  int limit = 0;
  size_t offset = 0;
  if (!absl::SimpleAtoi(Parameter(routed, "limit", "100"), &limit) || limit < 1 || limit > 100) {
    return Unprocessable("limit", "should be from 1 to 100");
  }
  const bool from_start = !routed.query.count("offset");
  if (!from_start && !absl::SimpleAtoi(Parameter(routed, "offset", ""), &offset)) {
    return Unprocessable("offset", "unknown");
  }
  for (size_t i = 0; i < entries.size(); ++i) entries[i]["offset"] = absl::StrCat(i + 1);
  const bool back = Parameter(routed, "direction", "next") == "prev";
  const auto outside = [&](const Json& entry) {
    size_t place = 0;
    static_cast<void>(absl::SimpleAtoi(entry["offset"].get<std::string>(), &place));
    return !from_start && (back ? place >= offset : place <= offset);
  };
  entries.erase(std::remove_if(entries.begin(), entries.end(), outside), entries.end());
  if (Parameter(routed, "order", "desc") == "desc") std::reverse(entries.begin(), entries.end());
  if (entries.size() > static_cast<size_t>(limit)) entries.resize(limit);
  SimAnswer answer = Ok(Json(std::move(entries)));
  answer.body["paging"] = Json::object();
  return answer;
}

SimAnswer Notes(const SimAlert& alert, const Routed& routed) {
  std::vector<Json> entries;
  for (const SimNote& note : alert.notes) {
    entries.push_back(
        {{"note", note.text}, {"owner", note.owner}, {"createdAt", FormatTimestamp(note.at)}});
  }
  return Page(std::move(entries), routed);
}

SimAnswer Logs(const SimAlert& alert, const Routed& routed) {
  std::vector<Json> entries;
  for (const SimLogLine& line : alert.log) {
    entries.push_back({{"log", line.text},
                       {"type", line.type},
                       {"owner", line.owner},
                       {"createdAt", FormatTimestamp(line.at)}});
  }
  return Page(std::move(entries), routed);
}

// The users among the responders: who is on call in a team is not simulated.
SimAnswer Recipients(const SimAlert& alert) {
  Json list = Json::array();
  for (const Json& party : alert.responders) {
    if (party.value("type", "") != "user") continue;
    Json user = party;
    user.erase("type");
    list.push_back({{"user", std::move(user)},
                    {"state", "active"},
                    {"method", "Email"},
                    {"createdAt", FormatTimestamp(alert.created_at)},
                    {"updatedAt", FormatTimestamp(alert.updated_at)}});
  }
  return Ok(std::move(list));
}

}  // namespace

SimAnswer ReadAlert(const SimAlertBook& book, const Routed& routed, const SimKey& key) {
  const SimAlert* alert = book.Find(key, routed.identifier_type, routed.identifier);
  // JSM finds open alerts by their alias only.
  const bool hidden = alert != nullptr && routed.api == Api::kJsmRest && !alert->open &&
                      routed.identifier_type == IdentifierType::kAlias;
  if (alert == nullptr || hidden) return NotFound("Alert does not exist");
  switch (routed.kind) {
    case Kind::kNotes:
      return Notes(*alert, routed);
    case Kind::kLogs:
      return Logs(*alert, routed);
    case Kind::kRecipients:
      return Recipients(*alert);
    default:
      return Ok(AlertJson(*alert, /*full=*/true));
  }
}

}  // namespace tocsin::sim
