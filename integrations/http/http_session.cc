#include "integrations/http/http_session.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/log.h"
#include "integrations/http/http_session_head.h"

namespace tocsin::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

constexpr size_t kReadBytes = 8 << 10;
// What an idle connection has ready, since there may be many: most headers.
constexpr size_t kIdleBytes = 1 << 10;
// Of a body that has shown to be large.
constexpr size_t kLargeReadBytes = 64 << 10;
// Of input not parsed yet, above the headers' own limit: a full read of a body or of requests to
// come.
constexpr size_t kReadAheadBytesMax = 64 << 10;
static_assert(kReadAheadBytesMax >= kReadBytes, "an empty buffer takes a read");
constexpr size_t kLingerBytesMax = 1 << 20;
constexpr std::chrono::seconds kLingerMax{2};

absl::string_view ToAbsl(beast::string_view text) {
  return {text.data(), text.size()};
}

// The first two names of a path: what follows may be a key.
std::string BeginOf(const std::string& path) {
  const size_t second = path.find('/', 1);
  return path.substr(0, second == std::string::npos ? second : path.find('/', second + 1));
}

// Takes exceptions of libraries; ours do not throw.
void CallHandler(Exchange& exchange, HttpRequest request, const Respond& respond) {
  const std::string path = BeginOf(request.path);
  try {
    exchange.Handle(std::move(request), respond);
  } catch (const std::exception& e) {
    Log(LogLevel::kError, "HTTP handler failed", {{"path", path}, {"error", e.what()}});
  }
}

std::string PeerOf(const asio::ip::tcp::socket& socket) {
  beast::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "";
  return absl::StrCat(endpoint.address().to_string(), ":", endpoint.port());
}

}  // namespace

Session::Session(SessionContext& context, asio::ip::tcp::socket socket)
    : context_(context),
      stream_(std::move(socket), context.tls),
      buffer_(context.options.header_bytes_max + kReadAheadBytesMax),
      peer_(PeerOf(stream_.tcp().socket())),
      host_(peer_.substr(0, peer_.rfind(':'))) {}

// Who does not get past the handshake is as idle as who sends nothing.
void Session::Start() {
  if (!stream_.is_tls()) return AwaitRequest();
  BeginIdle();
  stream_.tcp().expires_after(absl::ToChronoMilliseconds(context_.options.handshake_max));
  stream_.Handshake([self = shared_from_this()](Error error) { self->OnHandshake(error); });
}

void Session::OnHandshake(Error error) {
  EndIdle();
  if (!error) return AwaitRequest();
  context_.counters.refused[Refusal::kHandshake]->Increment();
  Log(LogLevel::kDebug, "TLS handshake failed", {{"peer", peer_}, {"error", error.message()}});
  Abort();
}

void Session::CloseWhenIdle() {
  if (idle_since_) Abort();
}

void Session::Abort() {
  if (std::exchange(closed_, true)) return;
  EndIdle();
  stream_.tcp().close();
  context_.on_closed(shared_from_this());
}

void Session::BeginIdle() {
  idle_since_ = context_.idle_spans++;
  context_.idle[*idle_since_] = this;
}

void Session::EndIdle() {
  if (idle_since_) context_.idle.erase(*idle_since_);
  idle_since_.reset();
}

void Session::Refuse(Refusal refusal, int status) {
  SendRefusal(refusal, {.status = status, .body = absl::StrCat(RefusalName(refusal), "\n")});
}

void Session::SendRefusal(Refusal refusal, HttpReply reply) {
  context_.counters.refused[refusal]->Increment();
  EndIdle();
  admission_ = {};
  refused_ = true;
  Send(std::move(reply), /*keep=*/false);
}

void Session::AwaitRequest() {
  if (context_.draining) return Abort();
  if (buffer_.size() > 0) return ReadHeader();
  BeginIdle();
  parser_.reset();
  response_ = {};
  buffer_.shrink_to_fit();
  stream_.tcp().expires_after(absl::ToChronoMilliseconds(context_.options.idle_max));
  stream_.async_read_some(buffer_.prepare(kIdleBytes),
                          [self = shared_from_this()](Error error, size_t bytes) {
                            if (error) return self->Abort();
                            self->buffer_.commit(bytes);
                            self->ReadHeader();
                          });
}

void Session::ReadHeader() {
  EndIdle();
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(context_.options.header_bytes_max));
  parser_->body_limit(context_.options.body_bytes_max);
  stream_.tcp().expires_after(absl::ToChronoMilliseconds(context_.options.request_max));
  bhttp::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](Error error, size_t) { self->OnHeader(error); });
}

void Session::OnHeader(Error error) {
  if (error) return OnReadError(error);
  const auto& header = parser_->get().base();
  if (const std::string problem = FramingProblem(header); !problem.empty()) {
    Log(LogLevel::kDebug, "HTTP request refused", {{"peer", peer_}, {"reason", problem}});
    return Refuse(Refusal::kMalformed, 400);
  }
  AskForAdmission();
}

void Session::AskForAdmission() {
  const auto& header = parser_->get().base();
  head_ = header.method() == bhttp::verb::head;
  std::optional<uint64_t> body_bytes;
  if (!parser_->chunked()) body_bytes = parser_->content_length().value_or(0);
  admission_ = context_.admit(HeadOf(header, peer_), body_bytes);
  if (admission_.exchange == nullptr) {
    return SendRefusal(Refusal::kNotAdmitted, std::move(admission_.refusal));
  }
  if (absl::EqualsIgnoreCase(ToAbsl(header[bhttp::field::expect]), "100-continue")) {
    return SendContinue();
  }
  parser_->eager(true);
  ReadBody();
}

void Session::SendContinue() {
  static constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(stream_, asio::buffer(kContinue, sizeof(kContinue) - 1),
                    [self = shared_from_this()](Error error, size_t) {
                      if (error) return self->Abort();
                      self->parser_->eager(true);
                      self->ReadBody();
                    });
}

void Session::ReadBody() {
  if (parser_->is_done()) return RunHandler();
  const size_t body_bytes = parser_->get().body().size();
  buffer_.reserve(body_bytes < kLargeReadBytes ? kReadBytes : kLargeReadBytes);
  bhttp::async_read_some(stream_, buffer_, *parser_,
                         [self = shared_from_this()](Error error, size_t) { self->OnBody(error); });
}

void Session::OnBody(Error error) {
  if (error) return OnReadError(error);
  const std::string& body = parser_->get().body();
  std::optional<HttpReply> refusal = admission_.exchange->Grow({body.size(), body.capacity()});
  if (refusal) return SendRefusal(Refusal::kNotAdmitted, *std::move(refusal));
  ReadBody();
}

void Session::OnReadError(Error error) {
  if (error == beast::error::timeout) {
    context_.counters.refused[Refusal::kTooSlow]->Increment();
    return Abort();
  }
  // The parser's limits count neither a chunk's extension nor the trailer; it waits for their end
  // with all of them in the buffer, so what ends them is the buffer's limit.
  const bool endless_line = error == bhttp::error::buffer_overflow;
  if (endless_line || error == bhttp::error::header_limit) {
    return Refuse(Refusal::kHeaderTooLarge, 431);
  }
  if (error == bhttp::error::body_limit) return Refuse(Refusal::kBodyTooLarge, 413);
  const bool left = error == bhttp::error::end_of_stream || error == bhttp::error::partial_message;
  if (!left && error.category() == make_error_code(bhttp::error::bad_value).category()) {
    return Refuse(Refusal::kMalformed, 400);
  }
  Abort();
}

void Session::RunHandler() {
  stream_.tcp().expires_never();
  HttpRequest request = HeadOf(parser_->get().base(), peer_);
  request.body = std::move(parser_->get().body());
  FairPool& handlers = admission_.express ? context_.express : context_.handlers;
  handlers.Run(host_, [exchange = std::move(admission_.exchange), request = std::move(request),
                       respond = AnswerLater()]() mutable {
    CallHandler(*exchange, std::move(request), respond);
  });
}

Respond Session::AnswerLater() {
  auto pending =
      std::make_shared<PendingReply>(shared_from_this(), context_, parser_->get().keep_alive());
  return [pending = std::move(pending)](HttpReply reply) { pending->Answer(std::move(reply)); };
}

PendingReply::~PendingReply() {
  if (session_ != nullptr) Answer({.status = 500, .body = "internal error\n"});
}

void PendingReply::Answer(HttpReply reply) {
  TOCSIN_CHECK(session_ != nullptr) << "a request is answered once";
  // The I/O thread may end, and the server with it, as soon as it has the answer.
  std::atomic<int>& answering = answering_;
  ++answering;
  asio::post(io_, [session = std::move(session_), keep = keep_, guard = std::move(guard_),
                   reply = std::move(reply)]() mutable { session->Send(std::move(reply), keep); });
  --answering;
}

void Session::Send(HttpReply reply, bool keep) {
  if (closed_) return;
  keep_ = keep && !context_.draining;
  if (auto counter = context_.counters.requests.find(reply.status / 100);
      counter != context_.counters.requests.end()) {
    counter->second->Increment();
  }
  response_ = {};
  response_.result(static_cast<unsigned>(reply.status));
  response_.version(11);
  for (const auto& [name, value] : reply.headers) response_.set(name, value);
  response_.keep_alive(keep_);
  if (response_.result() != bhttp::status::no_content) {
    response_.set(bhttp::field::content_type, reply.content_type);
    response_.content_length(reply.body.size());
    if (!head_) response_.body() = std::move(reply.body);
  }
  stream_.tcp().expires_after(absl::ToChronoMilliseconds(context_.options.write_max));
  bhttp::async_write(stream_, response_,
                     [self = shared_from_this()](Error error, size_t) { self->OnSent(error); });
}

void Session::OnSent(Error error) {
  head_ = false;
  if (error) return Abort();
  if (keep_) return AwaitRequest();
  if (stream_.is_tls()) return SayGoodbye();
  if (refused_) return Linger();
  Abort();
}

void Session::SayGoodbye() {
  stream_.tcp().expires_after(kLingerMax);
  stream_.SayGoodbye([self = shared_from_this()](Error) { self->Abort(); });
}

// Closing with unread input would reset the connection, and the client might lose the reply: reads
// on a little.
void Session::Linger() {
  beast::error_code ignored;
  stream_.tcp().socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  if (lingered_bytes_ == 0) stream_.tcp().expires_after(kLingerMax);
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = shared_from_this()](Error error, size_t bytes) {
                            self->lingered_bytes_ += bytes;
                            if (error || self->lingered_bytes_ > kLingerBytesMax)
                              return self->Abort();
                            self->Linger();
                          });
}

}  // namespace tocsin::http
