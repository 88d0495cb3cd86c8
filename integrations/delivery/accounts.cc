#include "integrations/delivery/accounts.h"

#include <algorithm>

namespace tocsin::delivery {
namespace {

constexpr uint32_t kFailuresToPause = 3;  // in a row

}  // namespace

Accounts::Accounts(ReadyQueue& queue, Random& random, absl::Duration probe_interval)
    : queue_(queue), random_(random), probe_interval_(probe_interval) {}

Accounts::Change Accounts::Judge(const std::string& name, Action action, const Effect& effect,
                                 Timestamp now) {
  Account& account = accounts_[name];
  const bool read = action == Action::kPoll || action == Action::kLookup;
  Change change;
  int64_t pause_ms = 0;
  switch (effect.sign) {
    case AccountSign::kNone:
      change.unconfirmed = effect.outcome == Outcome::kUnconfirmed && !account.told_unconfirmed;
      account.told_unconfirmed |= change.unconfirmed;
      return change;
    case AccountSign::kWell:
      return Well(name, read, account);
    case AccountSign::kThrottled:
      pause_ms = Throttled(effect, now, account);
      break;
    case AccountSign::kRefused:
      change.blocked = !account.blocked;
      account.blocked = true;
      account.writes_refused = !read;
      queue_.SetProbing(name, true);
      pause_ms = absl::ToInt64Milliseconds(probe_interval_);
      break;
    case AccountSign::kFailing:
      if (++account.failures < kFailuresToPause) return change;
      queue_.SetProbing(name, true);
      pause_ms = BackoffMs(account.failures - kFailuresToPause + 1, random_.Uniform());
      break;
  }
  queue_.Pause(name, now.millis() + pause_ms);
  return change;
}

Accounts::Change Accounts::Well(const std::string& name, bool read, Account& account) {
  if (account.blocked && account.writes_refused && read) return {};
  account.failures = account.throttles = 0;
  queue_.SetProbing(name, false);
  if (!account.blocked) return {};
  account.blocked = false;
  queue_.Resume(name);  // from the block only
  queue_.Pause(name, account.throttled_until_ms);
  return {.blocked = true};
}

int64_t Accounts::Throttled(const Effect& effect, Timestamp now, Account& account) {
  const int64_t asked_ms = absl::ToInt64Milliseconds(effect.wait);
  ++account.throttles;
  const int64_t pause_ms = asked_ms > 0 ? asked_ms + static_cast<int64_t>(random_.Uniform() * 250)
                                        : BackoffMs(account.throttles, random_.Uniform());
  account.throttled_until_ms = std::max(account.throttled_until_ms, now.millis() + pause_ms);
  return pause_ms;
}

bool Accounts::IsBlocked(const std::string& account) const {
  const auto found = accounts_.find(account);
  return found != accounts_.end() && found->second.blocked;
}

void Accounts::Reset() {
  queue_.Resume();
  for (const auto& [name, account] : accounts_) queue_.SetProbing(name, false);
  accounts_.clear();
}

void Accounts::ClockStepped(absl::Duration step) {
  const int64_t ms = absl::ToInt64Milliseconds(step);
  queue_.ShiftPauses(ms);
  for (auto& [name, account] : accounts_) account.throttled_until_ms += ms;
}

}  // namespace tocsin::delivery
