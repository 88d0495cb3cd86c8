#include "integrations/delivery/posting_target.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_replace.h"
#include "base/labels.h"
#include "integrations/delivery/posting_answer.h"
#include "integrations/delivery/target_record.h"
#include "integrations/page/clamp.h"

namespace tocsin::delivery {
namespace {

constexpr size_t kErrorCharsMax = 300;

int64_t StartOf(const DesiredPage& page, const TargetDelivery& record) {
  const bool known = record.starts_ms() != 0 && record.episode() == page.episode();
  if (known) return record.starts_ms();
  return page.since_ms() != 0 ? page.since_ms() : page.changed_ms();
}

// What is confirmed is said once more: when a lost request cannot come true any more, and before
// the other side forgets.
Step Upkeep(const TargetDelivery& record, Action action) {
  int64_t due_ms = record.uncertain_until_ms();
  for (const int64_t at_ms : {record.repeat_at_ms(), record.renotify_at_ms()}) {
    if (at_ms != 0 && (due_ms == 0 || at_ms < due_ms)) due_ms = at_ms;
  }
  if (due_ms == 0) return {};
  return {action, std::max(due_ms, record.next_attempt_ms()), /*owed=*/false};
}

}  // namespace

PostingTarget::PostingTarget(std::unique_ptr<const Endpoint> endpoint)
    : endpoint_(std::move(endpoint)) {}

std::string PostingTarget::Account() const {
  return endpoint_->Account();
}

std::string PostingTarget::Redacted(const std::string& text) const {
  std::string out = text;
  for (const std::string& secret : endpoint_->Secrets()) {
    if (!secret.empty()) out = absl::StrReplaceAll(out, {{secret, "<redacted>"}});
  }
  return page::ClampEnd(out, kErrorCharsMax);  // not before: the part of a secret is one, too
}

Step PostingTarget::NextStep(const DesiredPage& page, const TargetDelivery& record) const {
  const bool other_page =
      record.step() == TargetDelivery::GAVE_UP && record.refused_sequence() != page.sequence();
  const int64_t due_ms = other_page ? 0 : record.next_attempt_ms();
  if (page.open() && !record.retired()) return NextWhenOpen(page, record, due_ms);
  if (!endpoint_->send_resolved()) return {};
  if (MayBeOpen(record)) return {Action::kClose, due_ms};
  return Upkeep(record, Action::kClose);
}

Step PostingTarget::NextWhenOpen(const DesiredPage& page, const TargetDelivery& record,
                                 int64_t due_ms) const {
  const bool of_now = record.episode() == page.episode();
  if (!of_now || !record.confirmed_open()) {
    const bool refused =
        record.step() == TargetDelivery::GAVE_UP && record.refused_sequence() == page.sequence();
    const bool close = !of_now && MayBeOpen(record) && !refused && endpoint_->send_resolved() &&
                       endpoint_->closes_before_reopening();
    return {close ? Action::kClose : Action::kCreate, due_ms};
  }
  const bool newer = record.confirmed_sequence() < page.sequence();
  if (newer && endpoint_->ContentHash(page) != record.confirmed_description_hash()) {
    return {Action::kUpdate, due_ms};
  }
  return Upkeep(record, Action::kRepeat);
}

int PostingTarget::UrgencyOf(Action action, const DesiredPage& page,
                             const TargetDelivery& record) const {
  switch (action) {
    case Action::kCreate:
      return LevelOf(page) == 3 ? 0 : 1;
    case Action::kClose:
      return MayBeOpen(record) ? 2 : 5;
    case Action::kUpdate:
      return 3;
    default:
      return 5;
  }
}

Sent PostingTarget::BuildRequest(Action action, const DesiredPage& page,
                                 const TargetDelivery& record, Timestamp now) const {
  Endpoint::Situation situation{StartOf(page, record), now, record.minimal(), {}};
  for (const std::string& labels : record.posted_labels()) {
    situation.former_labels.push_back(labels);
  }
  Sent sent;
  sent.action = action;
  sent.sequence = page.sequence();
  sent.episode = page.episode();
  sent.sent_ms = now.millis();
  sent.account_hash = PlaceHash();
  if (action == Action::kClose) {
    sent.request = endpoint_->Resolved(page, situation);
    return sent;
  }
  sent.starts_ms = situation.starts_ms;
  sent.description_hash = endpoint_->ContentHash(page);
  sent.labels = endpoint_->NamingLabels(page);
  sent.request = endpoint_->Firing(page, situation);
  return sent;
}

void PostingTarget::NoteLeaving(const Sent& sent, TargetDelivery& record) const {
  record.set_account_hash(sent.account_hash);
  if (sent.action == Action::kClose) return;
  auto& posted = *record.mutable_posted_labels();
  const bool known = std::find(posted.begin(), posted.end(), sent.labels) != posted.end();
  if (!sent.labels.empty() && !known) posted.Add(std::string(sent.labels));
  if (sent.action == Action::kUpdate) {
    record.set_operation(TargetDelivery::UPDATE);
    record.set_operation_sequence(sent.sequence);
  }
  if (sent.action != Action::kCreate) return;
  // What is known is of the page before. It may still be there when this one is not taken.
  if (record.episode() != sent.episode && MayBeOpen(record)) {
    record.set_uncertain_until_ms(sent.sent_ms + kUncertainMs);
  }
  record.set_confirmed_open(false);
  record.set_operation(TargetDelivery::CREATE);
  record.set_operation_sequence(sent.sequence);
  record.set_episode(sent.episode);
  record.set_starts_ms(sent.starts_ms);
}

Effect PostingTarget::ApplyAnswer(const Sent& sent, const DesiredPage&,
                                  const absl::StatusOr<http_client::HttpResponse>& answer,
                                  Timestamp now, double jitter, TargetDelivery& record) const {
  PostingAnswer taken(sent, *endpoint_, now, jitter, record);
  return answer.ok() ? taken.Answer(*answer) : taken.NoAnswer(answer.status());
}

uint64_t PostingTarget::PlaceHash() const {
  return std::max<uint64_t>(1, Hash64(endpoint_->Place()));
}

bool PostingTarget::FollowAccount(TargetDelivery& record) const {
  const uint64_t place = PlaceHash();
  if (record.account_hash() == place) return false;
  const bool moved =
      record.account_hash() != 0 && (MayBeOpen(record) || record.uncertain_until_ms() != 0);
  record.set_account_hash(place);
  if (!moved) return false;
  record.set_step(TargetDelivery::IDLE);
  record.set_operation(TargetDelivery::NONE);
  record.set_confirmed_open(false);
  record.set_uncertain_until_ms(0);
  record.set_repeat_at_ms(0);
  record.set_next_attempt_ms(0);
  record.set_attempts(0);
  record.clear_posted_labels();
  return true;
}

void PostingTarget::DoubtRecovered(const DesiredPage& page, Timestamp now,
                                   TargetDelivery& record) const {
  const int64_t interval_ms = absl::ToInt64Milliseconds(endpoint_->repeat_interval());
  record.set_repeat_at_ms(std::min(record.repeat_at_ms(), now.millis() + interval_ms));
  if (record.confirmed_sequence() >= page.sequence()) return;
  record.set_confirmed_description_hash(0);  // an update may have left
  record.set_uncertain_until_ms(now.millis() + kUncertainMs);
  const bool wanted = page.open() && !record.retired();
  if (wanted || MayBeOpen(record)) return;
  record.set_operation(TargetDelivery::CREATE);
  if (record.episode() == 0) record.set_episode(page.episode());
}

}  // namespace tocsin::delivery
