#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/account_watch_report.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "integrations/delivery/receiver.h"
#include "integrations/delivery/target.h"
#include "integrations/http/http_client.h"
#include "integrations/opsgenie/account_watch.h"

namespace tocsin::app {

// The thread that looks after OpsGenie's accounts beside pages: one watch (account_watch.h) for
// each entry of `opsgenie_configs`, served one after the other, pings before all else. What they
// say goes to the log and metrics (account_watch_report.h).
//
// Runs from construction on. Thread: any for Configure; one for Stop. Borrows metrics and clock. It
// has connections of its own: a stop ends a request under way, within about a second.
class AccountWatchLoop {
 public:
  using Listed =
      std::function<void(const delivery::TargetKey& target, const opsgenie::ListedCycle& cycle)>;

  // Both are called on the loop's thread. `trouble`: why pages cannot be relied on just now, "":
  // they can.
  AccountWatchLoop(Metrics& metrics, const Clock& clock, opsgenie::HeartbeatPings::Trouble trouble,
                   Listed listed);
  ~AccountWatchLoop();  // stops

  // The receivers from now on; all accounts are checked anew.
  void Configure(std::shared_ptr<const delivery::ReceiversAndRoutes> receivers);
  void Stop();

 private:
  struct Watch {
    delivery::TargetKey target;
    std::unique_ptr<opsgenie::AccountWatch> watch;
  };

  void Run();
  // Takes over what Configure left. False: it is time to stop.
  bool Prepare();
  void MakeWatches(const std::shared_ptr<const delivery::ReceiversAndRoutes>& receivers);
  std::unique_ptr<opsgenie::AccountWatch> MakeWatch(
      const delivery::TargetKey& target, std::shared_ptr<const opsgenie::OpsgenieConfig> config);
  void FollowClock();
  // One request of some watch; false: none is due.
  bool ServeOne();
  void Serve(opsgenie::AccountWatch& watch, const http_client::HttpRequest& request);
  void Rest();
  bool IsStopping();

  const Clock& clock_;
  const opsgenie::HeartbeatPings::Trouble trouble_;
  const Listed listed_;
  http_client::CurlTransport transport_;

  // The thread's own.
  AccountWatchReport report_;
  std::vector<Watch> watches_;
  size_t turn_ = 0;  // the watch that comes first
  std::optional<Timestamp> followed_now_;
  absl::Duration followed_monotonic_;

  Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<const delivery::ReceiversAndRoutes> configured_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin::app
