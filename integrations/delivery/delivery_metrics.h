#pragma once

#include <array>
#include <map>
#include <string>

#include "base/metrics.h"
#include "integrations/delivery/receiver.h"
#include "integrations/delivery/target.h"

namespace tocsin::delivery {

// What operators see of delivery. Series of a receiver exist from the moment it is configured.
// Thread: one at a time (the handles themselves are thread-safe).
class DeliveryMetrics {
 public:
  explicit DeliveryMetrics(Metrics& metrics);

  void AddReceivers(const ReceiversAndRoutes& config);
  void Count(const std::string& receiver, Outcome outcome);
  void SetBlocked(const std::string& receiver, bool blocked);
  void CountEscalation(const std::string& receiver) { Of(receiver).escalations->Increment(); }
  void ObserveLatency(double seconds) { latency_.Observe(seconds); }
  void SetOutbox(size_t entries, double oldest_age_seconds);
  void CountSaveError() { save_errors_.Increment(); }

 private:
  struct PerReceiver {
    std::array<prometheus::Counter*, kOutcomes> outcomes = {};
    prometheus::Gauge* blocked = nullptr;
    prometheus::Counter* escalations = nullptr;
  };
  PerReceiver& Of(const std::string& receiver);

  Metrics& metrics_;
  prometheus::Histogram& latency_;
  prometheus::Gauge& entries_;
  prometheus::Gauge& oldest_age_;
  prometheus::Counter& save_errors_;
  std::map<std::string, PerReceiver> receivers_;
};

}  // namespace tocsin::delivery
