#include "integrations/ingest/call_watch.h"

#include <algorithm>

namespace tocsin::ingest {
namespace {

constexpr double kOpenMax = 1000;
constexpr double kForgivenASecond = 100;
constexpr size_t kConnectionsMax = 10'000;
constexpr double kLittle = kOpenMax / 2;

}  // namespace

bool CallWatch::Made(absl::string_view peer) {
  MutexLock lock(mutex_);
  if (Add(peer, 1) <= kOpenMax) return false;
  accounts_.erase(peer);
  return true;
}

void CallWatch::TakenBack(absl::string_view peer, int calls) {
  MutexLock lock(mutex_);
  Add(peer, calls);
}

void CallWatch::Answered(absl::string_view peer) {
  const absl::Duration now = clock_.Monotonic();
  MutexLock lock(mutex_);
  const auto it = accounts_.find(peer);
  if (it == accounts_.end()) return;
  Account& account = it->second;
  account = {OpenAt(account, now) - 1, now};
  if (account.open <= 0) accounts_.erase(it);
}

double CallWatch::Add(absl::string_view peer, int calls) {
  const absl::Duration now = clock_.Monotonic();
  if (accounts_.size() >= kConnectionsMax && !accounts_.contains(peer)) Forget(now);
  Account& account = accounts_.try_emplace(peer, Account{0, now}).first->second;
  account = {OpenAt(account, now) + calls, now};
  return account.open;
}

double CallWatch::OpenAt(const Account& account, absl::Duration now) {
  const double forgiven = absl::ToDoubleSeconds(now - account.at) * kForgivenASecond;
  return std::max(0.0, account.open - forgiven);
}

void CallWatch::Forget(absl::Duration now) {
  absl::erase_if(accounts_, [&](const auto& entry) { return OpenAt(entry.second, now) < kLittle; });
  if (accounts_.size() >= kConnectionsMax) accounts_.clear();
}

}  // namespace tocsin::ingest
