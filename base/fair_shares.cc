#include "base/fair_shares.h"

#include "base/check.h"

namespace tocsin {
namespace {

constexpr uint64_t kTimesFree = 2;

}  // namespace

FairShares::Answer FairShares::Take(absl::string_view holder, uint64_t amount) {
  if (amount > amount_max_ || used_ > amount_max_ - amount) return Answer::kFull;
  if (!holder.empty()) {
    const auto it = held_.find(holder);
    const uint64_t held = (it == held_.end() ? 0 : it->second) + amount;
    if (held > kTimesFree * (amount_max_ - used_ - amount)) return Answer::kOverShare;
  }
  TakeAnyway(holder, amount);
  return Answer::kTaken;
}

void FairShares::TakeAnyway(absl::string_view holder, uint64_t amount) {
  used_ += amount;
  if (!holder.empty() && amount > 0) held_[holder] += amount;
}

void FairShares::Give(absl::string_view holder, uint64_t amount) {
  used_ -= amount;
  if (holder.empty() || amount == 0) return;
  const auto it = held_.find(holder);
  TOCSIN_CHECK(it != held_.end() && it->second >= amount) << "gives back what it never took";
  it->second -= amount;
  if (it->second == 0) held_.erase(it);
}

}  // namespace tocsin
