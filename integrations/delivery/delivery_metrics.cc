#include "integrations/delivery/delivery_metrics.h"

namespace tocsin::delivery {

DeliveryMetrics::DeliveryMetrics(Metrics& metrics)
    : metrics_(metrics),
      latency_(metrics.Histogram("tocsin_page_latency_seconds",
                                 "From the acknowledged sample to the accepted page.",
                                 LatencyBoundsSeconds())),
      entries_(metrics.Gauge("tocsin_outbox_entries", "Pages that are open or still owed.")),
      oldest_age_(metrics.Gauge("tocsin_outbox_oldest_age_seconds",
                                "Age of the oldest change that is not confirmed yet.")),
      save_errors_(metrics.Counter("tocsin_outbox_save_errors_total",
                                   "Progress of delivery that could not be stored.")) {}

DeliveryMetrics::PerReceiver& DeliveryMetrics::Of(const std::string& receiver) {
  const auto [it, fresh] = receivers_.try_emplace(receiver);
  if (!fresh) return it->second;
  for (int i = 1; i < kOutcomes; ++i) {
    it->second.outcomes[i] =
        &metrics_.Counter("tocsin_pages_total", "Steps of pages on their way to receivers.",
                          {{"receiver", receiver}, {"outcome", OutcomeName(Outcome(i))}});
  }
  it->second.blocked =
      &metrics_.Gauge("tocsin_receiver_blocked", "1 while the receiver's key or URL is refused.",
                      {{"receiver", receiver}});
  it->second.escalations =
      &metrics_.Counter("tocsin_escalations_total", "Steps of escalation that came into force.",
                        {{"receiver", receiver}});
  return it->second;
}

void DeliveryMetrics::AddReceivers(const ReceiversAndRoutes& config) {
  for (const auto& [name, receiver] : config.receivers) Of(name);
}

void DeliveryMetrics::Count(const std::string& receiver, Outcome outcome) {
  if (outcome != Outcome::kNone) Of(receiver).outcomes[static_cast<int>(outcome)]->Increment();
}

void DeliveryMetrics::SetBlocked(const std::string& receiver, bool blocked) {
  Of(receiver).blocked->Set(blocked ? 1 : 0);
}

void DeliveryMetrics::SetOutbox(size_t entries, double oldest_age_seconds) {
  entries_.Set(static_cast<double>(entries));
  oldest_age_.Set(oldest_age_seconds);
}

}  // namespace tocsin::delivery
