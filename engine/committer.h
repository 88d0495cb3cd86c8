#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/fair_queue.h"
#include "base/fair_shares.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "engine/sample_sink.h"
#include "engine/series_registry.h"
#include "storage/sample_log.h"

namespace tocsin::engine {

// What the committer hands on after a commit: shared by all shards, never changed.
struct CommittedBatch {
  SampleBatch samples;
  std::vector<storage::NewSeries> new_series;  // first seen with this batch
  Timestamp committed;                         // when it was acknowledged
};

// Whether samples are refused because of us (a full disk, a full queue): then their absence says
// nothing about what they measure.
//
// Thread: any. Borrows the clock.
class InputHealth {
 public:
  explicit InputHealth(const Clock& clock) : clock_(clock) {}
  void Refused() {
    int64_t none = kTaken;
    since_ns_.compare_exchange_strong(none, absl::ToInt64Nanoseconds(clock_.Monotonic()));
  }
  void Taken() { since_ns_ = kTaken; }
  // Since the first refusal after which nothing was taken; 0: all is well.
  absl::Duration RefusingFor(absl::Duration monotonic) const {
    const int64_t since = since_ns_;
    return since == kTaken ? absl::ZeroDuration() : monotonic - absl::Nanoseconds(since);
  }

 private:
  static constexpr int64_t kTaken = -1;
  const Clock& clock_;
  std::atomic<int64_t> since_ns_{kTaken};
};

// Turns concurrent requests into few synced writes: what waits when a write begins goes into it,
// one request of each sender in turn, until it has kCommitBytes. So who sends little waits for one
// write or two, however much others send.
//
// Submit() from any thread; CommitWaiting() from one thread, which waits with WaitForWork(). An
// acknowledgement is sent after the write is durable and after the batch was handed to the shards,
// which must not wait.
//
// Errors to senders: Unavailable when the queue is full (limits.ingest_queue_bytes_max), or one
// sender has more than its share in it, when the
// write failed (disk full: nothing was taken) and after Close().
class Committer {
 public:
  static constexpr size_t kCommitBytes = 4 << 20;
  using HandOn = std::function<void(std::shared_ptr<const CommittedBatch>)>;

  Committer(SeriesRegistry& registry, storage::SampleLog& log, InputHealth& health,
            uint64_t queue_bytes_max, Metrics& metrics, HandOn hand_on);

  // `sender`: as of SampleSink; "" is nobody in particular, rules for instance.
  void Submit(absl::string_view sender, SampleBatch batch, SampleSink::Done done);

  // Blocks until something waits (true) or the committer is closed and empty (false).
  bool WaitForWork();
  // Commits what waits, as one record. `now` is the commit time. True if something still waits.
  bool CommitWaiting(Timestamp now);

  // The registry was filled from disk.
  void Recovered() { series_.Set(static_cast<double>(registry_.size())); }

  // No more submissions; what waits is still committed.
  void Close();

 private:
  struct Request {
    SampleBatch batch;
    SampleSink::Done done;
  };
  // Puts a request into the queue, or says why not.
  const char* Enqueue(absl::string_view sender, SampleBatch& batch, SampleSink::Done& done);
  std::vector<Request> TakeWaiting();

  SeriesRegistry& registry_;
  storage::SampleLog& log_;
  InputHealth& health_;
  const HandOn hand_on_;
  prometheus::Counter& commits_;
  prometheus::Counter& commit_failures_;
  prometheus::Counter& refused_;
  prometheus::Gauge& series_;

  Mutex mutex_;
  CondVar work_;
  FairQueue<Request> waiting_ ABSL_GUARDED_BY(mutex_);
  FairShares waiting_bytes_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin::engine
