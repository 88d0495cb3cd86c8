#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "integrations/http/http_message.h"

// Requests whose bodies are admitted piece by piece and which are answered later, by whoever has
// the answer: no thread waits for them.
namespace tocsin::http {

// Answers a request: exactly once, from any thread, also before the call that got it returns. If
// the last copy goes without having been called, the client gets 500.
using Respond = std::function<void(HttpReply)>;

// What has come of a body.
struct BodySize {
  size_t bytes = 0;
  size_t memory_bytes = 0;  // what they take: at most twice as much
};

// One request of a server, from its header on.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // More of the body has come. A reply refuses the request: the rest is not read, and the
  // connection closes. Called on the I/O thread: must be quick.
  virtual std::optional<HttpReply> Grow(BodySize body) = 0;
  // The whole request is there. Called once, on a handler thread.
  virtual void Handle(HttpRequest request, Respond respond) = 0;
};

// What is said to a request's header: an exchange or a refusal.
struct Admission {
  std::unique_ptr<Exchange> exchange;  // null: the refusal is sent, and the connection closes
  HttpReply refusal;
  bool express = false;  // Handle() is quick and must wait for no other request

  static Admission Refuse(HttpReply reply) { return {nullptr, std::move(reply), false}; }
};

// Called on the I/O thread with a request that has no body yet: must be quick. `body_bytes`: as
// announced, 0 if there is none; nullopt: chunks will tell.
using Admit = std::function<Admission(const HttpRequest& head, std::optional<uint64_t> body_bytes)>;

}  // namespace tocsin::http
