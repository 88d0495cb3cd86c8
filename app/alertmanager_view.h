#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/mutex.h"
#include "engine/engine.h"
#include "integrations/http/alertmanager_backend.h"
#include "integrations/routing/suppressor.h"

namespace tocsin::app {

// The Alertmanager-compatible API's view of the service: alerts of the engine, routes of the
// configuration, and what the suppressor says of each.
//
// Thread: any. Borrows engine and suppressor. ActiveAlerts() runs on the shards' threads between
// two rounds of evaluation.
class AlertmanagerView : public http::AlertmanagerBackend {
 public:
  // External labels are those of the start, as the engine's.
  AlertmanagerView(engine::Engine& engine, const routing::Suppressor& suppressor,
                   const Config& config);

  void SetConfig(const Config& config);

  std::vector<http::ActiveAlert> ActiveAlerts(Timestamp now) override;
  std::vector<std::string> Receivers() override;
  std::string ConfigText() override;

 private:
  std::shared_ptr<const Config> config() const;

  engine::Engine& engine_;
  const routing::Suppressor& suppressor_;
  const Labels external_labels_;

  mutable Mutex mutex_;
  std::shared_ptr<const Config> config_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::app
