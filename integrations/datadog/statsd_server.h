#pragma once

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "integrations/datadog/config.h"
#include "integrations/datadog/statsd_intake.h"
#include "integrations/datadog/statsd_socket.h"

namespace tocsin::datadog {

// DogStatsD's ports: a thread of its own that reads datagrams and gives them to an intake, which it
// also tells each second that time goes on.
//
// Thread: Start() and Stop() by one. Borrows intake and clock, which outlive it; from Start() to
// Stop() the intake is the thread's.
class StatsdServer {
 public:
  StatsdServer(StatsdIntake& intake, const Clock& clock, StatsdListen listen);
  ~StatsdServer() { Stop(); }

  // Errors: those of StatsdSocket; nothing runs then.
  absl::Status Start();
  // Reads what is there already, closes the bucket under way, and ends the thread. Idempotent.
  void Stop();

  uint16_t udp_port() const;  // after Start(); 0 without UDP

 private:
  void Run();
  void ReceiveAll(StatsdSocket& socket);

  // Constant after construction.
  StatsdIntake& intake_;
  const Clock& clock_;
  const StatsdListen listen_;

  // Set by Start().
  std::optional<StatsdSocket> udp_;
  std::optional<StatsdSocket> unix_;
  int stop_event_ = -1;
  std::thread thread_;
};

}  // namespace tocsin::datadog
