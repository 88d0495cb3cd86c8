#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "engine/stepped_engine.h"
#include "integrations/delivery/delivery.h"
#include "storage/store.h"
#include "tests/sim/committed.h"
#include "tests/sim/plan.h"

namespace tocsin::simulation {

// One life of the process: the parts that app/server.cc puts together, without threads, sockets and
// disk. Each function is one step of one of production's loops.
//
// Borrows store, clock and random.
class Service : private engine::SampleSink {
 public:
  Service(const Plan& plan, size_t shards, storage::Store& store, const Clock& clock,
          Random& random, std::function<void(const Committed::Batch&)> on_commit);
  ~Service() override;

  // Reads the state and adopts the pages owed. Errors: the store fails.
  absl::Status Start(std::shared_ptr<const rules::RuleSet> rules);

  engine::SteppedEngine& engine() { return engine_; }
  delivery::Delivery& delivery() { return *delivery_; }

  // The gRPC threads: as SampleSink::Submit, but tells whether the batch waits for a commit.
  bool Send(const std::vector<Point>& points, SampleSink::Done done);
  bool work_waits() const { return !waiting_.empty(); }
  // The committer's loop. What it took when it failed: the caller asks for `failed`.
  void Commit(Committed::Batch& failed);
  // A shard's loop: applies what was committed ...
  bool inbox_empty(size_t shard) const { return inboxes_[shard].empty(); }
  std::vector<Committed::Batch> Apply(size_t shard);
  // ... and evaluates; `written`: what rules wrote.
  absl::Status Evaluate(size_t shard, std::vector<Point>& written);

  // Since the first refusal after which nothing was committed.
  absl::Duration Refusing() const;

 private:
  absl::StatusOr<SeriesRef> Resolve(const Labels& labels) override;
  void Submit(SampleBatch batch, Done done) override;
  bool SubmitCounted(SampleBatch batch, Done done);

  const Plan& plan_;
  const Clock& clock_;
  Random& random_;
  const std::function<void(const Committed::Batch&)> on_commit_;
  std::vector<std::deque<std::shared_ptr<const engine::CommittedBatch>>> inboxes_;
  engine::SteppedEngine engine_;
  std::unique_ptr<delivery::Delivery> delivery_;
  Committed::Batch waiting_;  // submitted, in order
  bool commit_succeeded_ = false;
  std::optional<absl::Duration> refusing_since_;
  std::vector<Point>* written_ = nullptr;
};

}  // namespace tocsin::simulation
