#include <algorithm>

#include "absl/strings/str_cat.h"
#include "integrations/delivery/delivery.h"
#include "integrations/delivery/opsgenie_content.h"
#include "integrations/delivery/people.h"
#include "integrations/delivery/target_record.h"

// What delivery does about pages that nobody takes care of, or that cannot go where they belong.
namespace tocsin::delivery {
namespace {

constexpr int kEscalatedPerTake = 64;  // the rest is for other workers

bool IsAt(const TargetDelivery& record, const std::string& receiver) {
  return record.receiver() == receiver && record.kind() != TargetDelivery::GROUP &&
         !record.retired();
}

// Where the receiver's targets are with its steps.
struct Progress {
  int64_t since_ms = 0;  // 0: not owed yet
  uint32_t steps = 0;
};
Progress ProgressAt(const state::v1::PageDelivery& progress, const std::string& receiver) {
  Progress out;
  for (const TargetDelivery& record : progress.targets()) {
    if (!IsAt(record, receiver)) continue;
    const int64_t since_ms = record.told_since_ms();
    if (since_ms != 0 && (out.since_ms == 0 || since_ms < out.since_ms)) out.since_ms = since_ms;
    out.steps = std::max(out.steps, record.escalation_steps());
  }
  return out;
}

bool IsClosedByOthers(const state::v1::PageDelivery& progress, uint64_t episode) {
  const auto& records = progress.targets();
  return std::any_of(records.begin(), records.end(), [&](const TargetDelivery& record) {
    return !record.retired() && record.closed_by_others() && record.episode() == episode;
  });
}

std::string Describe(const EscalationStep& step, size_t number, size_t steps) {
  std::string text = absl::StrCat("step ", number, " of ", steps);
  if (!step.priority.empty()) absl::StrAppend(&text, ", priority ", step.priority);
  if (!step.add_responders.empty()) {
    absl::StrAppend(&text, ", ", step.add_responders.size(), " responders");
  }
  if (!step.receiver.empty()) absl::StrAppend(&text, ", receiver ", step.receiver);
  return text;
}

}  // namespace

void Delivery::Escalate(Page& page) {
  Timestamp at = Timestamp::Max();
  std::set<std::string> receivers;
  if (page.desired.open() && any_escalation_) {
    for (const TargetDelivery& record : page.progress.targets()) {
      if (IsAt(record, record.receiver())) receivers.insert(record.receiver());
    }
  }
  for (const std::string& name : receivers) {
    const auto receiver = config_->receivers.find(name);
    if (receiver == config_->receivers.end()) continue;
    at = std::min(at, EscalateAt(page, receiver->second));
  }
  EscalatesAt(page, at);
}

Timestamp Delivery::EscalateAt(Page& page, const Receiver& receiver) {
  while (true) {
    const Progress progress = ProgressAt(page.progress, receiver.name);
    if (progress.since_ms == 0 || progress.steps >= receiver.escalation.size()) break;
    const EscalationStep& step = receiver.escalation[progress.steps];
    Timestamp may_enter = std::max(Timestamp::FromMillis(progress.since_ms) + step.after, started_);
    if (step.unless == EscalationStep::Unless::kAcknowledged) {
      may_enter = std::max(may_enter, InHandUntil(page.progress, page.desired.episode()));
    } else if (IsClosedByOthers(page.progress, page.desired.episode())) {
      break;
    }
    if (may_enter > last_now_) return may_enter;
    if (const auto until = ReadsFirst(page, may_enter)) return *until;
    EnterStep(page, receiver, progress.steps + 1);
  }
  return Timestamp::Max();
}

// Somebody may have it in hand since the page was read last, or while we were away.
std::optional<Timestamp> Delivery::ReadsFirst(Page& page, Timestamp may_enter) {
  const Timestamp until = may_enter + absl::Milliseconds(kReadFirstMaxMs);
  if (last_now_ >= until) return std::nullopt;
  bool reads = false;
  for (TargetDelivery& record : *page.progress.mutable_targets()) {
    const OpsgenieTarget* target = targets_.FindOpsgenie(KeyOf(record));
    if (target == nullptr || record.retired() || !record.confirmed_open()) continue;
    if (!target->CanRead(record) || record.read_ms() >= may_enter.millis()) continue;
    record.set_read_at_ms(may_enter.millis());
    reads = true;
  }
  return reads ? std::optional(until) : std::nullopt;
}

void Delivery::EnterStep(Page& page, const Receiver& receiver, uint32_t number) {
  const EscalationStep& step = receiver.escalation[number - 1];
  for (TargetDelivery& record : *page.progress.mutable_targets()) {
    if (!IsAt(record, receiver.name)) continue;
    record.set_escalation_steps(number);
    record.set_confirmed_sequence(0);  // compare anew
  }
  page.wants_sync = ++last_sync_;  // or it would come into force again after a crash
  if (!step.receiver.empty()) AddTargetsOf(page, step.receiver, TargetDelivery::ESCALATION);
  QueueStore(page);
  metrics_.CountEscalation(receiver.name);
  const std::string what = Describe(step, number, receiver.escalation.size());
  log_.push_back({LogLevel::kInfo, "page escalated", page.desired.alias(), receiver.name,
                  "escalate", what, ""});
  if (journal_ == nullptr) return;
  storage::DeliveryJournal::Attempt note;
  note.alias = page.desired.alias();
  note.receiver = receiver.name;
  note.action = "escalate";
  note.outcome = what;
  note.episode = page.desired.episode();
  journal_->Note(std::move(note));
}

void Delivery::EscalatesAt(Page& page, Timestamp at) {
  if (page.escalates == at) return;
  if (page.escalates != Timestamp::Max()) {
    escalating_.erase({page.escalates, page.desired.alias()});
  }
  page.escalates = at;
  if (at != Timestamp::Max()) escalating_.insert({at, page.desired.alias()});
}

void Delivery::ReconcileEscalating(Timestamp now) {
  for (int i = 0; i < kEscalatedPerTake && !escalating_.empty(); ++i) {
    if (escalating_.begin()->first > now) return;
    Page& page = pages_.at(escalating_.begin()->second);
    EscalatesAt(page, Timestamp::Max());
    Reconcile(page);
  }
}

// Pages that a receiver refuses, or its key or plan does not let pass, go elsewhere, too.
void Delivery::FallBack(Page& page) {
  if (!page.desired.open()) return;
  std::set<std::string> fallbacks;
  for (const TargetDelivery& record : page.progress.targets()) {
    if (!IsAt(record, record.receiver())) continue;
    const bool there = IsThere(page.desired, record);
    const auto target = targets_.Find(KeyOf(record));
    const auto receiver = config_->receivers.find(record.receiver());
    if (there || target == nullptr || receiver == config_->receivers.end()) continue;
    const std::string& fallback = receiver->second.fallback;
    const bool refused = record.step() == TargetDelivery::GAVE_UP && !record.confirmed_open();
    if (fallback.empty() || (!refused && !accounts_.IsBlocked(target->Account()))) continue;
    if (!IsHeld(page, record.receiver())) fallbacks.insert(fallback);
  }
  for (const std::string& name : fallbacks) {
    if (!AddTargetsOf(page, name, TargetDelivery::FALLBACK)) continue;
    log_.push_back({LogLevel::kWarning,
                    "page delivery: its receiver refuses us, so the page goes to the fallback",
                    page.desired.alias(), name, "", "", ""});
  }
}

bool Delivery::AddTargetsOf(Page& page, const std::string& receiver,
                            TargetDelivery::Origin origin) {
  const auto& records = page.progress.targets();
  const bool shares = std::any_of(records.begin(), records.end(), [&](const TargetDelivery& one) {
    return one.kind() == TargetDelivery::GROUP && !one.retired() && one.receiver() == receiver;
  });
  if (shares) return false;  // the page of its group tells it there
  bool added = false;
  for (const TargetKey& key : targets_.Of(receiver)) {
    TargetDelivery* known = nullptr;
    for (TargetDelivery& record : *page.progress.mutable_targets()) {
      if (KeyOf(record) == key) known = &record;
    }
    if (known != nullptr && !known->retired()) continue;
    if (known == nullptr) {
      known = page.progress.add_targets();
      SetKey(key, *known);
    } else {
      KeepTarget(*known);
    }
    known->set_origin(origin);
    added = true;
  }
  if (added) {
    page.wants_sync = ++last_sync_;
    QueueStore(page);
  }
  return added;
}

void Delivery::ReconcileAllAt(const std::string& account) {
  for (auto& [alias, page] : pages_) {
    bool concerned = false;
    for (const TargetDelivery& record : page.progress.targets()) {
      const auto target = targets_.Find(KeyOf(record));
      concerned |= target != nullptr && target->Account() == account;
    }
    if (concerned) Reconcile(page);
  }
}

// Since when the page is owed there and not held. A hold that ends begins it anew.
void Delivery::FollowHold(Page& page, TargetDelivery& record, bool held) {
  if (record.retired() || !page.desired.open()) return;
  if (held) return record.set_told_since_ms(0);
  if (record.told_since_ms() != 0) return;
  record.set_told_since_ms(last_now_.millis());
  // Nothing else may have to be stored.
  if (record.confirmed_open()) QueueStore(page);
}

// When an open page is told once more: after the route's interval, and when a silence ends, unless
// somebody has it in hand.
void Delivery::PlanRepeat(const Page& page, TargetDelivery& record, bool held) const {
  const int64_t planned_ms = record.renotify_at_ms();
  record.set_renotify_at_ms(0);
  if (!page.desired.open() || record.retired() || !IsThere(page.desired, record)) {
    return record.set_silenced(false);
  }
  if (held) {
    if (holds_.Silenced(page.labels, last_now_)) record.set_silenced(true);
    return;
  }
  const Timestamp in_hand = InHandUntil(page.progress, page.desired.episode());
  if (in_hand == Timestamp::Max()) return record.set_silenced(false);
  // What people did while we were away is read before.
  const int64_t may_tell_ms = std::max(in_hand, started_).millis();
  if (record.silenced()) {  // nobody was to care about it until now
    const int64_t ended_ms = planned_ms != 0 ? planned_ms : last_now_.millis();
    return record.set_renotify_at_ms(std::max(ended_ms, may_tell_ms));
  }
  const RouteMatch* match = page.MatchTo(record.receiver());
  if (match == nullptr || match->repeat_interval <= absl::ZeroDuration()) return;
  const int64_t told_ms = std::max(record.told_ms(), record.told_since_ms());
  const int64_t again_ms = told_ms + absl::ToInt64Milliseconds(match->repeat_interval);
  record.set_renotify_at_ms(std::max(again_ms, may_tell_ms));
}

}  // namespace tocsin::delivery
