#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "integrations/access/tls_files.h"
#include "integrations/http/http_exchange.h"
#include "integrations/http/http_message.h"

namespace tocsin::http {

struct HttpServerOptions {
  std::string name = "admin";          // label `server` of its metrics
  std::string listen = "127.0.0.1:0";  // see listen_address.h
  // One host has all but one of them at most. More than the queries of an AdminApi, which may take
  // long.
  size_t handler_threads = 6;
  // Exact paths that have one more handler thread to themselves, so that they never wait for other
  // requests: what tells whether the service lives. Their handlers must be quick.
  std::vector<std::string> express_paths = {"/-/healthy", "/-/ready", "/metrics"};
  // With Admit, what it calls express goes there instead.
  // Request line and all headers; above: 431. A chunk's extension or a trailer may have 64 KiB
  // more.
  size_t header_bytes_max = 16 << 10;
  size_t body_bytes_max = 4 << 20;  // above: 413
  // Above: the connection idle for longest is closed; if none is idle, the new one gets 503.
  size_t connections_max = 256;
  absl::Duration idle_max = absl::Seconds(75);     // of a kept connection between requests
  absl::Duration request_max = absl::Seconds(30);  // first byte to last byte of a request
  absl::Duration write_max = absl::Seconds(30);    // of one reply
  absl::Duration handshake_max = absl::Seconds(10);
  access::TlsFiles tls;  // off without files
  access::TlsMaterial tls_material;
};

// A small HTTP/1.1 server for trusted-side ports and webhooks: keep-alive, HEAD, 100-continue,
// chunked requests, TLS.
//
// A connection carries one request at a time. Requests whose length could be read in two ways (both
// Content-Length and Transfer-Encoding, repeated lengths, an encoding other than exactly "chunked",
// no or two Host headers) get 400 and the connection is closed, so nothing can be smuggled past a
// proxy. Clients slower than the limits are disconnected.
//
// Handlers either return the reply, or take an Exchange that is answered later (http_exchange.h).
//
// An idle connection takes a few KiB, so that there may be many thousands.
//
// Threads: one for I/O, `handler_threads` and one for the express paths that run the handler.
// Borrows metrics, which outlives it. Metrics: tocsin_http_requests_total{server,code},
// tocsin_http_refused_requests_total{server,reason}, tocsin_http_connections{server},
// tocsin_http_idle_closed_total{server}.
class HttpServer {
 public:
  // Called on a handler thread, several at once. Must return in bounded time: Stop() waits for it.
  using Handler = std::function<HttpReply(const HttpRequest&)>;

  // Binds, listens and serves from then on. Errors: InvalidArgument for a bad address, Unavailable
  // if it cannot be bound.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(HttpServerOptions options,
                                                           Handler handler, Metrics& metrics);
  // The same with requests that are admitted by their header and answered later.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(HttpServerOptions options, Admit admit,
                                                           Metrics& metrics);
  ~HttpServer();  // Stop()

  // Stops listening, closes idle connections, lets requests that have begun finish for up to
  // `drain`, then returns with all threads ended: it waits for every handler to return and for
  // every Respond to be called or dropped. Once is enough; a second call does nothing.
  void Stop(absl::Duration drain = absl::Seconds(5));

  // From now on new connections begin with these; those that are there go on. Only for a server
  // that began with TLS. InvalidArgument, and nothing changes, if they are not taken.
  absl::Status SetTls(const access::TlsFiles& files, const access::TlsMaterial& material);

  uint16_t port() const;
  std::string address() const;  // "127.0.0.1:9095" with the real port

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::http
