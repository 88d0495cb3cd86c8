#include "integrations/http/admin_reply.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "integrations/http/prometheus_json.h"

namespace tocsin::http {

HttpReply JsonReply(int status, std::string body) {
  return {.status = status, .content_type = "application/json", .body = std::move(body)};
}

HttpReply ErrorReply(int status, absl::string_view type, absl::string_view message) {
  return JsonReply(status, ErrorBody(type, message));
}

HttpReply StatusReply(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return ErrorReply(400, "bad_data", status.message());
    case absl::StatusCode::kNotFound:
      return ErrorReply(404, "not_found", status.message());
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return ErrorReply(409, "conflict", status.message());
    case absl::StatusCode::kDeadlineExceeded:
      return ErrorReply(503, "timeout", status.message());
    case absl::StatusCode::kUnavailable:
      return ErrorReply(503, "unavailable", status.message());
    default:
      return ErrorReply(500, "internal", status.message());
  }
}

HttpReply MethodNotAllowed(const char* allowed) {
  HttpReply reply = ErrorReply(405, "bad_data", absl::StrCat("method not allowed; use ", allowed));
  reply.headers.emplace_back("Allow", allowed);
  return reply;
}

bool FromAnotherOrigin(const HttpRequest& request) {
  absl::string_view origin = request.Header("Origin");
  if (origin.empty()) return false;
  if (!absl::ConsumePrefix(&origin, "http://") && !absl::ConsumePrefix(&origin, "https://")) {
    return true;
  }
  return !absl::EqualsIgnoreCase(origin, request.Header("Host"));
}

}  // namespace tocsin::http
