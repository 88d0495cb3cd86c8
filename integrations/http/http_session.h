#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/fair_pool.h"
#include "integrations/http/http_counters.h"
#include "integrations/http/http_exchange.h"
#include "integrations/http/http_server.h"
#include "integrations/http/http_session_body.h"
#include "integrations/http/http_session_stream.h"

// One connection of HttpServer. Included by the server's own .cc files only, because Beast is
// heavy.
namespace tocsin::http {

class Session;

// What all connections of a server share. Owned by the server; outlives them.
struct SessionContext {
  const HttpServerOptions& options;
  const Admit& admit;
  ServerCounters& counters;
  boost::asio::io_context& io;
  FairPool& handlers;
  FairPool& express;
  std::atomic<int>& answering;  // answers on their way to the I/O thread
  std::function<void(const std::shared_ptr<Session>&)> on_closed;

  // The I/O thread's.
  std::shared_ptr<const TlsSetting> tls;  // of new connections; null: plain
  bool draining = false;                  // no further request after the one in hand
  uint64_t idle_spans = 0;                // begun so far, by any connection
  std::map<uint64_t, Session*> idle;      // by the span they are in: the longest idle comes first
};

// Thread: the I/O thread only; the exchange runs elsewhere on a request of its own.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(SessionContext& context, boost::asio::ip::tcp::socket socket);

  void Start();
  // Closes if no request has begun; otherwise the reply under way is the last one.
  void CloseWhenIdle();
  // Closes at once.
  void Abort();
  // Instead of Start(): says why nothing can be served, then closes.
  void Refuse(Refusal refusal, int status);

 private:
  using Error = boost::beast::error_code;
  using Parser = boost::beast::http::request_parser<GrowingBody>;

  void OnHandshake(Error error);
  void BeginIdle();
  void EndIdle();
  void AwaitRequest();
  void ReadHeader();
  void OnHeader(Error error);
  void AskForAdmission();
  void SendContinue();
  void ReadBody();
  void OnBody(Error error);
  void RunHandler();
  Respond AnswerLater();
  void SendRefusal(Refusal refusal, HttpReply reply);
  void Send(HttpReply reply, bool keep);
  void OnSent(Error error);
  void OnReadError(Error error);
  void SayGoodbye();
  void Linger();
  friend class PendingReply;

  SessionContext& context_;
  SessionStream stream_;
  boost::beast::flat_buffer buffer_;  // read but not parsed; limited
  std::optional<Parser> parser_;
  boost::beast::http::response<boost::beast::http::string_body> response_;
  std::string peer_;  // with its port
  std::string host_;
  Admission admission_;                 // of the request in hand
  std::optional<uint64_t> idle_since_;  // the idle span this is in: no byte of a request is there
  bool keep_ = false;                   // the connection stays after the reply being written
  bool head_ = false;                   // the request being answered is a HEAD
  bool refused_ = false;                // the rest of the input is not wanted
  bool closed_ = false;
  size_t lingered_bytes_ = 0;
};

// The answer that a request waits for, shared by the copies of its Respond. Keeps the I/O thread
// running.
//
// Thread: any, one at a time.
class PendingReply {
 public:
  PendingReply(std::shared_ptr<Session> session, SessionContext& context, bool keep)
      : session_(std::move(session)),
        io_(context.io),
        answering_(context.answering),
        guard_(boost::asio::make_work_guard(context.io)),
        keep_(keep) {}
  ~PendingReply();
  PendingReply(const PendingReply&) = delete;
  PendingReply& operator=(const PendingReply&) = delete;

  void Answer(HttpReply reply);

 private:
  std::shared_ptr<Session> session_;  // null: answered
  boost::asio::io_context& io_;
  std::atomic<int>& answering_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  const bool keep_;
};

}  // namespace tocsin::http
