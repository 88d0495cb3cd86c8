#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log_pause.h"
#include "base/metrics.h"
#include "base/mutex.h"

namespace tocsin::ingest {

// What a request is charged for its bytes alone, whatever is in them: it costs to find that out.
constexpr uint64_t SamplesOfBytes(uint64_t bytes) {
  return 1 + bytes / 4096;
}

// How fast each sender may be: limits.samples_per_second_per_sender_max; 0: as fast as it goes, and
// then this costs nothing.
//
// A sender is asked before its request is read, when nobody knows how many samples are in it. So it
// comes in while it has credit, is charged once it was decoded, and may leave a debt, which time
// pays off: over a while nobody is faster than the limit. What it does not use adds up to the
// samples of ten seconds, so that a scraper that sends everything each ten seconds never waits.
//
// Who is refused is counted by tocsin_ingest_overload_total{reason="sender_rate"} and logged, at
// most once in ten seconds.
//
// Thread: any. Borrows: all arguments of the constructor.
// Limits: 10,000 senders at a time; further ones share one account.
class SenderRates {
 public:
  SenderRates(const Limits& limits, const Clock& clock, Metrics& metrics);

  // Whether another request of `sender`, the address of a host, may come. Otherwise TooFastError.
  absl::Status Admit(absl::string_view sender);
  // What a request of `sender` had, rejected samples included.
  void Charge(absl::string_view sender, uint64_t samples);

 private:
  struct Account {
    double samples = 0;  // less than 0: owed
    absl::Duration at;   // monotonic time of the balance
  };

  double per_second() const {
    return static_cast<double>(limits_.samples_per_second_per_sender_max);
  }

  Account& AccountOf(absl::string_view sender, absl::Duration now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetRested(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Refuse(absl::string_view sender, absl::Duration wait);

  // Constant after construction.
  const Limits& limits_;
  const Clock& clock_;
  prometheus::Counter& refused_;
  LogPause log_pause_;

  Mutex mutex_;
  absl::flat_hash_map<std::string, Account> accounts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::ingest
