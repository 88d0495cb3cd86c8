#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "app/alertmanager_view.h"
#include "app/config.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "engine/engine.h"
#include "integrations/http/alertmanager_api.h"
#include "integrations/http/build_info.h"
#include "integrations/routing/silences.h"
#include "integrations/routing/suppressor.h"
#include "storage/outbox.h"
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
    const storage::Outbox& outbox;
    engine::Engine& engine;
    const Clock& clock;
    Metrics& metrics;
  };

  // Reads the silences. Errors: the store's.
  static absl::StatusOr<std::unique_ptr<SuppressionService>> Open(const Parts& parts,
                                                                  const Config& config,
                                                                  http::BuildInfo build);

  void SetConfig(const Config& config);

  // Keep up with the alerts that fire: all at start, when their state is recovered and before the
  // first page goes out; then each whenever its page changed.
  void FollowAllPages();
  void FollowPage(const std::string& alias);

  http::AlertmanagerApi& api() { return api_; }
  routing::Suppressor& suppressor() { return suppressor_; }

 private:
  SuppressionService(const Parts& parts, const Config& config, http::BuildInfo build);

  const storage::Outbox& outbox_;
  SeededRandom random_;
  routing::Silences silences_;
  routing::Suppressor suppressor_;
  AlertmanagerView view_;
  http::AlertmanagerApi api_;
};

}  // namespace tocsin::app
