#include "integrations/ingest/sender_rates.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/retry_after.h"

namespace tocsin::ingest {
namespace {

constexpr double kCreditSeconds = 10;
constexpr size_t kSendersMax = 10'000;
constexpr absl::string_view kOtherSenders = "others";

}  // namespace

SenderRates::SenderRates(const Limits& limits, const Clock& clock, Metrics& metrics)
    : limits_(limits), clock_(clock), refused_(OverloadCounter(metrics, "sender_rate")) {}

absl::Status SenderRates::Admit(absl::string_view sender) {
  if (per_second() == 0) return absl::OkStatus();
  double owed = 0;
  {
    const absl::Duration now = clock_.Monotonic();
    MutexLock lock(mutex_);
    owed = -AccountOf(sender, now).samples;
  }
  if (owed <= 0) return absl::OkStatus();
  return Refuse(sender, absl::Seconds(owed / per_second()));
}

void SenderRates::Charge(absl::string_view sender, uint64_t samples) {
  if (per_second() == 0) return;
  const absl::Duration now = clock_.Monotonic();
  MutexLock lock(mutex_);
  AccountOf(sender, now).samples -= static_cast<double>(samples);
}

SenderRates::Account& SenderRates::AccountOf(absl::string_view sender, absl::Duration now) {
  auto it = accounts_.find(sender);
  if (it == accounts_.end()) {
    if (accounts_.size() >= kSendersMax) ForgetRested(now);
    const bool room = accounts_.size() < kSendersMax;
    it =
        accounts_
            .try_emplace(room ? sender : kOtherSenders, Account{kCreditSeconds * per_second(), now})
            .first;
  }
  Account& account = it->second;
  const double earned = absl::ToDoubleSeconds(now - account.at) * per_second();
  account.samples = std::min(kCreditSeconds * per_second(), account.samples + earned);
  account.at = now;
  return account;
}

// Those who have all their credit again: a new account is the same.
void SenderRates::ForgetRested(absl::Duration now) {
  absl::erase_if(accounts_, [&](const auto& entry) {
    const Account& account = entry.second;
    const double earned = absl::ToDoubleSeconds(now - account.at) * per_second();
    return account.samples + earned >= kCreditSeconds * per_second();
  });
}

absl::Status SenderRates::Refuse(absl::string_view sender, absl::Duration wait) {
  refused_.Increment();
  if (const auto left_out = log_pause_.Take(clock_.Monotonic())) {
    Log(LogLevel::kWarning, "a sender is too fast (samples_per_second_per_sender_max)",
        {{"sender", sender},
         {"wait", absl::FormatDuration(wait)},
         {"others_not_logged", *left_out}});
  }
  return TooFastError(wait, absl::StrCat("more than ", limits_.samples_per_second_per_sender_max,
                                         " samples a second (samples_per_second_per_sender_max) "
                                         "from ",
                                         sender));
}

}  // namespace tocsin::ingest
