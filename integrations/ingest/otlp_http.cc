#include "integrations/ingest/otlp_http.h"

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "integrations/ingest/otlp_reply.h"
#include "proto/google/rpc/status.pb.h"

namespace tocsin::ingest {
namespace {

constexpr char kProtobuf[] = "application/x-protobuf";

// A message in the encoding that the request has; protobuf, should it have none that is known.
http::HttpReply Encode(int status, const google::protobuf::Message& message) {
  return {.status = status, .content_type = kProtobuf, .body = message.SerializeAsString()};
}

// A request's header alone, for an answer that comes later.
http::HttpRequest HeadOf(const http::HttpRequest& request) {
  http::HttpRequest head;
  head.headers = request.headers;
  return head;
}

}  // namespace

HttpRoute OtlpHttp::route() {
  HttpRoute route;
  route.path = "/v1/metrics";
  route.check_type = MediaTypeIn({kProtobuf});
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
  if (samples == 0) return respond(Answer(request, *result, 0));
  sink_.Submit(std::move(batch), [this, head = HeadOf(request), result, samples,
                                  respond](const absl::Status& status) {
    respond(status.ok() ? Answer(head, *result, samples) : Fail(head, status));
  });
}

absl::StatusOr<OtlpSamples> OtlpHttp::Decode(const http::HttpRequest& request,
                                             const IngestContext& context) {
  metrics_.AddBytes(request.body.size());
  TOCSIN_RETURN_IF_ERROR(context.room.Grow(decoder_.BytesToDecode(request.body.size())));
  return decoder_.Decode(request.body, context.now, &context.room, context.sender);
}

http::HttpReply OtlpHttp::Refuse(const http::HttpRequest&, int status, const absl::Status& reason) {
  metrics_.AddRequest(OutcomeOf(status));
  google::rpc::Status message;
  message.set_code(reason.raw_code());
  message.set_message(std::string(reason.message()));
  return Encode(status, message);
}

http::HttpReply OtlpHttp::Fail(const http::HttpRequest& head, const absl::Status& reason) {
  http::HttpReply reply = Refuse(head, HttpStatusOf(reason), reason);
  AddRetryAfter(reply, retry_after_);
  return reply;
}

http::HttpReply OtlpHttp::Answer(const http::HttpRequest&, const OtlpSamples& result,
                                 size_t samples) {
  metrics_.AddSamples(samples);
  metrics_.AddRejected(result.rejected);
  metrics_.AddRequest("OK");
  return Encode(200, OtlpReply(result));
}

}  // namespace tocsin::ingest
