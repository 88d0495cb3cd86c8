#include "integrations/ingest/otlp_http.h"

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "integrations/ingest/otlp_http_message.h"
#include "integrations/ingest/otlp_reply.h"

namespace tocsin::ingest {

namespace otlp = opentelemetry::proto::collector::metrics::v1;

HttpRoute OtlpHttp::route() {
  HttpRoute route = OtlpRoute("/v1/metrics");
  route.handle = [this](const http::HttpRequest& request, const IngestContext& context,
                        const http::Respond& respond) { Handle(request, context, respond); };
  route.refuse = [this](const http::HttpRequest& head, int status, const absl::Status& reason) {
    return Refuse(head, status, reason);
  };
  return route;
}

void OtlpHttp::Handle(const http::HttpRequest& request, const IngestContext& context,
                      const http::Respond& respond) {
  absl::StatusOr<OtlpSamples> decoded = Decode(request, context);
  if (!decoded.ok()) return respond(Fail(request, decoded.status()));
  auto result = std::make_shared<OtlpSamples>(*std::move(decoded));
  SampleBatch batch = std::exchange(result->batch, {});
  const size_t samples = batch.size();
  context.Charge(samples + result->rejected.total());
  if (samples == 0) return respond(Answer(request, *result, 0));
  sink_.SubmitFrom(
      context.sender, std::move(batch),
      [this, head = HeadOf(request), result, samples, respond](const absl::Status& status) {
        if (status.ok()) return respond(Answer(head, *result, samples));
        decoder_.ForgetStarts(result->begun);
        respond(Fail(head, status));
      });
}

absl::StatusOr<OtlpSamples> OtlpHttp::Decode(const http::HttpRequest& request,
                                             const IngestContext& context) {
  metrics_.AddBytes(request.body.size());
  std::string wire;
  TOCSIN_ASSIGN_OR_RETURN(const absl::string_view bytes,
                          WireOf(request, *otlp::ExportMetricsServiceRequest::descriptor(),
                                 limits_.request_bytes_max, context.room, wire));
  TOCSIN_RETURN_IF_ERROR(context.room.Grow(decoder_.BytesToDecode(bytes.size())));
  return decoder_.Decode(bytes, context.now, &context.room, context.sender);
}

http::HttpReply OtlpHttp::Refuse(const http::HttpRequest& head, int status,
                                 const absl::Status& reason) {
  metrics_.AddRequest(OutcomeOf(status));
  return EncodeStatus(head, status, reason);
}

http::HttpReply OtlpHttp::Fail(const http::HttpRequest& head, const absl::Status& reason) {
  http::HttpReply reply = Refuse(head, HttpStatusOf(reason), reason);
  AddRetryAfter(reply, retry_after_);
  return reply;
}

http::HttpReply OtlpHttp::Answer(const http::HttpRequest& head, const OtlpSamples& result,
                                 size_t samples) {
  metrics_.AddSamples(samples);
  metrics_.AddRejected(result.rejected);
  delta_gaps_.Increment(static_cast<double>(result.delta_gaps));
  metrics_.AddRequest("OK");
  return EncodeReply(head, 200, OtlpReply(result));
}

}  // namespace tocsin::ingest
