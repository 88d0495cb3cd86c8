#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "integrations/audit/audit_file.h"

namespace tocsin::audit {

// Something that changes what Tocsin does, or somebody who was not let in. No secrets: what is here
// is written down.
struct Entry {
  std::string event;   // "started", "reload", "request", "refused"
  std::string actor;   // the token's name; "": nobody had to show one
  std::string source;  // an address, "signal", "files"
  std::vector<std::pair<std::string, std::string>> details;
};

// Adds entries to the audit file of a data directory, see audit_file.h. An entry is on disk when
// Add() returns, and in the log with its hash. If it cannot be written, that is logged and counted
// by tocsin_audit_failures_total, and what it tells of goes on.
//
// Thread: any. Borrows the clock and the metrics.
// Limits: texts are cut at 2 KiB; a file of 64 MiB becomes the older one, in place of the last
// such.
class AuditLog {
 public:
  // Goes on where the file ends. Errors: PermissionDenied, Unavailable, of an audit that is there
  // and cannot be read.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(const std::string& data_dir,
                                                        const Clock& clock, Metrics& metrics,
                                                        uint64_t file_bytes_max = 64 << 20);
  ~AuditLog();

  void Add(const Entry& entry);

 private:
  AuditLog(std::string data_dir, const Clock& clock, Metrics& metrics, uint64_t file_bytes_max);

  absl::Status OpenFile() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Rotate() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Append(const std::string& line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string PathOf(const char* name) const;

  const std::string data_dir_;
  const Clock& clock_;
  prometheus::Counter& entries_;
  prometheus::Counter& failures_;
  const uint64_t file_bytes_max_;

  Mutex mutex_;
  int file_ ABSL_GUARDED_BY(mutex_) = -1;
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of the file
  bool torn_ ABSL_GUARDED_BY(mutex_) = false;   // its last line has no end
  Head head_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::audit
