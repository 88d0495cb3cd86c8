#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/metrics.h"
#include "integrations/http/http_server.h"

// One connection of HttpServer. Included by the server's own .cc files only, because Beast is
// heavy.
namespace tocsin::http {

// Why a request was not handed to the handler; the word is the metric's label.
enum class Refusal { kMalformed, kHeaderTooLarge, kBodyTooLarge, kTooSlow, kTooManyConnections };
inline constexpr Refusal kRefusals[] = {Refusal::kMalformed, Refusal::kHeaderTooLarge,
                                        Refusal::kBodyTooLarge, Refusal::kTooSlow,
                                        Refusal::kTooManyConnections};
const char* RefusalName(Refusal refusal);

struct ServerCounters {
  ServerCounters(Metrics& metrics, const std::string& server);
  std::map<int, prometheus::Counter*> requests;  // by the first digit of the status
  std::map<Refusal, prometheus::Counter*> refused;
  prometheus::Gauge& connections;
  prometheus::Counter& idle_closed;
};

class Session;

// What all connections of a server share. Owned by the server; outlives them.
struct SessionContext {
  const HttpServerOptions& options;
  const HttpServer::Handler& handler;
  ServerCounters& counters;
  boost::asio::io_context& io;
  boost::asio::thread_pool& handlers;
  boost::asio::thread_pool& express;  // runs the handler for options.express_paths
  std::function<void(const std::shared_ptr<Session>&)> on_closed;

  // The I/O thread's.
  bool draining = false;    // no further request after the one in hand
  uint64_t idle_spans = 0;  // begun so far, by any connection
};

// Thread: the I/O thread only; the handler runs elsewhere on a copy of the request.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(SessionContext& context, boost::asio::ip::tcp::socket socket);

  void Start() { AwaitRequest(); }
  // While no byte of a request is there: a number that is smaller the longer that lasts.
  std::optional<uint64_t> idle_since() const { return idle_since_; }
  // Closes if no request has begun; otherwise the reply under way is the last one.
  void CloseWhenIdle();
  // Closes at once.
  void Abort();
  // Instead of Start(): says why nothing can be served, then closes.
  void Refuse(Refusal refusal, int status);

 private:
  using Error = boost::beast::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void AwaitRequest();
  void ReadHeader();
  void OnHeader(Error error);
  void SendContinue();
  void ReadBody();
  void OnBody(Error error);
  void RunHandler();
  boost::asio::thread_pool& HandlersFor(const HttpRequest& request) const;
  void Send(HttpReply reply, bool keep);
  void OnSent(Error error);
  void OnReadError(Error error);
  void Linger();

  SessionContext& context_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;  // read but not parsed; limited
  std::optional<Parser> parser_;
  boost::beast::http::response<boost::beast::http::string_body> response_;
  std::string peer_;
  std::optional<uint64_t> idle_since_;
  bool keep_ = false;     // the connection stays after the reply being written
  bool head_ = false;     // the request being answered is a HEAD
  bool refused_ = false;  // the rest of the input is not wanted
  bool closed_ = false;
  size_t lingered_bytes_ = 0;
};

}  // namespace tocsin::http
