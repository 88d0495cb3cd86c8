#include "rules/templates/host_port.h"

#include <arpa/inet.h>

#include "absl/strings/str_cat.h"

namespace tocsin::templates {
namespace {

bool IsAddress(const std::string& host) {
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), buffer) == 1 ||
         inet_pton(AF_INET6, host.c_str(), buffer) == 1;
}

bool Contains(absl::string_view text, char c) {
  return text.find(c) != absl::string_view::npos;
}

}  // namespace

std::optional<HostPort> SplitHostPort(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return std::nullopt;
  absl::string_view host = text.substr(0, colon);
  size_t may_open = 0;   // from where on no "[" may come
  size_t may_close = 0;  // from where on no "]" may come
  if (text[0] == '[') {
    const size_t end = text.find(']');
    if (end == absl::string_view::npos || end + 1 != colon) return std::nullopt;
    host = text.substr(1, end - 1);
    may_open = 1;
    may_close = end + 1;
  } else if (Contains(host, ':')) {
    return std::nullopt;
  }
  if (Contains(text.substr(may_open), '[') || Contains(text.substr(may_close), ']')) {
    return std::nullopt;
  }
  return HostPort{std::string(host), std::string(text.substr(colon + 1))};
}

std::string StripPort(absl::string_view text) {
  const std::optional<HostPort> split = SplitHostPort(text);
  return split ? split->host : std::string(text);
}

std::string StripDomain(absl::string_view text) {
  const std::optional<HostPort> split = SplitHostPort(text);
  const std::string host = split ? split->host : std::string(text);
  if (IsAddress(host)) return std::string(text);
  const std::string name = host.substr(0, host.find('.'));
  return split && !split->port.empty() ? absl::StrCat(name, ":", split->port) : name;
}

}  // namespace tocsin::templates
