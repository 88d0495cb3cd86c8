#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "storage/store.h"

namespace tocsin::storage {

// The number of the on-disk format this program writes; FORMAT.md says what changed with each. It
// grows with every change that an older program would misread, so that one look at meta "format"
// decides about the whole database.
inline constexpr uint64_t kFormatNumber = 5;

// Judges the value of meta "format": FailedPrecondition if it is newer than this program, DataLoss
// if it is no number. nullopt (a store without one) is fine.
absl::Status CheckFormat(const std::optional<std::string>& stored);

// Checks the store's format and writes this program's, synced, if there is none yet or an older
// one: what is written from now on an older program could misread.
absl::Status EnsureFormat(Store& store);

}  // namespace tocsin::storage
