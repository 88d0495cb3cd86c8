#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

// What the server hands to handlers and takes from them. The client's side of HTTP is
// http_client.h.
namespace tocsin::http {

struct HttpRequest {
  std::string method;  // as sent: "GET"; methods are case-sensitive
  std::string path;    // the part before `?`, as sent (percent-encoded), begins with '/'
  std::string query;   // the part after `?`, as sent; see form.h
  std::vector<std::pair<std::string, std::string>> headers;  // in the order sent
  std::string body;
  std::string peer;  // "127.0.0.1:50000"

  // The first header of that name, any case; "" if there is none.
  absl::string_view Header(absl::string_view name) const;
};

struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  // Further headers. Neither names nor values may come from input: they are written as they are.
  std::vector<std::pair<std::string, std::string>> headers;
};

}  // namespace tocsin::http
