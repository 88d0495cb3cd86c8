#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "integrations/http/admin_backend.h"
#include "storage/backups.h"

namespace tocsin::app {

// Backups that the admin port asks for: made by storage::Backups, logged and counted here. Metrics:
// tocsin_backup_last_success_timestamp_seconds (over restarts; 0: there is none in the folder),
// tocsin_backup_failures_total.
//
// Thread: any. Borrows everything.
class BackupService {
 public:
  BackupService(storage::DiskStore& store, const std::string& data_dir, Metrics& metrics,
                const Clock& clock);

  // Errors: of storage::Backups::Make.
  absl::StatusOr<http::BackupStatus> Make(const std::string& name);

 private:
  storage::Backups backups_;
  const Clock& clock_;
  prometheus::Gauge& last_success_;
  prometheus::Counter& failures_;
};

}  // namespace tocsin::app
