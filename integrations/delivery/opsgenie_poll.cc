#include "integrations/delivery/opsgenie_answer.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "integrations/delivery/opsgenie_outcome.h"

namespace tocsin::delivery {
namespace {

using opsgenie::Verdict;

constexpr int64_t kPollMs[] = {100, 500, 1000, 2000, 4000, 8000};

}  // namespace

Effect OpsgenieAnswer::Poll(const http_client::HttpResponse& response, const Judgement& judgement) {
  switch (judgement.verdict) {
    case Verdict::kAccepted:
      return PollDone(response);
    case Verdict::kPending:
      return PollPending();
    case Verdict::kRetryLater:
      return Later(judgement.error, AccountSign::kFailing);
    case Verdict::kUnauthorized:
      return Refused(judgement);
    case Verdict::kRefused:
      return Unconfirmed(judgement.error);
    default:
      // Not known to the server.
      return can_lookup() ? PollLost(judgement.error) : Unconfirmed(judgement.error);
  }
}

Effect OpsgenieAnswer::Unconfirmed(const std::string& error) {
  // Where pages can only be changed by id, a create that nobody has seen come true has none.
  const bool needs_id =
      target_.operation() == TargetDelivery::CREATE && !opsgenie::CapabilitiesOf(config_).by_alias;
  if ((target_.operation() == TargetDelivery::CLOSE || needs_id) && can_lookup()) {
    const std::string request_id = target_.request_id();
    if (needs_id) {
      target_.set_uncertain_until_ms(target_.accepted_ms() + kUncertainMs);
      target_.set_verify(true);
    }
    Lost(kFirstLookupMs);
    target_.set_request_id(request_id);  // it was accepted, should lookups be refused, too
    return {Outcome::kUnconfirmed, AccountSign::kNone, {}, false, error};
  }
  const bool create = target_.operation() == TargetDelivery::CREATE;
  Effect effect = Finished(error);
  if (create) target_.set_uncertain_until_ms(target_.accepted_ms() + kUncertainMs);
  effect.outcome = Outcome::kUnconfirmed;
  effect.sign = AccountSign::kNone;
  return effect;
}

Effect OpsgenieAnswer::PollDone(const http_client::HttpResponse& response) {
  const auto status = opsgenie::ParseRequestStatus(response);
  if (!status) {
    const char* error = "request status not understood";
    return can_lookup() ? PollLost(error) : Unconfirmed(error);
  }
  if (status->success) return Finished("", status->alert_id);
  const std::string error = absl::StrCat("not done: ", status->status);
  // Of a responder it may say that he does not exist.
  const bool of_responder = target_.operation() == TargetDelivery::ADD_RESPONDER ||
                            target_.operation() == TargetDelivery::ESCALATE_TO_NEXT;
  const bool of_alert = !of_responder || absl::StartsWith(status->status, "Alert");
  const bool absent = of_alert && absl::StrContains(status->status, "exist");
  const bool closed = absl::StrContains(status->status, "closed");
  switch (target_.operation()) {
    case TargetDelivery::CREATE: {
      target_.set_discards(target_.discards() + 1);
      Idle(std::min(kDiscardedRetryMaxMs, int64_t{500} << std::min(target_.discards(), 16u)));
      target_.set_last_error(error);
      return {Outcome::kDiscarded, AccountSign::kWell, {}, false, error};
    }
    case TargetDelivery::CLOSE:
      if (absent) return NothingToClose(error);
      if (closed || !can_lookup()) return Finished(error);
      return PollLost(error);
    default:
      if (absent || closed) return NothingToUpdate(error);
      Done();
      return {Outcome::kDiscarded, AccountSign::kWell, {}, false, error};
  }
}

Effect OpsgenieAnswer::PollPending() {
  if (now_ms_ - target_.accepted_ms() > kPollEndMs) {
    return PollLost("accepted, but not processed within half a minute");
  }
  const size_t last = std::size(kPollMs) - 1;
  target_.set_attempts(target_.attempts() + 1);
  target_.set_next_attempt_ms(now_ms_ + kPollMs[std::min<size_t>(target_.attempts(), last)]);
  return {};
}

Effect OpsgenieAnswer::PollLost(const std::string& error) {
  if (target_.operation() == TargetDelivery::CREATE) {
    target_.set_uncertain_until_ms(now_ms_ + kUncertainMs);
    target_.set_verify(true);
  }
  target_.set_last_error(error);
  target_.set_attempts(1);
  const bool question =
      target_.operation() == TargetDelivery::CREATE || target_.operation() == TargetDelivery::CLOSE;
  if (question && can_lookup()) {
    Lost(0);
  } else {
    ForgetField(target_);
    Idle(Backoff());
  }
  return {Outcome::kDiscarded, AccountSign::kWell, {}, false, error};
}

}  // namespace tocsin::delivery
