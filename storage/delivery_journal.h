#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/store.h"

namespace tocsin::storage {

// What delivery tried for each page and what came of it, so that a page can be explained later.
//
// Note() only remembers, so it is never in a page's way; Flush() writes, buffered: a crash may take
// the last seconds. Evidence that cannot be kept is dropped and counted, delivery goes on.
//
// Limits: kWaitingMax notes between two flushes; kPerAliasMax records of one alias, the oldest go
// first. Retention is that of transitions (HistorySweep).
//
// Thread: any. Borrows store and clock, which outlive it.
class DeliveryJournal {
 public:
  static constexpr size_t kWaitingMax = 10'000;
  static constexpr size_t kPerAliasMax = 200;

  // Texts are valid UTF-8, and the caller has bounded them.
  struct Attempt {
    std::string alias;
    std::string receiver;
    uint32_t target = 0;  // index of the configuration within the receiver
    std::string action;   // "" if nothing was sent
    std::string outcome;
    std::string error;  // never a secret
    uint64_t episode = 0;
    std::string by;    // who did it, of what people do; "": we
    std::string note;  // what they wrote
  };

  DeliveryJournal(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // That it happened now.
  void Note(Attempt attempt);
  // Writes what was noted. On an error of the store it is kept for the next call.
  absl::Status Flush();
  // How many notes found no room.
  uint64_t dropped() const;

 private:
  using Records = std::vector<state::v1::DeliveryRecord>;
  absl::Status AddToBatch(const Records& notes, size_t& next, WriteBatch& batch) const;

  Store& store_;
  const Clock& clock_;

  Mutex flushing_;  // one flush at a time; taken before the other
  mutable Mutex mutex_;
  Records waiting_ ABSL_GUARDED_BY(mutex_);
  uint64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The deliveries of one alias, oldest first. Errors: of the store, DataLoss.
absl::StatusOr<std::vector<state::v1::DeliveryRecord>> ReadDeliveries(const Store& store,
                                                                      absl::string_view alias);

}  // namespace tocsin::storage
