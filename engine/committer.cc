#include "engine/committer.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/kill_point.h"
#include "base/log.h"

namespace tocsin::engine {

Committer::Committer(SeriesRegistry& registry, storage::SampleLog& log, InputHealth& health,
                     uint64_t queue_bytes_max, Metrics& metrics, HandOn hand_on)
    : registry_(registry),
      log_(log),
      health_(health),
      hand_on_(std::move(hand_on)),
      commits_(metrics.Counter("tocsin_commits_total", "Synced writes of the sample log.")),
      commit_failures_(metrics.Counter("tocsin_commit_failures_total",
                                       "Writes of the sample log that failed; senders were told to "
                                       "try again.")),
      refused_(metrics.Counter("tocsin_ingest_refused_batches_total",
                               "Batches refused with 'try again' because the queue was full or the "
                               "service was stopping.")),
      series_(metrics.Gauge("tocsin_series", "Series known to the data directory.")),
      waiting_bytes_(queue_bytes_max) {
  series_.Set(static_cast<double>(registry_.size()));
}

void Committer::Submit(absl::string_view sender, SampleBatch batch, SampleSink::Done done) {
  const char* refusal = Enqueue(sender, batch, done);
  if (refusal == nullptr) {
    work_.NotifyOne();
    return;
  }
  refused_.Increment();
  done(absl::UnavailableError(refusal));
}

// A batch that is alone always fits. That one sender is over its share says nothing of others, so
// it does not mean that we refuse input.
const char* Committer::Enqueue(absl::string_view sender, SampleBatch& batch,
                               SampleSink::Done& done) {
  const size_t bytes = batch.bytes();
  MutexLock lock(mutex_);
  if (closed_) {
    health_.Refused();
    return "the service is stopping";
  }
  if (waiting_.empty()) {
    waiting_bytes_.TakeAnyway(sender, bytes);
  } else {
    switch (waiting_bytes_.Take(sender, bytes)) {
      case FairShares::Answer::kTaken:
        break;
      case FairShares::Answer::kFull:
        health_.Refused();
        return "the ingest queue is full (ingest_queue_bytes_max)";
      case FairShares::Answer::kOverShare:
        return "this sender has its share of the ingest queue (ingest_queue_bytes_max)";
    }
  }
  waiting_.Push(sender, {std::move(batch), std::move(done)});
  return nullptr;
}

bool Committer::WaitForWork() {
  MutexLock lock(mutex_);
  while (waiting_.empty() && !closed_) work_.Wait(mutex_);
  return !waiting_.empty();
}

std::vector<Committer::Request> Committer::TakeWaiting() {
  std::vector<Request> requests;
  std::string sender;
  MutexLock lock(mutex_);
  for (size_t bytes = 0; !waiting_.empty() && bytes < kCommitBytes;) {
    requests.push_back(waiting_.Pop(sender));
    const size_t of_request = requests.back().batch.bytes();
    waiting_bytes_.Give(sender, of_request);
    bytes += of_request;
  }
  return requests;
}

bool Committer::CommitWaiting(Timestamp now) {
  std::vector<Request> requests = TakeWaiting();
  if (requests.empty()) return false;
  auto committed = std::make_shared<CommittedBatch>();
  committed->committed = now;
  committed->samples = std::move(requests.front().batch);
  SampleBatch& all = committed->samples;
  for (size_t i = 1; i < requests.size(); ++i) all.Append(requests[i].batch);
  // After the batches were taken: so every reference in them is in the log already or in this list.
  committed->new_series = registry_.TakeNew();

  const auto offset = log_.Append(all, committed->new_series, now);
  absl::Status status;
  if (offset.ok()) {
    commits_.Increment();
    health_.Taken();
    series_.Set(static_cast<double>(registry_.size()));
    KillPoint("commit.before_shards");
    hand_on_(std::move(committed));
  } else {
    health_.Refused();
    commit_failures_.Increment();
    Log(LogLevel::kError, "sample log write failed", {{"error", offset.status().ToString()}});
    registry_.GiveBack(std::move(committed->new_series));
    status = absl::UnavailableError(
        absl::StrCat("samples could not be made durable: ", offset.status().message()));
  }
  KillPoint("commit.before_acknowledgement");
  for (Request& request : requests) request.done(status);
  KillPoint("commit.after_acknowledgement");
  MutexLock lock(mutex_);
  return !waiting_.empty();
}

void Committer::Close() {
  {
    MutexLock lock(mutex_);
    closed_ = true;
  }
  work_.NotifyAll();
}

}  // namespace tocsin::engine
