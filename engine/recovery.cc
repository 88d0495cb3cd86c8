#include "engine/recovery.h"

#include <utility>

#include "base/status_macros.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::engine {
namespace {

absl::Status ReadClock(const storage::Store& store, Resumed& resumed) {
  TOCSIN_ASSIGN_OR_RETURN(const auto value, store.Get(storage::Family::kMeta, storage::kMetaClock));
  if (!value) return absl::OkStatus();
  state::v1::ClockRecord record;
  TOCSIN_RETURN_IF_ERROR(storage::DecodeMessage(*value, record));
  resumed.evaluated = Timestamp::FromMillis(record.evaluated_ms());
  resumed.hold_until = Timestamp::FromMillis(record.hold_until_ms());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Resumed> RecoverState(const storage::Store& store, const storage::SampleLog& log,
                                     Timestamp now, SeriesRegistry& registry) {
  TOCSIN_RETURN_IF_ERROR(log.ReadSeries(
      [&](SeriesRef ref, Labels labels) { registry.Restore(ref, std::move(labels)); }));
  Resumed resumed;
  resumed.evaluated = now;
  TOCSIN_RETURN_IF_ERROR(ReadClock(store, resumed));
  TOCSIN_ASSIGN_OR_RETURN(resumed.alerts, ReadAlerts(store));
  return resumed;
}

}  // namespace tocsin::engine
