#include "integrations/ingest/cut_connections.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "integrations/ingest/rpc.h"
#include "integrations/ingest/sender.h"

namespace tocsin::ingest {
namespace {

// "10.0.0.1:4711" or "[::1]:4711", and which of the peers it is.
using Wanted = absl::flat_hash_map<std::string, std::string>;

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

// The other end of a connection of that port; "": it is none.
std::string PeerOf(int socket, int port) {
  sockaddr_storage own{};
  sockaddr_storage peer{};
  socklen_t own_size = sizeof own;
  socklen_t peer_size = sizeof peer;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return "";
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&own), &own_size) != 0) return "";
  if (peer.ss_family != AF_INET && peer.ss_family != AF_INET6) return "";
  return PortOf(own) == port ? absl::StrCat(HostOf(peer), ":", PortOf(peer)) : "";
}

// Not one that was cut and is not closed yet.
bool IsOpen(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  return info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_CLOSE_WAIT;
}

// What came and was not read yet would still be read.
void Discard(int socket) {
  char unwritten[1 << 16];  // MSG_TRUNC copies nothing
  while (recv(socket, unwritten, sizeof unwritten, MSG_TRUNC | MSG_DONTWAIT) > 0) {
  }
}

// The number may be another file's a moment later, but not that of the copy.
bool Cut(int socket, int port, const std::string& peer) {
  const int copy = fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return false;
  const absl::Cleanup close_copy = [copy] { close(copy); };
  if (!IsOpen(copy) || PeerOf(copy, port) != peer) return false;
  // Once it is closed nothing stays behind, however much is still on its way.
  const linger reset{.l_onoff = 1, .l_linger = 0};
  setsockopt(copy, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  if (shutdown(copy, SHUT_RDWR) != 0) return false;
  Discard(copy);
  return true;
}

Wanted WantedOf(const std::vector<std::string>& peers) {
  Wanted wanted;
  for (const std::string& peer : peers) {
    const size_t colon = peer.rfind(':');
    if (!absl::StartsWith(peer, "ip") || colon == std::string::npos) continue;
    wanted.emplace(absl::StrCat(SenderOf(peer), peer.substr(colon)), peer);
  }
  return wanted;
}

}  // namespace

std::vector<std::string> CutConnections(int port, const std::vector<std::string>& peers) {
  std::vector<std::string> cut;
  const Wanted wanted = WantedOf(peers);
  if (wanted.empty()) return cut;
  std::error_code error;
  std::filesystem::directory_iterator it("/proc/self/fd", error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    int file = -1;
    if (!absl::SimpleAtoi(it->path().filename().string(), &file)) continue;
    const auto found = wanted.find(PeerOf(file, port));
    if (found != wanted.end() && Cut(file, port, found->first)) cut.push_back(found->second);
  }
  return cut;
}

}  // namespace tocsin::ingest
