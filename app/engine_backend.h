#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "engine/engine.h"
#include "integrations/http/admin_backend.h"
#include "integrations/scrape/target_board.h"

namespace tocsin::app {

// The admin port's view of the engine: shapes of Prometheus from what the shards hold.
//
// Thread: any. Borrows the engine. Rules() and Alerts() run on the shards' threads between two
// rounds of evaluation.
class EngineBackend : public http::AdminBackend {
 public:
  // `reload` reads the files again; all or nothing. `backup` makes the backup of that name.
  using MakeBackup = std::function<absl::StatusOr<http::BackupStatus>(const std::string& name)>;
  using MakeExplanation = std::function<absl::StatusOr<http::Explanation>(
      const http::ExplainRequest&, const http::Expired&)>;
  // What a person says of a page; returns the monitor's name.
  using TakeFeedback = std::function<absl::StatusOr<std::string>(const std::string& alias,
                                                                 const std::string& feedback)>;
  EngineBackend(engine::Engine& engine, std::function<absl::Status()> reload, MakeBackup backup,
                MakeExplanation explain, TakeFeedback feedback);

  // Where targets of scrapes are looked up. Set before the first request.
  void SetTargetBoard(const scrape::TargetBoard& board) { board_ = &board; }

  // Why the service is not ready; "" makes it ready. It starts as "starting".
  void SetNotReady(std::string reason);

  http::ReadyStatus Ready() override;
  absl::Status Reload() override;
  std::vector<http::RuleGroupStatus> Rules() override;
  std::vector<http::AlertStatus> Alerts() override;
  std::vector<http::TargetStatus> Targets() override;
  absl::StatusOr<http::QueryValue> Query(absl::string_view text, Timestamp time,
                                         const http::Expired& expired) override;
  absl::StatusOr<http::Explanation> Explain(const http::ExplainRequest& request,
                                            const http::Expired& expired) override;
  absl::StatusOr<http::BackupStatus> Backup(const std::string& name) override;
  absl::StatusOr<std::string> Feedback(const std::string& alias,
                                       const std::string& feedback) override;

 private:
  engine::Engine& engine_;
  const std::function<absl::Status()> reload_;
  const MakeBackup backup_;
  const MakeExplanation explain_;
  const TakeFeedback feedback_;
  const scrape::TargetBoard* board_ = nullptr;  // null: there are no targets

  Mutex mutex_;
  std::string not_ready_ ABSL_GUARDED_BY(mutex_) = "starting";
};

}  // namespace tocsin::app
