#include "integrations/ingest/budget.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tocsin::ingest {

prometheus::Counter& OverloadCounter(Metrics& metrics, const std::string& reason) {
  return metrics.Counter("tocsin_ingest_overload_total",
                         "Requests and streams told to try again because too much is under way, by "
                         "what there is too much of.",
                         {{"reason", reason}});
}

uint64_t Budget::used() const {
  MutexLock lock(mutex_);
  return shares_.used();
}

absl::Status Budget::Take(absl::string_view sender, uint64_t held, uint64_t amount) {
  FairShares::Answer answer = FairShares::Answer::kTaken;
  {
    MutexLock lock(mutex_);
    if (shares_.used() == held) {
      shares_.TakeAnyway(sender, amount);
    } else {
      answer = shares_.Take(sender, amount);
    }
  }
  if (answer == FairShares::Answer::kTaken) return absl::OkStatus();
  refused_.Increment();
  return absl::UnavailableError(
      absl::StrCat("no room for more ", reason_,
                   answer == FairShares::Answer::kOverShare ? " of this sender" : "",
                   " at present (", limit_, ")"));
}

void Budget::Give(absl::string_view sender, uint64_t amount) {
  MutexLock lock(mutex_);
  shares_.Give(sender, amount);
}

absl::Status BudgetLease::Grow(uint64_t amount) {
  TOCSIN_RETURN_IF_ERROR(budget_.Take(sender_, held_, amount));
  held_ += amount;
  return absl::OkStatus();
}

}  // namespace tocsin::ingest
