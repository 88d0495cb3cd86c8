#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/timestamp.h"
#include "integrations/delivery/accounts.h"
#include "integrations/delivery/delivery_log.h"
#include "integrations/delivery/delivery_metrics.h"
#include "integrations/delivery/grouping.h"
#include "integrations/delivery/holds.h"
#include "integrations/delivery/ready_queue.h"
#include "integrations/delivery/receiver.h"
#include "integrations/delivery/storm_watch.h"
#include "integrations/delivery/target.h"
#include "integrations/delivery/target_set.h"
#include "integrations/opsgenie/listed_cycle.h"
#include "integrations/opsgenie/webhook.h"
#include "storage/delivery_journal.h"
#include "storage/outbox.h"

namespace tocsin::delivery {

struct DeliveryOptions {
  // Requests of one account at once; below the number of workers, so that a slow account leaves
  // some to others.
  int requests_per_account_max = 6;
  absl::Duration blocked_probe_interval = absl::Minutes(5);
  // Says which alerts are silenced, inhibited or muted just now; borrowed. Null: none ever is.
  routing::Suppressor* suppressor = nullptr;
  // Where attempts and what came of them are noted, under the lock; null: nowhere.
  storage::DeliveryJournal* journal = nullptr;
};

// Brings what the outbox owes to the receivers until the remote side confirms it: reconciles, per
// page and target, the desired state with the confirmed one. What a kind of receiver needs is the
// business of its Target. Passive: the caller takes requests,
// sends them by whatever transport, and brings the answers back.
//
// Promises. A page is sent at least once, and a create only counts when it is confirmed: where
// requests are queued, by the request status.
// Per page and target one request is under way at a time, and a close waits for its create. The
// targets of an episode are chosen when it is first seen and kept, so that the close goes where the
// open went; while it is open, other routes (after a reload or restart) add targets. What opened
// and closed before anything was sent is folded: nothing goes out. Once a create left (or may have
// left) its fate is found out first, then the page is closed. A lost create may come true up to a
// minute late: a page is only forgotten after a look behind that time. Nothing owed is discarded
// for a refused key, throttling or an outage.
//
// A new episode pages anew: what an earlier one opened, or may have opened, is closed before.
// Limits: a create of the earlier one that takes effect between that look and the new create is
// joined. Where nothing can be looked up the close is blind, and should its answer be lost and the
// receiver get to it only after the new create, it takes the new page along.
//
// What is silenced, inhibited or muted is not told: no page is opened, nor does an open one change;
// only closes go out. When that ends and the alert still fires, it is told as it is then.
//
// Restart: everything goes on from the records. Progress is stored after answers, not before
// requests, which keeps the disk out of a page's way; so a page that closed while down and shows no
// sign of having been sent is looked up once. It is also stored when an episode ends in doubt of
// its create, so that another one after a restart knows. Limit: if the process dies between a first
// create and its answer and comes back with other routes, the page follows the new routes, and a
// tag of another level that only the lost request gave it may stay.
//
// Reload: open pages of a receiver that is gone keep its last configuration until they close, but
// not across a restart: then the target is dropped with an error in log and metric (outcome
// "vanished"), its page stays open remotely. A target is a position in its receiver's list of one
// kind: if another URL or profile takes it, open pages there go by their alias, with a warning.
//
// Thread: any. Lock order: this, then the outbox. Borrows outbox, metrics and random, which outlive
// it; random is used under the lock. The expander runs under the lock too: it must be quick and
// must not call back.
class Delivery {
 public:
  struct Work {
    ReadyQueue::Task task = 0;
    std::string alias;
    std::shared_ptr<const Target> target;
    Sent sent;
    const http_client::HttpRequest& request() const { return sent.request; }
  };

  Delivery(storage::Outbox& outbox, Metrics& metrics, Random& random, page::Expander expander,
           std::shared_ptr<const ReceiversAndRoutes> config, DeliveryOptions options = {});

  // Adopts all entries of the recovered outbox. Once, before Take.
  void Start(Timestamp now);

  // The page of `alias` changed (the outbox' listener). Cheap: the work is done in Take. From here
  // on it inhibits others.
  void Notify(const std::string& alias);

  // The most urgent request that may leave now. Each one taken must be completed.
  std::optional<Work> Take(Timestamp now);
  // `answer` as HttpTransport::Send gives it.
  void Complete(const Work& work, const absl::StatusOr<http_client::HttpResponse>& answer,
                Timestamp now);

  // When Take may next have something to do; Timestamp::Max() if only a Notify can change that.
  Timestamp NextDue(Timestamp now) const;

  // Silences, or the suppressor's configuration, changed.
  void SuppressionChanged();

  // What people did at a receiver, as its webhook says; the journal keeps what they write. Where
  // pages can be read it only makes this read the page, so that repeated, late and forged ones do
  // no harm. False: no page of ours.
  bool TakeWebhook(const std::string& receiver, const opsgenie::WebhookEvent& event, Timestamp now);
  // All alerts of ours that were open at a target at some time after `cycle.began`. What is not
  // among them is read, unless the walk found no end.
  void TakeListed(const TargetKey& target, const opsgenie::ListedCycle& cycle, Timestamp now);

  // New receivers and routes. Blocked accounts and pages given up are tried again at once.
  void SetReceivers(std::shared_ptr<const ReceiversAndRoutes> config);

  // The wall clock was set by `step`: what waits goes on waiting as long as it would have.
  void ClockStepped(absl::Duration step);

  // Refreshes the gauges of the outbox. Call about once a second.
  void UpdateGauges(Timestamp now);

 private:
  struct Page {
    DesiredPage desired;
    state::v1::PageDelivery progress;
    std::map<TargetKey, ReadyQueue::Task> tasks;
    std::set<ReadyQueue::Task> in_flight;
    bool removable = false;  // closed and confirmed everywhere
    bool settled = false;
    bool queued = false;   // in to_store_
    bool storing = false;  // a thread is at it, without the lock
    bool changed_meanwhile = false;
    // It has targets that no route leads to, steps that came into force, or creates whose names
    // only the record knows: what follows from these waits until they are on disk.
    uint64_t wants_sync = 0;  // of last_sync_
    uint64_t synced = 0;
    bool unsynced() const { return synced < wants_sync; }
    Labels labels;                           // as routes see them
    std::vector<RouteMatch> matches;         // the routes it takes
    Timestamp escalates = Timestamp::Max();  // its place in escalating_

    const RouteMatch* MatchTo(const std::string& receiver) const;  // null: no route leads there
  };
  struct TaskOwner {
    std::string alias;
    TargetKey target;
  };
  // How far a target is from what is wanted.
  enum class Rest {
    kGone,     // done, and not a target any more
    kAtRest,   // as wanted
    kWatched,  // as wanted, and something keeps it so
    kHeld,     // nobody is to be told just now
    kOwed,
  };

  // All private functions run under the lock.
  void Adopt(const std::string& alias, bool recovered, Timestamp now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AdoptChanged(Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ChooseTargets(Page& page, bool begins) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddTargets(Page& page, bool begins) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MatchRoutes(Page& page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // delivery_holds.cc
  void FollowAlert(Page& page, bool begins) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsHeld(const Page& page, const std::string& receiver) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsHeldBack(const Page& page, const TargetDelivery& record, const Step& step) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AskHoldsAgain() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AskAgain(Page& page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // delivery_escalation.cc
  void Escalate(Page& page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // When to ask again.
  Timestamp EscalateAt(Page& page, const Receiver& receiver) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Until when the step waits for that.
  std::optional<Timestamp> ReadsFirst(Page& page, Timestamp may_enter)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EnterStep(Page& page, const Receiver& receiver, uint32_t number)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EscalatesAt(Page& page, Timestamp at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReconcileEscalating(Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FallBack(Page& page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The targets of a receiver that no route of the page leads to. Whether there are new ones.
  bool AddTargetsOf(Page& page, const std::string& receiver, TargetDelivery::Origin origin)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReconcileAllAt(const std::string& account) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FollowHold(Page& page, TargetDelivery& record, bool held)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PlanRepeat(const Page& page, TargetDelivery& record, bool held) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // delivery_people.cc
  void NoteEvent(const Page& page, const TargetDelivery& record,
                 const opsgenie::WebhookEvent& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Page* FindByRemoteAlias(const std::string& alias) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // delivery_groups.cc
  bool BeginsInGroup(const DesiredPage& page, const RouteMatch& match, bool begins, bool* storm)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void JoinGroups(Page& page, Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PutInGroup(Page& page, const GroupId& id, const GroupTiming& timing, Timestamp now,
                  TargetDelivery& record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives the lock away while it writes. Whether a page changed.
  bool FlushGroups(Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Outgrow(const DesiredPage& before, DesiredPage& page);
  void SettleMember(const std::string& group, const Grouping::Settled& member)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Rest ReconcileMember(const Page& page, const TargetDelivery& record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountFolded(const Page& page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DoubtRecovered(Page& page, Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Reconcile(Page& page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Rest ReconcileTarget(Page& page, TargetDelivery& target) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool WaitsForDisk(Page& page, const Target& target, TargetDelivery& record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  TargetDelivery& RecordOf(Page& page, const TargetKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Work Begin(ReadyQueue::Task task, Page& page, TargetDelivery& record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Work> TakeTask() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void JudgeAccount(const Work& work, const std::string& receiver, const Effect& effect,
                    Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetConfig(std::shared_ptr<const ReceiversAndRoutes> config)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Each receiver's gauge follows the accounts it has now: of an old key late answers may come.
  void ShowBlocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Report(const Page& page, const TargetDelivery& target, Action action, const Effect& effect)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void QueueStore(Page& page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // These two give the lock away while they write.
  void StoreQueued(Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Store(const std::string& alias, Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool StoreOnce(Page& page, Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(Page& page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ReadyQueue::Task TaskOf(Page& page, const TargetKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropTask(Page& page, const TargetKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetUnusedTargets() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  storage::Outbox& outbox_;
  routing::Suppressor* const suppressor_;
  storage::DeliveryJournal* const journal_;

  mutable Mutex mutex_;
  Random& random_ ABSL_GUARDED_BY(mutex_);
  DeliveryMetrics metrics_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const ReceiversAndRoutes> config_ ABSL_GUARDED_BY(mutex_);
  bool any_escalation_ ABSL_GUARDED_BY(mutex_) = false;
  TargetSet targets_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Page> pages_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<ReadyQueue::Task, TaskOwner> owners_ ABSL_GUARDED_BY(mutex_);
  ReadyQueue::Task last_task_ ABSL_GUARDED_BY(mutex_) = 0;
  ReadyQueue queue_ ABSL_GUARDED_BY(mutex_);
  Accounts accounts_ ABSL_GUARDED_BY(mutex_);
  Holds holds_ ABSL_GUARDED_BY(mutex_);
  std::vector<routing::Inhibitor::Slot> changed_slots_ ABSL_GUARDED_BY(mutex_);
  Grouping groups_ ABSL_GUARDED_BY(mutex_);
  StormWatch storms_ ABSL_GUARDED_BY(mutex_);
  Timestamp started_ ABSL_GUARDED_BY(mutex_);
  Timestamp last_now_ ABSL_GUARDED_BY(mutex_);  // as last told
  uint64_t last_sync_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::pair<Timestamp, std::string>> escalating_ ABSL_GUARDED_BY(mutex_);  // by alias
  std::deque<std::string> changed_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> to_store_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Timestamp> store_again_ ABSL_GUARDED_BY(mutex_);  // after a failed write
  std::vector<DeliveryLine> log_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::delivery
