#include "integrations/delivery/delivery.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/check.h"
#include "base/labels.h"

namespace tocsin::delivery {
namespace {

using opsgenie::OpsgenieConfig;

constexpr size_t kAdoptedPerTake = 64;    // the rest is for other workers
constexpr uint32_t kFailuresToPause = 3;  // in a row
constexpr absl::Duration kStoreRetry = absl::Seconds(1);

// The account as the remote side sees it. The key is in it only as a hash.
std::string AccountOf(const OpsgenieConfig& config) {
  return absl::StrCat(config.api_url, "#", Hash64(config.api_key.Reveal()));
}

Labels RoutingLabels(const DesiredPage& page) {
  auto labels = Labels::FromCanonical(page.labels());
  if (!labels.ok()) return Labels();
  if (labels->Has("severity") || page.severity().empty()) return *std::move(labels);
  return LabelsBuilder(*labels).Set("severity", page.severity()).Build();
}

// A server may repeat what it was sent.
std::string Redacted(const std::string& text, const OpsgenieConfig& config) {
  if (config.api_key.empty()) return text;
  return absl::StrReplaceAll(text, {{config.api_key.Reveal(), "<redacted>"}});
}

// Times in a record that say when something is to happen or happened; 0 means none.
void ShiftTimes(int64_t ms, TargetDelivery& target) {
  if (target.next_attempt_ms() != 0) target.set_next_attempt_ms(target.next_attempt_ms() + ms);
  if (target.verify_at_ms() != 0) target.set_verify_at_ms(target.verify_at_ms() + ms);
  if (target.accepted_ms() != 0) target.set_accepted_ms(target.accepted_ms() + ms);
  if (target.uncertain_until_ms() != 0) {
    target.set_uncertain_until_ms(target.uncertain_until_ms() + ms);
  }
  if (target.close_uncertain_until_ms() != 0) {
    target.set_close_uncertain_until_ms(target.close_uncertain_until_ms() + ms);
  }
}

}  // namespace

Delivery::Delivery(storage::Outbox& outbox, Metrics& metrics, Random& random,
                   opsgenie::Expander expander, std::shared_ptr<const ReceiversAndRoutes> config,
                   DeliveryOptions options)
    : outbox_(outbox),
      expander_(std::move(expander)),
      options_(options),
      random_(random),
      metrics_(metrics),
      config_(std::move(config)),
      queue_(options.requests_per_account_max) {
  MutexLock lock(mutex_);
  LearnConfigs();
}

void Delivery::LearnConfigs() {
  metrics_.AddReceivers(*config_);
  for (const auto& [name, receiver] : config_->receivers) {
    for (uint32_t i = 0; i < receiver.opsgenie_configs.size(); ++i) {
      // Shares the snapshot's ownership.
      configs_[{name, i}] = std::shared_ptr<const OpsgenieConfig>(
          config_, &config_->receivers.at(name).opsgenie_configs[i]);
    }
  }
}

void Delivery::ForgetUnusedConfigs() {
  std::set<TargetKey> used;
  for (const auto& [alias, page] : pages_) {
    for (const TargetDelivery& target : page.progress.targets()) {
      used.insert({target.receiver(), target.target()});
    }
  }
  const auto& receivers = config_->receivers;  // the compiler does not see the lock inside a lambda
  std::erase_if(configs_, [&](const auto& entry) {
    const auto& [name, index] = entry.first;
    const auto receiver = receivers.find(name);
    const bool configured =
        receiver != receivers.end() && index < receiver->second.opsgenie_configs.size();
    return !configured && used.count(entry.first) == 0;
  });
}

void Delivery::Start(Timestamp now) {
  const std::vector<std::string> aliases = outbox_.Aliases();
  std::vector<LogLine> lines;
  {
    MutexLock lock(mutex_);
    for (const std::string& alias : aliases) Adopt(alias, /*recovered=*/true, now);
    lines.swap(log_);
  }
  WriteLog(std::move(lines));
}

void Delivery::Notify(const std::string& alias) {
  MutexLock lock(mutex_);
  changed_.push_back(alias);
}

// --- Pages

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
  const bool routed = page.progress.routed_episode() == page.desired.episode() &&
                      (page.desired.episode() != 0 || page.progress.targets_size() > 0);
  if (!routed && !page.desired.open() && !recovered) {
    page.progress.set_routed_episode(page.desired.episode());
    CountFolded(page);
  } else if (!routed) {
    ChooseTargets(page);
  } else if ((recovered || other_level) && page.desired.open()) {
    AddTargets(page);
  }
  if (recovered) DoubtRecovered(page, now);
  const bool ends = !page.desired.open() || (!fresh && page.desired.episode() != episode_before);
  if (ends && HasDoubts(page)) QueueStore(page);
  Reconcile(page);
}

// A create may have taken effect without the record knowing. While its episode lasts that does no
// harm, because it is repeated; of the next one it must be told.
bool Delivery::HasDoubts(const Page& page) {
  const auto& targets = page.progress.targets();
  return std::any_of(targets.begin(), targets.end(), [](const TargetDelivery& target) {
    return target.uncertain_until_ms() != 0 ||
           (target.step() != TargetDelivery::SENT && target.operation() == TargetDelivery::CREATE);
  });
}

void Delivery::ChooseTargets(Page& page) {
  page.progress.set_routed_episode(page.desired.episode());
  for (TargetDelivery& target : *page.progress.mutable_targets()) target.set_retired(true);
  AddTargets(page);
}

// The targets the page's routes lead to, besides those it has.
void Delivery::AddTargets(Page& page) {
  std::map<TargetKey, TargetDelivery*> known;
  for (TargetDelivery& target : *page.progress.mutable_targets()) {
    known[{target.receiver(), target.target()}] = &target;
  }
  std::vector<TargetKey> added;
  for (const std::string& name : Match(config_->route, RoutingLabels(page.desired))) {
    const auto receiver = config_->receivers.find(name);
    if (receiver == config_->receivers.end()) continue;
    for (uint32_t i = 0; i < receiver->second.opsgenie_configs.size(); ++i) {
      const auto found = known.find({name, i});
      if (found == known.end()) {
        added.push_back({name, i});
      } else if (found->second->retired()) {
        KeepTarget(*found->second);
      }
    }
  }
  for (const TargetKey& key : added) {
    TargetDelivery& target = *page.progress.add_targets();
    target.set_receiver(key.first);
    target.set_target(key.second);
  }
}

// A target of the last episode is one of the new episode, too.
void Delivery::KeepTarget(TargetDelivery& target) {
  target.set_retired(false);
  if (target.step() == TargetDelivery::SENT || target.step() == TargetDelivery::UNKNOWN) return;
  target.set_step(TargetDelivery::IDLE);  // a new page starts afresh
  target.set_next_attempt_ms(0);
  target.set_attempts(0);
  target.set_give_ups(0);
  target.set_minimal(false);
  // Without closes the old page may still be there and takes the new one in without a change of
  // fields.
  if (target.confirmed_open()) target.set_verify(true);
}

// Nothing was sent yet and nothing is to be sent any more.
void Delivery::CountFolded(const Page& page) {
  for (const std::string& name : Match(config_->route, RoutingLabels(page.desired))) {
    metrics_.Count(name, Outcome::kFolded);
  }
}

// The record may be older than what was sent last: a create that is not in it may have left. Only a
// page that is known to be open for this episode is past that.
void Delivery::DoubtRecovered(Page& page, Timestamp now) {
  for (TargetDelivery& target : *page.progress.mutable_targets()) {
    // The clock may have been set back since the record was written.
    const int64_t latest_ms = now.millis() + kGaveUpRetryMs;
    target.set_next_attempt_ms(std::min(target.next_attempt_ms(), latest_ms));
    target.set_verify_at_ms(std::min(target.verify_at_ms(), latest_ms));
    const int64_t uncertain_ms = (now + absl::Milliseconds(kUncertainMs)).millis();
    target.set_uncertain_until_ms(std::min(target.uncertain_until_ms(), uncertain_ms));
    target.set_close_uncertain_until_ms(std::min(target.close_uncertain_until_ms(), uncertain_ms));
    target.set_accepted_ms(std::min(target.accepted_ms(), now.millis()));
    target.set_lookup_refused(false);
    const bool sure = target.step() == TargetDelivery::IDLE && target.confirmed_open() &&
                      target.episode() == page.desired.episode();
    // An update of it may have left all the same, and come late.
    if (!sure || target.confirmed_sequence() < page.desired.sequence()) {
      target.set_verify_at_ms(uncertain_ms);
    }
    // So may the create that repeats one (NextWhenOpen).
    if (sure && target.close_uncertain_until_ms() != 0) target.set_uncertain_until_ms(uncertain_ms);
    if (sure) continue;
    // Where nothing of an earlier episode can be left, what may have left is of this one.
    const bool earlier = target.confirmed_open() || target.uncertain_until_ms() != 0 ||
                         target.operation() == TargetDelivery::CREATE;
    if (!earlier) target.set_episode(page.desired.episode());
    if (earlier) target.set_close_uncertain_until_ms(uncertain_ms);  // a close may have left
    const bool under_way =
        target.step() == TargetDelivery::SENT || target.step() == TargetDelivery::UNKNOWN;
    if (!under_way) target.set_operation(TargetDelivery::NONE);
    target.set_uncertain_until_ms(uncertain_ms);
    target.set_verify(true);
  }
}

void Delivery::Reconcile(Page& page) {
  bool at_rest = true;
  auto& targets = *page.progress.mutable_targets();
  for (int i = 0; i < targets.size();) {
    if (ReconcileTarget(page, targets[i], at_rest))
      ++i;
    else
      targets.DeleteSubrange(i, 1);
  }
  const bool gave_up = std::any_of(targets.begin(), targets.end(), [](const TargetDelivery& t) {
    return t.step() == TargetDelivery::GAVE_UP;
  });
  page.removable = at_rest && !page.desired.open();
  // A closed page that is only looked for once more, in case a lost create comes true, is no debt.
  const bool only_watched =
      !page.desired.open() && page.in_flight.empty() &&
      std::all_of(targets.begin(), targets.end(), [](const TargetDelivery& t) {
        return t.step() == TargetDelivery::IDLE && !t.confirmed_open();
      });
  page.settled = (at_rest || only_watched) && !gave_up;
  if (at_rest) QueueStore(page);
}

bool Delivery::ReconcileTarget(Page& page, TargetDelivery& target, bool& at_rest) {
  const TargetKey key{target.receiver(), target.target()};
  const auto known = page.tasks.find(key);
  if (known != page.tasks.end() && page.in_flight.count(known->second)) {
    at_rest = false;
    return true;
  }
  const auto config = configs_.find(key);
  if (config == configs_.end()) {
    Effect vanished;
    vanished.outcome = Outcome::kVanished;
    vanished.error = "the receiver is not in the configuration any more; its page stays as it is";
    Report(page, target, Action::kNone, vanished);
    DropTask(page, key);
    return false;
  }
  if (FollowAccount(*config->second, target)) {
    log_.push_back({LogLevel::kWarning,
                    "page delivery: the target's URL or profile changed: its page is named by "
                    "alias from now on and stays as it is at the old one",
                    page.desired.alias(), target.receiver(), "", "", ""});
  }
  const Step step = NextStep(page.desired, target, *config->second, expander_);
  if (step.action != Action::kNone) {
    at_rest = false;
    queue_.Put(TaskOf(page, key), AccountOf(*config->second),
               UrgencyOf(step.action, page.desired, target, *config->second),
               std::max(step.due_ms, int64_t{0}));
    return true;
  }
  DropTask(page, key);
  if (target.retired()) return false;
  if (target.closed_by_others()) {  // what it falls to it may rise from
    target.set_level_seen(std::min(RespectedLevel(target), LevelOf(page.desired)));
  }
  if (target.step() != TargetDelivery::GAVE_UP) {
    target.set_step(TargetDelivery::IDLE);
    target.set_confirmed_sequence(page.desired.sequence());
  }
  return true;
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
  pages_.erase(std::string(page.desired.alias()));
}

// --- Requests and answers

std::optional<Delivery::Work> Delivery::Take(Timestamp now) {
  std::optional<Work> work;
  std::vector<LogLine> lines;
  {
    MutexLock lock(mutex_);
    AdoptChanged(now);
    auto task = queue_.Take(now.millis());
    if (!task) StoreQueued(now);
    if (!task) task = queue_.Take(now.millis());
    if (task) {
      const TaskOwner& owner = owners_.at(*task);
      Page& page = pages_.at(owner.alias);
      auto& targets = *page.progress.mutable_targets();
      const auto target = std::find_if(targets.begin(), targets.end(), [&](const auto& t) {
        return TargetKey(t.receiver(), t.target()) == owner.target;
      });
      TOCSIN_CHECK(target != targets.end()) << owner.alias;
      page.in_flight.insert(*task);
      work.emplace();
      work->task = *task;
      work->alias = owner.alias;
      work->config = configs_.at(owner.target);
      const Step step = NextStep(page.desired, *target, *work->config, expander_);
      TOCSIN_CHECK(step.action != Action::kNone) << owner.alias;
      work->sent = BuildRequest(step.action, page.desired, *target, *work->config, expander_);
      NoteLeaving(work->sent, *target);
    }
    lines.swap(log_);
  }
  WriteLog(std::move(lines));
  return work;
}

void Delivery::Complete(const Work& work, const absl::StatusOr<http_client::HttpResponse>& answer,
                        Timestamp now) {
  std::vector<LogLine> lines;
  {
    MutexLock lock(mutex_);
    queue_.Finish(work.task);
    const TaskOwner owner = owners_.at(work.task);
    Page& page = pages_.at(owner.alias);
    page.in_flight.erase(work.task);
    auto& targets = *page.progress.mutable_targets();
    const auto target = std::find_if(targets.begin(), targets.end(), [&](const auto& t) {
      return TargetKey(t.receiver(), t.target()) == owner.target;
    });
    TOCSIN_CHECK(target != targets.end()) << owner.alias;
    Effect effect =
        ApplyAnswer(work.sent, page.desired, *work.config, answer, now, random_.Uniform(), *target);
    effect.error = Redacted(effect.error, *work.config);
    if (!effect.error.empty()) target->set_last_error(effect.error);
    if (effect.accepted_create && page.desired.cause_committed_ms() > 0) {
      const int64_t ms = now.millis() - page.desired.cause_committed_ms();
      metrics_.ObserveLatency(static_cast<double>(std::max<int64_t>(ms, 0)) / 1000.0);
    }
    JudgeAccount(*work.config, owner.target.first, work.sent.action, effect, now);
    Report(page, *target, work.sent.action, effect);
    QueueStore(page);
    Reconcile(page);
    StoreQueued(now);
    lines.swap(log_);
  }
  WriteLog(std::move(lines));
}

void Delivery::JudgeAccount(const OpsgenieConfig& config, const std::string& receiver,
                            Action action, const Effect& effect, Timestamp now) {
  const std::string name = AccountOf(config);
  Account& account = accounts_[name];
  const bool read = action == Action::kPoll || action == Action::kLookup;
  int64_t pause_ms = 0;
  switch (effect.sign) {
    case AccountSign::kNone:
      if (effect.outcome != Outcome::kUnconfirmed || account.told_unconfirmed) return;
      account.told_unconfirmed = true;
      log_.push_back({LogLevel::kWarning,
                      "page delivery: the key may not read, so what is accepted counts as done", "",
                      receiver, ActionName(action), OutcomeName(effect.outcome), effect.error});
      return;
    case AccountSign::kWell:
      if (account.blocked && account.writes_refused && read) return;
      account.failures = account.throttles = 0;
      queue_.SetProbing(name, false);
      if (!account.blocked) return;
      account.blocked = false;
      ShowBlocked();
      queue_.Resume(name);  // from the block only
      queue_.Pause(name, account.throttled_until_ms);
      return;
    case AccountSign::kThrottled: {
      const int64_t asked_ms = absl::ToInt64Milliseconds(effect.wait);
      ++account.throttles;
      pause_ms = asked_ms > 0 ? asked_ms + static_cast<int64_t>(random_.Uniform() * 250)
                              : BackoffMs(account.throttles, random_.Uniform());
      account.throttled_until_ms = std::max(account.throttled_until_ms, now.millis() + pause_ms);
      break;
    }
    case AccountSign::kRefused:
      account.blocked = true;
      account.writes_refused = !read;
      queue_.SetProbing(name, true);
      ShowBlocked();
      pause_ms = absl::ToInt64Milliseconds(options_.blocked_probe_interval);
      break;
    case AccountSign::kFailing:
      if (++account.failures < kFailuresToPause) return;
      queue_.SetProbing(name, true);
      pause_ms = BackoffMs(account.failures - kFailuresToPause + 1, random_.Uniform());
      break;
  }
  queue_.Pause(name, now.millis() + pause_ms);
}

void Delivery::ShowBlocked() {
  std::map<std::string, bool> blocked;
  for (const auto& [key, config] : configs_) {
    const auto account = accounts_.find(AccountOf(*config));
    blocked[key.first] |= account != accounts_.end() && account->second.blocked;
  }
  for (const auto& [receiver, value] : blocked) metrics_.SetBlocked(receiver, value);
}

void Delivery::Report(const Page& page, const TargetDelivery& target, Action action,
                      const Effect& effect) {
  metrics_.Count(target.receiver(), effect.outcome);
  const bool none = effect.outcome == Outcome::kNone;
  if (options_.journal != nullptr && (!none || effect.accepted_create)) {
    options_.journal->Note({page.desired.alias(), target.receiver(), target.target(),
                            ActionName(action), none ? "accepted" : OutcomeName(effect.outcome),
                            effect.error, page.desired.episode()});
  }
  if (none) return;
  LogLine line{LogLevel::kInfo,   "page delivery",    page.desired.alias(),
               target.receiver(), ActionName(action), OutcomeName(effect.outcome),
               effect.error};
  switch (effect.outcome) {
    case Outcome::kRetried:
    case Outcome::kThrottled:
    case Outcome::kUnknown:
      line.level = LogLevel::kWarning;
      break;
    case Outcome::kRejected:
    case Outcome::kDiscarded:
    case Outcome::kGaveUp:
    case Outcome::kVanished:
      line.level = LogLevel::kError;
      break;
    case Outcome::kUnconfirmed:
      line.level = LogLevel::kDebug;  // told once for the account
      break;
    case Outcome::kBlocked:
      line.level = LogLevel::kError;
      line.event = "page delivery: the receiver refuses our key or URL, its pages wait";
      break;
    default:
      break;
  }
  log_.push_back(std::move(line));
}

Timestamp Delivery::NextDue(Timestamp now) const {
  MutexLock lock(mutex_);
  if (!changed_.empty() || !to_store_.empty()) return now;
  Timestamp next = Timestamp::Max();
  if (const auto due = queue_.NextDue(now.millis())) next = Timestamp::FromMillis(*due);
  for (const auto& [alias, at] : store_again_) next = std::min(next, at);
  return next;
}

// --- Records

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
  while (!to_store_.empty()) {
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
  mutex_.Unlock();
  absl::Status status;
  bool removed = false;
  if (remove) {
    const auto result = outbox_.Remove(alias, sequence);
    status = result.status();
    removed = result.ok() && *result;
  } else {
    status = outbox_.SaveProgress(progress, settled, storage::Durability::kBuffered);
  }
  mutex_.Lock();
  if (!status.ok()) {
    metrics_.CountSaveError();
    log_.push_back({LogLevel::kError, "progress of delivery not stored, trying again", alias, "",
                    "", "", std::string(status.message())});
  }
  // Not removed means a change is on its way; should it not come, ask again.
  if (!status.ok() || removed != remove) store_again_[alias] = now + kStoreRetry;
  return removed && !page.changed_meanwhile && page.desired.sequence() == sequence;
}

void Delivery::WriteLog(std::vector<LogLine> lines) {
  for (const LogLine& line : lines) {
    Log(line.level, line.event,
        {{"alias", line.alias},
         {"receiver", line.receiver},
         {"action", line.action},
         {"outcome", line.outcome},
         {"error", line.error}});
  }
}

// --- Configuration and gauges

void Delivery::SetReceivers(std::shared_ptr<const ReceiversAndRoutes> config) {
  std::vector<LogLine> lines;
  {
    MutexLock lock(mutex_);
    config_ = std::move(config);
    queue_.Resume();
    for (const auto& [name, account] : accounts_) queue_.SetProbing(name, false);
    accounts_.clear();
    ShowBlocked();
    LearnConfigs();
    ForgetUnusedConfigs();
    for (auto& [alias, page] : pages_) {
      for (TargetDelivery& target : *page.progress.mutable_targets()) {
        target.set_lookup_refused(false);
        if (target.step() != TargetDelivery::GAVE_UP) continue;
        target.set_step(TargetDelivery::IDLE);
        target.set_next_attempt_ms(0);
        target.set_give_ups(0);
      }
      if (page.desired.open()) AddTargets(page);
      Reconcile(page);
    }
    lines.swap(log_);
  }
  WriteLog(std::move(lines));
}

void Delivery::ClockStepped(absl::Duration step) {
  const int64_t step_ms = absl::ToInt64Milliseconds(step);
  MutexLock lock(mutex_);
  queue_.ShiftPauses(step_ms);
  for (auto& [name, account] : accounts_) account.throttled_until_ms += step_ms;
  for (auto& [alias, at] : store_again_) at = at + step;
  for (auto& [alias, page] : pages_) {
    for (TargetDelivery& target : *page.progress.mutable_targets()) ShiftTimes(step_ms, target);
    Reconcile(page);
  }
}

void Delivery::UpdateGauges(Timestamp now) {
  const auto oldest = outbox_.OldestUnsettledMillis();
  const size_t entries = outbox_.size();
  const double age_seconds =
      oldest ? std::max(0.0, static_cast<double>(now.millis() - *oldest) / 1000.0) : 0.0;
  MutexLock lock(mutex_);
  metrics_.SetOutbox(entries, age_seconds);
}

}  // namespace tocsin::delivery
