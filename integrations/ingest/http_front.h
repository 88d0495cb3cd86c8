#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "integrations/http/http_exchange.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/decompress.h"
#include "integrations/ingest/ingest_context.h"

namespace tocsin::ingest {

// One path of the ingest port.
struct HttpRoute {
  // As in a request; with '/' at its end everything below it too. The longest that fits is taken.
  std::string path;
  std::vector<std::string> methods = {"POST"};  // others: 405; empty: any
  // Of the Content-Type; what is not OK: 415 with its message. Empty: any.
  std::function<absl::Status(absl::string_view content_type)> check_type;
  std::vector<ContentEncoding> encodings = {ContentEncoding::kIdentity, ContentEncoding::kGzip,
                                            ContentEncoding::kDeflate, ContentEncoding::kZstd};
  ContentEncoding default_encoding = ContentEncoding::kIdentity;  // of bodies that do not say
  // Of a body, as it comes and plain; nullopt: limits.request_bytes_max. More: 413.
  std::optional<uint64_t> bytes_max;
  // Who may send here, instead of the front's Authorize, if it is not empty.
  std::function<absl::Status(const http::HttpRequest& head)> authorize;
  bool express = false;     // handle() is quick and must wait for no other request
  bool limits_rate = true;  // its requests are told to come later where their sender is too fast

  // Takes a request whose body is plain. Called on a handler thread, several at once.
  std::function<void(http::HttpRequest request, const IngestContext& context,
                     http::Respond respond)>
      handle;
  // The reply to a request that does not come to handle(), in the protocol's words; it is given
  // Retry-After and the like. Any thread. Empty: the reason as text.
  std::function<http::HttpReply(const http::HttpRequest& head, int status,
                                const absl::Status& reason)>
      refuse;
};

// For HttpRoute::check_type: media types in lower case, whatever their parameters.
std::function<absl::Status(absl::string_view)> MediaTypeIn(std::vector<std::string> types);
// "application/json" of "Application/JSON; charset=utf-8".
std::string MediaTypeOf(absl::string_view content_type);

// The status code of HTTP for an error of ingest: InvalidArgument 400, Unauthenticated 401,
// PermissionDenied 403, NotFound 404, TooFastError 429, ResourceExhausted otherwise 413,
// Unavailable 503, others 500.
int HttpStatusOf(const absl::Status& status);

// The same as one of the words that IngestMetrics counts requests by.
const char* OutcomeOf(int http_status);

// Adds Retry-After if the sender shall try again.
void AddRetryAfter(http::HttpReply& reply, absl::Duration retry_after);

// The port that metrics come to over HTTP: decides by a request's header what becomes of it, gives
// its body room as it comes, makes it plain and hands it to its route.
//
// In this order, cheapest first: path (404), draining (503), Authorize (401, 403), method (405),
// content type and encoding (415), announced length (413), the sender's rate (429 with
// Retry-After), room (503 with Retry-After). Then the body is read, as long as there is room; then
// inflated.
//
// Thread: any, once the routes are added. Borrows: all arguments of the constructor.
// Limits: the bodies being read, inflated and decoded together take ingest_decode_bytes_max (one
// alone always fits), those of one sender their share of it; what is announced but does not come
// takes nothing.
class HttpFront {
 public:
  // Who may send, by a request's header alone: OK, Unauthenticated or PermissionDenied.
  using Authorize = std::function<absl::Status(const http::HttpRequest& head)>;

  HttpFront(const Limits& limits, const Clock& clock, Metrics& metrics, SenderRates& rates,
            absl::Duration retry_after = absl::Seconds(1));

  // Both before the first request.
  void AddRoute(HttpRoute route);
  void SetAuthorize(Authorize authorize) { authorize_ = std::move(authorize); }

  // For HttpServer::Start(); borrows this.
  http::Admit admit();

  // From now on new requests are answered 503; those under way are finished.
  void Drain() { draining_ = true; }

 private:
  class InHand;

  const HttpRoute* Find(const std::string& path) const;
  http::Admission Admit(const http::HttpRequest& head, std::optional<uint64_t> body_bytes);
  std::optional<http::HttpReply> Check(const HttpRoute& route, const http::HttpRequest& head,
                                       std::optional<uint64_t> body_bytes);
  std::optional<http::HttpReply> CheckForm(const HttpRoute& route, const http::HttpRequest& head);
  http::HttpReply Refuse(const HttpRoute& route, const http::HttpRequest& head, int status,
                         const absl::Status& reason) const;
  http::HttpReply Refuse(const HttpRoute& route, const http::HttpRequest& head,
                         const absl::Status& reason) const {
    return Refuse(route, head, HttpStatusOf(reason), reason);
  }
  uint64_t BytesMax(const HttpRoute& route) const {
    return route.bytes_max.value_or(limits_.request_bytes_max);
  }

  // Constant after the first request.
  const Limits& limits_;
  const Clock& clock_;
  const absl::Duration retry_after_;
  std::vector<HttpRoute> routes_;
  Authorize authorize_;

  // Safe from any thread.
  SenderRates& rates_;
  Budget room_;
  std::atomic<bool> draining_ = false;
};

}  // namespace tocsin::ingest
