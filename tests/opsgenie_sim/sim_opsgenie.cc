#include "tests/opsgenie_sim/sim_opsgenie.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "tests/opsgenie_sim/sim_json.h"

namespace tocsin::sim {
namespace {

using http_client::HttpHeader;
using http_client::HttpRequest;
using http_client::HttpResponse;
using Kind = Routed::Kind;

bool LooksLikeUuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(text[i])) return false;
  }
  return true;
}

std::string Header(const HttpRequest& request, absl::string_view name) {
  for (const HttpHeader& header : request.headers) {
    if (absl::EqualsIgnoreCase(header.name, name)) return header.value;
  }
  return {};
}

const char* Domain(const Routed& routed) {
  if (routed.kind == Kind::kHeartbeatPing) return "heartbeat";
  return routed.kind == Kind::kList || routed.kind == Kind::kCount ? "search" : "alert";
}

bool ForbiddenToManagement(const Routed& routed) {
  if (routed.kind != Kind::kAction) return false;
  return routed.action == ActionKind::kCreate || routed.action == ActionKind::kAcknowledge ||
         routed.action == ActionKind::kClose || routed.action == ActionKind::kAddNote;
}

}  // namespace

SimOpsgenie::SimOpsgenie(SimOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      book_(random_, events_),
      rate_(options_.per_second, options_.per_minute) {}

std::vector<SimEvent> SimOpsgenie::TakeEvents() {
  return std::exchange(events_, {});
}

std::optional<Timestamp> SimOpsgenie::NextDue() const {
  if (queue_.empty()) return std::nullopt;
  return Timestamp::FromMillis(queue_.begin()->first);
}

void SimOpsgenie::AdvanceTo(Timestamp now) {
  while (!queue_.empty() && queue_.begin()->first <= now.millis()) {
    const auto due = Timestamp::FromMillis(queue_.begin()->first);
    const Queued queued = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
    RequestRecord& record = requests_[queued.request_id];
    record.result = queued.fails ? ActionResult{false, "Alert could not be created", "", ""}
                                 : book_.Apply(queued.action, due);
    record.processed = true;
    record.processed_at = due;
  }
}

SimReply SimOpsgenie::Handle(const HttpRequest& request, Timestamp now) {
  AdvanceTo(now);
  const FaultPlan& faults = options_.faults;
  SimReply reply;
  if (faults.outage || Chance(faults.drop_before)) {
    Record(request, 0, faults.outage ? "fault: outage" : "fault: drop before", now);
    reply.dropped = true;
    return reply;
  }
  const bool drop_after = Chance(faults.drop_after);
  Fate fate = Chance(faults.discard) ? Fate::kDiscarded : Fate::kProcessed;
  const Routed routed = RouteRequest(request.method, request.url);
  const bool create = routed.kind == Kind::kAction && routed.action == ActionKind::kCreate;
  if (create && Chance(faults.fail_create)) fate = Fate::kFailed;
  if (!drop_after && Chance(faults.error_500)) {
    return Finish(request, {500, {{"message", "Internal Server Error"}}, "fault: 500"}, now);
  }
  if (!drop_after && Chance(faults.error_503)) {
    return Finish(request, {503, {{"message", "Service Unavailable"}}, "fault: 503"}, now);
  }
  if (!drop_after && Chance(faults.throttle)) {
    return Finish(request, {429, Throttled(), "fault: 429", ThrottleHeaders(1)}, now);
  }
  if (const auto status = drop_after ? std::nullopt : StatusFaultFor(request)) {
    return Finish(request,
                  {*status, {{"message", "Fault"}}, absl::StrCat("fault: status ", *status)}, now);
  }
  Answer answer = Decide(request, routed, now, fate);
  if (drop_after) {
    Record(request, 0, absl::StrCat("fault: drop after (", answer.verdict, ")"), now);
    reply.dropped = true;
    return reply;
  }
  reply = Finish(request, std::move(answer), now);
  if (Chance(faults.slow)) reply.delay = faults.slow_delay;
  return reply;
}

std::optional<int> SimOpsgenie::StatusFaultFor(const HttpRequest& request) {
  const std::string path = request.url.substr(0, request.url.find('?'));
  for (const StatusFault& fault : options_.faults.statuses) {
    const bool fits = (fault.method == "*" || fault.method == request.method) &&
                      absl::StrContains(path, fault.path_part);
    if (fits && Chance(fault.probability)) return fault.status;
  }
  return std::nullopt;
}

SimOpsgenie::Answer SimOpsgenie::Decide(const HttpRequest& request, const Routed& routed,
                                        Timestamp now, Fate fate) {
  if (routed.kind == Kind::kUnknownPath) {
    return {404, {{"message", "Resource not found"}}, "refused: unknown path"};
  }
  if (routed.kind == Kind::kWrongMethod) {
    return {405,
            {{"message", absl::StrCat("Request method '", request.method, "' not supported")}},
            "refused: wrong method"};
  }
  SimKey key;
  if (auto refusal = RefuseKey(request, routed, key)) return *std::move(refusal);
  if (auto refusal = RefuseRate(key, routed, now)) return *std::move(refusal);
  if (routed.kind == Kind::kBadIdentifierType) {
    return {422, Refusal({{"identifierType", "should be one of [ id, alias, tiny ]"}}),
            "refused: identifier type"};
  }
  if (routed.kind == Kind::kAction) return Accept(request, routed, key, now, fate);
  return Read(routed, key);
}

std::optional<SimOpsgenie::Answer> SimOpsgenie::RefuseKey(const HttpRequest& request,
                                                          const Routed& routed, SimKey& key) const {
  const Answer unauthorized = {401, {{"message", "Could not authenticate"}}, "refused: key"};
  const std::string header = Header(request, "authorization");
  absl::string_view text = header;
  if (!absl::ConsumePrefix(&text, "GenieKey ")) return unauthorized;
  const std::string key_text(absl::StripAsciiWhitespace(text));
  if (!LooksLikeUuid(key_text)) {
    return Answer{422, {{"message", "Key format is not valid!"}}, "refused: key format"};
  }
  const auto it = options_.keys.find(key_text);
  if (it == options_.keys.end() || !it->second.enabled || options_.faults.key_rotated) {
    return unauthorized;
  }
  key = it->second;
  if (key.kind == KeyKind::kManagement && ForbiddenToManagement(routed)) {
    return Answer{403,
                  {{"message", "To perform this action, use an API key from an API integration."},
                   {"code", 40301}},
                  "refused: key kind"};
  }
  const bool write = routed.kind == Kind::kAction;
  const bool read = !write && routed.kind != Kind::kHeartbeatPing;
  if ((key.kind == KeyKind::kReadOnly && write) || (key.kind == KeyKind::kWriteOnly && read)) {
    return Answer{403,
                  {{"message", "You are not authorized to access this resource."}, {"code", 40301}},
                  "refused: key kind"};
  }
  return std::nullopt;
}

std::optional<SimOpsgenie::Answer> SimOpsgenie::RefuseRate(const SimKey& key, const Routed& routed,
                                                           Timestamp now) {
  const auto period = rate_.Refuse(absl::StrCat(key.account, "/", Domain(routed)), now);
  if (!period) return std::nullopt;
  return Answer{429, Throttled(), "refused: rate", ThrottleHeaders(*period)};
}

SimOpsgenie::Answer SimOpsgenie::Accept(const HttpRequest& request, const Routed& routed,
                                        const SimKey& key, Timestamp now, Fate fate) {
  PendingAction action{routed.action,          key,
                       routed.identifier_type, routed.identifier,
                       Json::object(),         routed.custom_action};
  const bool by_query = request.method == "DELETE";
  if (by_query) {
    for (const auto& [name, value] : routed.query) action.body[name] = value;
    if (routed.action == ActionKind::kRemoveTags && !routed.query.count("tags")) {
      return {422, Refusal({{"tags", "can not be empty"}}), "refused: tags"};
    }
    if (routed.action == ActionKind::kRemoveDetails && !routed.query.count("keys")) {
      return {422, Refusal({{"keys", "can not be empty"}}), "refused: keys"};
    }
  } else if (!request.body.empty() || routed.action == ActionKind::kCreate) {
    if (!absl::StartsWith(absl::AsciiStrToLower(Header(request, "content-type")),
                          "application/json")) {
      return {415, {{"message", "Content type not supported"}}, "refused: content type"};
    }
    action.body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
    if (action.body.is_discarded() || !action.body.is_object()) {
      return {400, {{"message", "Could not parse request body"}}, "refused: JSON"};
    }
  }
  const FieldErrors errors = Validate(routed.action, action.body, options_, now);
  if (!errors.empty()) {
    return {422, Refusal(errors),
            absl::StrCat("refused: ", errors.begin()->first, " ", errors.begin()->second)};
  }
  const std::string request_id = MakeUuid(random_);
  Enqueue(request_id, std::move(action), now, fate);
  return {202,
          {{"result", "Request will be processed"}, {"requestId", request_id}},
          fate == Fate::kDiscarded ? "accepted, then discarded" : "accepted"};
}

void SimOpsgenie::Enqueue(const std::string& request_id, PendingAction action, Timestamp now,
                          Fate fate) {
  requests_[request_id] = {action.key.account, ActionName(action.kind)};
  if (fate == Fate::kDiscarded) {
    SimAlert ghost;
    ghost.account = action.key.account;
    ghost.alias =
        action.kind == ActionKind::kCreate ? action.body.value("alias", "") : action.identifier;
    events_.push_back({SimEvent::Kind::kDiscarded, now, ActionName(action.kind), ghost});
    return;
  }
  int64_t due = (now + options_.delay).millis();
  if (options_.out_of_order) {
    due = (now + options_.delay * (2 * random_.Uniform())).millis();
  } else {
    due = std::max(due, last_due_ms_);
  }
  last_due_ms_ = std::max(last_due_ms_, due);
  queue_.emplace(due, Queued{request_id, std::move(action), fate == Fate::kFailed});
}

SimOpsgenie::Answer SimOpsgenie::Read(const Routed& routed, const SimKey& key) const {
  switch (routed.kind) {
    case Kind::kRequestStatus:
      return RequestStatus(routed, key);
    case Kind::kList:
    case Kind::kCount:
      return List(routed, key);
    case Kind::kHeartbeatPing:
      return {202, {{"result", "PONG - Heartbeat received"}}, "accepted"};
    default:
      break;
  }
  const SimAlert* alert = book_.Find(key, routed.identifier_type, routed.identifier);
  if (alert == nullptr) return {404, {{"message", "Alert does not exist"}}, "not found"};
  if (routed.kind == Kind::kNotes) return {200, {{"data", AsNotes(alert->notes)}}, "ok"};
  if (routed.kind == Kind::kLogs) return {200, {{"data", AsLogs(alert->log)}}, "ok"};
  return {200, {{"data", AlertJson(*alert, /*full=*/true)}}, "ok"};
}

SimOpsgenie::Answer SimOpsgenie::RequestStatus(const Routed& routed, const SimKey& key) const {
  const auto it = requests_.find(routed.identifier);
  if (it == requests_.end() || it->second.account != key.account) {
    return {404, {{"message", "Request not found"}}, "not found"};
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
  return {200, {{"data", data}}, "ok"};
}

SimOpsgenie::Answer SimOpsgenie::List(const Routed& routed, const SimKey& key) const {
  const auto number = [&](const char* name, int fallback) {
    const auto it = routed.query.find(name);
    int value = fallback;
    if (it != routed.query.end() && !absl::SimpleAtoi(it->second, &value)) return -1;
    return value;
  };
  const int offset = number("offset", 0);
  const int limit = number("limit", 20);
  if (offset < 0 || limit < 1 || limit > 100 || offset + limit > 20000) {
    return {422, Refusal({{"limit", "offset and limit are out of range"}}), "refused: limit"};
  }
  const auto query = routed.query.find("query");
  std::vector<const SimAlert*> found;
  for (const auto& [id, alert] : book_.alerts()) {
    const bool visible = alert.account == key.account &&
                         (key.kind != KeyKind::kTeam || alert.owner_team == key.team);
    if (visible && (query == routed.query.end() || QueryMatches(query->second, alert))) {
      found.push_back(&alert);
    }
  }
  if (routed.kind == Kind::kCount) return {200, {{"data", {{"count", found.size()}}}}, "ok"};
  std::sort(found.begin(), found.end(),
            [](const SimAlert* a, const SimAlert* b) { return a->tiny_id > b->tiny_id; });
  Json data = Json::array();
  for (size_t i = offset; i < found.size() && i < static_cast<size_t>(offset + limit); ++i) {
    data.push_back(AlertJson(*found[i], /*full=*/false));
  }
  return {200, {{"data", data}, {"paging", Json::object()}}, "ok"};
}

SimReply SimOpsgenie::Finish(const HttpRequest& request, Answer answer, Timestamp now) {
  SimReply reply;
  if (!answer.body.contains("requestId")) answer.body["requestId"] = MakeUuid(random_);
  answer.body["took"] = 0.004;
  reply.response.status = answer.status;
  reply.response.headers = std::move(answer.headers);
  reply.response.headers.push_back({"Content-Type", "application/json"});
  reply.response.headers.push_back({"X-Request-ID", answer.body["requestId"].get<std::string>()});
  reply.response.headers.push_back({"X-Response-Time", "0.004"});
  if (answer.status < 300) {
    for (HttpHeader& header : RateHeaders("OK", 60)) {
      reply.response.headers.push_back(std::move(header));
    }
  }
  reply.response.body = answer.body.dump();
  Record(request, answer.status, std::move(answer.verdict), now);
  return reply;
}

void SimOpsgenie::Record(const HttpRequest& request, int status, std::string verdict,
                         Timestamp now) {
  journal_.push_back(
      {next_entry_++, now, request.method, request.url, request.body, status, std::move(verdict)});
  if (journal_.size() > options_.journal_entries_max) journal_.pop_front();
}

}  // namespace tocsin::sim
