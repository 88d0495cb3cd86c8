#include "app/inspect/alerts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "rules/alert_step.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::app::inspect {
namespace {

using state::v1::AlertRecord;
using state::v1::HistoryRecord;
using storage::Family;

Json OptionalTime(bool set, int64_t ms) {
  return set ? TimeCell(Timestamp::FromMillis(ms)) : Json("");
}

Json Number(double value) {
  return value == value ? Json(value) : Json("NaN");  // JSON has none
}

// "firing critical"; the level of a Prometheus alert says nothing, but is there.
std::string StateText(const AlertRecord& alert) {
  std::string text = rules::AlertPhaseName(static_cast<rules::AlertPhase>(alert.phase()));
  if (alert.level() > 0) {
    absl::StrAppend(&text, " ", rules::LevelName(static_cast<rules::Level>(alert.level())));
  }
  return text;
}

std::string PageText(const AlertRecord& alert) {
  if (alert.alias().empty()) return "";
  return absl::StrCat(alert.page_open() ? "open " : "closed ", alert.page_sequence());
}

// Prometheus alerts are told apart by their labels, monitors' by the row of the query.
absl::Status CheckKey(absl::string_view key, const AlertRecord& alert, const Labels& labels) {
  TOCSIN_ASSIGN_OR_RETURN(const Labels row, Labels::FromCanonical(alert.result_labels()));
  for (const Labels& identity : {labels, row}) {
    if (storage::AlertKey(alert.rule(), identity) == key) return absl::OkStatus();
  }
  return absl::DataLossError("lies under the key of another alert");
}

std::vector<Json> AlertRow(const AlertRecord& alert, const Labels& labels) {
  return {alert.rule(),
          labels.ToString(),
          StateText(alert),
          Number(alert.value()),
          OptionalTime(alert.has_active_at_ms(), alert.active_at_ms()),
          OptionalTime(alert.has_fired_at_ms(), alert.fired_at_ms()),
          OptionalTime(alert.has_resolved_at_ms(), alert.resolved_at_ms()),
          TimeCell(Timestamp::FromMillis(alert.last_seen_ms())),
          PageText(alert),
          alert.alias()};
}

std::vector<Json> HistoryRow(const HistoryRecord& record, const Labels& labels) {
  return {TimeCell(Timestamp::FromMillis(record.evaluated_ms())),
          record.rule(),
          labels.ToString(),
          rules::TransitionName(static_cast<rules::Transition>(record.transition())),
          rules::ReasonName(static_cast<rules::Reason>(record.reason())),
          rules::LevelName(static_cast<rules::Level>(record.level())),
          Number(record.value()),
          record.condition(),
          record.alias()};
}

}  // namespace

absl::StatusOr<Section> AlertsSection(Records& records) {
  Section section;
  section.name = "alerts";
  section.columns = {"rule",     "labels",   "state",     "value", "active_at",
                     "fired_at", "resolved", "last_seen", "page",  "alias"};
  // Keys are fingerprints; people look for names.
  std::map<std::pair<std::string, std::string>, std::vector<Json>> rows;
  std::map<std::string, uint64_t> by_state;
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    AlertRecord alert;
    TOCSIN_RETURN_IF_ERROR(storage::DecodeMessage(value, alert));
    TOCSIN_ASSIGN_OR_RETURN(const Labels labels, Labels::FromCanonical(alert.labels()));
    ++by_state[rules::AlertPhaseName(static_cast<rules::AlertPhase>(alert.phase()))];
    rows[{alert.rule(), labels.ToString()}] = AlertRow(alert, labels);
    return CheckKey(key, alert, labels);
  };
  TOCSIN_RETURN_IF_ERROR(records.ForEach(Family::kAlerts, visit));
  for (auto& [name, row] : rows) records.AddRow(section, std::move(row));
  for (const auto& [state, count] : by_state) section.facts.emplace_back(state, count);
  return section;
}

absl::StatusOr<Section> HistorySection(Records& records) {
  Section section;
  section.name = "history";
  section.columns = {"time",  "rule",  "labels",    "transition", "reason",
                     "level", "value", "condition", "alias"};
  std::multimap<std::pair<int64_t, std::string>, std::vector<Json>> newest;  // by time and key
  uint64_t deliveries = 0;
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    if (storage::IsDeliveryKey(key)) {
      ++deliveries;
      state::v1::DeliveryRecord delivery;
      return storage::DecodeMessage(value, delivery);
    }
    HistoryRecord record;
    TOCSIN_RETURN_IF_ERROR(storage::DecodeMessage(value, record));
    TOCSIN_ASSIGN_OR_RETURN(const Labels labels, Labels::FromCanonical(record.labels()));
    newest.emplace(std::pair(record.evaluated_ms(), std::string(key)), HistoryRow(record, labels));
    ++section.rows_total;
    if (records.rows_max() > 0 && newest.size() > records.rows_max()) newest.erase(newest.begin());
    if (storage::ParseHistoryTime(key)) return absl::OkStatus();
    return absl::DataLossError("the key has no time");
  };
  TOCSIN_RETURN_IF_ERROR(records.ForEach(Family::kHistory, visit));
  for (auto& [order, row] : newest) section.rows.push_back(std::move(row));
  section.facts.emplace_back("deliveries", deliveries);
  return section;
}

}  // namespace tocsin::app::inspect
