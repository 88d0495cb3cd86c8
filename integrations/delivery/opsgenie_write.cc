#include "integrations/delivery/opsgenie_answer.h"

#include <algorithm>

#include "integrations/delivery/opsgenie_outcome.h"
#include "integrations/delivery/target_record.h"

namespace tocsin::delivery {

using opsgenie::Verdict;

Effect OpsgenieAnswer::Write(const Judgement& judgement) {
  switch (judgement.verdict) {
    case Verdict::kAccepted:
      return Accepted(judgement);
    case Verdict::kRetryLater:
      Doubt();
      return Later(judgement.error, AccountSign::kFailing);
    case Verdict::kRejected:
      return Rejected(judgement);
    case Verdict::kPending:
    case Verdict::kNotFound:
      if (sent_.action == Action::kCreate) return Refused(judgement);  // no such path: the URL
      if (IsUpdate()) return NothingToUpdate(judgement.error);
      return NothingToClose(judgement.error);
    case Verdict::kRefused:
      if (IsUpdate()) return LeftOut(judgement, AccountSign::kNone);
      return Refused(judgement);
    default:
      return Refused(judgement);
  }
}

Effect OpsgenieAnswer::Accepted(const Judgement& judgement) {
  const bool create = sent_.action == Action::kCreate;
  const bool repeated = target_.confirmed_open() && !target_.closed_by_others();
  target_.set_operation(OperationOf(sent_.action));
  target_.set_operation_sequence(sent_.sequence);
  if (create) {
    target_.set_episode(sent_.episode);
    if (!repeated) target_.clear_remote_id();
    if (target_.closed_by_others()) {  // what was is of the page that is gone
      target_.clear_tags();
      target_.set_told_since_ms(now_ms_);
    }
    if (now_ms_ >= target_.close_uncertain_until_ms()) target_.set_close_uncertain_until_ms(0);
  }
  // An alert that is there already has been counted up and says what it said before.
  if (create && MayBeMissing(target_))
    GiveTags(sent_.tags, target_);
  else
    NoteSentFields();
  target_.set_attempts(0);
  Effect effect;
  effect.accepted_create = create && !repeated;
  if (judgement.request_id.empty()) {  // nothing to ask with
    if (can_lookup() && !IsUpdate())
      Lost(kFirstLookupMs);
    else
      return Merge(Finished(""), effect.accepted_create);
    return effect;
  }
  target_.set_step(TargetDelivery::SENT);
  target_.set_request_id(judgement.request_id);
  target_.set_accepted_ms(now_ms_);
  target_.set_next_attempt_ms(now_ms_ + kFirstPollMs);
  return effect;
}

void OpsgenieAnswer::NoteSentFields() {
  if (sent_.action == Action::kClose) return;
  NoteSentTags();
  const bool all = sent_.action == Action::kCreate || sent_.action == Action::kAddNote;
  if (all || sent_.action == Action::kSetPriority) target_.set_confirmed_priority(sent_.priority);
  if (all || sent_.action == Action::kSetMessage) target_.set_confirmed_message(sent_.message);
  if (all || sent_.action == Action::kSetDescription) {
    target_.set_confirmed_description_hash(sent_.description_hash);
  }
  if (all || AddsResponder(sent_.action)) {
    target_.mutable_responders_there()->Assign(sent_.responders.begin(), sent_.responders.end());
  }
  if (all || sent_.action == Action::kAddDetails) {
    target_.set_confirmed_details_hash(opsgenie::DetailsHash(sent_.details));
  }
}

void OpsgenieAnswer::NoteSentTags() {
  target_.clear_operation_tags();
  const bool note = sent_.action == Action::kAddNote;
  if (sent_.action == Action::kRemoveTags) {
    for (const std::string& tag : sent_.tags) target_.add_operation_tags(tag);
    DropTags([&](const std::string& tag) { return Contains(sent_.tags, tag); }, target_);
    target_.set_confirmed_tags_hash(0);  // should one of them be wanted again
  } else if (note || sent_.action == Action::kCreate || sent_.action == Action::kAddTags) {
    target_.set_confirmed_tags_hash(opsgenie::TagsHash(sent_.tags));
    if (!note) GiveTags(sent_.tags, target_);
  }
}

Effect OpsgenieAnswer::Rejected(const Judgement& judgement) {
  target_.set_last_error(judgement.error);
  if (IsUpdate()) return LeftOut(judgement, AccountSign::kWell);
  const bool again = sent_.action == Action::kCreate && IsThere(page_, target_);
  if (again && !MayBeMissing(target_)) {  // the page is open all the same; the next one may pass
    NoteRepeated(Timestamp::FromMillis(now_ms_), target_);
    Idle(0);
    return {Outcome::kRejected, AccountSign::kWell, {}, false, judgement.error};
  }
  if (!target_.minimal()) {
    target_.set_minimal(true);
    target_.set_next_attempt_ms(0);
    return {Outcome::kRejected, AccountSign::kWell, {}, false, judgement.error};
  }
  target_.set_step(TargetDelivery::GAVE_UP);
  target_.set_minimal(false);
  target_.set_refused_sequence(sent_.sequence);
  // A change of the page or the configuration is tried at once. But the reason may lie at the
  // other side, too, and somebody may correct it there.
  target_.set_next_attempt_ms(now_ms_ + GaveUpWaitMs(target_.give_ups()));
  target_.set_give_ups(target_.give_ups() + 1);
  return {Outcome::kGaveUp, AccountSign::kWell, {}, false, judgement.error};
}

}  // namespace tocsin::delivery
