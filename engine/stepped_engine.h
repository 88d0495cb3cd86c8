#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "engine/committer.h"
#include "engine/evaluation_metrics.h"
#include "engine/sample_sink.h"
#include "engine/series_registry.h"
#include "engine/shard.h"
#include "engine/upkeep.h"
#include "storage/outbox.h"
#include "storage/sample_log.h"
#include "storage/store.h"

namespace tocsin::engine {

// The parts of Engine without its threads, on a store of the caller's: what runs when, and in which
// order, the caller decides. For time that is made up: tests of rules, scenarios, simulation. One
// object is one life of the process; what is kept lies in the store.
//
// Life: construct, Open(), then Recover() or Install(). Thread: one at a time. Borrows store and
// clock, which outlive it.
class SteppedEngine : public SampleSink {
 public:
  struct Options {
    ShardOptions shard;
    size_t shards = 1;  // 1..64
    // Who hears of committed batches; empty: the shards, at once.
    Committer::HandOn hand_on;
    UpkeepOptions upkeep;
    // Where shards resolve and submit what rules record; null: here.
    SampleSink* recorded = nullptr;
  };

  SteppedEngine(Options options, storage::Store& store, const Clock& clock);
  ~SteppedEngine() override;

  // Reads the outbox and finds the log's end. Errors: what the store says, DataLoss.
  absl::Status Open();
  // Start: series, windows and alerts as the store has them, then `rules`.
  absl::Status Recover(std::shared_ptr<const rules::RuleSet> rules);
  // Reload: all shards take the rules, or none does. `now` is also when schedules start.
  absl::Status Install(std::shared_ptr<const rules::RuleSet> rules, Timestamp now);

  absl::StatusOr<SeriesRef> Resolve(const Labels& labels) override;
  void Submit(SampleBatch batch, Done done) override;

  // Commits what was submitted. A failure is told to the submitters.
  void Commit();
  // Evaluates what is due now on all shards, then commits what rules recorded. The first error.
  absl::Status Evaluate();
  // Of storage; meant to be stepped every minute.
  Upkeep& upkeep() { return *upkeep_; }
  // When Evaluate() has to be called again if nothing arrives.
  Timestamp NextDue() const;

  size_t shards() const { return shards_.size(); }
  Shard& shard(size_t i) { return *shards_[i]; }
  const Shard& shard(size_t i) const { return *shards_[i]; }
  storage::Outbox& outbox() { return outbox_; }
  const storage::SampleLog& log() const { return *log_; }
  storage::SampleLog& log() { return *log_; }
  SeriesRegistry& registry() { return registry_; }
  const SeriesRegistry& registry() const { return registry_; }
  Metrics& metrics() { return metrics_; }
  EvaluationMetrics& evaluation_metrics() { return evaluation_metrics_; }
  const InputHealth& input() const { return input_; }

 private:
  Options options_;
  storage::Store& store_;
  const Clock& clock_;
  Metrics metrics_;
  EvaluationMetrics evaluation_metrics_{metrics_};
  InputHealth input_{clock_};
  storage::Outbox outbox_;
  SeriesRegistry registry_;
  // Since Open().
  std::unique_ptr<storage::SampleLog> log_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Upkeep> upkeep_;
};

}  // namespace tocsin::engine
