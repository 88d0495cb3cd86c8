#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/manual_clock.h"
#include "engine/adhoc_query.h"
#include "engine/stepped_engine.h"
#include "rules/rule_file.h"
#include "storage/memory_store.h"

namespace tocsin::testing {

// One shard with its committer, log and outbox on a memory store, in virtual time and on the
// caller's thread: the code of production without its threads, sockets and disk.
class World {
 public:
  explicit World(Timestamp start);
  ~World();

  // Loads rules as the service would at start or reload. InvalidArgument with all findings if they
  // are wrong.
  absl::Status SetRules(const std::string& yaml);

  // Samples arrive, each acknowledged at the time it is dated.
  void Schedule(Timestamp at, const Labels& series, double value);

  // Lets time pass up to and including `t`: samples arrive and evaluations happen in order.
  void RunUntil(Timestamp t);

  // The process dies and comes back `gap` later; what was committed is all that is left. Samples
  // scheduled meanwhile are lost (their senders got no acknowledgement and this world's senders do
  // not retry).
  void Restart(absl::Duration gap = absl::ZeroDuration());
  // The wall clock is set, here and at the senders: what they are still to send is dated by it.
  void StepClock(absl::Duration step);
  // Restart without a gap after each step of RunUntil: must change nothing.
  void RestartAfterEachStep(bool on) { restart_always_ = on; }

  // "ok" (also: unknown), "pending", "warning", "critical" or, for alert rules of Prometheus,
  // "firing"; "no_data".
  std::string AlertStateOf(const Labels& alert) const;
  // The desired page of the alert; null: none was ever owed or it is gone.
  std::optional<storage::Outbox::Desired> PageOf(const Labels& alert) const;

  // Over all that is recorded, now.
  absl::StatusOr<engine::AdhocResult> Query(const promql::Expr& expr) const;

  Timestamp now() const { return clock_.Now(); }
  storage::MemoryStore& store() { return store_; }
  storage::Outbox& outbox() { return engine_->outbox(); }
  engine::Shard& shard() { return engine_->shard(0); }
  engine::SteppedEngine& engine() { return *engine_; }
  Metrics& metrics() { return engine_->metrics(); }

 private:
  void Boot();
  void Deliver(Timestamp now);
  void Step(Timestamp now);

  ManualClock clock_;
  storage::MemoryStore store_;
  std::shared_ptr<const rules::RuleSet> rules_;
  std::multimap<Timestamp, std::pair<Labels, double>> scheduled_;
  bool restart_always_ = false;

  // One life of the process.
  std::unique_ptr<engine::SteppedEngine> engine_;
};

}  // namespace tocsin::testing
