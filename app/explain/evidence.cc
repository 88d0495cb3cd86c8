#include "app/explain/evidence.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/status_macros.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "rules/alert_step.h"
#include "storage/codec.h"
#include "storage/delivery_journal.h"
#include "storage/keys.h"

namespace tocsin::app::explain {
namespace {

using state::v1::HistoryRecord;
using storage::Family;

std::string StateText(const HistoryRecord& record) {
  const auto phase = static_cast<rules::AlertPhase>(record.phase());
  if (phase != rules::AlertPhase::kFiring) return rules::AlertPhaseName(phase);
  const bool monitor = record.rule().rfind("monitor/", 0) == 0;
  return monitor ? rules::LevelName(static_cast<rules::Level>(record.level())) : "firing";
}

std::optional<Timestamp> TimeIfSet(int64_t ms) {
  if (ms == 0) return std::nullopt;
  return Timestamp::FromMillis(ms);
}

http::ExplainedTransition ToTransition(const HistoryRecord& record) {
  http::ExplainedTransition transition;
  transition.at = Timestamp::FromMillis(record.evaluated_ms());
  transition.transition =
      rules::TransitionName(static_cast<rules::Transition>(record.transition()));
  transition.reason = rules::ReasonName(static_cast<rules::Reason>(record.reason()));
  transition.state = StateText(record);
  transition.value = record.value();
  transition.condition = record.condition();
  transition.active_at = TimeIfSet(record.active_at_ms());
  transition.newest_sample = TimeIfSet(record.newest_sample_ms());
  transition.rule_revision = record.rule_revision();
  return transition;
}

// Calls fn for all transitions between two keys, until it returns false.
absl::Status ForEachTransition(
    const storage::Store& store, const std::string& begin, const std::string& end,
    const Expired& expired,
    const std::function<absl::StatusOr<bool>(absl::string_view, const HistoryRecord&)>& fn) {
  absl::Status status;
  HistoryRecord record;
  size_t seen = 0;
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    if (++seen % 1024 == 0 && expired()) {
      status = absl::DeadlineExceededError("there are too many transitions to look at");
      return false;
    }
    if (storage::IsDeliveryKey(key)) return true;
    status = storage::DecodeMessage(value, record);
    if (!status.ok()) return false;
    const absl::StatusOr<bool> goes_on = fn(key, record);
    status = goes_on.status();
    return status.ok() && *goes_on;
  };
  TOCSIN_RETURN_IF_ERROR(store.Scan(Family::kHistory, begin, end, visit));
  return status;
}

absl::Status AddDeliveries(const storage::Store& store, Timestamp until,
                           http::ExplainedAlert& alert) {
  if (alert.alias.empty()) return absl::OkStatus();
  TOCSIN_ASSIGN_OR_RETURN(const auto records, storage::ReadDeliveries(store, alert.alias));
  for (const state::v1::DeliveryRecord& record : records) {
    const Timestamp first = Timestamp::FromMillis(record.first_ms());
    if (first > until) continue;
    alert.deliveries.push_back({first, Timestamp::FromMillis(record.last_ms()), record.attempts(),
                                record.receiver(), record.target(), record.action(),
                                record.outcome(), record.error(), record.by(), record.note()});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> RuleOfAlias(const storage::Store& store, const std::string& alias,
                                        const Expired& expired) {
  std::string rule;
  const auto visit = [&](absl::string_view, const HistoryRecord& record) -> absl::StatusOr<bool> {
    if (record.alias() == alias) rule = record.rule();
    return rule.empty();
  };
  TOCSIN_RETURN_IF_ERROR(ForEachTransition(store, "", "", expired, visit));
  return rule;
}

absl::StatusOr<std::vector<http::ExplainedAlert>> AlertsOf(const storage::Store& store,
                                                           const std::string& rule_id,
                                                           const std::string& alias,
                                                           Timestamp until,
                                                           const Expired& expired) {
  std::map<std::string, http::ExplainedAlert> by_key;
  const std::string prefix = storage::RulePrefix(rule_id);
  const size_t alert_key_bytes = 2 * prefix.size();
  const auto visit = [&](absl::string_view key,
                         const HistoryRecord& record) -> absl::StatusOr<bool> {
    http::ExplainedAlert& alert = by_key[std::string(key.substr(0, alert_key_bytes))];
    if (!record.alias().empty()) alert.alias = record.alias();
    if (Timestamp::FromMillis(record.evaluated_ms()) > until) return true;
    TOCSIN_ASSIGN_OR_RETURN(alert.labels, Labels::FromCanonical(record.labels()));
    alert.transitions.push_back(ToTransition(record));
    return true;
  };
  TOCSIN_RETURN_IF_ERROR(
      ForEachTransition(store, prefix, storage::PrefixEnd(prefix), expired, visit));
  std::vector<http::ExplainedAlert> alerts;
  for (auto& [key, alert] : by_key) {
    if (alert.transitions.empty() || (!alias.empty() && alert.alias != alias)) continue;
    alert.state = alert.transitions.back().state;
    TOCSIN_RETURN_IF_ERROR(AddDeliveries(store, until, alert));
    alerts.push_back(std::move(alert));
  }
  std::stable_sort(alerts.begin(), alerts.end(), [](const auto& a, const auto& b) {
    return a.transitions.back().at > b.transitions.back().at;
  });
  return alerts;
}

}  // namespace tocsin::app::explain
