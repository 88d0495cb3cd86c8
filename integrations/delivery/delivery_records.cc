#include <string>

#include "integrations/delivery/delivery.h"

// What Delivery writes to the outbox.
namespace tocsin::delivery {
namespace {

constexpr absl::Duration kStoreRetry = absl::Seconds(1);
constexpr int kStoredPerCall = 8;  // in between, what may leave leaves

}  // namespace

void Delivery::QueueStore(Page& page) {
  if (page.storing) page.changed_meanwhile = true;
  if (page.storing || page.queued) return;
  page.queued = true;
  to_store_.push_back(page.desired.alias());
}

void Delivery::StoreQueued(Timestamp now) {
  for (auto it = store_again_.begin(); it != store_again_.end();) {
    const auto page = pages_.find(it->first);
    if (it->second > now) {
      ++it;
      continue;
    }
    if (page != pages_.end()) QueueStore(page->second);
    it = store_again_.erase(it);
  }
  for (int i = 0; i < kStoredPerCall && !to_store_.empty(); ++i) {
    const std::string alias = std::move(to_store_.front());
    to_store_.pop_front();
    Store(alias, now);
  }
}

void Delivery::Store(const std::string& alias, Timestamp now) {
  const auto found = pages_.find(alias);
  if (found == pages_.end()) return;
  Page& page = found->second;
  page.queued = false;
  if (page.storing) {
    page.changed_meanwhile = true;
    return;
  }
  page.storing = true;  // nobody else stores or forgets it now, though the lock is given away
  do {
    page.changed_meanwhile = false;
    if (StoreOnce(page, now)) return Forget(page);
  } while (page.changed_meanwhile);
  page.storing = false;
}

// True if the page was removed and is not wanted again.
bool Delivery::StoreOnce(Page& page, Timestamp now) {
  const std::string alias = page.desired.alias();
  const uint64_t sequence = page.desired.sequence();
  const bool remove = page.removable;
  const state::v1::PageDelivery progress = page.progress;
  const bool settled = page.settled;
  const uint64_t sync = page.wants_sync;
  const auto durability =
      page.unsynced() ? storage::Durability::kSynced : storage::Durability::kBuffered;
  mutex_.Unlock();
  absl::Status status;
  bool removed = false;
  if (remove) {
    const auto result = outbox_.Remove(alias, sequence);
    status = result.status();
    removed = result.ok() && *result;
  } else {
    status = outbox_.SaveProgress(progress, settled, durability);
  }
  mutex_.Lock();
  if (!status.ok()) {
    metrics_.CountSaveError();
    log_.push_back({LogLevel::kError, "progress of delivery not stored, trying again", alias, "",
                    "", "", std::string(status.message())});
  }
  if (durability == storage::Durability::kSynced &&
      !remove) {  // also where a full disk does not take it
    page.synced = sync;
    Reconcile(page);
  }
  // Not removed means a change is on its way; should it not come, ask again.
  if (!status.ok() || removed != remove) store_again_[alias] = now + kStoreRetry;
  return removed && page.removable && page.in_flight.empty() && page.desired.sequence() == sequence;
}

}  // namespace tocsin::delivery
