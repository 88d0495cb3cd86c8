#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "engine/alerts/alert_instance.h"
#include "engine/alerts/composite_verdicts.h"
#include "engine/evidence.h"
#include "engine/query/query_engine.h"
#include "rules/rule.h"

namespace tocsin::engine {

class RecordingRules;

// What an evaluation gives to a rule's alerts. Borrowed during the call.
struct AlertEvaluation {
  const QueryResult* result = nullptr;                     // null for composite monitors
  const std::vector<MemberTable>* members = nullptr;       // of composite monitors
  const std::vector<int64_t>* newest_inputs_ms = nullptr;  // per row; monitors only
  Timestamp now;
  bool hold = false;  // shortly after a gap: absence proves nothing yet
  const Labels* external_labels = nullptr;
  absl::string_view external_url;
  // Runs a template's `query`.
  std::function<absl::StatusOr<std::vector<templates::QueryRow>>(absl::string_view)> query;
  // What an alert's open page quotes; empty: nothing.
  std::function<templates::Evidence(const AlertInstance&)> evidence;
};

// All alerts of one rule: finds the instance of each row, steps it, and reports what changed. The
// caller commits the changes, then calls Settle(); or Revert() for those that could not be
// committed.
//
// Rows that are fine and have no history cost one comparison and no memory.
//
// Thread: one at a time (the shard's).
class RuleAlerts {
 public:
  virtual ~RuleAlerts() = default;

  // Identity of the rule over restarts and reloads: part of the key of its alerts on disk.
  const std::string& rule_id() const { return rule_id_; }
  // What users wrote as the condition, for pages.
  virtual std::string ConditionText(const AlertInstance& instance) const = 0;
  virtual const std::string& alert_name() const = 0;
  virtual bool shadow() const { return false; }
  // What the rule says of its pages; null: it cannot say anything.
  virtual const rules::PageOptions* page_options() const { return nullptr; }

  // The queries whose series pages tell evidence of: the rule's own, or those of a composite
  // monitor's members, the first few. Borrowed, of the rule set.
  static constexpr size_t kEvidenceQueriesMax = 20;
  const std::vector<EvidenceQuery>& evidence_queries() const { return evidence_queries_; }
  void AddEvidenceQuery(const promql::Expr& query);
  // And those of the recording rules behind them.
  void AddRecordedQueries(const RecordingRules& recorded);
  // Annotations read .Evidence: they are expanded once more when it is known.
  virtual bool quotes_evidence() const { return false; }

  // InvalidArgument if two rows make the same alert, ResourceExhausted beyond the group's limit;
  // then nothing changed. Rows beyond `alerts_max` instances are left out, see left_out().
  virtual absl::StatusOr<std::vector<AlertChange>> Evaluate(const AlertEvaluation& evaluation) = 0;

  // How many rows of the last evaluation found no room.
  size_t left_out() const { return left_out_; }

  // When a step could change something although no sample comes. Max: never.
  Timestamp NextDeadline() const;

  // Expands the rule's annotations (and, for monitors, labels) for this instance.
  virtual void Describe(AlertInstance& instance, const AlertEvaluation& evaluation) const = 0;

  void Settle(const AlertChange& change);
  void Revert(const AlertChange& change);

  // Puts back an instance from disk or from the rule this one replaces.
  const AlertInstance& Restore(AlertInstance instance);
  // Takes all instances out, for the rule's successor or to close their pages.
  std::vector<AlertInstance> TakeAll();

  size_t size() const { return instances_.size(); }
  template <typename Fn>
  void ForEach(Fn&& fn) const {
    for (const auto& [key, instance] : instances_) fn(static_cast<const AlertInstance&>(*instance));
  }
  template <typename Fn>
  void ForEach(Fn&& fn) {
    for (auto& [key, instance] : instances_) fn(static_cast<AlertInstance&>(*instance));
  }
  const AlertInstance* Find(absl::uint128 key) const;

 protected:
  // `query`: the text, whose change is noticed on Restore().
  RuleAlerts(std::string rule_id, absl::string_view query, size_t alerts_max)
      : rule_id_(std::move(rule_id)), query_hash_(Hash64(query)), alerts_max_(alerts_max) {}

  struct Slot : AlertInstance {
    uint64_t seen = 0;           // number of the last evaluation its row was present in
    bool described = false;      // annotations are those of `state.value` and of this rule
    std::vector<uint32_t> rows;  // in row_cache_ that point here
    size_t row = SIZE_MAX;       // whose labels result_labels are, while rows are not renumbered
  };
  virtual absl::uint128 KeyOf(const AlertInstance& instance) const = 0;
  virtual Timestamp DeadlineOf(const rules::AlertState& state) const = 0;
  virtual rules::StepResult Step(const rules::AlertState& state, const rules::Observation& seen,
                                 Timestamp now) const = 0;
  // True if an alert in this state may be dropped from memory and disk.
  virtual bool Forgettable(const rules::AlertState& state) const = 0;

  // Steps one instance and appends the change if something durable changed.
  void StepInstance(Slot& slot, bool added, const rules::Observation& seen,
                    const AlertEvaluation& evaluation, std::vector<AlertChange>& changes);
  void DescribeSlot(Slot& slot, const AlertEvaluation& evaluation);
  // Steps all instances whose row was not seen in this evaluation.
  void StepUnseen(const AlertEvaluation& evaluation, std::vector<AlertChange>& changes);
  // False, and counted, if there is no room for one more.
  bool TakeRoom();
  // Brings row_cache_ up to date: nothing is known of rows from the returned one on.
  size_t FollowRows(const QueryResult& result);
  void Remember(size_t row, Slot* slot);
  void ForgetRows();

  const std::string rule_id_;
  const uint64_t query_hash_;
  const size_t alerts_max_;
  std::vector<EvidenceQuery> evidence_queries_;
  uint64_t evaluation_number_ = 0;
  size_t left_out_ = 0;
  // Ordered: the same alerts change, and page, in the same order in every run.
  absl::btree_map<absl::uint128, std::unique_ptr<Slot>> instances_;
  uint64_t rows_layout_ = 0;      // of the rows in row_cache_
  std::vector<Slot*> row_cache_;  // the instance of each row; null: none, or not known
};

// Alerts of a native monitor with a query. Borrows the monitor (of the rule set the shard holds)
// and, of an anomaly monitor, its models, which are to have judged a result before its alerts are
// evaluated; null for a threshold monitor.
class AnomalyModels;
std::unique_ptr<RuleAlerts> MakeMonitorAlerts(const rules::Monitor& monitor,
                                              const AnomalyModels* models, size_t alerts_max);

// Alerts of a composite monitor; borrows it likewise.
std::unique_ptr<RuleAlerts> MakeCompositeAlerts(const rules::Monitor& monitor, size_t alerts_max);

// Alerts of a Prometheus alert rule; `rule_id` as made by AlertRuleId(). `limit`: the group's, 0
// for none.
std::unique_ptr<RuleAlerts> MakePrometheusAlerts(const rules::AlertRule& rule, std::string rule_id,
                                                 size_t limit, size_t alerts_max);

// "monitor/<name>", and for alert rules file, group, name, configured labels and how many equal
// ones came before.
std::string MonitorId(const rules::Monitor& monitor);
std::string AlertRuleId(const rules::Group& group, const rules::AlertRule& rule, size_t duplicate);

// The page's alias: from the alert's name and identity, ASCII, at most 64 characters, never
// severity or value. External labels are part of it: two clusters with the same rules and one
// account are two alerts.
std::string MakeAlias(absl::string_view rule_id, absl::string_view alert_name, absl::uint128 key,
                      const Labels& external_labels);

}  // namespace tocsin::engine
