#include "app/backup_service.h"

#include <optional>

#include "base/log.h"

namespace tocsin::app {

BackupService::BackupService(storage::DiskStore& store, const std::string& data_dir,
                             Metrics& metrics, const Clock& clock)
    : backups_(store, data_dir),
      clock_(clock),
      last_success_(metrics.Gauge("tocsin_backup_last_success_timestamp_seconds",
                                  "When the newest backup of the data directory was made.")),
      failures_(metrics.Counter("tocsin_backup_failures_total",
                                "Backups that were refused or "
                                "failed.")) {
  if (const std::optional<Timestamp> newest = backups_.Newest()) {
    last_success_.Set(newest->seconds());
  }
}

absl::StatusOr<http::BackupStatus> BackupService::Make(const std::string& name) {
  const absl::StatusOr<storage::Backup> made = backups_.Make(name);
  if (!made.ok()) {
    failures_.Increment();
    Log(LogLevel::kWarning, "backup failed",
        {{"name", name}, {"error", std::string(made.status().message())}});
    return made.status();
  }
  last_success_.Set(clock_.Now().seconds());
  Log(LogLevel::kInfo, "backup made", {{"path", made->path}, {"bytes", made->bytes}});
  return http::BackupStatus{.path = made->path, .bytes = made->bytes};
}

}  // namespace tocsin::app
