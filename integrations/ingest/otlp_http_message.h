#pragma once

#include <string>

#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "integrations/http/http_message.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/http_front.h"

namespace tocsin::ingest {

// OTLP/HTTP's two encodings of a message, protobuf and JSON. Answers come in the request's.

// A route at `path` that takes both; who sets its handler.
HttpRoute OtlpRoute(const std::string& path);

// A request's header alone, for an answer that comes later.
http::HttpRequest HeadOf(const http::HttpRequest& request);

// A message in the encoding that the request has; as protobuf if that is one we do not know.
http::HttpReply EncodeReply(const http::HttpRequest& head, int status,
                            const google::protobuf::Message& message);
// google.rpc.Status.
http::HttpReply EncodeStatus(const http::HttpRequest& head, int status, const absl::Status& reason);

// The body of a request as protobuf. `wire` is where it is made, if it is JSON; `room` is charged.
// Errors: as WireFromJson().
absl::StatusOr<absl::string_view> WireOf(const http::HttpRequest& request,
                                         const google::protobuf::Descriptor& type, size_t bytes_max,
                                         BudgetLease& room, std::string& wire);

}  // namespace tocsin::ingest
