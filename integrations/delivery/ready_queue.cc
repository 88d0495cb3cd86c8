#include "integrations/delivery/ready_queue.h"

#include <algorithm>

#include "base/check.h"

namespace tocsin::delivery {

void ReadyQueue::Put(Task task, const std::string& account, int urgency, int64_t due_ms) {
  Drop(task);
  Place place;
  place.account = &accounts_[account];
  place.urgency = urgency;
  place.due_ms = due_ms;
  places_[task] = place;
  waiting_.insert({due_ms, task});
}

void ReadyQueue::Drop(Task task) {
  const auto found = places_.find(task);
  if (found == places_.end()) return;
  const Place& place = found->second;
  TOCSIN_CHECK(!place.in_flight) << "task " << task;
  if (place.ready) {
    place.account->ready[place.urgency].erase(place.arrival);
  } else {
    waiting_.erase({place.due_ms, task});
  }
  places_.erase(found);
}

void ReadyQueue::Wake(int64_t now_ms) {
  while (!waiting_.empty() && waiting_.begin()->first <= now_ms) {
    const Task task = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    Place& place = places_.at(task);
    place.ready = true;
    place.arrival = ++arrivals_;
    place.account->ready[place.urgency].emplace(place.arrival, task);
  }
}

int ReadyQueue::BestUrgency(const Account& account) {
  int urgency = 0;
  while (urgency < kUrgencies && account.ready[urgency].empty()) ++urgency;
  return urgency;
}

std::optional<ReadyQueue::Task> ReadyQueue::Take(int64_t now_ms) {
  Wake(now_ms);
  Account* best = nullptr;
  int best_urgency = kUrgencies;
  for (auto& [name, account] : accounts_) {
    if (account.paused_until_ms > now_ms || !Takes(account)) continue;
    const int urgency = BestUrgency(account);
    if (urgency >= best_urgency) continue;
    best = &account;
    best_urgency = urgency;
  }
  if (best == nullptr) return std::nullopt;
  auto& ready = best->ready[best_urgency];
  const Task task = ready.begin()->second;
  ready.erase(ready.begin());
  ++best->in_flight;
  places_.at(task).in_flight = true;
  return task;
}

void ReadyQueue::Finish(Task task) {
  const auto found = places_.find(task);
  TOCSIN_CHECK(found != places_.end() && found->second.in_flight) << "task " << task;
  --found->second.account->in_flight;
  places_.erase(found);
}

void ReadyQueue::Pause(const std::string& account, int64_t until_ms) {
  int64_t& paused_until_ms = accounts_[account].paused_until_ms;
  paused_until_ms = std::max(paused_until_ms, until_ms);
}

void ReadyQueue::SetProbing(const std::string& account, bool probing) {
  accounts_[account].probing = probing;
}

void ReadyQueue::Resume() {
  for (auto& [name, account] : accounts_) account.paused_until_ms = 0;
}

void ReadyQueue::ShiftPauses(int64_t ms) {
  for (auto& [name, account] : accounts_) account.paused_until_ms += ms;
}

std::optional<int64_t> ReadyQueue::NextDue(int64_t now_ms) const {
  std::optional<int64_t> next;
  const auto consider = [&next](int64_t ms) { next = next ? std::min(*next, ms) : ms; };
  if (!waiting_.empty()) consider(waiting_.begin()->first);
  for (const auto& [name, account] : accounts_) {
    if (BestUrgency(account) == kUrgencies || !Takes(account)) continue;
    consider(std::max(account.paused_until_ms, now_ms));
  }
  return next;
}

}  // namespace tocsin::delivery
