#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace tocsin::ingest {

// Calls that are made and taken back before they are answered. With HTTP/2 they cost the client
// next to nothing, and us a call each (rapid reset, CVE-2023-44487; gRPC 1.51 has no limit for
// them). A connection may have taken back a thousand, and a hundred more each second, which is far
// beyond clients whose deadlines pass.
//
// Thread: any. Borrows the clock.
// Limits: 10,000 connections at a time. Of more, those that owe little are forgotten.
class CallWatch {
 public:
  explicit CallWatch(const Clock& clock) : clock_(clock) {}

  // A call of the connection from `peer`, an address and a port in any one notation. True if that
  // connection took back too many, so that it should be cut off; then it begins anew.
  [[nodiscard]] bool Made(absl::string_view peer);
  // One of its calls was answered, or seems to have been.
  void Answered(absl::string_view peer);
  // So many of those that seemed to be answered had been taken back before.
  void TakenBack(absl::string_view peer, int calls);

 private:
  struct Account {
    double open = 0;    // calls not answered, less what time forgave
    absl::Duration at;  // monotonic time of `open`
  };
  double Add(absl::string_view peer, int calls) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static double OpenAt(const Account& account, absl::Duration now);
  void Forget(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;

  Mutex mutex_;
  absl::flat_hash_map<std::string, Account> accounts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::ingest
