#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/random.h"
#include "integrations/routing/silence.h"
#include "integrations/routing/silence_index.h"
#include "storage/store.h"

namespace tocsin::routing {

// All silences, in memory and in the family `silences`. What Set and Expire answered is on disk.
//
// They decide as Alertmanager's API does. Silences stay until kSilenceRetention after their end;
// those that are older go with the next write.
//
// Metrics: tocsin_silences (kept, in any state).
//
// Thread: any. Writers take turns; no lock is held while the store writes, so questions do not wait
// for the disk. Borrows the store, the random source (which nobody else may use) and the metrics.
class Silences {
 public:
  Silences(storage::Store& store, Random& random, const Limits& limits, Metrics& metrics);

  // Reads all from the store. Call once, before anything else. Returns how many records did not
  // decode; they stay where they are. Errors: the store's; FailedPrecondition if a record was
  // written by a newer program.
  absl::StatusOr<size_t> Recover();

  // Called after each write, outside any lock, by the thread that wrote. Set once, before threads
  // start.
  void SetListener(std::function<void()> listener) { listener_ = std::move(listener); }

  // Makes a silence (without id), or changes the one of that id; a change that would rewrite
  // history (CanUpdate) ends the old one and makes another. A new one does not start in the past.
  // Returns the id. Errors: InvalidArgument (ValidateSilence), NotFound (the id), ResourceExhausted
  // (a limit), Unavailable and others of the store: nothing has changed then, though a write that
  // was reported as failed may be there after a restart.
  absl::StatusOr<std::string> Set(Silence silence, Timestamp now);

  // Ends it now; nothing if it is over already. Errors: NotFound, and the store's.
  absl::Status Expire(const std::string& id, Timestamp now);

  std::optional<Silence> Find(const std::string& id, Timestamp now) const;
  // In Alertmanager's order: active ones by their end, pending ones by their start, expired ones by
  // their end, the last first.
  std::vector<Silence> All(Timestamp now) const;

  // Ids of the active silences that match, ascending.
  std::vector<std::string> SilencedBy(const Labels& labels, Timestamp now) const;

  // When the next silence starts or ends after `now`; nullopt if none does.
  std::optional<Timestamp> NextChange(Timestamp now) const;

 private:
  // What one call wants written, together.
  struct Change {
    std::vector<Silence> put;
    std::vector<std::string> removed;  // too old
  };

  absl::StatusOr<Change> PlanSet(Silence& silence, Timestamp now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Change> PlanExpire(const std::string& id, Timestamp now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::string> TooOld(Timestamp now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeTurn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndTurn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Writes and takes over; ends the turn.
  absl::Status Commit(const Change& change, Timestamp now);
  absl::Status WriteToStore(const Change& change);
  void Apply(const Change& change, Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction / SetListener.
  storage::Store& store_;
  const size_t silences_max_;
  const size_t silence_bytes_max_;
  prometheus::Gauge& kept_;
  std::function<void()> listener_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  CondVar turn_over_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;  // somebody has the turn
  Random& random_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, SilencePtr> silences_ ABSL_GUARDED_BY(mutex_);
  SilenceIndex index_ ABSL_GUARDED_BY(mutex_);  // those that were not over at the last write
};

}  // namespace tocsin::routing
