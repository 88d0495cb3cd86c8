#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sockaddr;

// Where requests of ours may go. A receiver's URL is written by an operator, but what a name
// resolves to is written by whoever owns the name: it must not lead into the own network.
namespace tocsin::http_client {

enum class Reach {
  kAnywhere,
  kPublicOnly,    // not to private, link-local, loopback, multicast or reserved addresses
  kLoopbackOnly,  // for a URL whose host is a literal loopback address
};
inline constexpr size_t kReaches = 3;

enum class HostKind { kName, kLoopback, kPrivate, kPublic };  // but for kName, literal addresses

struct RemoteUrl {
  bool https = false;
  std::string host;  // without port; an IPv6 address without brackets
  HostKind kind = HostKind::kName;
};

// InvalidArgument if `text` is not http:// or https:// with a host, or holds a user, a fragment,
// blanks or control characters. The error does not repeat the text.
absl::StatusOr<RemoteUrl> ParseRemoteUrl(absl::string_view text);

// Whether a connection to `address` is allowed. Addresses that carry an IPv4 address in them
// (mapped, NAT64, 6to4) are judged by that one. Of families other than IP none is.
bool Allows(Reach reach, const sockaddr& address);

}  // namespace tocsin::http_client
