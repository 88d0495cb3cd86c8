#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "engine/alerts/rule_alerts.h"
#include "engine/evaluation_metrics.h"
#include "engine/evidence.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/outbox.h"
#include "storage/store.h"

namespace tocsin::engine {

// Gathers what one round of evaluations changed and commits it at once: alert state, history and
// the pages owed are one write batch, so state and page cannot disagree.
//
// When a write fails (disk full) the batch is kept and written with the next one. Pages in it that
// open or change are delivered anyway, since a person has to know; a crash in that time repeats
// them under the same alias. Those that close wait until it is written, unless the opening was not
// written either: after a crash the alert would still fire, and nobody would open its page again.
//
// Thread: one at a time (the shard's).
class AlertCommit {
 public:
  struct Round {
    Timestamp now;
    // When the samples behind this evaluation were acknowledged, the oldest of them since the
    // rule's last one; epoch: time alone led to it.
    Timestamp cause_committed;
    const std::string* revision = nullptr;
    const Labels* external_labels = nullptr;
  };

  // What the clock record of this shard is to say.
  struct ClockReading {
    size_t shard = 0;
    Timestamp evaluated;
    Timestamp hold_until;
  };

  AlertCommit(storage::Store& store, storage::Outbox& outbox, EvaluationMetrics& metrics,
              EvidenceWriter evidence)
      : store_(store), outbox_(outbox), metrics_(metrics), evidence_(std::move(evidence)) {}

  // Adds the changes that an evaluation made to one rule. What cannot be owed because the outbox is
  // full is reverted and counted in the result: the rule is to be evaluated again although nothing
  // may come.
  size_t Add(RuleAlerts& rule, std::vector<AlertChange> changes, const AlertEvaluation& evaluation,
             const Round& round);

  // Writes an alert as it is: recovery moved its clocks.
  void Keep(const std::string& rule_id, const AlertInstance& instance);

  // What an anomaly monitor learned of a row, or that it forgets it.
  void KeepModel(const std::string& rule_id, const Labels& labels, state::v1::ModelRecord record);
  void DropModel(const std::string& rule_id, const Labels& labels);

  // An alert that is given up although nothing was evaluated (its rule is gone, say): closes its
  // page with that reason and forgets it.
  void Retire(const std::string& rule_id, AlertInstance instance, rules::Reason reason,
              const Round& round);

  // Opens or closes the pages of alerts that are not as they should be without a transition having
  // said so: a firing monitor that was in shadow mode has none, one that is now has one too many.
  // False if the outbox is full: call again.
  bool MatchPages(RuleAlerts& rule, const AlertEvaluation& evaluation, const Round& round);

  // Writes what was added, together with the clock record. Does nothing if there is nothing to
  // write and `clock_due` is false.
  absl::Status Commit(const ClockReading& clock, bool clock_due);

 private:
  // Why a page is to be what.
  struct Intent {
    const std::string& rule_id;
    const std::string& condition;
    bool open = false;
    rules::Reason reason = rules::Reason::kNone;
    const RuleAlerts* rule = nullptr;             // null: it is gone
    const AlertEvaluation* evaluation = nullptr;  // of the rule
    bool raised = false;                          // the page is open and gets worse
  };

  // A page has the evidence of when it opened, or got worse.
  void AddEvidence(const Intent& intent, const Round& round, const AlertInstance& instance,
                   const state::v1::DesiredPage* before, state::v1::DesiredPage& page);
  // Annotations were expanded before it was known whether there is a page: those that quote its
  // evidence are expanded again.
  void QuoteEvidence(const Intent& intent, const state::v1::DesiredPage& page,
                     AlertInstance& instance);
  absl::Status StagePage(const Intent& intent, const Round& round, AlertInstance& instance);
  void AddHistory(const std::string& rule_id, const AlertInstance& instance,
                  const std::string& condition, rules::Transition transition, rules::Reason reason,
                  const Round& round);
  void Deferred(const std::string& rule_id, const AlertInstance& instance, const absl::Status& why);
  void CountStates(const rules::AlertState& before, const rules::AlertState& after);
  void PublishPages(bool written);

  storage::Store& store_;
  storage::Outbox& outbox_;
  EvaluationMetrics& metrics_;
  EvidenceWriter evidence_;
  storage::WriteBatch batch_;
  std::vector<state::v1::DesiredPage> pages_;  // staged, not published; in order
  std::set<std::string> opened_unwritten_;     // aliases that are closed on disk
  uint64_t history_sequence_ = 0;
};

}  // namespace tocsin::engine
