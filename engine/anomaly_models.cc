#include "engine/anomaly_models.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/status_macros.h"
#include "rules/anomaly.h"

namespace tocsin::engine {
namespace {

constexpr absl::Duration kForgetAfter = absl::Hours(24 * 14);
constexpr double kToleranceMax = 8;
constexpr absl::Duration kForgetEvery = absl::Hours(1);

constexpr const char* kSeriesNames[] = {"tocsin:score", "tocsin:expected", "tocsin:lower",
                                        "tocsin:upper"};

rules::Level LevelAt(const rules::Anomaly& anomaly, double score) {
  if (anomaly.critical_score && score >= *anomaly.critical_score) return rules::Level::kCritical;
  if (anomaly.warning_score && score >= *anomaly.warning_score) return rules::Level::kWarning;
  return rules::Level::kOk;
}

}  // namespace

anomaly::DetectorOptions DetectorOptionsOf(const rules::Anomaly& anomaly) {
  anomaly::DetectorOptions options;
  options.preset = anomaly.preset == rules::Anomaly::Preset::kPage ? anomaly::Preset::kPage
                                                                   : anomaly::Preset::kNotice;
  options.direction = static_cast<anomaly::Direction>(anomaly.direction);
  options.seasonality = static_cast<anomaly::Seasonality>(anomaly.seasonality);
  options.time_zone = anomaly.time_zone;
  options.sensitivity = anomaly.sensitivity;
  options.deviation_min = anomaly.deviation_min;
  options.relative_deviation_min = anomaly.relative_deviation_min;
  return options;
}

AnomalyModels::AnomalyModels(const rules::Monitor& monitor, size_t rows_max)
    : monitor_(monitor),
      query_hash_(Hash64(monitor.query.text)),
      rows_max_(rows_max),
      detector_(DetectorOptionsOf(*monitor.anomaly)) {}

absl::Duration AnomalyModels::interval() const {
  return monitor_.anomaly->interval;
}

void AnomalyModels::FollowRows(const QueryResult& result) {
  if (layout_ != result.layout || known_.size() > result.labels->size()) known_.clear();
  layout_ = result.layout;
  known_.resize(result.labels->size(), nullptr);
  rows_.assign(known_.size(), nullptr);
}

AnomalyRow* AnomalyModels::RowOf(const Labels& labels, Timestamp slot) {
  const absl::uint128 key = labels.Fingerprint();
  const auto found = models_.find(key);
  if (found != models_.end()) return found->second.get();
  if (models_.size() >= rows_max_) return nullptr;
  auto row = std::make_unique<AnomalyRow>();
  row->labels = labels;
  row->seen = slot;
  return (models_[key] = std::move(row)).get();
}

const AnomalyRow* AnomalyModels::Find(const Labels& labels) const {
  const auto found = models_.find(labels.Fingerprint());
  return found == models_.end() ? nullptr : found->second.get();
}

void AnomalyModels::Judge(const QueryResult& result, const std::vector<int64_t>& newest_inputs_ms,
                          Timestamp slot) {
  FollowRows(result);
  slot_ = slot;
  left_out_ = 0;
  const rules::Anomaly::Day day = monitor_.anomaly->DayAt(absl::FromUnixMillis(slot.millis()));
  result.frame->ForEachFloat([&](size_t row) {
    if (known_[row] == nullptr) known_[row] = RowOf((*result.labels)[row], slot);
    AnomalyRow* known = known_[row];
    if (known == nullptr) {
      ++left_out_;
      return;
    }
    rows_[row] = known;
    if (day.ignored) {
      known->verdict.judged = false;
      known->level = rules::Level::kOk;
    } else {
      JudgeRow(*known, result.frame->value(row), newest_inputs_ms[row], slot, day.days_later);
    }
    known->seen = std::max(known->seen, slot);
  });
}

void AnomalyModels::JudgeRow(AnomalyRow& row, double value, int64_t newest_input_ms, Timestamp slot,
                             int days_later) {
  // A value that no new sample stands behind is no point. One of vector() or absent() is as new as
  // its evaluation.
  const bool repeats = newest_input_ms != INT64_MIN && newest_input_ms <= row.newest_input_ms;
  if (repeats || slot.millis() <= row.model.last_ms) {
    FollowIncident(row);
    return;
  }
  row.newest_input_ms = newest_input_ms;
  row.verdict = detector_.Update(row.model, slot.millis(), value,
                                 {days_later, static_cast<float>(row.tolerance)});
  FollowWindows(row, slot);
  FollowIncident(row);
}

void AnomalyModels::FollowWindows(AnomalyRow& row, Timestamp slot) const {
  const rules::Anomaly& anomaly = *monitor_.anomaly;
  if (!anomaly.trigger || !row.verdict.judged) return;
  // The first point outside may be the only one with such a score: memory has it then.
  const bool outside = row.verdict.score >= 1 || row.verdict.state == anomaly::State::kAlarm;
  Timestamp& since = outside ? row.outside_since : row.inside_since;
  (outside ? row.inside_since : row.outside_since) = Timestamp();
  if (since == Timestamp()) since = slot;
  const absl::Duration window = outside ? *anomaly.trigger : *anomaly.recovery;
  if (slot - since >= window) row.fires = outside;
}

void AnomalyModels::FollowIncident(AnomalyRow& row) const {
  const rules::Anomaly& anomaly = *monitor_.anomaly;
  const bool fires = anomaly.trigger ? row.fires : row.model.incident.open != 0;
  if (!fires && row.outside_since == Timestamp()) {
    row.largest_score = 0;
    row.reason.clear();
    row.level = rules::Level::kOk;
    return;
  }
  if (row.verdict.judged && row.verdict.score > row.largest_score) {
    row.largest_score = row.verdict.score;
    if (std::string reason = anomaly::Reason(row.verdict); !reason.empty()) {
      row.reason = std::move(reason);
    }
  }
  const rules::Level before = row.level;
  row.level = fires ? LevelAt(anomaly, row.largest_score) : rules::Level::kOk;
  if (before == rules::Level::kOk && row.level > before) row.unanswered = true;
}

absl::StatusOr<state::v1::ModelRecord> AnomalyModels::Take(Feedback feedback,
                                                           const Labels& labels) {
  const auto found = models_.find(labels.Fingerprint());
  if (found == models_.end()) return absl::NotFoundError("no such row");
  AnomalyRow& row = *found->second;
  TOCSIN_RETURN_IF_ERROR(Apply(feedback, row));
  row.fires = false;
  row.outside_since = row.inside_since = Timestamp();
  FollowIncident(row);
  return RecordOf(row);
}

absl::Status AnomalyModels::Apply(Feedback feedback, AnomalyRow& row) const {
  if (feedback == Feedback::kUndo) {
    if (row.model_before.empty()) return absl::FailedPreconditionError("there is nothing to undo");
    TOCSIN_RETURN_IF_ERROR(anomaly::ParseModel(row.model_before, row.model));
    row.tolerance = row.tolerance_before;
    row.model_before.clear();
    row.unanswered = true;
    return absl::OkStatus();
  }
  if (!row.unanswered) return absl::FailedPreconditionError("there is no page to answer");
  const bool open = row.model.incident.open != 0 || row.fires;
  if (!open && feedback != Feedback::kFalse) {
    return absl::FailedPreconditionError("no incident of it is open");
  }
  row.model_before = anomaly::SerializeModel(row.model);
  row.tolerance_before = row.tolerance;
  row.unanswered = false;
  if (feedback == Feedback::kFalse) row.tolerance = std::min(kToleranceMax, row.tolerance * 1.25);
  if (feedback == Feedback::kNewNormal) {
    detector_.Accept(row.model);
  } else {
    detector_.Forgive(row.model);
  }
  return absl::OkStatus();
}

absl::Status AnomalyModels::Write(SeriesWriter& writer) {
  writer.Begin(slot_.millis());
  absl::Status refused;
  for (AnomalyRow* row : rows_) {
    if (row != nullptr && row->verdict.judged) refused.Update(WriteRow(*row, writer));
  }
  return refused;
}

absl::Status AnomalyModels::WriteRow(AnomalyRow& row, SeriesWriter& writer) const {
  if (row.written.empty()) {
    std::vector<SeriesRef> refs;
    for (const char* name : kSeriesNames) {
      LabelsBuilder labels(row.labels);
      labels.Set("monitor", monitor_.name).Set("__name__", name);
      TOCSIN_ASSIGN_OR_RETURN(refs.emplace_back(), writer.Resolve(labels.Build()));
    }
    row.written = std::move(refs);
  }
  const anomaly::Verdict& verdict = row.verdict;
  const double values[] = {verdict.score, verdict.expected, verdict.lower, verdict.upper};
  for (size_t i = 0; i < row.written.size(); ++i) writer.Write(row.written[i], values[i]);
  return absl::OkStatus();
}

state::v1::ModelRecord AnomalyModels::RecordOf(const AnomalyRow& row) const {
  state::v1::ModelRecord record;
  record.set_labels(std::string(row.labels.canonical()));
  record.set_query_hash(query_hash_);
  record.set_model(anomaly::SerializeModel(row.model));
  record.set_newest_input_ms(row.newest_input_ms);
  record.set_seen_ms(row.seen.millis());
  record.set_largest_score(row.largest_score);
  record.set_reason(row.reason);
  record.set_outside_since_ms(row.outside_since.millis());
  record.set_inside_since_ms(row.inside_since.millis());
  record.set_fires(row.fires);
  record.set_unanswered(row.unanswered);
  record.set_tolerance(row.tolerance);
  record.set_model_before(row.model_before);
  record.set_tolerance_before(row.tolerance_before);
  return record;
}

absl::Status AnomalyModels::Restore(const state::v1::ModelRecord& record) {
  if (record.query_hash() != query_hash_) return absl::OkStatus();
  TOCSIN_ASSIGN_OR_RETURN(Labels labels, Labels::FromCanonical(record.labels()));
  auto row = std::make_unique<AnomalyRow>();
  row->labels = std::move(labels);
  const absl::Status parsed = anomaly::ParseModel(record.model(), row->model);
  // One of an earlier version is learned anew.
  if (absl::IsFailedPrecondition(parsed)) return absl::OkStatus();
  TOCSIN_RETURN_IF_ERROR(parsed);
  row->newest_input_ms = record.newest_input_ms();
  row->seen = Timestamp::FromMillis(record.seen_ms());
  row->largest_score = record.largest_score();
  row->reason = record.reason();
  row->outside_since = Timestamp::FromMillis(record.outside_since_ms());
  row->inside_since = Timestamp::FromMillis(record.inside_since_ms());
  row->fires = record.fires();
  row->unanswered = record.unanswered();
  row->tolerance = record.tolerance();
  row->model_before = record.model_before();
  row->tolerance_before = record.tolerance_before();
  const bool unanswered = row->unanswered;
  FollowIncident(*row);
  row->unanswered = unanswered;  // it opened before
  const absl::uint128 key = row->labels.Fingerprint();
  known_.clear();
  models_[key] = std::move(row);
  return absl::OkStatus();
}

void AnomalyModels::Continue(AnomalyModels& before) {
  if (before.query_hash_ != query_hash_) return;
  for (auto& [key, row] : before.models_) {
    // The monitor's name is its identity, so what it writes goes on.
    FollowIncident(*row);
    models_[key] = std::move(row);
  }
  before.models_.clear();
  known_.clear();
}

std::vector<Labels> AnomalyModels::ForgetOld() {
  std::vector<Labels> forgotten;
  if (slot_.millis() % absl::ToInt64Milliseconds(kForgetEvery) != 0) return forgotten;
  for (auto it = models_.begin(); it != models_.end();) {
    if (slot_ - it->second->seen <= kForgetAfter) {
      ++it;
      continue;
    }
    forgotten.push_back(it->second->labels);
    models_.erase(it++);
  }
  if (!forgotten.empty()) known_.clear();
  return forgotten;
}

std::optional<Timestamp> AnomalyModels::judged_to() const {
  std::optional<Timestamp> newest;
  for (const auto& [key, row] : models_) {
    if (!newest || *newest < row->seen) newest = row->seen;
  }
  if (!newest) return std::nullopt;
  // Each was stored in one of that many evaluations: what is older went before.
  Timestamp oldest = *newest;
  for (const auto& [key, row] : models_) {
    if (*newest - row->seen <= kStoreTurns * interval()) oldest = std::min(oldest, row->seen);
  }
  return oldest;
}

}  // namespace tocsin::engine
