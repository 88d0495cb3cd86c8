#include <algorithm>

#include "absl/time/time.h"
#include "base/labels.h"
#include "integrations/delivery/delivery.h"

// Delivery's pages that stand for several alerts. An alert in a group has a record of kind GROUP
// for that receiver: nothing is sent for it, it is settled when the group's page, which is a page
// like any other from then on, is in the outbox and includes it.
namespace tocsin::delivery {
namespace {

constexpr absl::Duration kStoreRetry = absl::Seconds(1);
// Of the page that a storm shares: quickly told, then not more often than can be read.
constexpr GroupTiming kStormTiming{absl::Seconds(1), absl::Seconds(10)};

GroupId StormOf(const std::string& receiver, const DesiredPage& page, const Labels& labels) {
  return {receiver, page.rule(), Labels{{"alertname", std::string(labels.Get("alertname"))}}, true};
}

GroupId GroupOf(const RouteMatch& match, const Labels& labels) {
  return {match.receiver, match.route, GroupLabels(match, labels), false};
}

}  // namespace

// Whether an alert shares its page at the receiver of `match`; of a storm are those that begin now.
bool Delivery::BeginsInGroup(const DesiredPage& page, const RouteMatch& match, bool begins,
                             bool* storm) {
  *storm = false;
  if (!match.group_by.empty()) return true;
  if (match.storm_alerts == 0 || !begins) return false;
  const std::string key = match.receiver + ";" + page.rule();
  *storm = storms_.Begin(key, page.alias(), match.storm_alerts, last_now_);
  return *storm;
}

void Delivery::JoinGroups(Page& page, Timestamp now) {
  const auto& records = page.progress.targets();
  const bool shares = std::any_of(records.begin(), records.end(), [](const TargetDelivery& record) {
    return record.kind() == TargetDelivery::GROUP;
  });
  if (!shares) return;
  for (TargetDelivery& record : *page.progress.mutable_targets()) {
    if (record.kind() != TargetDelivery::GROUP || record.retired()) continue;
    if (IsHeld(page, record.receiver())) {  // who is told already keeps what was told
      record.set_confirmed_sequence(page.desired.sequence());
      continue;
    }
    const RouteMatch* match = page.MatchTo(record.receiver());
    const bool routed = match != nullptr && (record.storm() || !match->group_by.empty());
    if (routed) {
      const GroupId id = record.storm() ? StormOf(record.receiver(), page.desired, page.labels)
                                        : GroupOf(*match, page.labels);
      PutInGroup(page, id, record.storm() ? kStormTiming : match->timing, now, record);
    } else if (const auto known = groups_.Find(record.group())) {
      PutInGroup(page, known->id, known->timing, now, record);  // stays where it was told
    } else {
      record.set_confirmed_sequence(page.desired.sequence());  // nobody was told, nor wants to be
    }
  }
}

void Delivery::PutInGroup(Page& page, const GroupId& id, const GroupTiming& timing, Timestamp now,
                          TargetDelivery& record) {
  const std::string group = id.Alias();
  if (!record.group().empty() && record.group() != group) {
    groups_.Remove(record.group(), page.desired.alias(), now);
  }
  record.set_group(group);
  const bool owed = groups_.Put(id, timing, page.desired, now);
  const uint64_t sequence = page.desired.sequence();
  // While it was held nothing was owed for it.
  record.set_confirmed_sequence(owed ? std::min(record.confirmed_sequence(), sequence - 1)
                                     : sequence);
}

// Nobody can wait for a page that is not stored, so this comes before requests.
bool Delivery::FlushGroups(Timestamp now) {
  bool changed = false;
  // Asked anew each time: while the lock is given away others flush, too.
  while (const auto next = groups_.NextToFlush(now)) {
    const std::string& group = *next;
    std::vector<Grouping::Settled> settled;
    auto page = groups_.Flush(group, now, settled);
    if (page) {
      const auto known = pages_.find(group);
      if (known != pages_.end()) Outgrow(known->second.desired, *page);
      mutex_.Unlock();
      const absl::Status stored = outbox_.Write(*page);
      mutex_.Lock();
      if (!stored.ok()) {
        groups_.FlushFailed(group, now + kStoreRetry);
        metrics_.CountSaveError();
        log_.push_back({LogLevel::kError, "page of a group not stored, trying again", group,
                        page->group().receiver(), "", "", std::string(stored.message())});
        continue;
      }
      settled = groups_.Flushed(*page);
      changed = true;
    }
    for (const Grouping::Settled& member : settled) SettleMember(group, member);
  }
  return changed;
}

// The clock may have been set back since the last page of this alias.
void Delivery::Outgrow(const DesiredPage& before, DesiredPage& page) {
  const bool begins = page.episode() == page.sequence();
  page.set_sequence(std::max(page.sequence(), before.sequence() + 1));
  if (begins) page.set_episode(page.sequence());
}

void Delivery::SettleMember(const std::string& group, const Grouping::Settled& member) {
  const auto found = pages_.find(member.alias);
  if (found == pages_.end()) return;
  for (TargetDelivery& record : *found->second.progress.mutable_targets()) {
    if (record.kind() == TargetDelivery::GROUP && record.group() == group) {
      record.set_confirmed_sequence(std::max(record.confirmed_sequence(), member.sequence));
    }
  }
  QueueStore(found->second);
  Reconcile(found->second);
}

Delivery::Rest Delivery::ReconcileMember(const Page& page, const TargetDelivery& record) {
  if (record.retired()) {
    groups_.Remove(record.group(), page.desired.alias(), last_now_);
    return Rest::kGone;
  }
  return record.confirmed_sequence() >= page.desired.sequence() ? Rest::kAtRest : Rest::kOwed;
}

}  // namespace tocsin::delivery
