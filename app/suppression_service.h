#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "app/alertmanager_view.h"
#include "app/config.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/random.h"
#include "engine/engine.h"
#include "integrations/http/alertmanager_api.h"
#include "integrations/http/build_info.h"
#include "integrations/routing/silences.h"
#include "integrations/routing/suppressor.h"
#include "storage/store.h"

namespace tocsin::app {

// Silences, inhibition and time intervals of a running server, and the part of the admin port that
// shows and changes them.
//
// Thread: any. Borrows everything it is made with.
class SuppressionService {
 public:
  struct Parts {
    storage::Store& store;
    engine::Engine& engine;
    const Clock& clock;
    Metrics& metrics;
  };

  // Reads the silences. Errors: the store's.
  static absl::StatusOr<std::unique_ptr<SuppressionService>> Open(const Parts& parts,
                                                                  const Config& config,
                                                                  http::BuildInfo build);

  void SetConfig(const Config& config);

  // Called after silences changed. Empty: nobody listens (any more).
  void SetListener(std::function<void()> listener);

  http::AlertmanagerApi& api() { return api_; }
  routing::Suppressor& suppressor() { return suppressor_; }

 private:
  SuppressionService(const Parts& parts, const Config& config, http::BuildInfo build);

  SeededRandom random_;
  routing::Silences silences_;
  routing::Suppressor suppressor_;
  AlertmanagerView view_;
  http::AlertmanagerApi api_;
  Mutex listener_mutex_;  // also held while it is called, so that nobody who left is called
  std::function<void()> listener_ ABSL_GUARDED_BY(listener_mutex_);
};

}  // namespace tocsin::app
