#include "integrations/delivery/opsgenie_answer.h"

#include <algorithm>

#include "integrations/delivery/opsgenie_outcome.h"
#include "integrations/delivery/people.h"

namespace tocsin::delivery {

Effect OpsgenieAnswer::Finished(const std::string& error, const std::string& alert_id) {
  const auto operation = OperationOf(sent_.action) != TargetDelivery::NONE
                             ? OperationOf(sent_.action)
                             : target_.operation();
  switch (operation) {
    case TargetDelivery::CREATE: {
      const bool again = target_.confirmed_open() && !target_.closed_by_others();
      Opened(alert_id);
      return {again ? Outcome::kRepeated : Outcome::kCreated, AccountSign::kWell, {}, false, error};
    }
    case TargetDelivery::CLOSE:
      Closed();
      return {Outcome::kClosed, AccountSign::kWell, {}, false, error};
    default:
      target_.set_level_seen(target_.level_sent());
      Done();
      return {operation == TargetDelivery::ADD_NOTE ? Outcome::kNoted : Outcome::kUpdated,
              AccountSign::kWell,
              {},
              false,
              error};
  }
}

Effect OpsgenieAnswer::NothingToUpdate(const std::string& error) {
  if (!can_lookup() && target_.close_uncertain_until_ms() != 0) return ClosedByUs(error);
  if (!can_lookup() || target_.remote_id().empty()) return ClosedByOthers(error);
  target_.clear_remote_id();
  target_.set_attempts(target_.attempts() + 1);
  Lost(target_.attempts() > 1 ? Backoff() : 0);
  return {};
}

Effect OpsgenieAnswer::ClosedByUs(const std::string& error) {
  ForgetPeople(target_);
  target_.set_confirmed_open(false);
  target_.clear_remote_id();
  Done();
  return {Outcome::kRetried, AccountSign::kWell, {}, false, error};
}

Effect OpsgenieAnswer::ClosedByOthers(const std::string& error) {
  ForgetPeople(target_);
  if (!target_.closed_by_others()) target_.set_closed_by_others_ms(now_ms_);
  target_.set_closed_by_others(true);
  target_.set_verify_at_ms(0);
  Done();
  return {Outcome::kClosedByOthers, AccountSign::kWell, {}, false, error};
}

Effect OpsgenieAnswer::NothingToClose(const std::string& error) {
  if (target_.remote_id().empty()) return Finished(error);
  target_.clear_remote_id();
  Idle(0);
  return {Outcome::kRetried, AccountSign::kWell, {}, false, error};
}

void OpsgenieAnswer::Opened(const std::string& alert_id) {
  const bool verify = (target_.verify() || target_.uncertain_until_ms() != 0) && can_lookup();
  target_.set_confirmed_open(true);
  target_.set_closed_by_others(false);
  target_.set_level_seen(target_.level_sent());
  target_.set_discards(0);
  if (!alert_id.empty()) target_.set_remote_id(alert_id);
  Done();
  target_.set_verify(false);
  if (!verify) return;
  // It may have counted up a page that an earlier attempt opened, with other fields.
  target_.set_operation(TargetDelivery::CREATE);
  target_.set_step(TargetDelivery::UNKNOWN);
}

void OpsgenieAnswer::Closed() {
  const bool by_alias = target_.remote_id().empty();
  if (by_alias) target_.set_episode(sent_.episode);  // of those before it nothing is there
  ForgetPeople(target_);
  target_.set_confirmed_open(false);
  target_.set_closed_by_others(false);
  target_.set_level_seen(0);
  target_.clear_remote_id();
  // A lost create that comes true brings its tags along.
  if (target_.uncertain_until_ms() <= now_ms_) target_.clear_tags();
  target_.set_verify_at_ms(0);
  Done();
  // By id it was that alert only, and there may be another one. What came true after the close
  // left, long before its outcome is known, is still open, too.
  const int64_t left_ms = sent_.action == Action::kClose ? now_ms_ : target_.accepted_ms();
  if (!can_lookup() && by_alias && target_.uncertain_until_ms() <= left_ms) {
    target_.set_uncertain_until_ms(0);
  }
  if (target_.uncertain_until_ms() == 0) target_.set_occurrence(0);
  // The page closed, but a lost create may open it again: look once more when it cannot any more.
  const bool wanted_again = page_.open() && !target_.retired();
  if (target_.uncertain_until_ms() > now_ms_ && !wanted_again) {
    target_.set_next_attempt_ms(target_.uncertain_until_ms());
  }
}

}  // namespace tocsin::delivery
