#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "app/server_target.h"
#include "integrations/http/http_client.h"

namespace tocsin::app {

// The admin port of a running server, for commands. Thread: one at a time. Borrows the transport.
class AdminClient {
 public:
  // The scheme of the server's URL may be left out: http.
  AdminClient(http_client::HttpTransport& transport, ServerTarget server);

  using Parameters = std::vector<std::pair<std::string, std::string>>;

  // The raw answer to a GET. Errors: Unavailable with the server's address if it does not answer.
  absl::StatusOr<http_client::HttpResponse> Get(const std::string& path,
                                                const Parameters& parameters = {});
  // The raw answer to any request; `body` is JSON, "" for none. Errors as Get.
  absl::StatusOr<http_client::HttpResponse> Send(const std::string& method, const std::string& path,
                                                 std::string body = "");
  // The body of an API call, as JSON text. FailedPrecondition with the server's own words if the
  // call failed there, NotFound if what was asked for is not.
  absl::StatusOr<std::string> Call(const std::string& path, const Parameters& parameters = {});

  // The same for a POST of JSON that may take a while. DeadlineExceeded if the answer did not come
  // within `deadline`, or was lost: what was asked for may be done or not.
  absl::StatusOr<std::string> Post(const std::string& path, std::string body,
                                   absl::Duration deadline);

  const std::string& server() const { return server_.url; }

 private:
  // Adds what shows who we are.
  absl::StatusOr<http_client::HttpResponse> Exchange(http_client::HttpRequest request);
  absl::StatusOr<std::string> ReadCall(const std::string& path, http_client::HttpResponse response);

  http_client::HttpTransport& transport_;
  ServerTarget server_;
};

}  // namespace tocsin::app
