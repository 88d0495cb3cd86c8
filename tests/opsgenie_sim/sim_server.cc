#include "tests/opsgenie_sim/sim_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "tests/opsgenie_sim/sim_control.h"
#include "tests/opsgenie_sim/sim_webhook_sender.h"

namespace tocsin::sim {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kTick = std::chrono::milliseconds(10);
constexpr size_t kBodyBytesMax = 1 << 20;
constexpr size_t kWebhooksMax = 10'000;

http_client::HttpRequest FromBeast(const http::request<http::string_body>& request) {
  http_client::HttpRequest out;
  out.method = std::string(request.method_string());
  out.url = std::string(request.target());
  for (const auto& field : request) {
    out.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  out.body = request.body();
  return out;
}

}  // namespace

struct SimServer::Impl {
  Impl(SimOptions options, const Clock& the_clock, std::function<void(const SimEvent&)> callback)
      : clock(the_clock), on_event(std::move(callback)), sim(std::move(options)) {}

  SimReply Handle(const http_client::HttpRequest& request);
  void Tick();
  void Accept();

  const Clock& clock;
  const std::function<void(const SimEvent&)> on_event;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer ticker{io};
  std::thread thread;
  Mutex mutex;
  SimOpsgenie sim ABSL_GUARDED_BY(mutex);
  std::deque<SimWebhook> sent ABSL_GUARDED_BY(mutex);  // at most kWebhooksMax, the newest
  std::unique_ptr<SimWebhookSender> webhooks;
};

// One connection: read, answer, read again.
class SimServer::Session : public std::enable_shared_from_this<SimServer::Session> {
 public:
  Session(Impl& server, tcp::socket socket)
      : server_(server), stream_(std::move(socket)), delay_(stream_.get_executor()) {}

  void Read() {
    parser_.emplace();
    parser_->body_limit(kBodyBytesMax);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code error, size_t) {
                       if (!error) self->Answer();
                     });
  }

 private:
  void Answer() {
    const auto& request = parser_->get();
    SimReply reply = server_.Handle(FromBeast(request));
    if (reply.dropped) {
      error_code ignored;
      stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
      stream_.socket().close(ignored);
      return;
    }
    answer_ = {};
    answer_.version(request.version());
    answer_.result(static_cast<unsigned>(reply.response.status));
    for (const auto& header : reply.response.headers) answer_.insert(header.name, header.value);
    answer_.body() = std::move(reply.response.body);
    answer_.keep_alive(request.keep_alive());
    answer_.prepare_payload();
    if (reply.delay <= absl::ZeroDuration()) return Write();
    delay_.expires_after(absl::ToChronoMilliseconds(reply.delay));
    delay_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->Write();
    });
  }

  void Write() {
    http::async_write(stream_, answer_, [self = shared_from_this()](error_code error, size_t) {
      if (!error && self->answer_.keep_alive()) self->Read();
    });
  }

  Impl& server_;
  beast::tcp_stream stream_;
  asio::steady_timer delay_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> answer_;
};

void SimServer::Impl::Accept() {
  acceptor.async_accept([this](error_code error, tcp::socket socket) {
    if (error) return;
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    std::make_shared<Session>(*this, std::move(socket))->Read();
    Accept();
  });
}

SimReply SimServer::Impl::Handle(const http_client::HttpRequest& request) {
  MutexLock lock(mutex);
  if (absl::StartsWith(request.url, "/sim/")) {
    return HandleControl(sim, sent, request, clock.Now());
  }
  return sim.Handle(request, clock.Now());
}

void SimServer::Impl::Tick() {
  std::vector<SimEvent> events;
  {
    MutexLock lock(mutex);
    sim.AdvanceTo(clock.Now());
    events = sim.TakeEvents();
    for (SimWebhook& webhook : sim.TakeWebhooks(clock.Now())) {
      if (webhooks) webhooks->Send(webhook);
      sent.push_back(std::move(webhook));
      if (sent.size() > kWebhooksMax) sent.pop_front();
    }
  }
  if (!on_event) events.clear();
  for (const SimEvent& event : events) on_event(event);
  ticker.expires_after(kTick);
  ticker.async_wait([this](error_code error) {
    if (!error) Tick();
  });
}

SimServer::SimServer(SimOptions options, const Clock& clock,
                     std::function<void(const SimEvent&)> on_event)
    : impl_(std::make_unique<Impl>(std::move(options), clock, std::move(on_event))) {}

SimServer::~SimServer() {
  Stop();
}

void SimServer::SendWebhooksTo(const std::string& url,
                               std::vector<http_client::HttpHeader> headers) {
  impl_->webhooks = std::make_unique<SimWebhookSender>(url, std::move(headers));
}

absl::Status SimServer::Start(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  int port = -1;
  error_code error;
  const auto address = colon == std::string::npos
                           ? asio::ip::address()
                           : asio::ip::make_address(listen.substr(0, colon), error);
  if (colon == std::string::npos || error || !absl::SimpleAtoi(listen.substr(colon + 1), &port) ||
      port < 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("not an address:port: ", listen));
  }
  const tcp::endpoint endpoint(address, static_cast<uint16_t>(port));
  impl_->acceptor.open(endpoint.protocol(), error);
  if (!error) impl_->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) impl_->acceptor.bind(endpoint, error);
  if (!error) impl_->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return absl::UnavailableError(absl::StrCat(listen, ": ", error.message()));
  impl_->Accept();
  impl_->Tick();
  impl_->thread = std::thread([this] { impl_->io.run(); });
  return absl::OkStatus();
}

void SimServer::Stop() {
  impl_->io.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

int SimServer::port() const {
  return impl_->acceptor.local_endpoint().port();
}

std::string SimServer::url() const {
  return absl::StrCat("http://", impl_->acceptor.local_endpoint().address().to_string(), ":",
                      port());
}

void SimServer::WithSim(const std::function<void(SimOpsgenie&)>& fn) {
  MutexLock lock(impl_->mutex);
  fn(impl_->sim);
}

}  // namespace tocsin::sim
