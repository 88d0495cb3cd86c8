#include "app/suppression_service.h"

#include <utility>

#include "base/status_macros.h"

namespace tocsin::app {

SuppressionService::SuppressionService(const Parts& parts, const Config& config,
                                       http::BuildInfo build)
    : random_(SystemSeed()),
      silences_(parts.store, random_, config.limits, parts.metrics),
      suppressor_(silences_, config.suppression),
      view_(parts.engine, suppressor_, config),
      api_(view_, silences_, parts.clock, std::move(build)) {
  silences_.SetListener([this] {
    MutexLock lock(listener_mutex_);
    if (listener_) listener_();
  });
}

absl::StatusOr<std::unique_ptr<SuppressionService>> SuppressionService::Open(
    const Parts& parts, const Config& config, http::BuildInfo build) {
  std::unique_ptr<SuppressionService> service(
      new SuppressionService(parts, config, std::move(build)));
  auto& unreadable = parts.metrics.Counter("tocsin_silences_unreadable_total",
                                           "Records of silences that did not decode at start.");
  TOCSIN_ASSIGN_OR_RETURN(const size_t damaged, service->silences_.Recover());
  unreadable.Increment(static_cast<double>(damaged));
  return service;
}

void SuppressionService::SetListener(std::function<void()> listener) {
  MutexLock lock(listener_mutex_);
  listener_ = std::move(listener);
}

void SuppressionService::SetConfig(const Config& config) {
  suppressor_.SetConfig(config.suppression);
  view_.SetConfig(config);
}

}  // namespace tocsin::app
