#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/timestamp.h"
#include "storage/store.h"

namespace tocsin::storage {

// Forgets transitions (family `history`) that are older than they are to be kept.
//
// Keys are ordered by alert, not by time, so all have to be looked at: a few thousand with each
// call, going round, so that no call takes long.
//
// Thread: one at a time. Borrows the store. Not durable: after a restart the round begins anew.
class HistorySweep {
 public:
  HistorySweep(Store& store, absl::Duration keep, size_t keys_per_step = 10'000)
      : store_(store), keep_(keep), keys_per_step_(keys_per_step) {}

  // How many were forgotten. Errors of the store; the step is repeated by the next call.
  absl::StatusOr<size_t> Step(Timestamp now);

 private:
  Store& store_;
  const absl::Duration keep_;
  const size_t keys_per_step_;
  std::string next_;  // the key to go on at; "": the first
};

}  // namespace tocsin::storage
