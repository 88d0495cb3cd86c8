#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "engine/adhoc_query.h"
#include "engine/committer.h"
#include "engine/evaluation_metrics.h"
#include "engine/sample_sink.h"
#include "engine/series_registry.h"
#include "engine/shard_thread.h"
#include "engine/sharding.h"
#include "engine/upkeep.h"
#include "storage/outbox.h"
#include "storage/sample_log.h"
#include "storage/store.h"

namespace tocsin::engine {

struct EngineOptions {
  ShardOptions shard;
  size_t shards = 1;  // 1..64
  absl::Duration retention =
      absl::Hours(48);  // of the sample log; at least what windows reach back
  absl::Duration block_span = absl::Minutes(30);  // see UpkeepOptions
  absl::Duration upkeep_interval = absl::Minutes(1);
};

// The whole of evaluation behind one door: takes samples, commits them, evaluates the rules, owes
// pages to the outbox.
//
// Owns the committer thread, one thread per shard and one for the upkeep of storage. Life:
// construct, Recover(), Start(), ... Stop(). Everything else is callable from any thread between
// Start() and Stop().
class Engine : public SampleSink {
 public:
  Engine(EngineOptions options, storage::Store& store, storage::Outbox& outbox,
         storage::SampleLog& log, const Clock& clock, Metrics& metrics);
  ~Engine() override;

  // Reads back series, windows and alerts. Nothing is evaluated before this is complete.
  absl::Status Recover(std::shared_ptr<const rules::RuleSet> rules);
  void Start();
  // Evaluates a last time, commits what was submitted, ends the threads. Submissions after it are
  // refused. Senders are to be stopped before.
  void Stop();

  // All shards take the new rules, or none does (InvalidArgument, Unimplemented: a rule cannot run;
  // Unavailable: see InstallOnAll; what the log says). Evaluation goes on while the new plans are
  // built; for the change itself all shards stand still.
  absl::Status Reload(std::shared_ptr<const rules::RuleSet> rules);

  absl::StatusOr<SeriesRef> Resolve(const Labels& labels) override;
  absl::StatusOr<SeriesRef> ResolveFrom(absl::string_view sender, const Labels& labels) override;
  void Submit(SampleBatch batch, Done done) override;
  void SubmitFrom(absl::string_view sender, SampleBatch batch, Done done) override;
  // Of a series that was resolved.
  Labels LabelsOf(SeriesRef series) const { return registry_.Get(series); }

  // See RunAdhocQuery; `expired` ends it.
  absl::StatusOr<AdhocResult> Query(const promql::Expr& expr, Timestamp t,
                                    std::function<bool()> expired) const;
  // Calls fn(shard) for each shard on that shard's thread, one after the other.
  void ForEachShard(const std::function<void(const Shard&)>& fn);

  // See Shard::TakeFeedback(); Unavailable while the service stops.
  absl::StatusOr<std::string> TakeFeedback(const std::string& alias, Feedback feedback);

  size_t series() const { return registry_.size(); }

  // Why pages can not be relied on just now, in words; empty: all is well.
  std::string Trouble() const;
  // How long what is due has waited for its evaluation, the longest of all shards.
  absl::Duration Lag() const;

 private:
  absl::Status ResumeShards(const std::shared_ptr<const rules::RuleSet>& rules,
                            const Placement& placement, Timestamp now, std::vector<Resumed> shares);
  // Runs fn while all shards stand still; false if they have ended. `stopped` is empty at first and
  // holds all of them then.
  bool StopShards(std::vector<Shard*>& stopped, const std::function<void()>& fn);
  void CommitLoop();
  void UpkeepLoop();
  void UpdateGauges();
  absl::Duration LateMax() const;

  const EngineOptions options_;
  storage::Store& store_;
  storage::SampleLog& log_;
  const Clock& clock_;
  Metrics& metrics_;
  EvaluationMetrics evaluation_metrics_;
  SeriesRegistry registry_;
  InputHealth input_;
  std::vector<std::unique_ptr<ShardThread>> shards_;
  Committer committer_;
  std::thread commit_thread_;
  Upkeep upkeep_;  // upkeep thread
  std::thread upkeep_thread_;
  Mutex stopping_mutex_;
  CondVar stopping_changed_;
  bool stopping_ ABSL_GUARDED_BY(stopping_mutex_) = false;
  std::atomic<int64_t> reach_ms_{0};
  prometheus::Gauge& alive_;
};

}  // namespace tocsin::engine
