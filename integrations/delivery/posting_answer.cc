#include "integrations/delivery/posting_answer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tocsin::delivery {
namespace {

constexpr int64_t kWaitSecondsMax = 3600;  // a longer hint is not believed
constexpr uint32_t kGiveUpsMax = 8;        // of a close: 5 + 10 + 20 + 40 + 4 x 60 minutes

std::string ErrorText(const http_client::HttpResponse& response) {
  std::string text(absl::StripAsciiWhitespace(response.body));
  if (response.status >= 300 && response.status < 400) text = "redirects are not followed";
  return absl::StrCat(response.status, text.empty() ? "" : " ", text);
}

absl::Duration RetryAfter(const http_client::HttpResponse& response) {
  int64_t seconds = 0;
  const bool said = absl::SimpleAtoi(response.Header("Retry-After"), &seconds) && seconds > 0;
  return absl::Seconds(said ? std::min(seconds, kWaitSecondsMax) : 0);
}

}  // namespace

bool MayBeOpen(const TargetDelivery& record) {
  return record.confirmed_open() || record.operation() == TargetDelivery::CREATE;
}

PostingAnswer::PostingAnswer(const Sent& sent, const Endpoint& endpoint, Timestamp now,
                             double jitter, TargetDelivery& record)
    : sent_(sent), endpoint_(endpoint), now_ms_(now.millis()), jitter_(jitter), record_(record) {
  record_.set_step(TargetDelivery::IDLE);  // one that was given up and tried again, too
  record_.set_next_attempt_ms(0);
  if (record_.operation() == TargetDelivery::UPDATE) record_.set_operation(TargetDelivery::NONE);
}

Effect PostingAnswer::Answer(const http_client::HttpResponse& response) {
  const int status = response.status;
  if (endpoint_.Confirms(status)) return Confirmed();
  const std::string error = ErrorText(response);
  if (status == 429) {
    NotDone();
    return {Outcome::kThrottled, AccountSign::kThrottled, RetryAfter(response), false, error};
  }
  if (status >= 500 || status == 408) {
    Doubt();
    return Later(error, RetryAfter(response), Outcome::kRetried);
  }
  return Refused(error, status == 400);
}

Effect PostingAnswer::NoAnswer(const absl::Status& error) {
  const std::string text(error.message());
  if (absl::IsFailedPrecondition(error)) return Refused(text, false);
  if (absl::IsUnavailable(error)) {
    NotDone();
    return Later(text, absl::ZeroDuration(), Outcome::kRetried);
  }
  Doubt();
  return Later(text, absl::ZeroDuration(), Outcome::kUnknown);
}

Effect PostingAnswer::Confirmed() {
  const bool was_open = MayBeOpen(record_);
  // What left before the doubt's end may still be overtaken.
  if (sent_.sent_ms >= record_.uncertain_until_ms()) record_.set_uncertain_until_ms(0);
  Done();
  return sent_.action == Action::kClose ? Closed(was_open) : Opened(was_open);
}

Effect PostingAnswer::Opened(bool was_open) {
  const bool confirmed_before = record_.confirmed_open();
  record_.set_operation(TargetDelivery::NONE);
  record_.set_confirmed_open(true);
  record_.set_episode(sent_.episode);
  record_.set_confirmed_description_hash(sent_.description_hash);
  ForgetLabels();
  const int64_t interval_ms = absl::ToInt64Milliseconds(endpoint_.repeat_interval());
  record_.set_repeat_at_ms(interval_ms == 0 ? 0 : now_ms_ + interval_ms);
  Effect effect;
  effect.accepted_create = sent_.action == Action::kCreate && !confirmed_before;
  if (sent_.action == Action::kCreate) effect.outcome = Outcome::kCreated;
  if (sent_.action == Action::kUpdate && was_open) effect.outcome = Outcome::kUpdated;
  return effect;
}

Effect PostingAnswer::Closed(bool was_open) {
  record_.set_operation(TargetDelivery::NONE);
  record_.set_confirmed_open(false);
  record_.set_confirmed_description_hash(0);
  record_.set_repeat_at_ms(0);
  ForgetLabels();
  Effect effect;
  if (was_open) effect.outcome = Outcome::kClosed;
  return effect;
}

void PostingAnswer::ForgetLabels() {
  if (record_.uncertain_until_ms() != 0) return;
  record_.clear_posted_labels();
  if (!sent_.labels.empty()) record_.add_posted_labels(sent_.labels);
}

Effect PostingAnswer::Refused(const std::string& error, bool minimal_may_do) {
  NotDone();
  const bool close = sent_.action == Action::kClose;
  const bool upkeep = sent_.action == Action::kRepeat || (close && !MayBeOpen(record_));
  if (upkeep) return RefusedUpkeep(error);
  if (!close && minimal_may_do && endpoint_.has_minimal_form() && !record_.minimal()) {
    record_.set_minimal(true);
    return {Outcome::kRejected, AccountSign::kWell, {}, false, error};
  }
  if (close && record_.episode() != sent_.episode) return RefusedInTheWay(error);
  if (close && record_.give_ups() >= kGiveUpsMax) {
    record_.set_uncertain_until_ms(0);
    Done();
    Closed(/*was_open=*/true);
    return {Outcome::kGaveUp,
            AccountSign::kWell,
            {},
            false,
            absl::StrCat(error, "; the page is left as it is there")};
  }
  record_.set_step(TargetDelivery::GAVE_UP);
  record_.set_minimal(false);
  record_.set_refused_sequence(sent_.sequence);
  record_.set_next_attempt_ms(now_ms_ + GaveUpWaitMs(record_.give_ups()));
  record_.set_give_ups(record_.give_ups() + 1);
  return {Outcome::kGaveUp, AccountSign::kWell, {}, false, error};
}

Effect PostingAnswer::RefusedInTheWay(const std::string& error) {
  record_.set_step(TargetDelivery::GAVE_UP);
  record_.set_refused_sequence(sent_.sequence);
  return {Outcome::kGaveUp,
          AccountSign::kWell,
          {},
          false,
          absl::StrCat(error, "; the next page goes out all the same")};
}

Effect PostingAnswer::RefusedUpkeep(const std::string& error) {
  if (record_.give_ups() >= kGiveUpsMax) record_.set_uncertain_until_ms(0);
  const int64_t interval_ms = absl::ToInt64Milliseconds(endpoint_.repeat_interval());
  record_.set_next_attempt_ms(now_ms_ + (interval_ms != 0 ? interval_ms : kGaveUpRetryMs));
  record_.set_give_ups(record_.give_ups() + 1);
  return {Outcome::kRejected, AccountSign::kWell, {}, false, error};
}

void PostingAnswer::NotDone() {
  const bool earlier = record_.uncertain_until_ms() != 0;
  if (sent_.action == Action::kCreate && !earlier) record_.set_operation(TargetDelivery::NONE);
}

void PostingAnswer::Doubt() {
  record_.set_uncertain_until_ms(now_ms_ + kUncertainMs);
  if (sent_.action == Action::kUpdate) record_.set_confirmed_description_hash(0);
}

Effect PostingAnswer::Later(const std::string& error, absl::Duration wait, Outcome outcome) {
  record_.set_attempts(record_.attempts() + 1);
  const int64_t wait_ms = absl::ToInt64Milliseconds(wait);
  record_.set_next_attempt_ms(now_ms_ + std::max(wait_ms, BackoffMs(record_.attempts(), jitter_)));
  return {outcome, AccountSign::kFailing, {}, false, error};
}

void PostingAnswer::Done() {
  record_.set_attempts(0);
  record_.set_give_ups(0);
  record_.set_minimal(false);
  record_.clear_last_error();
}

}  // namespace tocsin::delivery
