#include "integrations/delivery/holds.h"

#include <utility>

namespace tocsin::delivery {

void Holds::Follow(const std::string& alias, const Labels& labels, bool begins, Timestamp now) {
  if (suppressor_ == nullptr) return;
  Followed& followed = followed_[alias];
  for (const auto& slot : followed.slots) {
    const auto found = by_slot_.find(slot);
    found->second.erase(alias);
    if (found->second.empty()) by_slot_.erase(found);
  }
  followed.slots = suppressor_->SlotsOf(labels);
  for (const auto& slot : followed.slots) by_slot_[slot].insert(alias);
  if (!begins || followed.slots.empty()) return;
  waiting_.erase({followed.waits_until, alias});
  followed.waits_until = now + kInhibitionWait;
  waiting_.insert({followed.waits_until, alias});
}

void Holds::Forget(const std::string& alias) {
  const auto found = followed_.find(alias);
  if (found == followed_.end()) return;
  for (const auto& slot : found->second.slots) {
    const auto aliases = by_slot_.find(slot);
    aliases->second.erase(alias);
    if (aliases->second.empty()) by_slot_.erase(aliases);
  }
  waiting_.erase({found->second.waits_until, alias});
  followed_.erase(found);
}

bool Holds::Held(const std::string& alias, const Labels& labels,
                 const routing::RouteIntervals& intervals, Timestamp now) const {
  if (suppressor_ == nullptr) return false;
  const auto found = followed_.find(alias);
  if (found != followed_.end() && now < found->second.waits_until) return true;
  return suppressor_->Ask(labels, intervals, now).suppressed();
}

bool Holds::Silenced(const Labels& labels, Timestamp now) const {
  return suppressor_ != nullptr && !suppressor_->Ask(labels, {}, now).silenced_by.empty();
}

std::vector<std::string> Holds::Concerned(
    const std::vector<routing::Inhibitor::Slot>& slots) const {
  std::set<std::string> aliases;
  for (const auto& slot : slots) {
    const auto found = by_slot_.find(slot);
    if (found != by_slot_.end()) aliases.insert(found->second.begin(), found->second.end());
  }
  return {aliases.begin(), aliases.end()};
}

std::vector<std::string> Holds::TakeWaited(Timestamp now) {
  std::vector<std::string> aliases;
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    aliases.push_back(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
  }
  return aliases;
}

bool Holds::TimeChanged(Timestamp now) {
  if (suppressor_ == nullptr || now < next_change_) return false;
  next_change_ = suppressor_->NextChange(now).value_or(Timestamp::Max());
  return true;
}

Timestamp Holds::NextDue() const {
  if (suppressor_ == nullptr) return Timestamp::Max();
  return waiting_.empty() ? next_change_ : std::min(next_change_, waiting_.begin()->first);
}

void Holds::ClockStepped(absl::Duration step) {
  std::set<std::pair<Timestamp, std::string>> waiting;
  for (const auto& [at, alias] : waiting_) {
    waiting.insert({at + step, alias});
    followed_.at(alias).waits_until = at + step;
  }
  waiting_ = std::move(waiting);
  AskAll();
}

}  // namespace tocsin::delivery
