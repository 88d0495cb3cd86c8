#include "integrations/ingest/cut_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "integrations/ingest/rpc.h"
#include "integrations/ingest/sender.h"

namespace tocsin::ingest {
namespace {

struct Ends {
  int port = 0;      // ours
  std::string peer;  // "10.0.0.1:4711", "[::1]:4711"
};

int PortOf(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::string HostOf(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text,
              sizeof text);
  } else {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
  }
  return SenderOfHost(text);
}

std::optional<Ends> EndsOf(int socket) {
  sockaddr_storage own{};
  sockaddr_storage peer{};
  socklen_t own_size = sizeof own;
  socklen_t peer_size = sizeof peer;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return std::nullopt;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&own), &own_size) != 0) return std::nullopt;
  if (peer.ss_family != AF_INET && peer.ss_family != AF_INET6) return std::nullopt;
  return Ends{PortOf(own), absl::StrCat(HostOf(peer), ":", PortOf(peer))};
}

// One that was cut and is not closed yet is none of these.
bool IsOpen(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  return info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_CLOSE_WAIT;
}

bool Joins(int socket, const Ends& wanted) {
  const std::optional<Ends> ends = EndsOf(socket);
  return ends && ends->port == wanted.port && ends->peer == wanted.peer && IsOpen(socket);
}

// What came and was not read yet would still be read.
void Discard(int socket) {
  constexpr size_t kAtOnce = 1 << 24;
  while (recv(socket, nullptr, kAtOnce, MSG_TRUNC | MSG_DONTWAIT) > 0) {
  }
}

// The number may be another file's a moment later, but not that of the copy.
bool CutIfItJoins(int socket, const Ends& wanted) {
  if (!Joins(socket, wanted)) return false;
  const int copy = fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return false;
  const absl::Cleanup close_copy = [copy] { close(copy); };
  if (!Joins(copy, wanted)) return false;
  // Once it is closed nothing stays behind, however much is still on its way.
  const linger reset{.l_onoff = 1, .l_linger = 0};
  setsockopt(copy, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  if (shutdown(copy, SHUT_RDWR) != 0) return false;
  Discard(copy);
  return true;
}

}  // namespace

absl::Status CutConnection(int port, const std::string& peer) {
  const size_t colon = peer.rfind(':');
  if (!absl::StartsWith(peer, "ip") || colon == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(peer, " is no address of TCP"));
  }
  const Ends wanted{port, absl::StrCat(SenderOf(peer), peer.substr(colon))};
  std::error_code error;
  std::filesystem::directory_iterator it("/proc/self/fd", error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    int file = -1;
    if (!absl::SimpleAtoi(it->path().filename().string(), &file)) continue;
    if (CutIfItJoins(file, wanted)) return absl::OkStatus();
  }
  return absl::NotFoundError(absl::StrCat("no connection of port ", port, " with ", peer));
}

}  // namespace tocsin::ingest
