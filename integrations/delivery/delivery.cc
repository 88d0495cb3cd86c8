#include "integrations/delivery/delivery.h"

#include <algorithm>

#include "base/check.h"
#include "integrations/delivery/target_record.h"
#include "integrations/routing/page_sources.h"

namespace tocsin::delivery {

Delivery::Delivery(storage::Outbox& outbox, Metrics& metrics, Random& random,
                   page::Expander expander, std::shared_ptr<const ReceiversAndRoutes> config,
                   DeliveryOptions options)
    : outbox_(outbox),
      suppressor_(options.suppressor),
      journal_(options.journal),
      random_(random),
      metrics_(metrics),
      config_(std::move(config)),
      targets_(std::move(expander)),
      queue_(options.requests_per_account_max),
      accounts_(queue_, random, options.blocked_probe_interval),
      holds_(options.suppressor) {
  MutexLock lock(mutex_);
  SetConfig(config_);
}

void Delivery::SetConfig(std::shared_ptr<const ReceiversAndRoutes> config) {
  config_ = std::move(config);
  any_escalation_ = std::any_of(config_->receivers.begin(), config_->receivers.end(),
                                [](const auto& entry) { return !entry.second.escalation.empty(); });
  metrics_.AddReceivers(*config_);
  targets_.Configure(config_);
}

void Delivery::ForgetUnusedTargets() {
  std::set<TargetKey> used;
  for (const auto& [alias, page] : pages_) {
    for (const TargetDelivery& record : page.progress.targets()) used.insert(KeyOf(record));
  }
  targets_.ForgetUnused(used);
}

void Delivery::Start(Timestamp now) {
  const std::vector<std::string> aliases = outbox_.Aliases();
  if (suppressor_ != nullptr) routing::FollowAllPages(outbox_, *suppressor_);
  std::vector<DeliveryLine> lines;
  {
    MutexLock lock(mutex_);
    last_now_ = started_ = now;
    for (const std::string& alias : aliases) {
      const auto entry = outbox_.Find(alias);
      if (entry && entry->desired.has_group()) groups_.Restore(entry->desired);
    }
    for (const std::string& alias : aliases) Adopt(alias, /*recovered=*/true, now);
    groups_.EndRestore(now);
    lines.swap(log_);
  }
  WriteLines(lines);
}

void Delivery::Notify(const std::string& alias) {
  std::vector<routing::Inhibitor::Slot> slots;
  if (suppressor_ != nullptr) slots = routing::FollowPage(outbox_, alias, *suppressor_);
  MutexLock lock(mutex_);
  changed_.push_back(alias);
  changed_slots_.insert(changed_slots_.end(), slots.begin(), slots.end());
}

std::optional<Delivery::Work> Delivery::Take(Timestamp now) {
  std::optional<Work> work;
  std::vector<DeliveryLine> lines;
  {
    MutexLock lock(mutex_);
    last_now_ = now;
    AdoptChanged(now);
    AskHoldsAgain();
    ReconcileEscalating(now);
    if (FlushGroups(now)) AdoptChanged(now);
    work = TakeTask();
    while (!work) {
      StoreQueued(now);
      work = TakeTask();
      if (to_store_.empty()) break;
    }
    lines.swap(log_);
  }
  WriteLines(lines);
  return work;
}

std::optional<Delivery::Work> Delivery::TakeTask() {
  while (const auto task = queue_.Take(last_now_.millis())) {
    const TaskOwner owner = owners_.at(*task);
    Page& page = pages_.at(owner.alias);
    TargetDelivery& record = RecordOf(page, owner.target);
    const Step step = targets_.Find(owner.target)->NextStep(page.desired, record);
    const bool held = IsHeldBack(page, record, step);
    if (step.action != Action::kNone && !held) return Begin(*task, page, record);
    queue_.Finish(*task);  // held, or not needed any more, since it was put in
    Reconcile(page);
  }
  return std::nullopt;
}

Delivery::Work Delivery::Begin(ReadyQueue::Task task, Page& page, TargetDelivery& record) {
  page.in_flight.insert(task);
  Work work;
  work.task = task;
  work.alias = page.desired.alias();
  work.target = targets_.Find(KeyOf(record));
  const Step step = work.target->NextStep(page.desired, record);
  TOCSIN_CHECK(step.action != Action::kNone) << work.alias;
  work.sent = work.target->BuildRequest(step.action, page.desired, record, last_now_);
  work.target->NoteLeaving(work.sent, record);
  return work;
}

void Delivery::Complete(const Work& work, const absl::StatusOr<http_client::HttpResponse>& answer,
                        Timestamp now) {
  std::vector<DeliveryLine> lines;
  {
    MutexLock lock(mutex_);
    queue_.Finish(work.task);
    const TaskOwner owner = owners_.at(work.task);
    Page& page = pages_.at(owner.alias);
    page.in_flight.erase(work.task);
    TargetDelivery& record = RecordOf(page, owner.target);
    Effect effect =
        work.target->ApplyAnswer(work.sent, page.desired, answer, now, random_.Uniform(), record);
    effect.error = work.target->Redacted(effect.error);
    if (!effect.error.empty()) record.set_last_error(effect.error);
    if (effect.accepted_create && page.desired.cause_committed_ms() > 0) {
      const int64_t ms = now.millis() - page.desired.cause_committed_ms();
      metrics_.ObserveLatency(static_cast<double>(std::max<int64_t>(ms, 0)) / 1000.0);
    }
    if (NotifiesAgain(work.sent.action) && answer.ok() && answer->status / 100 == 2)
      NoteRepeated(now, record);
    Report(page, record, work.sent.action, effect);
    JudgeAccount(work, owner.target.receiver, effect, now);  // may reconcile this page, too
    QueueStore(page);
    Reconcile(page);
    StoreQueued(now);
    lines.swap(log_);
  }
  WriteLines(lines);
}

void Delivery::JudgeAccount(const Work& work, const std::string& receiver, const Effect& effect,
                            Timestamp now) {
  const Accounts::Change change =
      accounts_.Judge(work.target->Account(), work.sent.action, effect, now);
  if (change.blocked) {
    ShowBlocked();
    ReconcileAllAt(work.target->Account());
  }
  if (!change.unconfirmed) return;
  log_.push_back({LogLevel::kWarning,
                  "page delivery: the key may not read, so what is accepted counts as done", "",
                  receiver, ActionName(work.sent.action), OutcomeName(effect.outcome),
                  effect.error});
}

void Delivery::ShowBlocked() {
  std::map<std::string, bool> blocked;
  for (const auto& [key, target] : targets_.all()) {
    blocked[key.receiver] |= accounts_.IsBlocked(target->Account());
  }
  for (const auto& [receiver, value] : blocked) metrics_.SetBlocked(receiver, value);
}

void Delivery::Report(const Page& page, const TargetDelivery& target, Action action,
                      const Effect& effect) {
  metrics_.Count(target.receiver(), effect.outcome);
  const bool none = effect.outcome == Outcome::kNone;
  if (journal_ != nullptr && (!none || effect.accepted_create)) {
    journal_->Note({page.desired.alias(), target.receiver(), target.target(), ActionName(action),
                    none ? "accepted" : OutcomeName(effect.outcome), effect.error,
                    page.desired.episode()});
  }
  if (none) return;
  log_.push_back(OutcomeLine(page.desired.alias(), target.receiver(), action, effect));
}

Timestamp Delivery::NextDue(Timestamp now) const {
  MutexLock lock(mutex_);
  if (!changed_.empty() || !changed_slots_.empty() || !to_store_.empty()) return now;
  Timestamp next = Timestamp::Max();
  if (const auto due = queue_.NextDue(now.millis())) next = Timestamp::FromMillis(*due);
  for (const auto& [alias, at] : store_again_) next = std::min(next, at);
  if (!escalating_.empty()) next = std::min(next, escalating_.begin()->first);
  return std::min({next, groups_.NextDue(), holds_.NextDue()});
}

void Delivery::SetReceivers(std::shared_ptr<const ReceiversAndRoutes> config) {
  std::vector<DeliveryLine> lines;
  {
    MutexLock lock(mutex_);
    accounts_.Reset();
    SetConfig(std::move(config));
    ShowBlocked();
    ForgetUnusedTargets();
    for (auto& [alias, page] : pages_) {
      for (TargetDelivery& record : *page.progress.mutable_targets()) TryAgain(record);
      MatchRoutes(page);
      if (page.desired.open()) {
        AddTargets(page, /*begins=*/false);
        FollowAlert(page, /*begins=*/false);
        JoinGroups(page, last_now_);
      }
      Reconcile(page);
    }
    holds_.AskAll();
    lines.swap(log_);
  }
  WriteLines(lines);
}

void Delivery::ClockStepped(absl::Duration step) {
  const int64_t step_ms = absl::ToInt64Milliseconds(step);
  MutexLock lock(mutex_);
  last_now_ = last_now_ + step;
  started_ = started_ + step;
  holds_.ClockStepped(step);
  groups_.ClockStepped(step);
  accounts_.ClockStepped(step);
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
