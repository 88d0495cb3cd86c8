#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/store.h"

namespace tocsin::storage {

// Pages owed: per alias what the alert wants (DesiredPage) and how far delivery is (PageDelivery).
// Survives restarts.
//
// Stage() only adds to the caller's batch, so a page is owed exactly if the alert state that caused
// it was committed. Delivery is at least once: an entry leaves only when a closed page is confirmed
// everywhere, so the receiver must tolerate repeats (same alias).
//
// The desired half is written by shards, the delivery half by delivery; they never write the same
// key. All entries are kept in memory as well.
//
// Thread: any; one alias belongs to one shard (Stage, Publish) and to one delivery step at a time
// (SaveProgress, Remove). Borrows the store. No lock is held during its writes. Errors:
// ResourceExhausted when a new alias would exceed entries_max (the caller must not commit the
// transition then: it retries at its next evaluation); DataLoss if an entry does not decode at
// start (it is moved aside under "x" + its key and counted; the rest goes on).
class Outbox {
 public:
  using Desired = state::v1::DesiredPage;
  using Progress = state::v1::PageDelivery;

  struct Entry {
    Desired desired;
    Progress progress;
  };

  Outbox(Store& store, size_t entries_max);
  ~Outbox();

  // Reads all entries. Call once, before anything else. Returns how many were moved aside.
  // FailedPrecondition if one was written by a newer program.
  absl::StatusOr<size_t> Recover();

  // A shard's two steps around its commit: Stage adds the write of `desired` to the batch and
  // protects the alias from removal; Publish makes it visible to delivery (committed) or forgets it
  // (not committed). Each successful Stage needs its Publish. Stage waits while a Remove of the
  // same alias is being written (one store write).
  absl::Status Stage(const Desired& desired, WriteBatch& batch);
  void Publish(const Desired& desired, bool committed);

  // Both steps around a synced write of its own: for what no shard owns. Takes a place even where
  // entries_max is reached: it stands for entries that are there.
  absl::Status Write(const Desired& desired);

  // Called after each Publish with the alias, outside any lock. Set once, before threads start.
  void SetListener(std::function<void(const std::string& alias)> listener);

  std::optional<Entry> Find(const std::string& alias) const;
  std::vector<std::string> Aliases() const;  // ascending
  size_t size() const;                       // published entries
  // Evaluation time of the oldest change that is not confirmed yet; nullopt if all are. Delivery
  // tells by SaveProgress(settled).
  std::optional<int64_t> OldestUnsettledMillis() const;

  // Delivery's half. `settled`: the remote state is as desired, up to the desired sequence in
  // `progress`' targets (with no targets: for the episode it was routed for). FailedPrecondition if
  // there is no such entry.
  absl::Status SaveProgress(const Progress& progress, bool settled, Durability durability);
  // Removes both halves of a closed, confirmed page if its desired sequence is still `sequence` and
  // no Stage is under way; otherwise does nothing and returns false. Not synced: should the machine
  // crash, the confirmed entry is back and is removed again.
  absl::StatusOr<bool> Remove(const std::string& alias, uint64_t sequence);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::storage
