#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tocsin::app {

// Says what to do about a damaged data directory. Whoever reads it has no page of ours to wait for.
std::string DamageText(const std::string& data_dir, absl::string_view what);
// The same for a status of DataLoss; others stay as they are.
absl::Status WithAdvice(const absl::Status& status, const std::string& data_dir);

// While it exists, a failed check of RocksDB's own ends the process in the way of a refused start:
// with exit code 2 and `message` as the last line on standard error. Some damage of a table file
// gets past its checksums and meets an assertion in the library, which would abort.
//
// Only while a data directory is opened: later an abort is a fault of ours and must show as one.
// Thread: one at a time in a process; the abort may come from any.
class DamageAlarm {
 public:
  explicit DamageAlarm(const std::string& message);
  ~DamageAlarm();
  DamageAlarm(const DamageAlarm&) = delete;
  DamageAlarm& operator=(const DamageAlarm&) = delete;
};

}  // namespace tocsin::app
