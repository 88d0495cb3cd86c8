#include "integrations/delivery/target_outcome.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "integrations/opsgenie/request.h"

namespace tocsin::delivery {
namespace {

using opsgenie::CapabilitiesOf;
using opsgenie::Judgement;
using opsgenie::Verdict;

constexpr int64_t kPollMs[] = {100, 500, 1000, 2000, 4000, 8000};

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
    case Action::kAddNote:
      return TargetDelivery::ADD_NOTE;
    default:
      return TargetDelivery::NONE;
  }
}

template <typename List>
bool Contains(const List& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// The page may carry these from now on.
template <typename List>
void GiveTags(const List& tags, TargetDelivery& target) {
  for (const std::string& tag : tags) {
    if (!Contains(target.tags(), tag)) target.add_tags(tag);
  }
}

template <typename Predicate>
void DropTags(Predicate drops, TargetDelivery& target) {
  auto& tags = *target.mutable_tags();
  tags.erase(std::remove_if(tags.begin(), tags.end(), drops), tags.end());
}

// An update got lost: its field is to be sent again.
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
    default:
      break;
  }
}

// One answer being taken in.
class Application {
 public:
  Application(const Sent& sent, const DesiredPage& page, const opsgenie::OpsgenieConfig& config,
              Timestamp now, double jitter, TargetDelivery& target)
      : sent_(sent),
        page_(page),
        config_(config),
        now_ms_(now.millis()),
        jitter_(jitter),
        target_(target) {}

  Effect Answer(const http_client::HttpResponse& response) {
    const bool read = sent_.action == Action::kPoll || sent_.action == Action::kLookup;
    const Judgement judgement = read ? opsgenie::Judge(response) : opsgenie::JudgeWrite(response);
    if (judgement.verdict == Verdict::kThrottled) return Throttled(judgement);
    switch (sent_.action) {
      case Action::kPoll:
        return Poll(response, judgement);
      case Action::kLookup:
        return Lookup(response, judgement);
      default:
        return Write(judgement);
    }
  }

  Effect NoAnswer(const absl::Status& error) {
    const std::string text(error.message());
    if (absl::IsUnavailable(error)) return Later(text, AccountSign::kFailing);
    if (sent_.action == Action::kPoll || sent_.action == Action::kLookup) {
      return Later(text, AccountSign::kFailing);
    }
    Doubt();
    if (IsUpdate() || !can_lookup()) return Later(text, AccountSign::kFailing, Outcome::kUnknown);
    target_.set_attempts(target_.attempts() + 1);
    Lost(std::max(kFirstLookupMs, target_.attempts() > 1 ? Backoff() : 0));
    return {Outcome::kUnknown, AccountSign::kFailing, {}, false, text};
  }

 private:
  bool IsUpdate() const {
    return sent_.action != Action::kCreate && sent_.action != Action::kClose &&
           sent_.action != Action::kPoll && sent_.action != Action::kLookup;
  }
  bool can_lookup() const { return CanLookup(target_, config_); }
  int64_t Backoff() const { return BackoffMs(std::max(1u, target_.attempts()), jitter_); }

  // After an attempt that may have arrived: a create may come true later than a look says, an
  // update may come after a newer one.
  void Doubt() {
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

  // The operation in flight is at an unknown point: look it up.
  void Lost(int64_t wait_ms) {
    if (OperationOf(sent_.action) != TargetDelivery::NONE) {
      target_.set_operation(OperationOf(sent_.action));
      target_.set_operation_sequence(sent_.sequence);
    }
    target_.clear_request_id();
    target_.set_step(TargetDelivery::UNKNOWN);
    target_.set_next_attempt_ms(now_ms_ + wait_ms);
  }

  // Nothing is in flight; decide anew after `wait_ms`.
  void Idle(int64_t wait_ms) {
    target_.set_step(TargetDelivery::IDLE);
    target_.set_operation(TargetDelivery::NONE);
    target_.clear_request_id();
    target_.set_next_attempt_ms(wait_ms == 0 ? 0 : now_ms_ + wait_ms);
  }

  void Done() {
    Idle(0);
    target_.set_attempts(0);
    target_.set_give_ups(0);
    target_.set_minimal(false);
    target_.clear_last_error();
  }

  // The same again after a back-off, in the same step.
  Effect Later(const std::string& error, AccountSign sign, Outcome outcome = Outcome::kRetried) {
    target_.set_attempts(target_.attempts() + 1);
    target_.set_next_attempt_ms(now_ms_ + Backoff());
    return {outcome, sign, {}, false, error};
  }

  Effect Throttled(const Judgement& judgement) {
    return {Outcome::kThrottled, AccountSign::kThrottled, judgement.wait, false, judgement.error};
  }

  Effect Refused(const Judgement& judgement) {
    if (target_.step() == TargetDelivery::IDLE) target_.set_step(TargetDelivery::BLOCKED);
    return {Outcome::kBlocked, AccountSign::kRefused, {}, false, judgement.error};
  }

  // This change of the page does not pass: go on without it.
  Effect LeftOut(const Judgement& judgement, AccountSign sign) {
    NoteSentFields();
    Idle(0);
    return {Outcome::kRejected, sign, {}, false, judgement.error};
  }

  // --- Writes
  Effect Write(const Judgement& judgement) {
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

  Effect Accepted(const Judgement& judgement) {
    const bool create = sent_.action == Action::kCreate;
    const bool repeated = target_.confirmed_open() && !target_.closed_by_others();
    target_.set_operation(OperationOf(sent_.action));
    target_.set_operation_sequence(sent_.sequence);
    if (create) {
      target_.set_episode(sent_.episode);
      target_.clear_remote_id();  // of a page that others closed
      if (target_.closed_by_others()) target_.clear_tags();
      if (now_ms_ >= target_.close_uncertain_until_ms()) target_.set_close_uncertain_until_ms(0);
    }
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
  static Effect Merge(Effect effect, bool accepted_create) {
    effect.accepted_create = accepted_create;
    return effect;
  }

  // What the remote page says once the operation is done.
  void NoteSentFields() {
    if (sent_.action == Action::kClose) return;
    NoteSentTags();
    const bool all = sent_.action == Action::kCreate || sent_.action == Action::kAddNote;
    if (all || sent_.action == Action::kSetPriority) target_.set_confirmed_priority(sent_.priority);
    if (all || sent_.action == Action::kSetMessage) target_.set_confirmed_message(sent_.message);
    if (all || sent_.action == Action::kSetDescription) {
      target_.set_confirmed_description_hash(sent_.description_hash);
    }
    if (all || sent_.action == Action::kAddDetails) {
      target_.set_confirmed_details_hash(opsgenie::DetailsHash(sent_.details));
    }
  }

  void NoteSentTags() {
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

  // The tags and details that are wanted, as far as the page has them. What else it has is not
  // ours.
  void NoteFoundFields(const opsgenie::RemoteAlert& alert) {
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

  // Whose page it is says the page itself, unless it was reduced to the minimum. Where pages are
  // left open, one serves many episodes.
  void NoteFoundEpisode(const opsgenie::RemoteAlert& alert) {
    const uint64_t found = config_.send_resolved ? opsgenie::EpisodeIn(alert.details) : 0;
    if (found != 0) {
      target_.set_episode(found);
    } else if (target_.episode() == 0) {
      target_.set_episode(sent_.episode);
    }
  }

  Effect Rejected(const Judgement& judgement) {
    target_.set_last_error(judgement.error);
    if (IsUpdate()) return LeftOut(judgement, AccountSign::kWell);
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
    const uint32_t doublings = std::min(target_.give_ups(), 16u);
    target_.set_give_ups(target_.give_ups() + 1);
    target_.set_next_attempt_ms(now_ms_ + std::min(kGaveUpRetryMaxMs, kGaveUpRetryMs << doublings));
    return {Outcome::kGaveUp, AccountSign::kWell, {}, false, judgement.error};
  }

  // The write in `operation` has taken effect, or there is nothing left for it to act on.
  Effect Finished(const std::string& error, const std::string& alert_id = {}) {
    const auto operation = OperationOf(sent_.action) != TargetDelivery::NONE
                               ? OperationOf(sent_.action)
                               : target_.operation();
    switch (operation) {
      case TargetDelivery::CREATE:
        Opened(alert_id);
        return {Outcome::kCreated, AccountSign::kWell, {}, false, error};
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

  // An update found nothing to change. Under the alias there may be another page, from a create
  // that was repeated.
  Effect NothingToUpdate(const std::string& error) {
    if (!can_lookup() && target_.close_uncertain_until_ms() != 0) return ClosedByUs(error);
    if (!can_lookup() || target_.remote_id().empty()) return ClosedByOthers(error);
    target_.clear_remote_id();
    Lost(0);
    return {};
  }

  // More likely by our own lost close of the page before than by somebody: open it again.
  Effect ClosedByUs(const std::string& error) {
    target_.set_confirmed_open(false);
    target_.clear_remote_id();
    Done();
    return {Outcome::kRetried, AccountSign::kWell, {}, false, error};
  }

  Effect ClosedByOthers(const std::string& error) {
    target_.set_closed_by_others(true);
    target_.set_verify_at_ms(0);
    Done();
    return {Outcome::kClosedByOthers, AccountSign::kWell, {}, false, error};
  }

  // The id may be of another account, since a key does not say whose it is. The alias tells.
  Effect NothingToClose(const std::string& error) {
    if (target_.remote_id().empty()) return Finished(error);
    target_.clear_remote_id();
    Idle(0);
    return {Outcome::kRetried, AccountSign::kWell, {}, false, error};
  }

  void Opened(const std::string& alert_id) {
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

  void Closed() {
    const bool by_alias = target_.remote_id().empty();
    if (by_alias) target_.set_episode(sent_.episode);  // of those before it nothing is there
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
    // The page closed, but a lost create may open it again: look once more when it cannot any more.
    const bool wanted_again = page_.open() && !target_.retired();
    if (target_.uncertain_until_ms() > now_ms_ && !wanted_again) {
      target_.set_next_attempt_ms(target_.uncertain_until_ms());
    }
  }

  // --- Request status
  Effect Poll(const http_client::HttpResponse& response, const Judgement& judgement) {
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

  // The 202 is all there is to know. A create may still be on its way when the page closes. A close
  // that is still on its way would take the next episode's page along, so it is looked for.
  Effect Unconfirmed(const std::string& error) {
    if (target_.operation() == TargetDelivery::CLOSE && can_lookup()) {
      const std::string request_id = target_.request_id();
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

  Effect PollDone(const http_client::HttpResponse& response) {
    const auto status = opsgenie::ParseRequestStatus(response);
    if (!status) {
      const char* error = "request status not understood";
      return can_lookup() ? PollLost(error) : Unconfirmed(error);
    }
    if (status->success) return Finished("", status->alert_id);
    const std::string error = absl::StrCat("not done: ", status->status);
    const bool absent = absl::StrContains(status->status, "exist");
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

  Effect PollPending() {
    if (now_ms_ - target_.accepted_ms() > kPollEndMs) {
      return PollLost("accepted, but not processed within half a minute");
    }
    const size_t last = std::size(kPollMs) - 1;
    target_.set_attempts(target_.attempts() + 1);
    target_.set_next_attempt_ms(now_ms_ + kPollMs[std::min<size_t>(target_.attempts(), last)]);
    return {};
  }

  // An accepted request got lost behind the 202.
  Effect PollLost(const std::string& error) {
    if (target_.operation() == TargetDelivery::CREATE) {
      target_.set_uncertain_until_ms(now_ms_ + kUncertainMs);
      target_.set_verify(true);
    }
    target_.set_last_error(error);
    target_.set_attempts(1);
    const bool question = target_.operation() == TargetDelivery::CREATE ||
                          target_.operation() == TargetDelivery::CLOSE;
    if (question && can_lookup()) {
      Lost(0);
    } else {
      ForgetField(target_);
      Idle(Backoff());
    }
    return {Outcome::kDiscarded, AccountSign::kWell, {}, false, error};
  }

  // --- Lookup
  Effect Lookup(const http_client::HttpResponse& response, const Judgement& judgement) {
    switch (judgement.verdict) {
      case Verdict::kAccepted: {
        const auto alert = opsgenie::ParseAlert(response);
        if (!alert) return LookupRefused("alert not understood");
        return alert->open ? FoundOpen(*alert) : FoundNothing();
      }
      case Verdict::kRetryLater:
        return Later(judgement.error, AccountSign::kFailing);
      case Verdict::kUnauthorized:
        return Refused(judgement);
      case Verdict::kRefused:
        return LookupRefused(judgement.error);
      default:
        return FoundNothing();
    }
  }

  // From now on as with an API that has no lookup: what is not known to be there is created again,
  // what may still come true is closed when it must have.
  Effect LookupRefused(const std::string& error) {
    target_.set_lookup_refused(true);
    const bool accepted = !target_.request_id().empty();
    if (target_.operation() == TargetDelivery::CLOSE && accepted) return Unconfirmed(error);
    if (target_.confirmed_open()) target_.set_verify(false);
    Idle(0);
    return {Outcome::kUnconfirmed, AccountSign::kNone, {}, false, error};
  }

  Effect FoundOpen(const opsgenie::RemoteAlert& alert) {
    if (target_.operation() == TargetDelivery::CLOSE) {  // it has not taken effect (yet)
      Idle(Backoff());
      return {Outcome::kRetried, AccountSign::kWell, {}, false, ""};
    }
    const bool known = target_.confirmed_open();
    target_.set_confirmed_open(true);
    target_.set_closed_by_others(false);
    if (target_.operation() == TargetDelivery::CREATE) {
      target_.set_level_seen(target_.level_sent());
    }
    target_.set_remote_id(alert.id);
    NoteFoundFields(alert);
    target_.set_confirmed_sequence(0);  // compare anew
    if (now_ms_ >= target_.verify_at_ms()) target_.set_verify_at_ms(0);
    NoteFoundEpisode(alert);
    target_.set_verify(false);
    Done();
    return {known ? Outcome::kNone : Outcome::kCreated, AccountSign::kWell, {}, false, ""};
  }

  Effect FoundNothing() {
    if (target_.operation() == TargetDelivery::CLOSE) return Finished("");
    const bool wanted = page_.open() && !target_.retired();
    const bool creating = target_.operation() == TargetDelivery::CREATE;
    const bool same_episode = target_.episode() == 0 || target_.episode() == sent_.episode;
    if (wanted && target_.confirmed_open() && !creating && same_episode) {
      return ClosedByOthers("it is not open any more");
    }
    target_.set_episode(sent_.episode);  // of those before it nothing is there
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

  const Sent& sent_;
  const DesiredPage& page_;
  const opsgenie::OpsgenieConfig& config_;
  const int64_t now_ms_;
  const double jitter_;
  TargetDelivery& target_;
};

}  // namespace

const char* OutcomeName(Outcome outcome) {
  static constexpr const char* kNames[kOutcomes] = {
      "none",      "created",  "closed",           "updated",    "noted",   "retried",
      "throttled", "unknown",  "rejected",         "discarded",  "blocked", "gave_up",
      "folded",    "vanished", "closed_by_others", "unconfirmed"};
  return kNames[static_cast<int>(outcome)];
}

int64_t BackoffMs(uint32_t attempts, double jitter) {
  const uint32_t doublings = std::min(attempts > 0 ? attempts - 1 : 0, 16u);
  const int64_t full = std::min(kBackoffMaxMs, kBackoffFirstMs << doublings);
  return static_cast<int64_t>(static_cast<double>(full) * (0.5 + jitter));
}

bool FollowAccount(const opsgenie::OpsgenieConfig& config, TargetDelivery& target) {
  const uint64_t account = opsgenie::AccountHash(config);
  if (target.account_hash() == account) return false;
  const bool in_flight =
      target.step() == TargetDelivery::SENT || target.step() == TargetDelivery::UNKNOWN;
  const bool moved = target.account_hash() != 0 &&
                     (target.confirmed_open() || in_flight || target.uncertain_until_ms() != 0);
  target.set_account_hash(account);
  if (!moved) return false;
  target.clear_remote_id();
  target.set_lookup_refused(false);
  if (!in_flight) return true;
  ForgetField(target);
  target.set_step(TargetDelivery::IDLE);
  target.set_operation(TargetDelivery::NONE);
  target.clear_request_id();
  target.set_next_attempt_ms(0);
  target.set_attempts(0);
  return true;
}

void NoteLeaving(const Sent& sent, TargetDelivery& target) {
  if (sent.action != Action::kCreate) return;
  if (target.episode() != sent.episode) {  // what is known is of the page before
    if (target.closed_by_others()) target.clear_tags();
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
  Application application(sent, page, config, now, jitter, target);
  return answer.ok() ? application.Answer(*answer) : application.NoAnswer(answer.status());
}

}  // namespace tocsin::delivery
