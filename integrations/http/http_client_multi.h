#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "integrations/http/http_client.h"
#include "integrations/http/http_client_exchange.h"

namespace tocsin::http_client {

// Many exchanges with remote servers at once, on one thread: however many servers hang, the others
// are asked in time. Beside CurlTransport, which needs a thread for each exchange. Connections are
// kept alive; redirects are not followed.
//
// Thread: one, but for Wake().
// Limits: `connections_max` at once, further exchanges wait for one (within their deadline);
// `bytes_max` of all bodies under way together, and body_bytes_max of each request.
class CurlMulti {
 public:
  struct Ended {
    uint64_t id = 0;
    // Errors: those of HttpTransport, and DeadlineExceeded; ResourceExhausted: the body is beyond a
    // limit.
    absl::StatusOr<HttpResponse> answer;
    absl::Duration took;
  };

  CurlMulti(size_t connections_max, size_t bytes_max);
  ~CurlMulti();  // exchanges under way are cut off
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;

  // Begins an exchange of unlimited reach. `id` is the caller's, and no other's that is under way.
  void Start(uint64_t id, HttpRequest request);
  // Cuts an exchange off, if it is under way; it never ends.
  void Cancel(uint64_t id);
  // Carries all forward until some ended, Wake() was called or `span` has passed.
  std::vector<Ended> Step(absl::Duration span);
  // Any thread.
  void Wake();

 private:
  struct Running {
    HttpRequest request;
    std::unique_ptr<CurlExchange> exchange;
  };

  std::vector<Ended> TakeEnded();
  Ended End(std::map<uint64_t, Running>::iterator found, int code);
  std::unique_ptr<CurlExchange> Remove(std::map<uint64_t, Running>::iterator found);

  void* const multi_;
  BodyRoom room_;
  std::map<uint64_t, Running> running_;
  std::map<void*, uint64_t> ids_;  // by handle
  std::vector<std::unique_ptr<CurlExchange>> idle_;
};

}  // namespace tocsin::http_client
