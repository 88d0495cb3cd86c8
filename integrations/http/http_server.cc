#include "integrations/http/http_server.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "integrations/http/http_session.h"
#include "integrations/http/listen_address.h"

namespace tocsin::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// After a failed accept (no file descriptors left): not at once again.
constexpr std::chrono::milliseconds kAcceptPause{100};

absl::StatusOr<tcp::endpoint> Resolve(asio::io_context& io, const ListenAddress& address) {
  if (address.host.empty()) return tcp::endpoint(asio::ip::address_v4::any(), address.port);
  ErrorCode error;
  const auto literal = asio::ip::make_address(address.host, error);
  if (!error) return tcp::endpoint(literal, address.port);
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(tcp::v4(), address.host, std::to_string(address.port), error);
  if (error || found.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot find the address of ", address.host, ": ", error.message()));
  }
  return found.begin()->endpoint();
}

// A request whose handler returns the reply.
class DirectExchange : public Exchange {
 public:
  explicit DirectExchange(const HttpServer::Handler& handler) : handler_(handler) {}
  std::optional<HttpReply> Grow(BodySize) override { return std::nullopt; }
  void Handle(HttpRequest request, Respond respond) override { respond(handler_(request)); }

 private:
  const HttpServer::Handler& handler_;
};

Admit AdmitAll(HttpServer::Handler handler, std::vector<std::string> express_paths) {
  return [handler = std::move(handler), express_paths = std::move(express_paths)](
             const HttpRequest& head, std::optional<uint64_t>) -> Admission {
    const bool express =
        std::find(express_paths.begin(), express_paths.end(), head.path) != express_paths.end();
    return {.exchange = std::make_unique<DirectExchange>(handler), .express = express};
  };
}

}  // namespace

struct HttpServer::Impl {
  Impl(HttpServerOptions server_options, Admit server_admit, Metrics& metrics)
      : options(std::move(server_options)),
        admit(std::move(server_admit)),
        counters(metrics, options.name),
        handlers(options.handler_threads),
        context{.options = options,
                .admit = admit,
                .counters = counters,
                .io = io,
                .handlers = handlers,
                .express = express,
                .answering = answering,
                .on_closed = [this](const std::shared_ptr<Session>& session) { Closed(session); }} {
  }

  absl::Status Listen();
  void Accept();
  void Open(tcp::socket socket);
  bool MakeRoom();
  void Closed(const std::shared_ptr<Session>& session);
  void Drain(absl::Duration drain);

  // Constant after Start().
  const HttpServerOptions options;
  const Admit admit;
  tcp::endpoint endpoint;

  ServerCounters counters;
  asio::io_context io{1};
  FairPool handlers;
  FairPool express{1};
  std::atomic<int> answering = 0;

  // The I/O thread's, once it runs.
  SessionContext context;
  tcp::acceptor acceptor{io};
  asio::steady_timer accept_timer{io};
  asio::steady_timer drain_timer{io};
  std::set<std::shared_ptr<Session>> sessions;

  std::thread io_thread;
};

absl::Status HttpServer::Impl::Listen() {
  TOCSIN_ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(options.listen));
  TOCSIN_ASSIGN_OR_RETURN(endpoint, Resolve(io, address));
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", options.listen, ": ", error.message()));
  }
  endpoint = acceptor.local_endpoint();
  return absl::OkStatus();
}

void HttpServer::Impl::Accept() {
  acceptor.async_accept([this](ErrorCode error, tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (!error) {
      Open(std::move(socket));
      return Accept();
    }
    Log(LogLevel::kWarning, "accept failed",
        {{"server", options.name}, {"error", error.message()}});
    accept_timer.expires_after(kAcceptPause);
    accept_timer.async_wait([this](ErrorCode) {
      if (acceptor.is_open()) Accept();
    });
  });
}

void HttpServer::Impl::Open(tcp::socket socket) {
  ErrorCode ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  auto session = std::make_shared<Session>(context, std::move(socket));
  while (sessions.size() >= options.connections_max && MakeRoom()) {
  }
  // None is idle. Refused connections linger for a moment: a few of them are kept beyond the limit,
  // further ones are dropped, and over TLS
  // nothing can be said before the handshake.
  if (sessions.size() >= options.connections_max + 16 ||
      (context.tls != nullptr && sessions.size() >= options.connections_max)) {
    counters.refused[Refusal::kTooManyConnections]->Increment();
    return;
  }
  sessions.insert(session);
  counters.connections.Set(static_cast<double>(sessions.size()));
  if (sessions.size() > options.connections_max) {
    session->Refuse(Refusal::kTooManyConnections, 503);
  } else {
    session->Start();
  }
}

// Closes the connection that has been idle for longest, if there is one: who only holds connections
// open must not keep out who has a question.
bool HttpServer::Impl::MakeRoom() {
  if (context.idle.empty()) return false;
  counters.idle_closed.Increment();
  context.idle.begin()->second->CloseWhenIdle();
  return true;
}

void HttpServer::Impl::Closed(const std::shared_ptr<Session>& session) {
  sessions.erase(session);
  counters.connections.Set(static_cast<double>(sessions.size()));
  if (context.draining && sessions.empty()) drain_timer.cancel();
}

void HttpServer::Impl::Drain(absl::Duration drain) {
  ErrorCode ignored;
  context.draining = true;
  acceptor.close(ignored);
  accept_timer.cancel();
  const auto open = sessions;
  for (const auto& session : open) session->CloseWhenIdle();
  if (sessions.empty()) return;
  drain_timer.expires_after(absl::ToChronoMilliseconds(drain));
  drain_timer.async_wait([this](ErrorCode error) {
    if (error) return;
    const auto late = sessions;
    for (const auto& session : late) session->Abort();
  });
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                              Handler handler, Metrics& metrics) {
  Admit admit = AdmitAll(std::move(handler), options.express_paths);
  return Start(std::move(options), std::move(admit), metrics);
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                              Admit admit, Metrics& metrics) {
  TOCSIN_CHECK(options.handler_threads > 0) << "an HTTP server needs a handler thread";
  auto impl = std::make_unique<Impl>(std::move(options), std::move(admit), metrics);
  if (impl->options.tls.on()) {
    TOCSIN_ASSIGN_OR_RETURN(impl->context.tls,
                            MakeTlsSetting(impl->options.tls, impl->options.tls_material));
  }
  TOCSIN_RETURN_IF_ERROR(impl->Listen());
  impl->Accept();
  // Ends by itself when the acceptor and every connection are closed.
  impl->io_thread = std::thread([&io = impl->io] { io.run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() {
  Stop();
}

void HttpServer::Stop(absl::Duration drain) {
  if (!impl_->io_thread.joinable()) return;
  asio::post(impl_->io, [impl = impl_.get(), drain] { impl->Drain(drain); });
  impl_->io_thread.join();
  impl_->handlers.Join();
  impl_->express.Join();
  // Who answered last may still be on its way out of the I/O context.
  while (impl_->answering > 0) std::this_thread::yield();
}

absl::Status HttpServer::SetTls(const access::TlsFiles& files,
                                const access::TlsMaterial& material) {
  TOCSIN_CHECK(impl_->options.tls.on()) << "the server began without TLS";
  TOCSIN_ASSIGN_OR_RETURN(auto setting, MakeTlsSetting(files, material));
  asio::post(impl_->io, [impl = impl_.get(), setting = std::move(setting)]() mutable {
    impl->context.tls = std::move(setting);
  });
  return absl::OkStatus();
}

uint16_t HttpServer::port() const {
  return impl_->endpoint.port();
}

std::string HttpServer::address() const {
  return ListenAddress{impl_->endpoint.address().to_string(), port()}.ToString();
}

}  // namespace tocsin::http
