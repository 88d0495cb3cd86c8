#include "engine/shard_thread.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace tocsin::engine {

ShardThread::ShardThread(std::unique_ptr<Shard> shard, const Clock& clock, size_t inbox_bytes_max)
    : shard_(std::move(shard)), clock_(clock), inbox_bytes_max_(inbox_bytes_max) {
  pulse_.beat = clock_.Monotonic();
}

ShardThread::~ShardThread() {
  Stop();
}

void ShardThread::Start() {
  MutexLock lock(mutex_);
  running_ = true;
  pulse_.beat = clock_.Monotonic();
  thread_ = std::thread([this] { Loop(); });
}

void ShardThread::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  arrived_.NotifyAll();
  room_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

void ShardThread::AwaitRoom() {
  MutexLock lock(mutex_);
  while (inbox_bytes_ > inbox_bytes_max_ && !stopping_) room_.Wait(mutex_);
}

void ShardThread::Post(std::shared_ptr<const CommittedBatch> batch) {
  {
    MutexLock lock(mutex_);
    inbox_bytes_ += batch->samples.bytes();
    inbox_.push_back(std::move(batch));
  }
  arrived_.NotifyOne();
}

bool ShardThread::Run(const std::function<void(Shard&)>& task) {
  Mutex done_mutex;
  CondVar done_signal;
  bool done = false;
  {
    MutexLock lock(mutex_);
    if (!running_ || stopping_) return false;
    tasks_.push_back([&](Shard& shard) {
      task(shard);
      MutexLock done_lock(done_mutex);
      done = true;
      done_signal.NotifyAll();
    });
  }
  arrived_.NotifyOne();
  MutexLock lock(done_mutex);
  while (!done) done_signal.Wait(done_mutex);
  return true;
}

bool ShardThread::Collect(absl::Duration wait,
                          std::deque<std::shared_ptr<const CommittedBatch>>& batches,
                          std::vector<std::function<void(Shard&)>>& tasks) {
  bool more;
  {
    MutexLock lock(mutex_);
    if (inbox_.empty() && tasks_.empty() && !stopping_ && wait > absl::ZeroDuration()) {
      arrived_.WaitFor(mutex_, wait);
    }
    batches = std::exchange(inbox_, {});
    tasks = std::exchange(tasks_, {});
    inbox_bytes_ = 0;
    more = !stopping_ || !batches.empty() || !tasks.empty();
    if (!more) running_ = false;
  }
  room_.NotifyAll();
  return more;
}

void ShardThread::Loop() {
  std::deque<std::shared_ptr<const CommittedBatch>> batches;
  std::vector<std::function<void(Shard&)>> tasks;
  for (;;) {
    // The wall clock may jump: look at least once a second.
    const absl::Duration wait = std::min(shard_->NextDue() - clock_.Now(), absl::Seconds(1));
    if (!Collect(wait, batches, tasks)) break;
    for (const auto& batch : batches) shard_->Apply(*batch);
    for (const auto& task : tasks) task(*shard_);
    // A task may have taken long: what came meanwhile is applied before anything is called absent.
    if (!tasks.empty()) continue;
    // A failed commit was logged and counted; the next round repeats it.
    shard_->EvaluateUpTo(clock_.Now()).IgnoreError();
    Beat();
  }
  shard_->EvaluateUpTo(clock_.Now()).IgnoreError();
}

void ShardThread::Beat() {
  const Pulse pulse{clock_.Monotonic(), shard_->Lag(clock_.Now()), shard_->commit_owed()};
  MutexLock lock(mutex_);
  pulse_ = pulse;
}

ShardThread::Pulse ShardThread::pulse() const {
  MutexLock lock(mutex_);
  return pulse_;
}

}  // namespace tocsin::engine
