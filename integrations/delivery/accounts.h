#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "base/random.h"
#include "base/timestamp.h"
#include "integrations/delivery/ready_queue.h"
#include "integrations/delivery/target.h"

namespace tocsin::delivery {

// How the accounts behind the targets are: throttled, refused or failing as a whole. Holds back
// their requests in the queue.
//
// Thread: one at a time. Borrows queue and random, which outlive it.
class Accounts {
 public:
  // `probe_interval`: how long an account that refuses us is left alone.
  Accounts(ReadyQueue& queue, Random& random, absl::Duration probe_interval);

  struct Change {
    bool blocked = false;      // is now, or is not any more
    bool unconfirmed = false;  // for the first time: what is accepted counts as done
  };
  // Takes in what an answer says about the account.
  Change Judge(const std::string& account, Action action, const Effect& effect, Timestamp now);

  bool IsBlocked(const std::string& account) const;
  // The configuration was read again: all are tried at once.
  void Reset();
  void ClockStepped(absl::Duration step);

 private:
  struct Account {
    uint32_t failures = 0;  // in a row
    uint32_t throttles = 0;
    bool blocked = false;
    bool writes_refused = false;    // blocked by a refused write: a read does not lift it
    bool told_unconfirmed = false;  // once
    int64_t throttled_until_ms = 0;
  };
  Change Well(const std::string& name, bool read, Account& account);
  int64_t Throttled(const Effect& effect, Timestamp now, Account& account);

  ReadyQueue& queue_;
  Random& random_;
  const absl::Duration probe_interval_;
  std::map<std::string, Account> accounts_;
};

}  // namespace tocsin::delivery
