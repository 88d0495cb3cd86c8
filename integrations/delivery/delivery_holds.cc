#include "integrations/delivery/delivery.h"
#include "integrations/routing/page_sources.h"

// What delivery does for alerts that are silenced, inhibited or muted.
namespace tocsin::delivery {

void Delivery::SuppressionChanged() {
  MutexLock lock(mutex_);
  holds_.AskAll();
}

void Delivery::FollowAlert(Page& page, bool begins) {
  if (suppressor_ == nullptr || page.desired.has_group()) return;
  if (!page.desired.open()) return holds_.Forget(page.desired.alias());
  holds_.Follow(page.desired.alias(), page.labels, begins, last_now_);
}

bool Delivery::IsHeld(const Page& page, const std::string& receiver) const {
  if (suppressor_ == nullptr || page.desired.has_group() || !page.desired.open()) return false;
  const RouteMatch* match = page.MatchTo(receiver);
  return holds_.Held(page.desired.alias(), page.labels,
                     match == nullptr ? routing::RouteIntervals() : match->intervals, last_now_);
}

// Closes may always go, but for one that only makes place for a new page of the same alert.
bool Delivery::IsHeldBack(const Page& page, const TargetDelivery& record, const Step& step) const {
  const bool opens_anew = step.action == Action::kClose && page.desired.open() &&
                          !record.retired() && record.episode() == page.desired.episode();
  return (Tells(step.action) || opens_anew) && IsHeld(page, record.receiver());
}

void Delivery::AskAgain(Page& page) {
  JoinGroups(page, last_now_);
  Reconcile(page);
}

// Those whose answer may be another by now.
void Delivery::AskHoldsAgain() {
  std::vector<std::string> aliases = holds_.TakeWaited(last_now_);
  const auto concerned = holds_.Concerned(changed_slots_);
  changed_slots_.clear();
  aliases.insert(aliases.end(), concerned.begin(), concerned.end());
  if (holds_.TimeChanged(last_now_)) {
    for (auto& [alias, page] : pages_) {
      if (page.desired.open()) AskAgain(page);
    }
    return;
  }
  for (const std::string& alias : aliases) {
    const auto page = pages_.find(alias);
    if (page != pages_.end() && page->second.desired.open()) AskAgain(page->second);
  }
}

}  // namespace tocsin::delivery
