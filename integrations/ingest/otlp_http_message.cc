#include "integrations/ingest/otlp_http_message.h"

#include <google/protobuf/util/json_util.h>

#include "base/status_macros.h"
#include "integrations/ingest/json_wire.h"
#include "proto/google/rpc/status.pb.h"

namespace tocsin::ingest {
namespace {

constexpr char kProtobuf[] = "application/x-protobuf";
constexpr char kJson[] = "application/json";

bool IsJson(const http::HttpRequest& head) {
  return MediaTypeOf(head.Header("Content-Type")) == kJson;
}

}  // namespace

HttpRoute OtlpRoute(const std::string& path) {
  HttpRoute route;
  route.path = path;
  route.check_type = MediaTypeIn({kProtobuf, kJson});
  return route;
}

http::HttpRequest HeadOf(const http::HttpRequest& request) {
  http::HttpRequest head;
  head.headers = request.headers;
  return head;
}

http::HttpReply EncodeReply(const http::HttpRequest& head, int status,
                            const google::protobuf::Message& message) {
  if (!IsJson(head)) {
    return {.status = status, .content_type = kProtobuf, .body = message.SerializeAsString()};
  }
  http::HttpReply reply = {.status = status, .content_type = kJson};
  // Fails only for messages that hold others by name, of which none is sent here.
  (void)google::protobuf::util::MessageToJsonString(message, &reply.body);
  return reply;
}

http::HttpReply EncodeStatus(const http::HttpRequest& head, int status,
                             const absl::Status& reason) {
  google::rpc::Status message;
  message.set_code(reason.raw_code());
  message.set_message(std::string(reason.message()));
  return EncodeReply(head, status, message);
}

absl::StatusOr<absl::string_view> WireOf(const http::HttpRequest& request,
                                         const google::protobuf::Descriptor& type, size_t bytes_max,
                                         BudgetLease& room, std::string& wire) {
  if (!IsJson(request)) return absl::string_view(request.body);
  TOCSIN_ASSIGN_OR_RETURN(wire, WireFromJson(request.body, type, bytes_max, &room));
  return absl::string_view(wire);
}

}  // namespace tocsin::ingest
