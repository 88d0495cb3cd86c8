#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace tocsin::storage {

// A file that takes up room while there is plenty, so that a start on a full disk has some: RocksDB
// cannot recover without writing, and a service that does not start pages nobody.
//
// Thread: one at a time. Paths are of a data directory.
class DiskReserve {
 public:
  static constexpr uint64_t kBytes = 64 << 20;

  // Before the database is opened: gives the room back if there is little other. Unavailable, with
  // what to do, if there is not enough even so.
  static absl::Status ReleaseIfNeeded(const std::string& path);
  // After it was opened: takes the room if the volume has several times as much. Failing to is no
  // error.
  static void Restore(const std::string& path);
};

}  // namespace tocsin::storage
