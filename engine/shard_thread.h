#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "engine/committer.h"
#include "engine/shard.h"

namespace tocsin::engine {

// The active shell around one shard: one thread that applies what was committed, evaluates what is
// due and runs what others ask of the shard. Nobody else touches the shard once Start() was called.
//
// The committer asks for room before it commits more: a shard that cannot keep up slows it down and
// with it the senders; evaluation itself never waits for ingest.
class ShardThread {
 public:
  ShardThread(std::unique_ptr<Shard> shard, const Clock& clock, size_t inbox_bytes_max);
  ~ShardThread();  // stops

  // Before Start() the shard may be used directly.
  Shard& shard() { return *shard_; }

  void Start();
  // Applies what was posted, evaluates a last time, commits and ends the thread.
  void Stop();

  // Waits while more than `inbox_bytes_max` are unapplied.
  void AwaitRoom();
  // Never waits.
  void Post(std::shared_ptr<const CommittedBatch> batch);
  // How the loop is, as others may ask while it is stuck.
  struct Pulse {
    absl::Duration beat;       // monotonic time of the last finished round
    absl::Duration lag;        // of the groups, then
    bool commit_owed = false;  // alert state could not be written, then
  };
  Pulse pulse() const;

  // Runs `task` on the shard's thread and waits for it. False if the thread has stopped (the task
  // did not run).
  bool Run(const std::function<void(Shard&)>& task);

 private:
  void Loop();
  void Beat();
  // Waits for work or the next due time; false when stopping and nothing is left.
  bool Collect(absl::Duration wait, std::deque<std::shared_ptr<const CommittedBatch>>& batches,
               std::vector<std::function<void(Shard&)>>& tasks);

  const std::unique_ptr<Shard> shard_;
  const Clock& clock_;
  const size_t inbox_bytes_max_;
  std::thread thread_;

  mutable Mutex mutex_;
  CondVar arrived_;
  CondVar room_;
  std::deque<std::shared_ptr<const CommittedBatch>> inbox_ ABSL_GUARDED_BY(mutex_);
  size_t inbox_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::function<void(Shard&)>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Pulse pulse_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::engine
