#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "app/account_watch_loop.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "engine/engine.h"
#include "integrations/delivery/delivery.h"
#include "integrations/delivery/delivery_loop.h"
#include "storage/outbox.h"

namespace tocsin::app {

// The service's side of the watches of OpsGenie's accounts: heartbeats depend on its health
// (health.h), and delivery learns what is open there.
//
// Thread: any for SetReceivers; one for Stop, which comes before the engine's. Borrows all it is
// made with; delivery and engine run already.
class AccountService {
 public:
  struct Parts {
    const engine::Engine& engine;
    const storage::Outbox& outbox;
    delivery::Delivery& delivery;
    delivery::DeliveryLoop& delivery_loop;
    const Clock& clock;
    Metrics& metrics;
  };
  AccountService(const Parts& parts, std::shared_ptr<const delivery::ReceiversAndRoutes> receivers);

  // All accounts are checked anew.
  void SetReceivers(std::shared_ptr<const delivery::ReceiversAndRoutes> receivers);
  void Stop() { loop_.Stop(); }

 private:
  std::string Trouble() const;

  const Parts parts_;
  std::atomic<int64_t> group_wait_max_ms_{0};
  AccountWatchLoop loop_;
};

}  // namespace tocsin::app
