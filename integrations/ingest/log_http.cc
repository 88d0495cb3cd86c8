#include "integrations/ingest/log_http.h"

#include <memory>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "integrations/ingest/otlp_http_message.h"
#include "integrations/ingest/otlp_reply.h"

namespace tocsin::ingest {

namespace otlp = opentelemetry::proto::collector::logs::v1;

HttpRoute LogHttp::route() {
  HttpRoute route = OtlpRoute("/v1/logs");
  route.handle = [this](const http::HttpRequest& request, const IngestContext& context,
                        const http::Respond& respond) { Handle(request, context, respond); };
  route.refuse = [this](const http::HttpRequest& head, int status, const absl::Status& reason) {
    return Refuse(head, status, reason);
  };
  return route;
}

void LogHttp::Handle(const http::HttpRequest& request, const IngestContext& context,
                     const http::Respond& respond) {
  absl::StatusOr<LogSamples> decoded = Decode(request, context);
  if (!decoded.ok()) {
    http::HttpReply reply = Refuse(request, HttpStatusOf(decoded.status()), decoded.status());
    AddRetryAfter(reply, retry_after_);
    return respond(std::move(reply));
  }
  auto result = std::make_shared<LogSamples>(*std::move(decoded));
  SampleBatch batch = std::exchange(result->batch, {});
  const size_t samples = batch.size();
  context.Charge(result->records);
  if (samples == 0) return respond(Answer(request, *result, 0));
  sink_.SubmitFrom(
      context.sender, std::move(batch),
      [this, head = HeadOf(request), result, samples, respond](const absl::Status& status) {
        respond(Answer(head, *result, status.ok() ? samples : 0));
      });
}

absl::StatusOr<LogSamples> LogHttp::Decode(const http::HttpRequest& request,
                                           const IngestContext& context) {
  metrics_.requests.AddBytes(request.body.size());
  std::string wire;
  TOCSIN_ASSIGN_OR_RETURN(const absl::string_view bytes,
                          WireOf(request, *otlp::ExportLogsServiceRequest::descriptor(),
                                 limits_.request_bytes_max, context.room, wire));
  return decoder_.Decode(bytes, context.now, &context.room);
}

http::HttpReply LogHttp::Refuse(const http::HttpRequest& head, int status,
                                const absl::Status& reason) {
  metrics_.requests.AddRequest(OutcomeOf(status));
  return EncodeStatus(head, status, reason);
}

http::HttpReply LogHttp::Answer(const http::HttpRequest& head, const LogSamples& result,
                                size_t samples) {
  metrics_.AddTaken(result, samples);
  metrics_.requests.AddRequest("OK");
  return EncodeReply(head, 200, LogReply(result));
}

}  // namespace tocsin::ingest
