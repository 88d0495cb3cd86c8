#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "base/metrics.h"

namespace tocsin::ingest {

// Requests and streams told to try again because too much of something is under way:
// tocsin_ingest_overload_total{reason}, at 0 from the first call on.
prometheus::Counter& OverloadCounter(Metrics& metrics, const std::string& reason);

struct BudgetOptions {
  std::string reason;  // what is shared, as the counter's label: "declarations"
  std::string limit;   // what bounds it, for the refused: "twice series_max"
  uint64_t amount_max = 0;
};

// An amount that all requests or streams share, such as bytes of memory. Each takes its part by a
// BudgetLease.
//
// Whoever is alone with it is refused nothing: what is within the other limits then always fits,
// and the most ever taken is `amount_max` or what a single lease takes.
//
// Thread: any.
class Budget {
 public:
  Budget(Metrics& metrics, BudgetOptions options)
      : options_(std::move(options)), refused_(OverloadCounter(metrics, options_.reason)) {}

  uint64_t used() const { return used_; }

 private:
  friend class BudgetLease;

  // Constant after construction.
  const BudgetOptions options_;
  prometheus::Counter& refused_;  // safe from any thread

  std::atomic<uint64_t> used_ = 0;
};

// What one request or stream has taken of a budget, given back when this ends.
//
// Thread: one at a time. Borrows: the budget, which outlives it.
class BudgetLease {
 public:
  explicit BudgetLease(Budget& budget) : budget_(budget) {}
  ~BudgetLease() { budget_.used_ -= held_; }
  BudgetLease(const BudgetLease&) = delete;
  BudgetLease& operator=(const BudgetLease&) = delete;

  // Unavailable, and counted, if too much is taken already; what is held stays so.
  absl::Status Grow(uint64_t amount);
  uint64_t held() const { return held_; }

 private:
  Budget& budget_;
  uint64_t held_ = 0;
};

}  // namespace tocsin::ingest
