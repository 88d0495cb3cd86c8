#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tocsin::http {

// A client that sends the bytes it is told to, right or wrong, over one connection to this machine.
class RawClient {
 public:
  // To 127.0.0.1, or to ::1.
  explicit RawClient(uint16_t port, bool ipv6 = false);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return fd_ >= 0; }
  // False if the connection broke.
  bool Send(absl::string_view bytes);
  // One reply: head, then as many body bytes as its Content-Length says (none if `head_only`).
  // What was received so far if the server closes before.
  std::string ReadReply(bool head_only = false);
  // Everything until the server closes.
  std::string ReadToEnd();

 private:
  bool ReadMore();
  int fd_ = -1;
  std::string received_;
};

// Status code of a raw reply; 0 if there is none.
int StatusOf(const std::string& reply);
std::string BodyOf(const std::string& reply);

}  // namespace tocsin::http
