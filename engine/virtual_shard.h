#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/manual_clock.h"
#include "engine/adhoc_query.h"
#include "engine/stepped_engine.h"
#include "storage/memory_store.h"

namespace tocsin::engine {

struct VirtualShardOptions {
  Timestamp start;  // of time; the first evaluation of all groups. At or after the epoch
  absl::Duration interval = absl::Minutes(1);  // of all groups, whatever they name
  absl::Duration lookback = absl::Minutes(5);
  Labels external_labels;
  std::string external_url;
};

// What failed in an evaluation.
struct RuleFailure {
  std::string rule;  // its name
  Timestamp at;
  std::string error;
};

// One shard with its committer, log and outbox on a memory store, in a time that only moves when
// told to: production's evaluation over samples that are known beforehand.
//
// Thread: the caller's. Nothing outlives it.
class VirtualShard {
 public:
  explicit VirtualShard(VirtualShardOptions options);
  ~VirtualShard();

  // To be called once, before time moves. Errors: see BuildShardPlan.
  absl::Status Install(std::shared_ptr<const rules::RuleSet> rules);

  // The reference of a series; errors as SeriesRegistry.
  absl::StatusOr<SeriesRef> Resolve(const Labels& labels);

  // Time moves on: evaluates everything due before `t`, then the samples arrive at `t`. Stops at
  // the first evaluation in which rules fail.
  void Arrive(Timestamp t, SampleBatch samples);
  // Time moves on: evaluates everything due up to and including `t`; stops as above.
  void RunTo(Timestamp t);
  // Empty: all went well. Time does not move any more once it is not.
  const std::vector<RuleFailure>& failures() const { return failures_; }

  // Evaluates over all samples that arrived and all that rules recorded.
  absl::StatusOr<AdhocResult> Query(const promql::Expr& expr, Timestamp at) const;

  const Shard& shard() const { return engine_.shard(0); }

 private:
  void EvaluateBefore(Timestamp end);
  void Evaluate(Timestamp now);
  void CollectFailures(Timestamp now);

  const VirtualShardOptions options_;
  ManualClock clock_;
  storage::MemoryStore store_;
  SteppedEngine engine_;
  std::vector<RuleFailure> failures_;
};

}  // namespace tocsin::engine
