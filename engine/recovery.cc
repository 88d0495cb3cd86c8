#include "engine/recovery.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::engine {
namespace {

// When the service last evaluated; nullopt on a new data directory.
absl::StatusOr<std::optional<Timestamp>> ReadClock(const storage::Store& store) {
  TOCSIN_ASSIGN_OR_RETURN(const auto value, store.Get(storage::Family::kMeta, storage::kMetaClock));
  if (!value) return std::nullopt;
  state::v1::ClockRecord record;
  TOCSIN_RETURN_IF_ERROR(storage::DecodeMessage(*value, record));
  return Timestamp::FromMillis(record.evaluated_ms());
}

}  // namespace

absl::StatusOr<Recovered> RecoverState(const storage::Store& store, const storage::SampleLog& log,
                                       Timestamp now, SeriesRegistry& registry) {
  TOCSIN_RETURN_IF_ERROR(log.ReadSeries(
      [&](SeriesRef ref, Labels labels) { registry.Restore(ref, std::move(labels)); }));
  Recovered recovered;
  TOCSIN_ASSIGN_OR_RETURN(const auto last_evaluated, ReadClock(store));
  if (last_evaluated) recovered.gap = std::max(now - *last_evaluated, absl::ZeroDuration());
  TOCSIN_ASSIGN_OR_RETURN(recovered.alerts, ReadAlerts(store));
  for (auto& [rule, instances] : recovered.alerts) {
    for (AlertInstance& alert : instances) {
      SkipGap(last_evaluated.value_or(now), recovered.gap, alert);
    }
    recovered.alert_count += instances.size();
  }
  return recovered;
}

}  // namespace tocsin::engine
