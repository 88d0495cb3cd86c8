#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "base/fair_shares.h"
#include "base/metrics.h"
#include "base/mutex.h"

namespace tocsin::ingest {

// Requests and streams told to try again because too much of something is under way:
// tocsin_ingest_overload_total{reason}, at 0 from the first call on.
prometheus::Counter& OverloadCounter(Metrics& metrics, const std::string& reason);

struct BudgetOptions {
  std::string reason;  // what is shared, as the counter's label: "declarations"
  std::string limit;   // what bounds it, for the refused: "thrice series_max"
  uint64_t amount_max = 0;
};

// An amount that all requests or streams share, such as bytes of memory. Each takes its part by a
// BudgetLease; what one sender's leases take together leaves room for others (FairShares).
//
// A lease that is alone is refused nothing: what is within the other limits then always fits, and
// the most ever taken is `amount_max` or what a single lease takes.
//
// Thread: any.
class Budget {
 public:
  Budget(Metrics& metrics, const BudgetOptions& options)
      : reason_(options.reason),
        limit_(options.limit),
        refused_(OverloadCounter(metrics, reason_)),
        shares_(options.amount_max) {}

  uint64_t used() const;

 private:
  friend class BudgetLease;
  absl::Status Take(absl::string_view sender, uint64_t held, uint64_t amount);
  void Give(absl::string_view sender, uint64_t amount);

  // Constant after construction.
  const std::string reason_;
  const std::string limit_;
  prometheus::Counter& refused_;  // safe from any thread

  mutable Mutex mutex_;
  FairShares shares_ ABSL_GUARDED_BY(mutex_);
};

// What one request or stream has taken of a budget, given back when this ends.
//
// Thread: one at a time. Borrows: the budget, which outlives it.
class BudgetLease {
 public:
  // `sender`: whose it is; "": nobody's in particular.
  explicit BudgetLease(Budget& budget, std::string sender = {})
      : budget_(budget), sender_(std::move(sender)) {}
  ~BudgetLease() { budget_.Give(sender_, held_); }
  BudgetLease(const BudgetLease&) = delete;
  BudgetLease& operator=(const BudgetLease&) = delete;

  // Unavailable, and counted, if too much is taken already; what is held stays so.
  absl::Status Grow(uint64_t amount);
  uint64_t held() const { return held_; }

 private:
  Budget& budget_;
  const std::string sender_;
  uint64_t held_ = 0;
};

}  // namespace tocsin::ingest
