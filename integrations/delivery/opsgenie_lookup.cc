#include "integrations/delivery/opsgenie_answer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "integrations/delivery/opsgenie_outcome.h"
#include "integrations/delivery/people.h"

namespace tocsin::delivery {

using opsgenie::Verdict;
namespace {

constexpr uint32_t kRestAttempts = 5;  // some 15 seconds

}  // namespace

Effect OpsgenieAnswer::Lookup(const http_client::HttpResponse& response,
                              const Judgement& judgement) {
  switch (judgement.verdict) {
    case Verdict::kAccepted: {
      const auto alert = opsgenie::ParseAlert(response);
      if (!alert) return LookupRefused("alert not understood");
      return alert->open ? FoundOpen(*alert) : FoundNothing();
    }
    case Verdict::kRetryLater:
      return LookupLater(judgement.error);
    case Verdict::kUnauthorized:
      return Refused(judgement);
    case Verdict::kRefused:
      return LookupRefused(judgement.error);
    default:
      return FoundNothing();
  }
}

Effect OpsgenieAnswer::LookupRefused(const std::string& error) {
  target_.set_lookup_refused(true);
  const bool accepted = !target_.request_id().empty();
  if (accepted) return Unconfirmed(error);
  if (MayBeMissing(target_)) {
    target_.set_next_attempt_ms(0);
    return {Outcome::kUnconfirmed, AccountSign::kNone, {}, false, error};
  }
  if (target_.confirmed_open()) target_.set_verify(false);
  Idle(0);
  return {Outcome::kUnconfirmed, AccountSign::kNone, {}, false, error};
}

Effect OpsgenieAnswer::LookupLater(const std::string& error) {
  const bool creates = target_.operation() == TargetDelivery::CREATE && page_.open() &&
                       !target_.retired() && target_.remote_id().empty();
  if (!rest_ || !creates || target_.attempts() < kRestAttempts) {
    return Later(error, AccountSign::kFailing);
  }
  target_.set_confirmed_open(false);
  Idle(0);
  return {Outcome::kRetried, AccountSign::kNone, {}, false, error};
}

Effect OpsgenieAnswer::RestRefused(const Judgement& judgement) {
  const std::string error =
      absl::StrCat("JSM's REST API refuses us, changes are notes: ", judgement.error);
  if (sent_.action == Action::kLookup) return LookupRefused(error);
  target_.set_lookup_refused(true);
  if (sent_.action == Action::kPoll) ForgetField(target_);
  Idle(0);
  return {Outcome::kUnconfirmed, AccountSign::kNone, {}, false, error};
}

Effect OpsgenieAnswer::FoundOpen(const opsgenie::RemoteAlert& alert) {
  if (target_.operation() == TargetDelivery::CLOSE) {  // it has not taken effect (yet)
    Idle(Backoff());
    return {Outcome::kRetried, AccountSign::kWell, {}, false, ""};
  }
  const bool known = target_.confirmed_open();
  NoteRead(alert, Timestamp::FromMillis(sent_.sent_ms), target_);
  if (known && !InDoubt()) {  // what others changed stays as they want it
    target_.set_remote_id(alert.id);
    Done();
    return {};
  }
  target_.set_confirmed_open(true);
  target_.set_closed_by_others(false);
  if (target_.operation() == TargetDelivery::CREATE) {
    target_.set_level_seen(target_.level_sent());
  }
  target_.set_remote_id(alert.id);
  NoteFoundFields(alert);
  target_.set_confirmed_sequence(0);  // compare anew
  if (now_ms_ >= target_.verify_at_ms()) target_.set_verify_at_ms(0);
  if (now_ms_ >= target_.close_uncertain_until_ms()) target_.set_close_uncertain_until_ms(0);
  NoteFoundEpisode(alert);
  target_.set_verify(false);
  // An update did not find it: one that never does is not to go round and round.
  const bool creating =
      target_.operation() == TargetDelivery::CREATE || target_.operation() == TargetDelivery::NONE;
  const uint32_t attempts = creating ? 0 : target_.attempts();
  Done();
  target_.set_attempts(attempts);
  return {known ? Outcome::kNone : Outcome::kCreated, AccountSign::kWell, {}, false, ""};
}

Effect OpsgenieAnswer::FoundNothing() {
  if (target_.operation() == TargetDelivery::CLOSE) return Finished("");
  if (target_.read_at_ms() <= sent_.sent_ms) target_.set_read_at_ms(0);
  const bool wanted = page_.open() && !target_.retired();
  // A create that only told the page again opens nothing that somebody closed.
  const bool creating =
      target_.operation() == TargetDelivery::CREATE && target_.remote_id().empty();
  const bool same_episode = target_.episode() == 0 || target_.episode() == sent_.episode;
  if (wanted && target_.confirmed_open() && !creating && same_episode) {
    const char* error = "it is not open any more";
    if (now_ms_ >= target_.uncertain_until_ms()) target_.set_uncertain_until_ms(0);
    return target_.close_uncertain_until_ms() != 0 ? ClosedByUs(error) : ClosedByOthers(error);
  }
  target_.set_episode(sent_.episode);  // of those before it nothing is there
  ForgetPeople(target_);
  target_.set_confirmed_open(false);
  target_.set_closed_by_others(false);
  target_.clear_remote_id();
  target_.set_attempts(target_.attempts() + 1);
  if (wanted) {  // create again: the first repeat at once, and after an outage
    const bool at_once = target_.attempts() <= 2 || now_ms_ >= target_.uncertain_until_ms();
    Idle(at_once ? 0 : Backoff());
    return {Outcome::kRetried, AccountSign::kWell, {}, false, ""};
  }
  if (now_ms_ >= target_.uncertain_until_ms()) {
    target_.set_uncertain_until_ms(0);
    Done();
    return {};
  }
  Idle(std::min(Backoff(), target_.uncertain_until_ms() - now_ms_));
  return {};
}

bool OpsgenieAnswer::InDoubt() const {
  return target_.step() != TargetDelivery::IDLE || target_.verify() || target_.closed_by_others() ||
         target_.uncertain_until_ms() > now_ms_ || target_.verify_at_ms() != 0 ||
         target_.episode() != page_.episode();
}

void OpsgenieAnswer::NoteFoundFields(const opsgenie::RemoteAlert& alert) {
  target_.set_confirmed_priority(alert.priority);
  target_.set_confirmed_message(alert.message);
  target_.set_confirmed_description_hash(Hash64(alert.description));
  const bool all_tags =
      std::all_of(sent_.tags.begin(), sent_.tags.end(),
                  [&](const std::string& tag) { return Contains(alert.tags, tag); });
  target_.set_confirmed_tags_hash(all_tags ? opsgenie::TagsHash(sent_.tags) : 0);
  GiveTags(sent_.tags, target_);
  DropTags([&](const std::string& tag) { return !Contains(alert.tags, tag); }, target_);
  const bool all_details =
      std::all_of(sent_.details.begin(), sent_.details.end(), [&](const auto& detail) {
        const auto found = alert.details.find(detail.first);
        return found != alert.details.end() && found->second == detail.second;
      });
  target_.set_confirmed_details_hash(all_details ? opsgenie::DetailsHash(sent_.details) : 0);
}

void OpsgenieAnswer::NoteFoundEpisode(const opsgenie::RemoteAlert& alert) {
  const uint64_t found = config_.send_resolved ? opsgenie::EpisodeIn(alert.details) : 0;
  if (found != 0) {
    target_.set_episode(found);
  } else if (target_.episode() == 0) {
    target_.set_episode(sent_.episode);
  }
}

}  // namespace tocsin::delivery
