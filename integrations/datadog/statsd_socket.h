#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tocsin::datadog {

// A socket for datagrams, of UDP or of the Unix domain. Closed, and its path removed, with the
// object.
//
// Thread: one at a time.
class StatsdSocket {
 public:
  // "127.0.0.1:8125", "[::1]:0", ":8125" (every interface). Errors: InvalidArgument (the address),
  // Unavailable (it cannot be had).
  static absl::StatusOr<StatsdSocket> OpenUdp(const std::string& address);
  // At `path`, where a socket that nobody listens to is replaced. `mode`: who may write to it, as
  // chmod takes it. Errors: InvalidArgument (too long), FailedPrecondition (something else is
  // there), Unavailable.
  static absl::StatusOr<StatsdSocket> OpenUnix(const std::string& path, uint32_t mode);

  ~StatsdSocket();
  StatsdSocket(StatsdSocket&& other) noexcept;
  StatsdSocket& operator=(StatsdSocket&&) = delete;

  int descriptor() const { return descriptor_; }
  uint16_t port() const;  // of UDP

  // Largest datagram; what is beyond it is lost.
  static constexpr size_t kDatagramBytesMax = 64 << 10;
  static constexpr size_t kDatagramsAtOnce = 32;

  struct Received {
    std::vector<absl::string_view> datagrams;  // until the next call of Receive()
    size_t truncated = 0;                      // of them
    uint64_t lost = 0;  // since the last one, for want of room in the system's buffer; of UDP
  };
  // What is there already, at most kDatagramsAtOnce; never waits.
  const Received& Receive();

 private:
  explicit StatsdSocket(int descriptor, std::string path = "");

  int descriptor_;
  std::string path_;
  std::vector<char> buffer_;
  Received received_;
  uint32_t lost_before_ = 0;
};

}  // namespace tocsin::datadog
