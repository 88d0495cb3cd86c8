#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/shard.h"
#include "tests/sim/alert_model.h"
#include "tests/sim/findings.h"
#include "tests/sim/traffic.h"
#include "tests/sim/twin.h"

namespace tocsin::simulation {

// The alerts of one rule by their identity: of monitors the row's labels, else the alert's.
using AlertModels = std::map<Labels, AlertModel>;

// What surrounded an evaluation.
struct EvaluationFacts {
  Timestamp now;
  bool hold = false;
  bool outbox_full = false;    // pages may have been put off
  bool registry_full = false;  // new series are refused
  size_t alerts_max = 0;
};

// One rule and what it must have led to. Sees the engine's outcome only to compare, and where the
// promises leave it a choice: which rows find room, and which pages a full outbox puts off.
class RuleOracle {
 public:
  // Borrows the rule's runtime and definition, until the next Follow().
  void Follow(const engine::RuleRuntime& runtime, const rules::Monitor* monitor,
              const rules::AlertRule* alert);

  const engine::RuleRuntime& runtime() const { return *runtime_; }
  const rules::Monitor* monitor() const { return monitor_; }
  const rules::RecordRule* record() const { return runtime_->record; }
  const std::string& name() const { return runtime_->alerts->alert_name(); }
  const promql::Expr& expr() const;
  bool shadow() const { return monitor_ != nullptr && monitor_->shadow; }

  AlertModels& alerts() { return alerts_; }
  const AlertModels& alerts() const { return alerts_; }

  // The rule was evaluated and its query gave `rows`.
  void Evaluate(const TwinRows& rows, const EvaluationFacts& facts, Findings& findings);
  // What phase or level an evaluation with these rows would change; empty: none. Queries whose
  // value drifts between samples are left out: they are looked at when samples come.
  std::string WouldChange(const TwinRows& rows, const EvaluationFacts& facts) const;
  // A recording rule was evaluated and wrote `written`, all samples of its metric in this round.
  void CheckRecorded(const TwinRows& rows, const std::vector<Point>& written,
                     const EvaluationFacts& facts, Findings& findings);
  // The engine's alerts are these.
  void Compare(const EvaluationFacts& facts, Findings& findings) const;

 private:
  Labels IdentityOf(const Labels& row) const;
  const engine::AlertInstance* InstanceOf(const Labels& identity) const;
  void Step(AlertModel& alert, const Seen& seen, Timestamp now) const;
  size_t RoomTaken(const TwinRows& rows, const EvaluationFacts& facts) const;
  AlertModels Stepped(const TwinRows& rows, const EvaluationFacts& facts, Findings* findings) const;
  bool Same(const AlertModel& model, const engine::AlertInstance& instance) const;
  void AcceptPutOff(const AlertModels& before, AlertModels& after) const;

  const engine::RuleRuntime* runtime_ = nullptr;
  const rules::Monitor* monitor_ = nullptr;
  const rules::AlertRule* rule_ = nullptr;
  AlertModels alerts_;
  std::set<Labels> recorded_;    // by the last evaluation
  bool recorded_known_ = false;  // there was one in this life
};

}  // namespace tocsin::simulation
