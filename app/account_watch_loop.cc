#include "app/account_watch_loop.h"

#include <algorithm>
#include <utility>

namespace tocsin::app {
namespace {

using delivery::TargetKey;
using opsgenie::AccountWatch;

// Wakes up at least so often: the wall clock may jump.
constexpr absl::Duration kRestMax = absl::Seconds(1);
constexpr absl::Duration kStepMin = absl::Seconds(5);

}  // namespace

AccountWatchLoop::AccountWatchLoop(Metrics& metrics, const Clock& clock,
                                   opsgenie::HeartbeatPings::Trouble trouble, Listed listed)
    : clock_(clock),
      trouble_(std::move(trouble)),
      listed_(std::move(listed)),
      report_(metrics),
      thread_([this] { Run(); }) {}

AccountWatchLoop::~AccountWatchLoop() {
  Stop();
}

void AccountWatchLoop::Configure(std::shared_ptr<const delivery::ReceiversAndRoutes> receivers) {
  {
    MutexLock lock(mutex_);
    configured_ = std::move(receivers);
  }
  changed_.NotifyAll();
}

void AccountWatchLoop::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  transport_.Abort();
  if (thread_.joinable()) thread_.join();
}

void AccountWatchLoop::Run() {
  while (Prepare()) {
    FollowClock();
    if (!ServeOne()) Rest();
  }
}

bool AccountWatchLoop::Prepare() {
  std::shared_ptr<const delivery::ReceiversAndRoutes> receivers;
  {
    MutexLock lock(mutex_);
    if (stopping_) return false;
    receivers = std::exchange(configured_, nullptr);
  }
  if (receivers != nullptr) MakeWatches(receivers);
  return true;
}

void AccountWatchLoop::MakeWatches(
    const std::shared_ptr<const delivery::ReceiversAndRoutes>& receivers) {
  watches_.clear();
  std::vector<AccountWatchReport::Watched> watched;
  for (const auto& [name, receiver] : receivers->receivers) {
    for (uint32_t i = 0; i < receiver.opsgenie_configs.size(); ++i) {
      // Shares the snapshot's ownership.
      const std::shared_ptr<const opsgenie::OpsgenieConfig> config(receivers,
                                                                   &receiver.opsgenie_configs[i]);
      const TargetKey target{name, delivery::TargetDelivery::OPSGENIE, i};
      watched.push_back({target, !config->heartbeat.name.empty()});
      watches_.push_back({target, MakeWatch(target, config)});
    }
  }
  report_.Configure(watched);
}

std::unique_ptr<AccountWatch> AccountWatchLoop::MakeWatch(
    const TargetKey& target, std::shared_ptr<const opsgenie::OpsgenieConfig> config) {
  opsgenie::AccountWatchHooks hooks;
  hooks.trouble = trouble_;
  hooks.pinged = [this, target](opsgenie::PingOutcome outcome, const std::string& why) {
    report_.Pinged(target, outcome, why);
  };
  hooks.checked = [this, target](const std::vector<opsgenie::ProbeFinding>& findings) {
    report_.Checked(target, findings);
  };
  hooks.listed = [this, target](const opsgenie::ListedCycle& cycle) {
    report_.Listed(target, cycle.alerts.size());
    listed_(target, cycle);
  };
  hooks.listing_failed = [this, target](const std::string& error) {
    report_.ListingFailed(target, error);
  };
  return std::make_unique<AccountWatch>(std::move(config), std::move(hooks));
}

void AccountWatchLoop::FollowClock() {
  const Timestamp now = clock_.Now();
  const absl::Duration monotonic = clock_.Monotonic();
  if (followed_now_) {
    const absl::Duration step = (now - *followed_now_) - (monotonic - followed_monotonic_);
    if (absl::AbsDuration(step) >= kStepMin) {
      for (Watch& watch : watches_) watch.watch->ClockStepped(step);
    }
  }
  followed_now_ = now;
  followed_monotonic_ = monotonic;
}

bool AccountWatchLoop::ServeOne() {
  using Next = std::optional<http_client::HttpRequest> (AccountWatch::*)(Timestamp);
  const Timestamp now = clock_.Now();
  for (const Next next : {&AccountWatch::NextPing, &AccountWatch::Next}) {
    for (size_t i = 0; i < watches_.size(); ++i) {
      const size_t index = (turn_ + i) % watches_.size();
      AccountWatch& watch = *watches_[index].watch;
      const auto request = (watch.*next)(now);
      if (!request) continue;
      turn_ = index + 1;
      Serve(watch, *request);
      return true;
    }
  }
  return false;
}

void AccountWatchLoop::Serve(AccountWatch& watch, const http_client::HttpRequest& request) {
  const auto answer = transport_.Send(request);
  if (!IsStopping()) watch.Take(answer, clock_.Now());
}

void AccountWatchLoop::Rest() {
  Timestamp due = Timestamp::Max();
  for (const Watch& watch : watches_) due = std::min(due, watch.watch->NextDue());
  const Timestamp now = clock_.Now();
  if (due <= now) return;
  MutexLock lock(mutex_);
  if (stopping_ || configured_ != nullptr) return;
  changed_.WaitFor(mutex_, std::min(kRestMax, due - now));
}

bool AccountWatchLoop::IsStopping() {
  MutexLock lock(mutex_);
  return stopping_;
}

}  // namespace tocsin::app
