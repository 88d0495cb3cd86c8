#include "integrations/datadog/statsd_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/status_macros.h"

namespace tocsin::datadog {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
// Rounds of one socket before the others, and time, are looked at.
constexpr int kRoundsMax = 64;

}  // namespace

StatsdServer::StatsdServer(StatsdIntake& intake, const Clock& clock, StatsdListen listen)
    : intake_(intake), clock_(clock), listen_(std::move(listen)) {}

absl::Status StatsdServer::Start() {
  std::optional<StatsdSocket> udp, unix_socket;
  if (!listen_.udp.empty()) {
    TOCSIN_ASSIGN_OR_RETURN(StatsdSocket opened, StatsdSocket::OpenUdp(listen_.udp));
    udp.emplace(std::move(opened));
  }
  if (!listen_.socket.empty()) {
    TOCSIN_ASSIGN_OR_RETURN(StatsdSocket opened,
                            StatsdSocket::OpenUnix(listen_.socket, listen_.socket_mode));
    unix_socket.emplace(std::move(opened));
  }
  stop_event_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (stop_event_ < 0) return absl::UnavailableError("no descriptor for an event");
  if (udp) udp_.emplace(*std::move(udp));
  if (unix_socket) unix_.emplace(*std::move(unix_socket));
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void StatsdServer::Stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  (void)!write(stop_event_, &one, sizeof(one));
  thread_.join();
  close(stop_event_);
  udp_.reset();
  unix_.reset();
}

uint16_t StatsdServer::udp_port() const {
  return udp_ ? udp_->port() : 0;
}

void StatsdServer::ReceiveAll(StatsdSocket& socket) {
  for (int round = 0; round < kRoundsMax; ++round) {
    const StatsdSocket::Received& received = socket.Receive();
    if (received.datagrams.empty()) return;
    const Timestamp now = clock_.Now();
    for (const absl::string_view datagram : received.datagrams) intake_.Datagram(datagram, now);
    for (size_t i = 0; i < received.truncated; ++i) intake_.NoteTruncated();
    if (received.lost > 0) intake_.NoteLost(received.lost);
  }
}

void StatsdServer::Run() {
  std::vector<StatsdSocket*> sockets;
  if (udp_) sockets.push_back(&*udp_);
  if (unix_) sockets.push_back(&*unix_);
  std::vector<pollfd> waiting = {{stop_event_, POLLIN, 0}};
  for (const StatsdSocket* socket : sockets) waiting.push_back({socket->descriptor(), POLLIN, 0});
  absl::Duration next_tick = clock_.Monotonic() + kTick;
  while ((waiting[0].revents & POLLIN) == 0) {
    const absl::Duration left =
        std::clamp(next_tick - clock_.Monotonic(), absl::ZeroDuration(), kTick);
    (void)poll(
        waiting.data(), waiting.size(),
        static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1)))));
    for (StatsdSocket* socket : sockets) ReceiveAll(*socket);
    if (clock_.Monotonic() < next_tick) continue;
    intake_.Tick(clock_.Now());
    next_tick = clock_.Monotonic() + kTick;
  }
  intake_.Finish(clock_.Now());
}

}  // namespace tocsin::datadog
