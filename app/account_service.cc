#include "app/account_service.h"

#include <utility>

#include "app/health.h"

namespace tocsin::app {

AccountService::AccountService(const Parts& parts,
                               std::shared_ptr<const delivery::ReceiversAndRoutes> receivers)
    : parts_(parts),
      loop_(
          parts.metrics, parts.clock, [this] { return Trouble(); },
          [this](const delivery::TargetKey& target, const opsgenie::ListedCycle& cycle) {
            parts_.delivery.TakeListed(target, cycle, parts_.clock.Now());
            parts_.delivery_loop.Wake();
          }) {
  SetReceivers(std::move(receivers));
}

void AccountService::SetReceivers(std::shared_ptr<const delivery::ReceiversAndRoutes> receivers) {
  group_wait_max_ms_ = absl::ToInt64Milliseconds(LongestGroupWait(receivers->route));
  loop_.Configure(std::move(receivers));
}

std::string AccountService::Trouble() const {
  HealthReading reading;
  reading.engine_trouble = parts_.engine.Trouble();
  reading.evaluation_lag = parts_.engine.Lag();
  if (const auto oldest_ms = parts_.outbox.OldestUnsettledMillis()) {
    reading.owed_from = Timestamp::FromMillis(*oldest_ms);
  }
  reading.group_wait_max = absl::Milliseconds(group_wait_max_ms_.load());
  return TroubleIn(reading, parts_.clock.Now());
}

}  // namespace tocsin::app
