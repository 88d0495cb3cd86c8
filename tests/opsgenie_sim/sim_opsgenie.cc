#include "tests/opsgenie_sim/sim_opsgenie.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/opsgenie_sim/sim_json.h"

namespace tocsin::sim {
namespace {

using http_client::HttpHeader;
using http_client::HttpRequest;
using Kind = Routed::Kind;

}  // namespace

SimOpsgenie::SimOpsgenie(SimOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      directory_(options_.directory),
      heartbeats_(options_.heartbeats),
      webhooks_(options_.seed),
      book_(random_, events_, [this](const Json& party) { return directory_.Resolve(party); }),
      rate_(options_.per_second, options_.per_minute) {}

std::vector<SimEvent> SimOpsgenie::TakeEvents() {
  events_emitted_ = 0;
  return std::exchange(events_, {});
}

std::vector<SimWebhook> SimOpsgenie::TakeWebhooks(Timestamp now) {
  return webhooks_.Take(now);
}

void SimOpsgenie::EmitWebhooks() {
  if (!options_.webhooks) return;
  for (; events_emitted_ < events_.size(); ++events_emitted_) {
    webhooks_.Add(events_[events_emitted_], options_.faults);
  }
}

std::optional<Timestamp> SimOpsgenie::NextDue() const {
  const int64_t queued = queue_.empty() ? INT64_MAX : queue_.begin()->first;
  const int64_t due = std::min(queued, book_.NextSnoozeEnd());
  if (due == INT64_MAX) return std::nullopt;
  return Timestamp::FromMillis(due);
}

void SimOpsgenie::AdvanceTo(Timestamp now) {
  while (!queue_.empty() && queue_.begin()->first <= now.millis()) {
    const auto due = Timestamp::FromMillis(queue_.begin()->first);
    const Queued queued = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
    book_.AdvanceTo(due);
    RequestRecord& record = requests_[queued.request_id];
    record.result = queued.fails ? ActionResult{false, "Alert could not be created", "", ""}
                                 : book_.Apply(queued.action, due);
    record.processed = true;
    record.processed_at = due;
  }
  book_.AdvanceTo(now);
  NoteHeartbeats(now);
  EmitWebhooks();
}

// An expired heartbeat is an alert; the ping that brings it back closes that.
void SimOpsgenie::NoteHeartbeats(Timestamp now) {
  for (const SimHeartbeats::Change& change : heartbeats_.TakeChanges(now)) {
    const SimHeartbeat& heartbeat = change.heartbeat;
    const std::string alias = absl::StrCat("heartbeat:", heartbeat.name);
    PendingAction action;
    action.key.account = change.account;
    action.key.user = "Heartbeat";
    action.body = {{"alias", alias}};
    if (heartbeat.expired) {
      action.body["message"] = heartbeat.alert_message.empty()
                                   ? absl::StrCat(heartbeat.name, " is expired")
                                   : heartbeat.alert_message;
      action.body["priority"] = heartbeat.alert_priority;
      action.body["tags"] = heartbeat.alert_tags;
    } else {
      action.kind = ActionKind::kClose;
      action.identifier_type = IdentifierType::kAlias;
      action.identifier = alias;
    }
    book_.Apply(action, now);
  }
}

absl::StatusOr<ActionResult> SimOpsgenie::Act(PendingAction action, Timestamp now) {
  AdvanceTo(now);
  const FieldErrors errors = Validate(action.kind, action.body, options_, now);
  if (!errors.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(errors.begin()->first, ": ", errors.begin()->second));
  }
  action.key = {};
  action.key.user = "person@example.com";
  action.body["source"] = "web";
  ActionResult result = book_.Apply(action, now);
  EmitWebhooks();
  return result;
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
  if (!drop_after) {
    if (auto fault = Fault(request)) return Finish(request, *std::move(fault), now);
  }
  SimAnswer answer = Answer(request, routed, now, fate);
  if (drop_after) {
    Record(request, 0, absl::StrCat("fault: drop after (", answer.verdict, ")"), now);
    reply.dropped = true;
    return reply;
  }
  reply = Finish(request, std::move(answer), now);
  if (Chance(faults.slow)) reply.delay = faults.slow_delay;
  return reply;
}

std::optional<SimAnswer> SimOpsgenie::Fault(const HttpRequest& request) {
  const FaultPlan& faults = options_.faults;
  if (Chance(faults.error_500)) {
    return SimAnswer{500, {{"message", "Internal Server Error"}}, "fault: 500", {}};
  }
  if (Chance(faults.error_503)) {
    return SimAnswer{503, {{"message", "Service Unavailable"}}, "fault: 503", {}};
  }
  if (Chance(faults.throttle)) return SimAnswer{429, Throttled(), "fault: 429", ThrottleHeaders(1)};
  const auto status = StatusFaultFor(request);
  if (!status) return std::nullopt;
  return SimAnswer{*status, {{"message", "Fault"}}, absl::StrCat("fault: status ", *status), {}};
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

SimReply SimOpsgenie::Finish(const HttpRequest& request, SimAnswer answer, Timestamp now) {
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
