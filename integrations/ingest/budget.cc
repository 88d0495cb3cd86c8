#include "integrations/ingest/budget.h"

#include "absl/strings/str_cat.h"

namespace tocsin::ingest {

prometheus::Counter& OverloadCounter(Metrics& metrics, const std::string& reason) {
  return metrics.Counter("tocsin_ingest_overload_total",
                         "Requests and streams told to try again because too much is under way, by "
                         "what there is too much of.",
                         {{"reason", reason}});
}

absl::Status BudgetLease::Grow(uint64_t amount) {
  const uint64_t used = budget_.used_.fetch_add(amount) + amount;
  held_ += amount;
  // Two leases that pass the limit at once may both be refused, never both be let through.
  if (used <= budget_.options_.amount_max || used == held_) return absl::OkStatus();
  budget_.used_ -= amount;
  held_ -= amount;
  budget_.refused_.Increment();
  return absl::UnavailableError(absl::StrCat("no room for more ", budget_.options_.reason,
                                             " at present (", budget_.options_.limit, ")"));
}

}  // namespace tocsin::ingest
