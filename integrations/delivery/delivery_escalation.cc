#include <algorithm>

#include "absl/strings/str_cat.h"
#include "integrations/delivery/delivery.h"
#include "integrations/delivery/opsgenie_content.h"
#include "integrations/delivery/people.h"
#include "integrations/delivery/target_record.h"

// What delivery does about pages that nobody takes care of, or that cannot go where they belong.
namespace tocsin::delivery {
namespace {

// How long a step waits for a look at what people did meanwhile.
constexpr absl::Duration kReadFirstMax = absl::Seconds(30);

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

bool AnyInHand(const state::v1::PageDelivery& progress, EscalationStep::Unless unless,
               Timestamp now) {
  const auto& records = progress.targets();
  return std::any_of(records.begin(), records.end(), [&](const TargetDelivery& record) {
    if (record.retired()) return false;
    return unless == EscalationStep::Unless::kClosed ? record.closed_by_others()
                                                     : IsInHand(record, now);
  });
}

// The next end of a snooze; Max() if there is none.
Timestamp SnoozeEnd(const state::v1::PageDelivery& progress, Timestamp now) {
  Timestamp end = Timestamp::Max();
  for (const TargetDelivery& record : progress.targets()) {
    const Timestamp until = Timestamp::FromMillis(record.snoozed_until_ms());
    if (until > now) end = std::min(end, until);
  }
  return end;
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
    if (AnyInHand(page.progress, step.unless, last_now_)) {
      return SnoozeEnd(page.progress, last_now_);
    }
    if (IsHeld(page, receiver.name)) break;
    const Timestamp due = Timestamp::FromMillis(progress.since_ms) + step.after;
    if (due > last_now_) return due;
    if (const auto until = ReadsFirst(page, due)) return *until;
    EnterStep(page, receiver, progress.steps + 1);
  }
  return Timestamp::Max();
}

// Somebody may have it in hand since the page was read last, or while we were away.
std::optional<Timestamp> Delivery::ReadsFirst(Page& page, Timestamp due) {
  const Timestamp until = std::max(due, started_) + kReadFirstMax;
  if (last_now_ >= until) return std::nullopt;
  bool reads = false;
  for (TargetDelivery& record : *page.progress.mutable_targets()) {
    const OpsgenieTarget* target = targets_.FindOpsgenie(KeyOf(record));
    if (target == nullptr || record.retired() || !record.confirmed_open()) continue;
    if (!target->CanRead(record) || record.read_ms() >= due.millis()) continue;
    record.set_read_at_ms(due.millis());
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
  while (!escalating_.empty() && escalating_.begin()->first <= now) {
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
    const bool there = record.confirmed_open() && !record.closed_by_others() &&
                       record.episode() == page.desired.episode();
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
    page.unsynced = true;
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

// When an open page is told once more: after the route's interval, and when a silence ends, unless
// somebody has it in hand.
void Delivery::PlanRepeat(const Page& page, TargetDelivery& record) const {
  const int64_t planned_ms = record.renotify_at_ms();
  record.set_renotify_at_ms(0);
  const bool there = page.desired.open() && !record.retired() && record.confirmed_open() &&
                     record.episode() == page.desired.episode();
  if (!there) return record.set_silenced(false);
  if (IsHeld(page, record.receiver())) {
    if (holds_.Silenced(page.labels, last_now_)) record.set_silenced(true);
    return;
  }
  if (AnyInHand(page.progress, EscalationStep::Unless::kAcknowledged, last_now_)) {
    return record.set_silenced(false);
  }
  if (record.silenced()) {
    // Nobody was to care about it until now.
    if (planned_ms == 0) record.set_told_since_ms(last_now_.millis());
    return record.set_renotify_at_ms(planned_ms != 0 ? planned_ms : last_now_.millis());
  }
  const RouteMatch* match = page.MatchTo(record.receiver());
  if (match == nullptr || match->repeat_interval <= absl::ZeroDuration()) return;
  const int64_t told_ms = std::max(record.told_ms(), record.told_since_ms());
  record.set_renotify_at_ms(told_ms + absl::ToInt64Milliseconds(match->repeat_interval));
}

}  // namespace tocsin::delivery
