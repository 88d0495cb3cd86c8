#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "integrations/http/remote_url.h"

namespace tocsin::http_client {

struct HttpHeader {
  std::string name;
  std::string value;
};

// What we ask of somebody else's server. Headers may hold a key: a request is never printed.
struct HttpRequest {
  std::string method = "GET";
  std::string url;  // absolute, already percent-encoded
  std::vector<HttpHeader> headers;
  std::string body;
  absl::Duration deadline = absl::Seconds(10);  // for the whole exchange
  // Which addresses the URL's host may resolve to; checked for each connection, so that a name that
  // changes its address between two looks does not get past it.
  Reach reach = Reach::kAnywhere;
  std::string ca_file;  // PEM, who signs the server's certificate; "": whom the system trusts
  size_t body_bytes_max = 1 << 20;  // of the answer, inflated; more is an error
  bool gzip = false;                // the answer may be compressed; the response's body is plain
  bool direct = false;              // past the proxies of the environment
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;

  // "" if absent. Names compare without case.
  absl::string_view Header(absl::string_view name) const;
};

// One exchange with a remote server. Production talks over libcurl; tests put a simulator behind
// it.
//
// Thread: any. Blocks until the answer is there or the deadline has passed.
// Errors: Unavailable: the request surely did not arrive (name, connection or TLS set-up failed).
// FailedPrecondition: nor did it, since the host has no address within the request's reach.
// Unknown: it may have arrived and may have been acted upon (deadline, connection lost afterwards).
// No text contains headers or body. Any complete HTTP answer is a response, also 4xx and 5xx.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  virtual absl::StatusOr<HttpResponse> Send(const HttpRequest& request) = 0;
};

// HttpTransport over libcurl. Connections are kept alive; a handle goes back to a pool after use
// and the one used last is taken first, so that few callers stay on warm connections. Redirects are
// not followed: a key must not travel to another host. Answers that are too large are an error
// (Unknown).
// Proxies of the environment are used, but for requests of limited reach: those go directly.
//
// libcurl repeats a request by itself if a kept connection turns out to be dead before any byte of
// the answer; callers' requests must tolerate that (pages do, by their alias).
class CurlTransport : public HttpTransport {
 public:
  CurlTransport();
  ~CurlTransport() override;
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request) override;
  // Exchanges under way end within about a second, and later ones at once, with an error as if the
  // connection was lost. For a stop that need not know what becomes of them.
  void Abort() { aborted_ = true; }

 private:
  struct Pool;
  std::atomic<bool> aborted_{false};
  // By reach: a connection of requests that may go there is no good for those that may not.
  std::array<std::unique_ptr<Pool>, kReaches> pools_;
};

}  // namespace tocsin::http_client
