#include "engine/alerts/rule_alerts.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/recording_rules.h"

namespace tocsin::engine {
namespace {

// True if `a` and `b` differ in something a restart must not forget. Value and last_seen alone are
// not written: they are known again after the first evaluation.
bool DurablyDifferent(rules::AlertState a, rules::AlertState b) {
  a.value = b.value = 0;
  a.last_seen = b.last_seen = Timestamp();
  return !(a == b);
}

}  // namespace

void RuleAlerts::AddEvidenceQuery(const promql::Expr& query) {
  const bool known = std::any_of(evidence_queries_.begin(), evidence_queries_.end(),
                                 [&](const EvidenceQuery& other) { return other.query == &query; });
  if (known || evidence_queries_.size() == kEvidenceQueriesMax) return;
  evidence_queries_.push_back({.query = &query, .matchers = {}, .given = {}, .back = {}});
}

void RuleAlerts::AddRecordedQueries(const RecordingRules& recorded) {
  for (EvidenceQuery& query : recorded.Behind(evidence_queries_)) {
    evidence_queries_.push_back(std::move(query));
  }
}

Timestamp RuleAlerts::NextDeadline() const {
  Timestamp next = Timestamp::Max();
  for (const auto& [key, slot] : instances_) next = std::min(next, DeadlineOf(slot->state));
  return next;
}

void RuleAlerts::Settle(const AlertChange& change) {
  if (!change.remove) return;
  for (uint32_t row : static_cast<Slot*>(change.instance)->rows) row_cache_[row] = nullptr;
  instances_.erase(KeyOf(*change.instance));
}

void RuleAlerts::Revert(const AlertChange& change) {
  if (!change.added) {
    static_cast<AlertInstance&>(*change.instance) = change.before;
    return;
  }
  AlertChange undo = change;
  undo.remove = true;
  Settle(undo);
}

const AlertInstance& RuleAlerts::Restore(AlertInstance instance) {
  auto slot = std::make_unique<Slot>();
  static_cast<AlertInstance&>(*slot) = std::move(instance);
  if (slot->query_hash == 0) slot->query_hash = query_hash_;
  slot->rule_changed = slot->query_hash != query_hash_;
  const absl::uint128 key = KeyOf(*slot);
  ForgetRows();
  auto& place = instances_[key];
  place = std::move(slot);
  return *place;
}

std::vector<AlertInstance> RuleAlerts::TakeAll() {
  std::vector<AlertInstance> all;
  for (auto& [key, slot] : instances_) all.push_back(std::move(*slot));
  instances_.clear();
  row_cache_.clear();
  return all;
}

size_t RuleAlerts::FollowRows(const QueryResult& result) {
  const size_t rows = result.labels->size();
  if (rows_layout_ != result.layout || row_cache_.size() > rows) ForgetRows();
  rows_layout_ = result.layout;
  const size_t known = row_cache_.size();
  row_cache_.resize(rows, nullptr);
  return known;
}

void RuleAlerts::Remember(size_t row, Slot* slot) {
  row_cache_[row] = slot;
  slot->rows.push_back(static_cast<uint32_t>(row));
}

void RuleAlerts::ForgetRows() {
  if (row_cache_.empty()) return;  // many are restored one after the other
  for (auto& [key, slot] : instances_) {
    slot->rows.clear();
    slot->row = SIZE_MAX;
  }
  row_cache_.clear();
}

const AlertInstance* RuleAlerts::Find(absl::uint128 key) const {
  auto it = instances_.find(key);
  return it == instances_.end() ? nullptr : it->second.get();
}

bool RuleAlerts::TakeRoom() {
  if (instances_.size() < alerts_max_) return true;
  ++left_out_;
  return false;
}

void RuleAlerts::StepInstance(Slot& slot, bool added, const rules::Observation& seen,
                              const AlertEvaluation& evaluation,
                              std::vector<AlertChange>& changes) {
  const rules::StepResult step = Step(slot.state, seen, evaluation.now);
  const bool remove = Forgettable(step.state) || step.transition == rules::Transition::kForgotten ||
                      step.reason == rules::Reason::kNoDataForgotten ||
                      step.reason == rules::Reason::kRuleChanged;
  const bool adopted = seen.present && slot.rule_changed;
  const bool came_or_went = slot.absent == seen.present;
  const bool active = step.state.phase != rules::AlertPhase::kOk;
  // Bits: of a row that stays NaN, or stays away, nothing changed.
  slot.described = slot.described && std::bit_cast<uint64_t>(step.state.value) ==
                                         std::bit_cast<uint64_t>(slot.state.value);
  if (!added && !remove && !came_or_went && !adopted &&
      step.transition == rules::Transition::kNone && !DurablyDifferent(step.state, slot.state)) {
    slot.state = step.state;
    // Kept up to date for those who look; pages change only with transitions.
    if (active && !slot.described) DescribeSlot(slot, evaluation);
    return;
  }
  AlertChange change;
  change.before = slot;
  change.instance = &slot;
  change.transition = step.transition;
  change.reason = step.reason;
  change.added = added;
  change.remove = remove;
  slot.state = step.state;
  slot.absent = !seen.present;
  if (adopted) {
    slot.rule_changed = false;
    slot.query_hash = query_hash_;
  }
  if (step.transition != rules::Transition::kNone || (active && !slot.described)) {
    DescribeSlot(slot, evaluation);
  }
  changes.push_back(std::move(change));
}

void RuleAlerts::DescribeSlot(Slot& slot, const AlertEvaluation& evaluation) {
  Describe(slot, evaluation);
  slot.described = true;
}

void RuleAlerts::StepUnseen(const AlertEvaluation& evaluation, std::vector<AlertChange>& changes) {
  for (auto& [key, slot] : instances_) {
    if (slot->seen == evaluation_number_) continue;
    rules::Observation absent;
    absent.newest_sample = slot->state.last_seen;
    absent.hold = evaluation.hold;
    absent.rule_changed = slot->rule_changed;
    StepInstance(*slot, /*added=*/false, absent, evaluation, changes);
  }
}

std::string MonitorId(const rules::Monitor& monitor) {
  return absl::StrCat("monitor/", monitor.name);
}

std::string AlertRuleId(const rules::Group& group, const rules::AlertRule& rule, size_t duplicate) {
  std::string labels;
  for (const auto& [name, text] : rule.labels) absl::StrAppend(&labels, name, "=", text.text, ";");
  return absl::StrCat("group/", group.file, ";", group.name, ";", rule.name, ";",
                      absl::StrFormat("%016x", Hash64(labels)), ";", duplicate);
}

std::string MakeAlias(absl::string_view rule_id, absl::string_view alert_name, absl::uint128 key,
                      const Labels& external_labels) {
  constexpr size_t kNameMax = 30;
  std::string name;
  for (char c : alert_name.substr(0, kNameMax)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    name.push_back(plain ? c : '-');
  }
  const std::string identity = absl::StrCat(
      rule_id, absl::StrFormat(";%016x%016x;", absl::Uint128High64(key), absl::Uint128Low64(key)),
      external_labels.canonical());
  const absl::uint128 hash = Fingerprint128(identity);
  return absl::StrCat(
      name, "-",
      absl::StrFormat("%016x%016x", absl::Uint128High64(hash), absl::Uint128Low64(hash)));
}

}  // namespace tocsin::engine
