#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "integrations/ingest/connection_calls.h"

namespace tocsin::ingest {

// Which connections take back their calls so fast that they should be ended: with HTTP/2 that costs
// the client next to nothing, and us a call each (rapid reset, CVE-2023-44487; gRPC 1.51 has no
// limit for it). It is one that has ten times as many calls in memory as it may have under way,
// which only calls that were taken back can come to; or of which a thousand failed, and a hundred
// more each second, which is far beyond clients whose deadlines pass.
//
// Thread: one at a time. Keeps what it knows of the connections of the last look.
class ResetWatch {
 public:
  explicit ResetWatch(int streams_per_connection_max)
      : present_max_(10 * static_cast<uint64_t>(streams_per_connection_max)) {}

  // Peers to cut off, as of `now`, a monotonic time.
  std::vector<std::string> Look(const std::vector<ConnectionCalls>& connections,
                                absl::Duration now);

 private:
  struct Account {
    uint64_t failed = 0;  // as of the last look
    double owed = 0;      // of these, less what time forgave
  };

  const uint64_t present_max_;
  absl::Duration last_look_;
  absl::flat_hash_map<std::string, Account> accounts_;
};

}  // namespace tocsin::ingest
