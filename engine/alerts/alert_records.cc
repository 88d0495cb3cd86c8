#include "engine/alerts/alert_records.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"

namespace tocsin::engine {
namespace {

using state::v1::AlertRecord;

template <typename Set>
void Put(const std::optional<Timestamp>& t, Set&& set) {
  if (t) set(t->millis());
}

// A state machine in a state that does not exist would page or stay silent by chance.
absl::Status CheckStates(const AlertRecord& record) {
  constexpr auto kLevelMax = static_cast<uint32_t>(rules::Level::kCritical);
  if (record.phase() <= static_cast<uint32_t>(rules::AlertPhase::kNoData) &&
      record.level() <= kLevelMax && record.pending_level() <= kLevelMax) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat("alert of ", record.rule(), ": unknown state ",
                                          record.phase(), "/", record.level(), "/",
                                          record.pending_level()));
}

absl::StatusOr<AlertInstance> FromRecord(const AlertRecord& record) {
  TOCSIN_RETURN_IF_ERROR(CheckStates(record));
  AlertInstance instance;
  TOCSIN_ASSIGN_OR_RETURN(instance.labels, Labels::FromCanonical(record.labels()));
  TOCSIN_ASSIGN_OR_RETURN(instance.result_labels, Labels::FromCanonical(record.result_labels()));
  rules::AlertState& state = instance.state;
  state.phase = static_cast<rules::AlertPhase>(record.phase());
  state.level = static_cast<rules::Level>(record.level());
  state.pending_level = static_cast<rules::Level>(record.pending_level());
  const auto time = [](bool has, int64_t ms) {
    return has ? std::optional(Timestamp::FromMillis(ms)) : std::nullopt;
  };
  state.active_at = time(record.has_active_at_ms(), record.active_at_ms());
  state.critical_since = time(record.has_critical_since_ms(), record.critical_since_ms());
  state.absent_since = time(record.has_absent_since_ms(), record.absent_since_ms());
  state.fired_at = time(record.has_fired_at_ms(), record.fired_at_ms());
  state.keep_firing_since = time(record.has_keep_firing_since_ms(), record.keep_firing_since_ms());
  state.resolved_at = time(record.has_resolved_at_ms(), record.resolved_at_ms());
  state.last_seen = Timestamp::FromMillis(record.last_seen_ms());
  state.value = record.value();
  instance.alias = record.alias();
  instance.page_sequence = record.page_sequence();
  instance.page_open = record.page_open();
  instance.absent = record.absent();
  instance.query_hash = record.query_hash();
  instance.annotations = {record.annotations().begin(), record.annotations().end()};
  return instance;
}

}  // namespace

std::string EncodeAlert(const std::string& rule_id, const AlertInstance& instance) {
  const rules::AlertState& state = instance.state;
  AlertRecord record;
  record.set_rule(rule_id);
  record.set_labels(std::string(instance.labels.canonical()));
  record.set_result_labels(std::string(instance.result_labels.canonical()));
  record.set_phase(static_cast<uint32_t>(state.phase));
  record.set_level(static_cast<uint32_t>(state.level));
  record.set_pending_level(static_cast<uint32_t>(state.pending_level));
  Put(state.active_at, [&](int64_t ms) { record.set_active_at_ms(ms); });
  Put(state.critical_since, [&](int64_t ms) { record.set_critical_since_ms(ms); });
  Put(state.absent_since, [&](int64_t ms) { record.set_absent_since_ms(ms); });
  Put(state.fired_at, [&](int64_t ms) { record.set_fired_at_ms(ms); });
  Put(state.keep_firing_since, [&](int64_t ms) { record.set_keep_firing_since_ms(ms); });
  Put(state.resolved_at, [&](int64_t ms) { record.set_resolved_at_ms(ms); });
  record.set_last_seen_ms(state.last_seen.millis());
  record.set_value(state.value);
  record.set_alias(instance.alias);
  record.set_page_sequence(instance.page_sequence);
  record.set_page_open(instance.page_open);
  record.set_absent(instance.absent);
  record.set_query_hash(instance.query_hash);
  record.mutable_annotations()->insert(instance.annotations.begin(), instance.annotations.end());
  return storage::EncodeMessage(record);
}

absl::StatusOr<AlertsByRule> ReadAlerts(const storage::Store& store) {
  AlertsByRule alerts;
  absl::Status status;
  const auto visit = [&](absl::string_view, absl::string_view value) {
    AlertRecord record;
    status = storage::DecodeMessage(value, record);
    if (!status.ok()) return false;
    auto instance = FromRecord(record);
    status = instance.status();
    if (status.ok()) alerts[record.rule()].push_back(*std::move(instance));
    return status.ok();
  };
  TOCSIN_RETURN_IF_ERROR(store.Scan(storage::Family::kAlerts, "", "", visit));
  if (!status.ok()) {
    return absl::Status(status.code(), absl::StrCat("family alerts: ", status.message()));
  }
  return alerts;
}

void SkipGap(absl::Duration gap, AlertInstance& instance) {
  rules::AlertState& state = instance.state;
  state = rules::AfterDowntime(state, gap);
  state.last_seen = state.last_seen + gap;
}

}  // namespace tocsin::engine
