#include "integrations/delivery/opsgenie_answer.h"

#include <algorithm>

#include "integrations/delivery/opsgenie_outcome.h"

namespace tocsin::delivery {

using opsgenie::Verdict;

TargetDelivery::Operation OperationOf(Action action) {
  switch (action) {
    case Action::kCreate:
      return TargetDelivery::CREATE;
    case Action::kClose:
      return TargetDelivery::CLOSE;
    case Action::kSetPriority:
      return TargetDelivery::UPDATE_PRIORITY;
    case Action::kSetMessage:
      return TargetDelivery::UPDATE_MESSAGE;
    case Action::kSetDescription:
      return TargetDelivery::UPDATE_DESCRIPTION;
    case Action::kAddDetails:
      return TargetDelivery::UPDATE_DETAILS;
    case Action::kRemoveTags:
      return TargetDelivery::REMOVE_TAGS;
    case Action::kAddTags:
      return TargetDelivery::ADD_TAGS;
    case Action::kAddResponder:
      return TargetDelivery::ADD_RESPONDER;
    case Action::kEscalateToNext:
      return TargetDelivery::ESCALATE_TO_NEXT;
    case Action::kAddNote:
      return TargetDelivery::ADD_NOTE;
    default:
      return TargetDelivery::NONE;
  }
}

void ForgetField(TargetDelivery& target) {
  switch (target.operation()) {
    case TargetDelivery::UPDATE_PRIORITY:
    case TargetDelivery::ADD_NOTE:
      target.clear_confirmed_priority();
      break;
    case TargetDelivery::UPDATE_MESSAGE:
      target.clear_confirmed_message();
      break;
    case TargetDelivery::UPDATE_DESCRIPTION:
      target.clear_confirmed_description_hash();
      break;
    case TargetDelivery::UPDATE_DETAILS:
      target.clear_confirmed_details_hash();
      break;
    case TargetDelivery::ADD_TAGS:
      target.clear_confirmed_tags_hash();
      break;
    case TargetDelivery::REMOVE_TAGS:
      GiveTags(target.operation_tags(), target);
      break;
    case TargetDelivery::ADD_RESPONDER:
      if (!target.responders_there().empty()) target.mutable_responders_there()->RemoveLast();
      break;
    default:  // the next rule is not notified twice
      break;
  }
}

Effect OpsgenieAnswer::Answer(const http_client::HttpResponse& response) {
  Effect effect = Take(response);
  if (rest_ && effect.sign != AccountSign::kThrottled) effect.sign = AccountSign::kNone;
  return effect;
}

Effect OpsgenieAnswer::NoAnswer(const absl::Status& error) {
  Effect effect = TakeNone(error);
  if (rest_) effect.sign = AccountSign::kNone;
  return effect;
}

Effect OpsgenieAnswer::Take(const http_client::HttpResponse& response) {
  const bool read = sent_.action == Action::kPoll || sent_.action == Action::kLookup;
  const Judgement judgement = read ? opsgenie::Judge(response) : opsgenie::JudgeWrite(response);
  if (judgement.verdict == Verdict::kThrottled) return Throttled(judgement);
  const bool refused =
      judgement.verdict == Verdict::kUnauthorized || judgement.verdict == Verdict::kRefused;
  if (rest_ && refused) return RestRefused(judgement);
  switch (sent_.action) {
    case Action::kPoll:
      return Poll(response, judgement);
    case Action::kLookup:
      return Lookup(response, judgement);
    default:
      return Write(judgement);
  }
}

Effect OpsgenieAnswer::TakeNone(const absl::Status& error) {
  const std::string text(error.message());
  if (sent_.action == Action::kLookup) return LookupLater(text);
  if (absl::IsUnavailable(error)) return Later(text, AccountSign::kFailing);
  if (sent_.action == Action::kPoll) return Later(text, AccountSign::kFailing);
  if (sent_.action == Action::kEscalateToNext) {  // twice would skip a rule
    NoteSentFields();
    Idle(0);
    return {Outcome::kUnknown, AccountSign::kFailing, {}, false, text};
  }
  Doubt();
  if (IsUpdate() || !can_lookup()) return Later(text, AccountSign::kFailing, Outcome::kUnknown);
  target_.set_attempts(target_.attempts() + 1);
  Lost(std::max(kFirstLookupMs, target_.attempts() > 1 ? Backoff() : 0));
  return {Outcome::kUnknown, AccountSign::kFailing, {}, false, text};
}

bool OpsgenieAnswer::IsUpdate() const {
  return sent_.action != Action::kCreate && sent_.action != Action::kClose &&
         sent_.action != Action::kPoll && sent_.action != Action::kLookup;
}

void OpsgenieAnswer::Doubt() {
  if (IsUpdate() && sent_.action != Action::kAddNote) {
    target_.set_verify_at_ms(now_ms_ + kUncertainMs);
  }
  if (sent_.action == Action::kAddTags) GiveTags(sent_.tags, target_);
  if (sent_.action == Action::kClose && !can_lookup()) {
    target_.set_close_uncertain_until_ms(now_ms_ + kUncertainMs);
  }
  if (sent_.action != Action::kCreate) return;
  GiveTags(sent_.tags, target_);
  target_.set_uncertain_until_ms(now_ms_ + kUncertainMs);
  target_.set_verify(true);
  target_.set_episode(sent_.episode);
}

void OpsgenieAnswer::Lost(int64_t wait_ms) {
  if (OperationOf(sent_.action) != TargetDelivery::NONE) {
    target_.set_operation(OperationOf(sent_.action));
    target_.set_operation_sequence(sent_.sequence);
  }
  target_.clear_request_id();
  target_.set_step(TargetDelivery::UNKNOWN);
  target_.set_next_attempt_ms(now_ms_ + wait_ms);
}

void OpsgenieAnswer::Idle(int64_t wait_ms) {
  target_.set_step(TargetDelivery::IDLE);
  target_.set_operation(TargetDelivery::NONE);
  target_.clear_request_id();
  target_.set_next_attempt_ms(wait_ms == 0 ? 0 : now_ms_ + wait_ms);
}

void OpsgenieAnswer::Done() {
  Idle(0);
  target_.set_attempts(0);
  target_.set_give_ups(0);
  target_.set_minimal(false);
  target_.clear_last_error();
}

Effect OpsgenieAnswer::Later(const std::string& error, AccountSign sign, Outcome outcome) {
  target_.set_attempts(target_.attempts() + 1);
  target_.set_next_attempt_ms(now_ms_ + Backoff());
  return {outcome, sign, {}, false, error};
}

Effect OpsgenieAnswer::Throttled(const Judgement& judgement) {
  return {Outcome::kThrottled, AccountSign::kThrottled, judgement.wait, false, judgement.error};
}

Effect OpsgenieAnswer::Refused(const Judgement& judgement) {
  if (target_.step() == TargetDelivery::IDLE) target_.set_step(TargetDelivery::BLOCKED);
  return {Outcome::kBlocked, AccountSign::kRefused, {}, false, judgement.error};
}

Effect OpsgenieAnswer::LeftOut(const Judgement& judgement, AccountSign sign) {
  NoteSentFields();
  Idle(0);
  return {Outcome::kRejected, sign, {}, false, judgement.error};
}

}  // namespace tocsin::delivery
