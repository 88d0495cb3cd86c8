#include "integrations/ingest/otlp_http.h"

#include <string>
#include <utility>

#include <google/protobuf/util/json_util.h>

#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "integrations/ingest/json_wire.h"
#include "integrations/ingest/otlp_reply.h"
#include "proto/google/rpc/status.pb.h"

namespace tocsin::ingest {
namespace {

namespace otlp = opentelemetry::proto::collector::metrics::v1;

constexpr char kProtobuf[] = "application/x-protobuf";
constexpr char kJson[] = "application/json";

bool IsJson(const http::HttpRequest& head) {
  return MediaTypeOf(head.Header("Content-Type")) == kJson;
}

// A message in the encoding that the request has; as protobuf if that is one we do not know.
http::HttpReply Encode(const http::HttpRequest& head, int status,
                       const google::protobuf::Message& message) {
  if (!IsJson(head)) {
    return {.status = status, .content_type = kProtobuf, .body = message.SerializeAsString()};
  }
  http::HttpReply reply = {.status = status, .content_type = kJson};
  // Fails only for messages that hold others by name, of which none is sent here.
  (void)google::protobuf::util::MessageToJsonString(message, &reply.body);
  return reply;
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
  route.check_type = MediaTypeIn({kProtobuf, kJson});
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
  std::string wire;
  absl::string_view bytes = request.body;
  if (IsJson(request)) {
    TOCSIN_ASSIGN_OR_RETURN(wire,
                            WireFromJson(bytes, *otlp::ExportMetricsServiceRequest::descriptor(),
                                         limits_.request_bytes_max, &context.room));
    bytes = wire;
  }
  TOCSIN_RETURN_IF_ERROR(context.room.Grow(decoder_.BytesToDecode(bytes.size())));
  return decoder_.Decode(bytes, context.now, &context.room, context.sender);
}

http::HttpReply OtlpHttp::Refuse(const http::HttpRequest& head, int status,
                                 const absl::Status& reason) {
  metrics_.AddRequest(OutcomeOf(status));
  google::rpc::Status message;
  message.set_code(reason.raw_code());
  message.set_message(std::string(reason.message()));
  return Encode(head, status, message);
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
  metrics_.AddRequest("OK");
  return Encode(head, 200, OtlpReply(result));
}

}  // namespace tocsin::ingest
