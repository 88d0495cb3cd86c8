#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "tests/opsgenie_sim/sim_opsgenie.h"

namespace tocsin::sim {

// SimOpsgenie behind a real HTTP port on loopback. Besides the API it serves what HandleControl
// (sim_control.h) lists, and sends webhooks, each once: whether they arrive is not looked at.
//
// Thread: Start and Stop from one; it runs one thread of its own, and one more that sends webhooks.
// WithSim from any.
class SimServer {
 public:
  // `on_event` is called on the server's thread, soon after the event; may be empty.
  SimServer(SimOptions options, const Clock& clock,
            std::function<void(const SimEvent&)> on_event = {});
  ~SimServer();

  // Before Start: where webhooks go, if SimOptions::webhooks is set. `headers` are sent with each.
  void SendWebhooksTo(const std::string& url, std::vector<http_client::HttpHeader> headers);

  // "127.0.0.1:0" takes any free port. Errors: InvalidArgument (address), Unavailable (cannot
  // bind).
  absl::Status Start(const std::string& listen);
  void Stop();

  int port() const;
  std::string url() const;  // "http://127.0.0.1:43210"

  // Runs `fn` while no request is being handled.
  void WithSim(const std::function<void(SimOpsgenie&)>& fn);

 private:
  struct Impl;
  class Session;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::sim
