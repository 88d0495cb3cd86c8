#include "engine/recovery.h"

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "base/status_macros.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::engine {
namespace {

// Shards may have stopped at different times, and their number may be another one now: the earliest
// holds for all.
absl::Status ReadClocks(const storage::Store& store, Resumed& resumed) {
  absl::Status status;
  bool any = false;
  const auto visit = [&](absl::string_view, absl::string_view value) {
    state::v1::ClockRecord record;
    status = storage::DecodeMessage(value, record);
    if (!status.ok()) return false;
    const Timestamp evaluated = Timestamp::FromMillis(record.evaluated_ms());
    resumed.evaluated = any ? std::min(resumed.evaluated, evaluated) : evaluated;
    resumed.hold_until =
        std::max(resumed.hold_until, Timestamp::FromMillis(record.hold_until_ms()));
    any = true;
    return true;
  };
  TOCSIN_RETURN_IF_ERROR(store.Scan(storage::Family::kMeta, storage::kMetaClockPrefix,
                                    storage::PrefixEnd(storage::kMetaClockPrefix), visit));
  return status;
}

absl::Status ReadModels(const storage::Store& store, ModelsByRule& models) {
  absl::Status status;
  const auto visit = [&](absl::string_view, absl::string_view value) {
    state::v1::ModelRecord record;
    status = storage::DecodeMessage(value, record);
    if (status.ok()) models[record.rule()].push_back(std::move(record));
    return status.ok();
  };
  TOCSIN_RETURN_IF_ERROR(store.Scan(storage::Family::kModels, "", "", visit));
  return status;
}

}  // namespace

absl::StatusOr<Resumed> RecoverState(const storage::Store& store, const storage::SampleLog& log,
                                     Timestamp now, SeriesRegistry& registry) {
  TOCSIN_RETURN_IF_ERROR(log.ReadSeries(
      [&](SeriesRef ref, Labels labels) { registry.Restore(ref, std::move(labels)); }));
  Resumed resumed;
  resumed.evaluated = now;
  TOCSIN_RETURN_IF_ERROR(ReadClocks(store, resumed));
  TOCSIN_ASSIGN_OR_RETURN(resumed.alerts, ReadAlerts(store));
  TOCSIN_RETURN_IF_ERROR(ReadModels(store, resumed.models));
  return resumed;
}

absl::Status ForgetClocksFrom(storage::Store& store, size_t shards) {
  storage::WriteBatch batch;
  const auto visit = [&](absl::string_view key, absl::string_view) {
    size_t shard = 0;
    const absl::string_view number = key.substr(sizeof(storage::kMetaClockPrefix) - 1);
    if (!absl::SimpleAtoi(number, &shard) || shard >= shards) {
      batch.Delete(storage::Family::kMeta, std::string(key.data(), key.size()));
    }
    return true;
  };
  TOCSIN_RETURN_IF_ERROR(store.Scan(storage::Family::kMeta, storage::kMetaClockPrefix,
                                    storage::PrefixEnd(storage::kMetaClockPrefix), visit));
  return batch.empty() ? absl::OkStatus() : store.Write(batch, storage::Durability::kBuffered);
}

}  // namespace tocsin::engine
