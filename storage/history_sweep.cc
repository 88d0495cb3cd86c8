#include "storage/history_sweep.h"

#include <utility>

#include "base/status_macros.h"
#include "storage/keys.h"

namespace tocsin::storage {

absl::StatusOr<size_t> HistorySweep::Step(Timestamp now) {
  WriteBatch batch;
  std::string next;
  size_t seen = 0;
  const auto visit = [&](absl::string_view key, absl::string_view) {
    if (seen++ == keys_per_step_) {
      next.assign(key.data(), key.size());
      return false;
    }
    const auto time = ParseHistoryTime(key);
    if (time && now - *time > keep_) {
      batch.Delete(Family::kHistory, std::string(key.data(), key.size()));
    }
    return true;
  };
  TOCSIN_RETURN_IF_ERROR(store_.Scan(Family::kHistory, next_, "", visit));
  if (!batch.empty()) TOCSIN_RETURN_IF_ERROR(store_.Write(batch, Durability::kBuffered));
  next_ = std::move(next);
  return batch.size();
}

}  // namespace tocsin::storage
