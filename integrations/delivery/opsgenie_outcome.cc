#include "integrations/delivery/opsgenie_outcome.h"

#include "integrations/delivery/opsgenie_answer.h"
#include "integrations/delivery/people.h"

namespace tocsin::delivery {

bool FollowAccount(const opsgenie::OpsgenieConfig& config, TargetDelivery& target) {
  const uint64_t account = opsgenie::AccountHash(config);
  if (target.account_hash() == account) return false;
  const bool in_flight =
      target.step() == TargetDelivery::SENT || target.step() == TargetDelivery::UNKNOWN;
  const bool moved = target.account_hash() != 0 &&
                     (target.confirmed_open() || in_flight || target.uncertain_until_ms() != 0);
  target.set_account_hash(account);
  if (!moved) return false;
  ForgetPeople(target);
  target.clear_remote_id();
  target.set_lookup_refused(false);
  const bool opening = in_flight && target.operation() == TargetDelivery::CREATE;
  const bool open = target.confirmed_open() && !target.closed_by_others();
  if (!in_flight && !open) return true;
  if (in_flight) ForgetField(target);
  target.set_step(TargetDelivery::IDLE);
  target.set_operation(TargetDelivery::NONE);
  if (opening || open) {
    target.set_confirmed_open(true);  // until the new account tells (MayBeMissing)
    target.set_verify(true);
    target.set_closed_by_others(false);
    target.set_step(TargetDelivery::UNKNOWN);
    target.set_operation(TargetDelivery::CREATE);
  }
  target.clear_request_id();
  target.set_next_attempt_ms(0);
  target.set_attempts(0);
  return true;
}

void NoteLeaving(const Sent& sent, TargetDelivery& target) {
  if (sent.action != Action::kCreate) return;
  const bool there = target.confirmed_open() && !target.closed_by_others();
  if (!there || target.episode() != sent.episode) target.set_opened_ms(sent.sent_ms);
  if (target.episode() != sent.episode) {  // what is known is of the page before
    if (target.closed_by_others()) target.clear_tags();
    ForgetPeople(target);
    target.set_confirmed_open(false);
    target.set_closed_by_others(false);
    target.clear_remote_id();
  }
  target.set_operation(TargetDelivery::CREATE);
  target.set_episode(sent.episode);
}

Effect ApplyAnswer(const Sent& sent, const DesiredPage& page,
                   const opsgenie::OpsgenieConfig& config,
                   const absl::StatusOr<http_client::HttpResponse>& answer, Timestamp now,
                   double jitter, TargetDelivery& target) {
  // A blocked or given-up target that was tried again starts like an idle one.
  if (target.step() == TargetDelivery::BLOCKED || target.step() == TargetDelivery::GAVE_UP) {
    target.set_step(TargetDelivery::IDLE);
    target.set_next_attempt_ms(0);
  }
  if (target.step() == TargetDelivery::IDLE) target.set_operation(TargetDelivery::NONE);
  const bool read = sent.action == Action::kPoll || sent.action == Action::kLookup;
  if (!read) target.set_account_hash(sent.account_hash);
  if (!read && sent.action != Action::kClose) target.set_level_sent(sent.level);
  OpsgenieAnswer taken(sent, page, config, now, jitter, target);
  return answer.ok() ? taken.Answer(*answer) : taken.NoAnswer(answer.status());
}

}  // namespace tocsin::delivery
