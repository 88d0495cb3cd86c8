#include "integrations/http/remote_url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace tocsin::http_client {
namespace {

struct Network {
  uint32_t address;
  int bits;
};

// IANA's registry of special-purpose addresses, and multicast. 169.254.0.0/16 and 100.64.0.0/10
// hold the metadata services of clouds.
constexpr Network kNotPublic[] = {
    {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
    {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0a80000, 16},
    {0xc6120000, 15}, {0xe0000000, 4},  {0xf0000000, 4},
};

using V6 = std::array<uint8_t, 16>;

HostKind KindOf(uint32_t v4) {
  if (v4 >> 24 == 127) return HostKind::kLoopback;
  const bool special = std::any_of(
      std::begin(kNotPublic), std::end(kNotPublic),
      [&](const Network& network) { return (v4 ^ network.address) >> (32 - network.bits) == 0; });
  return special ? HostKind::kPrivate : HostKind::kPublic;
}

// The IPv4 address within, where packets would end up.
std::optional<uint32_t> Embedded(const V6& v6) {
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static constexpr uint8_t kNat64[12] = {0, 0x64, 0xff, 0x9b};
  const auto at = [&](size_t i) {
    return uint32_t{v6[i]} << 24 | uint32_t{v6[i + 1]} << 16 | uint32_t{v6[i + 2]} << 8 | v6[i + 3];
  };
  if (std::memcmp(v6.data(), kMapped, 12) == 0) return at(12);
  if (std::memcmp(v6.data(), kNat64, 12) == 0) return at(12);
  if (v6[0] == 0x20 && v6[1] == 0x02) return at(2);  // 6to4
  return std::nullopt;
}

HostKind KindOf(const V6& v6) {
  V6 loopback{};
  loopback[15] = 1;
  if (v6 == loopback) return HostKind::kLoopback;
  if (const auto v4 = Embedded(v6)) return KindOf(*v4);
  // Only 2000::/3 is given out; of that 2001::/23 is for protocols (Teredo among them).
  const bool given_out = v6[0] >> 5 == 1;
  const bool protocols = v6[0] == 0x20 && v6[1] == 0x01 && v6[2] < 2;
  return given_out && !protocols ? HostKind::kPublic : HostKind::kPrivate;
}

std::optional<HostKind> KindOf(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return KindOf(ntohl(in.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 in{};
  std::memcpy(&in, &address, sizeof in);
  V6 v6;
  std::memcpy(v6.data(), &in.sin6_addr, v6.size());
  return KindOf(v6);
}

HostKind KindOfHost(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return KindOf(ntohl(v4.s_addr));
  V6 v6;
  if (inet_pton(AF_INET6, host.c_str(), v6.data()) == 1) return KindOf(v6);
  return HostKind::kName;
}

}  // namespace

absl::StatusOr<RemoteUrl> ParseRemoteUrl(absl::string_view text) {
  RemoteUrl url;
  url.https = absl::StartsWith(text, "https://");
  if (!url.https && !absl::StartsWith(text, "http://")) {
    return absl::InvalidArgumentError("a URL must begin with https:// or http://");
  }
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (!printable)
    return absl::InvalidArgumentError("a URL must not hold blanks or other than ASCII");
  absl::string_view rest = text.substr(url.https ? 8 : 7);
  if (absl::StrContains(rest, '#')) {
    return absl::InvalidArgumentError("a URL must not hold a fragment (#)");
  }
  absl::string_view authority = rest.substr(0, rest.find_first_of("/?\\"));
  if (absl::StrContains(authority, '@')) {
    return absl::InvalidArgumentError("a URL must not hold a user");
  }
  const bool bracketed = absl::StartsWith(authority, "[");
  url.host = bracketed ? std::string(authority.substr(1, authority.find(']') - 1))
                       : std::string(authority.substr(0, authority.find(':')));
  if (url.host.empty()) return absl::InvalidArgumentError("a URL needs a host");
  url.kind = KindOfHost(url.host);
  return url;
}

bool Allows(Reach reach, const sockaddr& address) {
  if (reach == Reach::kAnywhere) return true;
  const auto kind = KindOf(address);
  return kind == (reach == Reach::kPublicOnly ? HostKind::kPublic : HostKind::kLoopback);
}

}  // namespace tocsin::http_client
