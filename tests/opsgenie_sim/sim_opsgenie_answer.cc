// What SimOpsgenie answers to a request that no fault took away: route, method, key, rate, then the
// request itself.
#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/opsgenie_sim/sim_json.h"
#include "tests/opsgenie_sim/sim_keys.h"
#include "tests/opsgenie_sim/sim_opsgenie.h"
#include "tests/opsgenie_sim/sim_reads.h"
#include "tests/opsgenie_sim/sim_route_jsm.h"
#include "tests/opsgenie_sim/sim_search.h"

namespace tocsin::sim {
namespace {

using http_client::HttpRequest;
using Kind = Routed::Kind;

const char* Domain(Kind kind) {
  switch (kind) {
    case Kind::kHeartbeatPing:
      return "heartbeat";
    case Kind::kList:
    case Kind::kCount:
      return "search";
    default:
      return IsAboutAlerts(kind) ? "alert" : "configuration";
  }
}

// The body of a write, or why there is none.
std::optional<SimAnswer> ReadBody(const HttpRequest& request, Json& body) {
  if (!absl::StartsWith(absl::AsciiStrToLower(RequestHeader(request, "content-type")),
                        "application/json")) {
    return SimAnswer{415, {{"message", "Content type not supported"}}, "refused: content type", {}};
  }
  body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_discarded() && body.is_object()) return std::nullopt;
  return SimAnswer{400, {{"message", "Could not parse request body"}}, "refused: JSON", {}};
}

SimAnswer Unprocessable(const FieldErrors& errors) {
  return {422,
          Refusal(errors),
          absl::StrCat("refused: ", errors.begin()->first, " ", errors.begin()->second),
          {}};
}

// OpsGenie takes what a DELETE removes from the query, JSM's REST API from the body.
bool TakesQuery(const HttpRequest& request, const Routed& routed) {
  return request.method == "DELETE" &&
         (routed.api != Api::kJsmRest || routed.action == ActionKind::kDelete);
}

std::optional<SimAnswer> RefuseRemoval(const Routed& routed, const Json& body) {
  const bool tags = routed.action == ActionKind::kRemoveTags;
  const char* field = tags ? "tags" : "keys";
  const bool removes = tags || routed.action == ActionKind::kRemoveDetails;
  const bool given = body.contains(field) && body[field].is_string() &&
                     !body[field].get_ref<const std::string&>().empty();
  if (!removes || given) return std::nullopt;
  return SimAnswer{
      422, Refusal({{field, "can not be empty"}}), absl::StrCat("refused: ", field), {}};
}

}  // namespace

SimAnswer SimOpsgenie::Answer(const HttpRequest& request, const Routed& routed, Timestamp now,
                              Fate fate) {
  SimAnswer answer = Decide(request, routed, now, fate);
  EmitWebhooks();
  if (routed.api == Api::kJsmRest) return AsJsmAnswer(routed, std::move(answer));
  answer.body.erase("total");
  return answer;
}

SimAnswer SimOpsgenie::Decide(const HttpRequest& request, const Routed& routed, Timestamp now,
                              Fate fate) {
  if (routed.kind == Kind::kUnknownPath) {
    return {404, {{"message", "Resource not found"}}, "refused: unknown path", {}};
  }
  if (routed.kind == Kind::kWrongMethod) {
    return {405,
            {{"message", absl::StrCat("Request method '", request.method, "' not supported")}},
            "refused: wrong method",
            {}};
  }
  SimKey key;
  if (auto refusal = RefuseKey(request, routed, options_, key)) return *std::move(refusal);
  if (const auto period = rate_.Refuse(absl::StrCat(key.account, "/", Domain(routed.kind)), now)) {
    return {429, Throttled(), "refused: rate", ThrottleHeaders(*period)};
  }
  switch (routed.kind) {
    case Kind::kNotSimulated:
      return {501,
              {{"message", absl::StrCat("Not simulated: ", routed.identifier)}},
              absl::StrCat("refused: not simulated: ", routed.identifier),
              {}};
    case Kind::kBadIdentifierType:
      return {422,
              Refusal({{"identifierType", "should be one of [ id, alias, tiny ]"}}),
              "refused: identifier type",
              {}};
    case Kind::kAction:
      return Accept(request, routed, key, now, fate);
    case Kind::kRequestStatus:
      return RequestStatus(routed, key);
    case Kind::kList:
    case Kind::kCount:
      return SearchAlerts(book_, routed, key);
    default:
      return IsAboutAlerts(routed.kind) ? ReadAlert(book_, routed, key)
                                        : Configure(request, routed, key, now);
  }
}

SimAnswer SimOpsgenie::Configure(const HttpRequest& request, const Routed& routed,
                                 const SimKey& key, Timestamp now) {
  if (routed.kind == Kind::kAccount || routed.kind == Kind::kDirectoryGet ||
      routed.kind == Kind::kDirectoryList) {
    return directory_.Read(routed, key);
  }
  Json body = Json::object();
  if (routed.kind == Kind::kHeartbeatCreate || routed.kind == Kind::kHeartbeatUpdate) {
    if (auto refusal = ReadBody(request, body)) return *std::move(refusal);
  }
  SimAnswer answer = heartbeats_.Handle(routed, key, body, now);
  NoteHeartbeats(now);
  return answer;
}

SimAnswer SimOpsgenie::Accept(const HttpRequest& request, const Routed& routed, const SimKey& key,
                              Timestamp now, Fate fate) {
  PendingAction action{routed.action,          key,
                       routed.identifier_type, routed.identifier,
                       Json::object(),         routed.custom_action};
  if (TakesQuery(request, routed)) {
    for (const auto& [name, value] : routed.query) action.body[name] = value;
  } else if (!request.body.empty() || routed.action == ActionKind::kCreate) {
    if (auto refusal = ReadBody(request, action.body)) return *std::move(refusal);
  }
  if (routed.api == Api::kJsmRest) action.body = FromJsmBody(routed.action, action.body);
  if (auto refusal = RefuseRemoval(routed, action.body)) return *std::move(refusal);
  const FieldErrors errors = Validate(routed.action, action.body, options_, now);
  if (!errors.empty()) return Unprocessable(errors);
  const std::string request_id = MakeUuid(random_);
  Enqueue(request_id, std::move(action), now, fate);
  requests_[request_id].rest = routed.api == Api::kJsmRest;
  return {202,
          {{"result", "Request will be processed"}, {"requestId", request_id}},
          fate == Fate::kDiscarded ? "accepted, then discarded" : "accepted",
          {}};
}

void SimOpsgenie::Enqueue(const std::string& request_id, PendingAction action, Timestamp now,
                          Fate fate) {
  requests_[request_id] = {action.key.account, ActionName(action.kind)};
  if (fate == Fate::kDiscarded) {
    SimAlert ghost;
    ghost.account = action.key.account;
    ghost.alias =
        action.kind == ActionKind::kCreate ? action.body.value("alias", "") : action.identifier;
    events_.push_back(
        {SimEvent::Kind::kDiscarded, now, ActionName(action.kind), ghost, "", "", "", ""});
    return;
  }
  int64_t due = (now + options_.delay).millis();
  if (options_.out_of_order) {
    due = (now + options_.delay * (2 * random_.Uniform())).millis();
  } else {
    due = std::max(due, last_due_ms_);
  }
  last_due_ms_ = std::max(last_due_ms_, due);
  if (Chance(options_.faults.late)) due += absl::ToInt64Milliseconds(options_.faults.late_delay);
  queue_.emplace(due, Queued{request_id, std::move(action), fate == Fate::kFailed});
}

SimAnswer SimOpsgenie::RequestStatus(const Routed& routed, const SimKey& key) const {
  const auto it = requests_.find(routed.identifier);
  const bool rest = routed.api == Api::kJsmRest;
  if (it == requests_.end() || it->second.account != key.account || it->second.rest != rest) {
    return NotFound("Request not found");
  }
  const RequestRecord& record = it->second;
  if (!record.processed) {
    return {404,
            {{"message", "Request not found. It might not be processed, yet."}},
            "pending",
            {{"X-Opsgenie-Errortype", "RequestNotProcessed"}}};
  }
  const Json data = {{"success", record.result.success},
                     {"isSuccess", record.result.success},
                     {"action", record.action},
                     {"processedAt", FormatTimestamp(record.processed_at)},
                     {"integrationId", "c3a4a1b5-8a1f-4a3e-9d5d-1f0f5a0c9e11"},
                     {"status", record.result.status},
                     {"alertId", record.result.alert_id},
                     {"alias", record.result.alias}};
  return Ok(data);
}

}  // namespace tocsin::sim
