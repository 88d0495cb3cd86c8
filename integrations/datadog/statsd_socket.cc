#include "integrations/datadog/statsd_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/http/listen_address.h"

namespace tocsin::datadog {
namespace {

// Bursts of clients between two looks of ours; the system may give less.
constexpr int kReceiveBufferBytes = 4 << 20;
constexpr int kFlags = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

absl::Status Failed(const std::string& what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

struct Addresses {
  addrinfo* first = nullptr;
  ~Addresses() {
    if (first != nullptr) freeaddrinfo(first);
  }
};

void SetOption(int descriptor, int option, int value) {
  // Both options are better had than not; without them datagrams are lost earlier, or not counted.
  (void)setsockopt(descriptor, SOL_SOCKET, option, &value, sizeof(value));
}

// True if a process listens there.
bool IsListenedTo(const sockaddr_un& address) {
  const int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return true;
  const int connected =
      connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  close(probe);
  return connected == 0;
}

absl::Status RemoveOld(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return absl::OkStatus();
  if (!S_ISSOCK(info.st_mode))
    return absl::FailedPreconditionError(absl::StrCat(path, " is there and is no socket"));
  if (IsListenedTo(address)) {
    return absl::FailedPreconditionError(absl::StrCat("another process listens to ", path));
  }
  return unlink(path.c_str()) == 0 ? absl::OkStatus()
                                   : Failed(absl::StrCat("cannot remove ", path));
}

// The count of datagrams lost so far, which the system sends along.
void ReadLost(msghdr& header, uint32_t* lost) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_RXQ_OVFL) {
      std::memcpy(lost, CMSG_DATA(part), sizeof(*lost));
    }
  }
}

}  // namespace

StatsdSocket::StatsdSocket(int descriptor, std::string path)
    : descriptor_(descriptor),
      path_(std::move(path)),
      buffer_(kDatagramsAtOnce * kDatagramBytesMax) {}

StatsdSocket::StatsdSocket(StatsdSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::exchange(other.path_, "")),
      buffer_(std::move(other.buffer_)),
      lost_before_(other.lost_before_) {}

StatsdSocket::~StatsdSocket() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!path_.empty()) unlink(path_.c_str());
}

absl::StatusOr<StatsdSocket> StatsdSocket::OpenUdp(const std::string& address) {
  TOCSIN_ASSIGN_OR_RETURN(const http::ListenAddress listen, http::ParseListenAddress(address));
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_DGRAM;
  Addresses found;
  const char* host = listen.host.empty() ? nullptr : listen.host.c_str();
  if (getaddrinfo(host, std::to_string(listen.port).c_str(), &hints, &found.first) != 0 ||
      found.first == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("no address of this machine: ", address));
  }
  const int descriptor = socket(found.first->ai_family, kFlags, 0);
  if (descriptor < 0) return Failed("no socket");
  StatsdSocket result(descriptor);
  SetOption(descriptor, SO_RCVBUF, kReceiveBufferBytes);
  SetOption(descriptor, SO_RXQ_OVFL, 1);
  if (bind(descriptor, found.first->ai_addr, found.first->ai_addrlen) != 0) {
    return Failed(absl::StrCat("cannot listen on UDP ", address));
  }
  return result;
}

absl::StatusOr<StatsdSocket> StatsdSocket::OpenUnix(const std::string& path, uint32_t mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("the path of a socket has 1 to ",
                                                   sizeof(address.sun_path) - 1, " bytes: ", path));
  }
  path.copy(address.sun_path, path.size());
  TOCSIN_RETURN_IF_ERROR(RemoveOld(path, address));
  const int descriptor = socket(AF_UNIX, kFlags, 0);
  if (descriptor < 0) return Failed("no socket");
  StatsdSocket result(descriptor);
  SetOption(descriptor, SO_RCVBUF, kReceiveBufferBytes);
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Failed(absl::StrCat("cannot listen on ", path));
  }
  result.path_ = path;
  if (chmod(path.c_str(), mode) != 0) return Failed(absl::StrCat("cannot set the mode of ", path));
  return result;
}

uint16_t StatsdSocket::port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

const StatsdSocket::Received& StatsdSocket::Receive() {
  mmsghdr messages[kDatagramsAtOnce] = {};
  iovec pieces[kDatagramsAtOnce];
  alignas(cmsghdr) char controls[kDatagramsAtOnce][CMSG_SPACE(sizeof(uint32_t))];
  for (size_t i = 0; i < kDatagramsAtOnce; ++i) {
    pieces[i] = {buffer_.data() + i * kDatagramBytesMax, kDatagramBytesMax};
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_control = controls[i];
    messages[i].msg_hdr.msg_controllen = sizeof(controls[i]);
  }
  const int count = recvmmsg(descriptor_, messages, kDatagramsAtOnce, MSG_DONTWAIT, nullptr);
  received_ = {};
  uint32_t lost = lost_before_;
  for (int i = 0; i < count; ++i) {
    received_.datagrams.emplace_back(static_cast<const char*>(pieces[i].iov_base),
                                     messages[i].msg_len);
    if ((messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) ++received_.truncated;
    ReadLost(messages[i].msg_hdr, &lost);
  }
  received_.lost = lost - lost_before_;  // of 32 bits, which may have begun anew
  lost_before_ = lost;
  return received_;
}

}  // namespace tocsin::datadog
