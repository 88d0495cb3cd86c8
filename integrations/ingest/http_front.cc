#include "integrations/ingest/http_front.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "integrations/ingest/retry_after.h"
#include "integrations/ingest/sender.h"

namespace tocsin::ingest {
namespace {

constexpr int kMethodNotAllowed = 405;
constexpr int kTooLarge = 413;
constexpr int kUnsupportedMediaType = 415;
constexpr int kTooManyRequests = 429;
constexpr int kUnavailable = 503;

// Of "127.0.0.1:50000" or "::1:50000".
std::string SenderOf(const std::string& peer) {
  return SenderOfHost(peer.substr(0, peer.rfind(':')));
}

std::string NamesOf(const std::vector<ContentEncoding>& encodings) {
  return absl::StrJoin(encodings, ", ", [](std::string* out, ContentEncoding encoding) {
    absl::StrAppend(out, ContentEncodingName(encoding));
  });
}

bool Fits(const std::string& route, const std::string& path) {
  return path == route || (absl::EndsWith(route, "/") && absl::StartsWith(path, route));
}

template <typename T>
bool Contains(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

ContentEncoding EncodingOf(const HttpRoute& route, const http::HttpRequest& head) {
  const absl::string_view said = head.Header("Content-Encoding");
  if (said.empty()) return route.default_encoding;
  return ParseContentEncoding(said).value_or(route.default_encoding);
}

}  // namespace

std::string MediaTypeOf(absl::string_view content_type) {
  return absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(content_type.substr(0, content_type.find(';'))));
}

std::function<absl::Status(absl::string_view)> MediaTypeIn(std::vector<std::string> types) {
  return [types = std::move(types)](absl::string_view content_type) {
    if (Contains(types, MediaTypeOf(content_type))) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("Content-Type must be ", absl::StrJoin(types, " or ")));
  };
}

const char* OutcomeOf(int http_status) {
  if (http_status / 100 == 2) return "OK";
  switch (http_status) {
    case 400:
    case kMethodNotAllowed:
    case kUnsupportedMediaType:
      return "INVALID_ARGUMENT";
    case kTooLarge:
    case kTooManyRequests:
      return "RESOURCE_EXHAUSTED";
    case kUnavailable:
      return "UNAVAILABLE";
    default:
      return "OTHER";
  }
}

int HttpStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kResourceExhausted:
      return RetryAfterOf(status) ? kTooManyRequests : kTooLarge;
    case absl::StatusCode::kUnavailable:
      return kUnavailable;
    default:
      return 500;
  }
}

void AddRetryAfter(http::HttpReply& reply, absl::Duration retry_after) {
  if (reply.status != kUnavailable && reply.status != kTooManyRequests) return;
  const int64_t seconds = absl::ToInt64Seconds(absl::Ceil(retry_after, absl::Seconds(1)));
  reply.headers.emplace_back("Retry-After", absl::StrCat(seconds));
}

// A request that was admitted.
class HttpFront::InHand : public http::Exchange {
 public:
  InHand(HttpFront& front, const HttpRoute& route, http::HttpRequest head)
      : front_(front),
        route_(route),
        head_(std::move(head)),
        sender_(SenderOf(head_.peer)),
        room_(front.room_, sender_) {}

  std::optional<http::HttpReply> Grow(http::BodySize body) override {
    if (body.bytes > front_.BytesMax(route_)) return TooLarge();
    if (body.memory_bytes <= room_.held()) return std::nullopt;
    const absl::Status status = room_.Grow(body.memory_bytes - room_.held());
    if (status.ok()) return std::nullopt;
    return front_.Refuse(route_, head_, status);
  }

  void Handle(http::HttpRequest request, http::Respond respond) override {
    const ContentEncoding encoding = EncodingOf(route_, request);
    if (encoding != ContentEncoding::kIdentity) {
      absl::StatusOr<std::string> plain =
          Decompress(encoding, request.body, front_.BytesMax(route_), &room_);
      if (!plain.ok()) return respond(front_.Refuse(route_, request, plain.status()));
      request.body = *std::move(plain);
    }
    front_.rates_.Charge(sender_, SamplesOfBytes(request.body.size()));
    const IngestContext context{sender_, front_.clock_.Now(), room_, front_.rates_};
    route_.handle(std::move(request), context, std::move(respond));
  }

 private:
  http::HttpReply TooLarge() const {
    return front_.Refuse(route_, head_,
                         absl::ResourceExhaustedError(absl::StrCat(
                             "request of more than ", front_.BytesMax(route_), " bytes")));
  }

  HttpFront& front_;
  const HttpRoute& route_;
  const http::HttpRequest head_;
  const std::string sender_;
  BudgetLease room_;
};

HttpFront::HttpFront(const Limits& limits, const Clock& clock, Metrics& metrics, SenderRates& rates,
                     absl::Duration retry_after)
    : limits_(limits),
      clock_(clock),
      retry_after_(retry_after),
      rates_(rates),
      room_(metrics, {.reason = "http_bytes",
                      .limit = "ingest_decode_bytes_max",
                      .amount_max = limits.ingest_decode_bytes_max}) {}

void HttpFront::AddRoute(HttpRoute route) {
  routes_.push_back(std::move(route));
  std::stable_sort(routes_.begin(), routes_.end(), [](const HttpRoute& a, const HttpRoute& b) {
    return a.path.size() > b.path.size();
  });
}

http::Admit HttpFront::admit() {
  return [this](const http::HttpRequest& head, std::optional<uint64_t> body_bytes) {
    return Admit(head, body_bytes);
  };
}

const HttpRoute* HttpFront::Find(const std::string& path) const {
  for (const HttpRoute& route : routes_) {
    if (Fits(route.path, path)) return &route;
  }
  return nullptr;
}

http::Admission HttpFront::Admit(const http::HttpRequest& head,
                                 std::optional<uint64_t> body_bytes) {
  const HttpRoute* route = Find(head.path);
  if (route == nullptr) {
    return http::Admission::Refuse({.status = 404, .body = "no such path\n"});
  }
  if (std::optional<http::HttpReply> refusal = Check(*route, head, body_bytes)) {
    return http::Admission::Refuse(*std::move(refusal));
  }
  return {.exchange = std::make_unique<InHand>(*this, *route, head), .express = route->express};
}

std::optional<http::HttpReply> HttpFront::Check(const HttpRoute& route,
                                                const http::HttpRequest& head,
                                                std::optional<uint64_t> body_bytes) {
  if (draining_) return Refuse(route, head, absl::UnavailableError("draining"));
  if (const Authorize& authorize = route.authorize ? route.authorize : authorize_) {
    const absl::Status allowed = authorize(head);
    if (!allowed.ok()) return Refuse(route, head, allowed);
  }
  if (std::optional<http::HttpReply> refusal = CheckForm(route, head)) return refusal;
  const uint64_t announced = body_bytes.value_or(0);
  if (announced > BytesMax(route)) {
    return Refuse(
        route, head,
        absl::ResourceExhaustedError(absl::StrCat("request of ", announced, " bytes; at most ",
                                                  BytesMax(route), " are taken")));
  }
  const std::string sender = SenderOf(head.peer);
  absl::Status may = route.limits_rate ? rates_.Admit(sender) : absl::OkStatus();
  // Who is told now need not send it. The room is only taken as the body comes: what a sender
  // announces and then holds back must cost nobody anything.
  if (may.ok()) may = BudgetLease(room_, sender).Grow(announced);
  if (!may.ok()) return Refuse(route, head, may);
  return std::nullopt;
}

std::optional<http::HttpReply> HttpFront::CheckForm(const HttpRoute& route,
                                                    const http::HttpRequest& head) {
  if (!route.methods.empty() && !Contains(route.methods, head.method)) {
    const std::string methods = absl::StrJoin(route.methods, ", ");
    http::HttpReply reply = Refuse(route, head, kMethodNotAllowed,
                                   absl::InvalidArgumentError(absl::StrCat(methods, " only")));
    reply.headers.emplace_back("Allow", methods);
    return reply;
  }
  if (route.check_type) {
    const absl::Status type = route.check_type(head.Header("Content-Type"));
    if (!type.ok()) return Refuse(route, head, kUnsupportedMediaType, type);
  }
  const absl::string_view said = head.Header("Content-Encoding");
  const std::optional<ContentEncoding> encoding = ParseContentEncoding(said);
  if (said.empty() || (encoding && Contains(route.encodings, *encoding))) return std::nullopt;
  const std::string names = NamesOf(route.encodings);
  http::HttpReply reply =
      Refuse(route, head, kUnsupportedMediaType,
             absl::InvalidArgumentError(absl::StrCat("Content-Encoding must be one of ", names)));
  reply.headers.emplace_back("Accept-Encoding", names);
  return reply;
}

http::HttpReply HttpFront::Refuse(const HttpRoute& route, const http::HttpRequest& head, int status,
                                  const absl::Status& reason) const {
  http::HttpReply reply;
  if (route.refuse) {
    reply = route.refuse(head, status, reason);
  } else {
    reply = {.status = status, .body = absl::StrCat(reason.message(), "\n")};
  }
  AddRetryAfter(reply, RetryAfterOf(reason).value_or(retry_after_));
  if (status == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  return reply;
}

}  // namespace tocsin::ingest
