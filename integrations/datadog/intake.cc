#include "integrations/datadog/intake.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "integrations/datadog/checks_and_events.h"
#include "integrations/datadog/host_metadata.h"
#include "integrations/datadog/json_fields.h"
#include "integrations/datadog/json_picker.h"
#include "integrations/datadog/series_json.h"
#include "integrations/datadog/series_wire.h"
#include "integrations/datadog/sketch_wire.h"

namespace tocsin::datadog {
namespace {

using http::HttpReply;
using http::HttpRequest;

constexpr char kOk[] = R"({"status":"ok"})";
constexpr int kRetryAfterSeconds = 1;
// The shortest point of a body in JSON is "[1,2],", in protobuf a few bytes more.
constexpr uint64_t kPointBytesMin = 6;
// A piece of JSON as a tree, about.
constexpr uint64_t kPieceBytes = kJsonPieceValuesMax * 40;

HttpReply Json(int status, std::string body) {
  HttpReply reply;
  reply.status = status;
  reply.content_type = "application/json";
  reply.body = std::move(body);
  return reply;
}

HttpReply Errors(int status, const std::string& text) {
  nlohmann::json body = {{"errors", nlohmann::json::array()}};
  if (!text.empty()) body["errors"].push_back(text);
  return Json(status, body.dump());
}

// Without what an Agent's URL may have in front, and without slashes at its end.
absl::string_view RouteOf(absl::string_view path) {
  absl::ConsumePrefix(&path, "/datadog");
  while (absl::EndsWith(path, "/")) path.remove_suffix(1);
  return path;
}

bool IsProtobuf(const HttpRequest& request) {
  const absl::string_view type = request.Header("Content-Type");
  if (!type.empty()) return absl::StrContains(type, "protobuf");
  return !request.body.empty() && request.body.front() != '{';
}

HttpReply ReplyFor(const absl::Status& status) {
  const std::string text(status.message());
  if (absl::IsInvalidArgument(status)) return Errors(400, text);
  if (absl::IsResourceExhausted(status)) return Errors(413, text);
  HttpReply reply = Errors(503, text);
  reply.headers.emplace_back("Retry-After", std::to_string(kRetryAfterSeconds));
  return reply;
}

std::string CodeOf(const absl::Status& status) {
  return absl::StatusCodeToString(status.code());
}

}  // namespace

// One request on its way, and what it came to.
struct Intake::Exchange {
  Exchange(HttpRequest sent, const ingest::IngestContext& context, Respond answer, Intake& intake)
      : request(std::move(sent)),
        sender(context.sender),
        rates(context.rates),
        respond(std::move(answer)),
        taker(intake.limits_, intake.series_, intake.intervals_, context.now, sender,
              &context.room) {}

  HttpRequest request;
  const std::string sender;
  ingest::SenderRates& rates;
  Respond respond;
  SampleTaker taker;
  bool lists_errors = false;  // in its answer, as v2 of the API has it
  uint64_t events = 0;
  std::string host;  // whose series end, and which
  std::vector<SeriesRef> outdated;
};

Intake::Intake(const Parts& parts, AcceptsKey accepts_key)
    : limits_(parts.limits),
      sink_(parts.sink),
      accepts_key_(std::move(accepts_key)),
      events_(parts.metrics.Counter("tocsin_datadog_events_total",
                                    "Events taken from Datadog's senders.")),
      hidden_series_(
          parts.metrics.Counter("tocsin_datadog_hidden_series_total",
                                "Series skipped that an Agent marks as not to be looked at.")),
      forbidden_(parts.metrics.Counter("tocsin_datadog_forbidden_requests_total",
                                       "Requests with a key that is not configured.")),
      ignored_(
          parts.metrics.Counter("tocsin_datadog_ignored_requests_total",
                                "Requests of Datadog's senders that were answered and not used.")),
      hosts_(parts.hosts),
      series_(parts.series),
      intervals_(parts.intervals),
      metrics_(parts.metrics, "datadog") {}

absl::Status Intake::Authorize(const HttpRequest& head) {
  if (accepts_key_(ApiKeyOf(head).Reveal(), head.peer)) return absl::OkStatus();
  forbidden_.Increment();
  return absl::PermissionDeniedError("Forbidden");
}

HttpReply Intake::Refusal(int status, const absl::Status& reason) {
  return Errors(status, std::string(reason.message()));
}

void Intake::Handle(HttpRequest request, const ingest::IngestContext& context, Respond respond) {
  ++*under_way_;
  metrics_.AddBytes(request.body.size());
  const auto exchange =
      std::make_shared<Exchange>(std::move(request), context, std::move(respond), *this);
  const uint64_t samples = std::min<uint64_t>(exchange->request.body.size() / kPointBytesMin,
                                              limits_.samples_per_request_max);
  const uint64_t bytes = samples * 2 * (sizeof(SentPoint) + sizeof(SeriesRef) + sizeof(Sample)) +
                         std::min<uint64_t>(exchange->request.body.size() * 20, kPieceBytes);
  const absl::Status room = context.room.Grow(bytes);
  if (!room.ok()) return Fail(*exchange, room);
  const std::string path = exchange->request.path;
  Route(RouteOf(path), exchange);
}

void Intake::Route(absl::string_view path, const std::shared_ptr<Exchange>& exchange) {
  if (path == "/api/v1/validate") return Answer(*exchange, Json(200, R"({"valid":true})"));
  if (absl::StartsWith(path, "/api/intake/metrics/v3")) {
    return Fail(*exchange,
                absl::InvalidArgumentError(
                    "not supported: the metrics format v3; set use_v3_api.series.enabled: false"));
  }
  if (exchange->request.method != "POST" || exchange->request.body.empty())
    return Ignore(*exchange);
  if (draining_) return Fail(*exchange, absl::UnavailableError("draining"));
  RoutePost(path, exchange);
}

void Intake::RoutePost(absl::string_view path, const std::shared_ptr<Exchange>& exchange) {
  if (path == "/api/v2/series") {
    exchange->lists_errors = true;
    return Samples(IsProtobuf(exchange->request) ? TakeMetricPayload : TakeSeriesJson, exchange);
  }
  if (path == "/api/v1/series") return Samples(TakeSeriesJson, exchange);
  if (path == "/api/beta/sketches") return Samples(TakeSketchPayload, exchange);
  if (path == "/api/v1/distribution_points") return Samples(TakeDistributionsJson, exchange);
  if (path == "/api/v1/check_run") return Samples(TakeChecksJson, exchange);
  if (path == "/api/v1/events") return Event(exchange);
  if (path == "/intake") return HostDocument(exchange);
  Ignore(*exchange);
}

void Intake::Samples(Decode decode, const std::shared_ptr<Exchange>& exchange) {
  const absl::Status decoded = decode(exchange->request.body, exchange->taker);
  if (!decoded.ok()) return Fail(*exchange, decoded);
  Submit(exchange);
}

void Intake::Event(const std::shared_ptr<Exchange>& exchange) {
  const absl::Status decoded =
      TakeEventJson(exchange->request.body, exchange->taker, &exchange->events);
  if (!decoded.ok()) return Fail(*exchange, decoded);
  Submit(exchange);
}

void Intake::HostDocument(const std::shared_ptr<Exchange>& exchange) {
  const absl::Status taken = TakeHostTags(exchange->request.body, *exchange);
  if (!taken.ok()) return Fail(*exchange, taken);
  AddStaleMarkers(*exchange);
  Submit(exchange);
}

// And the document's events.
absl::Status Intake::TakeHostTags(const std::string& body, Exchange& exchange) {
  std::vector<std::string> wanted = kHostMetadataMembers;
  wanted.push_back("events");
  TOCSIN_ASSIGN_OR_RETURN(const nlohmann::json members, ReadJsonMembers(body, wanted));
  if (const nlohmann::json* events = JsonMember(members, "events")) {
    TOCSIN_RETURN_IF_ERROR(TakeEventsOf(*events, exchange.taker, &exchange.events));
  }
  const auto metadata = ReadHostMetadata(members);
  if (!metadata || metadata->host.empty()) return absl::OkStatus();
  exchange.host = metadata->host;
  const auto changed = hosts_.Update(metadata->host, metadata->tags, exchange.taker.now());
  if (absl::IsResourceExhausted(changed.status())) {
    // Sending it again would not help: its series go on without tags, and are counted.
    return absl::OkStatus();
  }
  TOCSIN_RETURN_IF_ERROR(changed.status());
  if (*changed) series_.MarkOutdated(metadata->host);
  return absl::OkStatus();
}

// Now, since points are up to half a minute old when an Agent sends them: none of theirs is later.
void Intake::AddStaleMarkers(Exchange& exchange) {
  if (exchange.host.empty()) return;
  exchange.outdated = series_.TakeOutdated(exchange.host);
  for (const SeriesRef ref : exchange.outdated) {
    exchange.taker.batch().Add(ref, exchange.taker.now().millis(), StaleMarker());
  }
}

void Intake::Submit(const std::shared_ptr<Exchange>& exchange) {
  SampleBatch batch = std::exchange(exchange->taker.batch(), {});
  const size_t samples = batch.size();
  exchange->rates.Charge(exchange->sender, samples + exchange->taker.rejected().total());
  exchange->request.body = std::string();  // may wait long
  if (samples == 0) return Finish(*exchange, absl::OkStatus(), 0);
  sink_.SubmitFrom(exchange->sender, std::move(batch),
                   [this, exchange, samples](const absl::Status& status) {
                     Finish(*exchange, status, samples);
                   });
}

void Intake::Finish(Exchange& exchange, const absl::Status& status, size_t samples) {
  if (!status.ok()) {
    series_.ReturnOutdated(exchange.host, exchange.outdated);
    return Fail(exchange, status);
  }
  const ingest::RejectTally& rejected = exchange.taker.rejected();
  metrics_.AddSamples(samples - exchange.outdated.size());
  metrics_.AddRejected(rejected);
  metrics_.AddRequest("OK");
  events_.Increment(static_cast<double>(exchange.events));
  hidden_series_.Increment(static_cast<double>(exchange.taker.hidden()));
  Answer(exchange, exchange.lists_errors ? Errors(202, rejected.Describe()) : Json(202, kOk));
}

void Intake::Fail(Exchange& exchange, const absl::Status& status) {
  metrics_.AddRequest(CodeOf(status));
  Answer(exchange, ReplyFor(status));
}

void Intake::Ignore(Exchange& exchange) {
  ignored_.Increment();
  Answer(exchange, Json(202, kOk));
}

void Intake::Answer(Exchange& exchange, HttpReply reply) {
  const auto under_way = under_way_;  // nothing of this may be touched after the next line
  exchange.respond(std::move(reply));
  --*under_way;
}

}  // namespace tocsin::datadog
