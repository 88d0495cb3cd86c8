#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/labels.h"
#include "integrations/delivery/delivery.h"
#include "integrations/delivery/target_record.h"
#include "integrations/routing/page_sources.h"

// Delivery's pages: which targets they have, and what is still to be done for them.
namespace tocsin::delivery {
namespace {

constexpr size_t kAdoptedPerTake = 64;  // the rest is for other workers

}  // namespace

void Delivery::AdoptChanged(Timestamp now) {
  for (size_t i = 0; i < kAdoptedPerTake && !changed_.empty(); ++i) {
    const std::string alias = std::move(changed_.front());
    changed_.pop_front();
    Adopt(alias, /*recovered=*/false, now);
  }
}

void Delivery::Adopt(const std::string& alias, bool recovered, Timestamp now) {
  auto entry = outbox_.Find(alias);
  if (!entry) return;
  const auto [it, fresh] = pages_.try_emplace(alias);
  Page& page = it->second;
  const uint64_t episode_before = page.desired.episode();
  if (!fresh && entry->desired.sequence() <= page.desired.sequence()) return;
  // Routes may match by severity: who is to be told of the new level is told; who knows goes on.
  const bool other_level = !fresh && entry->desired.severity() != page.desired.severity();
  page.desired = std::move(entry->desired);
  if (fresh) {
    page.progress = std::move(entry->progress);
    page.progress.set_alias(alias);
  }
  MatchRoutes(page);
  const bool routed = page.progress.routed_episode() == page.desired.episode() &&
                      (page.desired.episode() != 0 || page.progress.targets_size() > 0);
  if (!routed && !page.desired.open() && !recovered) {
    page.progress.set_routed_episode(page.desired.episode());
    CountFolded(page);
  } else if (!routed) {
    ChooseTargets(page, /*begins=*/!recovered);
  } else if ((recovered || other_level) && page.desired.open()) {
    AddTargets(page, /*begins=*/false);
  }
  FollowAlert(page, !recovered && (fresh || page.desired.episode() != episode_before));
  JoinGroups(page, now);
  if (recovered) DoubtRecovered(page, now);
  const bool ends = !page.desired.open() || (!fresh && page.desired.episode() != episode_before);
  if (ends && HasDoubts(page.progress)) QueueStore(page);
  Reconcile(page);
}

void Delivery::ChooseTargets(Page& page, bool begins) {
  page.progress.set_routed_episode(page.desired.episode());
  for (TargetDelivery& target : *page.progress.mutable_targets()) target.set_retired(true);
  AddTargets(page, begins);
}

// The targets the page's routes lead to, besides those it has. An alert that has pages of its own
// at a receiver keeps them while it is open, and so does one that shares one.
void Delivery::AddTargets(Page& page, bool begins) {
  std::map<TargetKey, TargetDelivery*> known;
  std::set<std::string> sharing, alone;
  for (TargetDelivery& target : *page.progress.mutable_targets()) {
    known[KeyOf(target)] = &target;
    const bool shares = target.kind() == TargetDelivery::GROUP;
    if (!target.retired()) (shares ? sharing : alone).insert(target.receiver());
  }
  std::vector<TargetDelivery> added;
  const auto add = [&](const TargetKey& key, bool storm) {
    const auto found = known.find(key);
    TargetDelivery& target = found == known.end() ? added.emplace_back() : *found->second;
    if (found == known.end()) {
      SetKey(key, target);
    } else if (target.retired()) {
      KeepTarget(target);
      target.set_origin(TargetDelivery::ROUTE);
    }
    target.set_storm(storm);
  };
  for (const RouteMatch& match : page.matches) {
    if (sharing.count(match.receiver)) continue;
    bool storm = false;
    const bool shares = !page.desired.has_group() && !alone.count(match.receiver) &&
                        BeginsInGroup(page.desired, match, begins, &storm);
    if (shares) {
      add({match.receiver, TargetDelivery::GROUP, 0}, storm);
    } else {
      for (const TargetKey& key : targets_.Of(match.receiver)) add(key, false);
    }
  }
  for (TargetDelivery& target : added) *page.progress.add_targets() = std::move(target);
}

// A group's page has the receiver it was made for.
void Delivery::MatchRoutes(Page& page) {
  page.labels = routing::LabelsForRouting(page.desired);
  if (!page.desired.has_group()) {
    page.matches = Match(config_->route, page.labels);
    return;
  }
  page.matches = {RouteAt(config_->route, page.desired.group().route())};
  page.matches.front().receiver = page.desired.group().receiver();
  page.matches.front().group_by.clear();
}

const RouteMatch* Delivery::Page::MatchTo(const std::string& receiver) const {
  const auto found = std::find_if(matches.begin(), matches.end(), [&](const RouteMatch& match) {
    return match.receiver == receiver;
  });
  return found == matches.end() ? nullptr : &*found;
}

// Nothing was sent yet and nothing is to be sent any more.
void Delivery::CountFolded(const Page& page) {
  for (const RouteMatch& match : page.matches) {
    metrics_.Count(match.receiver, Outcome::kFolded);
  }
}

void Delivery::DoubtRecovered(Page& page, Timestamp now) {
  for (TargetDelivery& record : *page.progress.mutable_targets()) {
    BoundTimes(now, record);
    const auto target = targets_.Find(KeyOf(record));
    if (target != nullptr) target->DoubtRecovered(page.desired, now, record);
  }
}

void Delivery::Reconcile(Page& page) {
  for (TargetDelivery& record : *page.progress.mutable_targets()) {
    if (record.kind() == TargetDelivery::GROUP) continue;
    const bool held = IsHeld(page, record.receiver());
    FollowHold(page, record, held);
    PlanRepeat(page, record, held);
  }
  Escalate(page);
  FallBack(page);
  bool owed = false;
  bool watched = false;
  auto& targets = *page.progress.mutable_targets();
  for (int i = 0; i < targets.size();) {
    const Rest rest = ReconcileTarget(page, targets[i]);
    owed |= rest == Rest::kOwed;
    watched |= rest == Rest::kWatched || rest == Rest::kHeld;
    if (rest == Rest::kGone)
      targets.DeleteSubrange(i, 1);
    else
      ++i;
  }
  const bool gave_up = std::any_of(targets.begin(), targets.end(), [](const TargetDelivery& t) {
    return t.step() == TargetDelivery::GAVE_UP;
  });
  page.removable = !owed && !watched && !page.desired.open();
  // A closed page that is only looked for once more, in case a lost create comes true, is no debt.
  const bool only_watched =
      !page.desired.open() && page.in_flight.empty() &&
      std::all_of(targets.begin(), targets.end(), [](const TargetDelivery& t) {
        return t.step() == TargetDelivery::IDLE && !t.confirmed_open();
      });
  page.settled = (!owed || only_watched) && !gave_up;
  if (!owed) QueueStore(page);
}

Delivery::Rest Delivery::ReconcileTarget(Page& page, TargetDelivery& record) {
  if (record.kind() == TargetDelivery::GROUP) return ReconcileMember(page, record);
  const TargetKey key = KeyOf(record);
  const auto known = page.tasks.find(key);
  if (known != page.tasks.end() && page.in_flight.count(known->second)) return Rest::kOwed;
  const auto target = targets_.Find(key);
  if (target == nullptr) {
    Effect vanished;
    vanished.outcome = Outcome::kVanished;
    vanished.error = "the receiver is not in the configuration any more; its page stays as it is";
    Report(page, record, Action::kNone, vanished);
    DropTask(page, key);
    return Rest::kGone;
  }
  if (target->FollowAccount(record)) {
    log_.push_back(
        {LogLevel::kWarning,
         "page delivery: the target's URL or profile changed: its page stays as it is at "
         "the old one and is looked for by its alias at the new one, or opened there",
         page.desired.alias(), record.receiver(), "", "", ""});
  }
  const Step step = target->NextStep(page.desired, record);
  if (IsHeldBack(page, record, step)) {
    DropTask(page, key);
    return Rest::kHeld;
  }
  const bool tells = step.action == Action::kCreate || AddsResponder(step.action);
  if (tells && WaitsForDisk(page, *target, record)) {
    DropTask(page, key);
    return Rest::kOwed;
  }
  if (step.action != Action::kNone) {
    queue_.Put(TaskOf(page, key), target->Account(),
               target->UrgencyOf(step.action, page.desired, record),
               std::max(step.due_ms, int64_t{0}));
    if (step.owed) return Rest::kOwed;
  } else {
    DropTask(page, key);
    if (record.retired()) return Rest::kGone;
  }
  NoteAtRest(page.desired, record);
  return step.action == Action::kNone ? Rest::kAtRest : Rest::kWatched;
}

bool Delivery::WaitsForDisk(Page& page, const Target& target, TargetDelivery& record) {
  if (target.PrepareCreate(page.desired, record)) {
    page.wants_sync = ++last_sync_;
    QueueStore(page);
  }
  return page.unsynced();
}

TargetDelivery& Delivery::RecordOf(Page& page, const TargetKey& key) {
  for (TargetDelivery& record : *page.progress.mutable_targets()) {
    if (KeyOf(record) == key) return record;
  }
  TOCSIN_CHECK(false) << "a task without a target: " << page.desired.alias();
  return *page.progress.mutable_targets(0);
}

ReadyQueue::Task Delivery::TaskOf(Page& page, const TargetKey& key) {
  const auto [it, fresh] = page.tasks.try_emplace(key, last_task_ + 1);
  if (fresh) owners_[++last_task_] = {page.desired.alias(), key};
  return it->second;
}

void Delivery::DropTask(Page& page, const TargetKey& key) {
  const auto found = page.tasks.find(key);
  if (found == page.tasks.end()) return;
  queue_.Drop(found->second);
  owners_.erase(found->second);
  page.tasks.erase(found);
}

void Delivery::Forget(Page& page) {
  for (const auto& [key, task] : page.tasks) {
    queue_.Drop(task);
    owners_.erase(task);
  }
  EscalatesAt(page, Timestamp::Max());
  holds_.Forget(page.desired.alias());
  pages_.erase(std::string(page.desired.alias()));
}

}  // namespace tocsin::delivery
