#pragma once

#include <algorithm>
#include <string>

#include "integrations/delivery/opsgenie_step.h"
#include "integrations/delivery/target.h"
#include "integrations/opsgenie/request.h"

namespace tocsin::delivery {

using opsgenie::Judgement;

// One answer of OpsGenie being taken in: what it changes in the record, and what it means. Lives as
// long as the call of ApplyAnswer (opsgenie_outcome.h); borrows everything.
class OpsgenieAnswer {
 public:
  OpsgenieAnswer(const Sent& sent, const DesiredPage& page, const opsgenie::OpsgenieConfig& config,
                 Timestamp now, double jitter, TargetDelivery& target)
      : sent_(sent),
        page_(page),
        config_(config),
        now_ms_(now.millis()),
        jitter_(jitter),
        target_(target) {}

  Effect Answer(const http_client::HttpResponse& response);
  Effect NoAnswer(const absl::Status& error);

 private:
  bool IsUpdate() const;
  bool can_lookup() const { return CanLookup(target_, config_); }
  int64_t Backoff() const { return BackoffMs(std::max(1u, target_.attempts()), jitter_); }
  // After an attempt that may have arrived: a create may come true later than a look says, an
  // update may come after a newer one.
  void Doubt();
  // The operation in flight is at an unknown point: look it up.
  void Lost(int64_t wait_ms);
  // Nothing is in flight; decide anew after `wait_ms`.
  void Idle(int64_t wait_ms);
  void Done();
  // The same again after a back-off, in the same step.
  Effect Later(const std::string& error, AccountSign sign, Outcome outcome = Outcome::kRetried);
  Effect Throttled(const Judgement& judgement);
  Effect Refused(const Judgement& judgement);
  // This change of the page does not pass: go on without it.
  Effect LeftOut(const Judgement& judgement, AccountSign sign);

  // Writes (opsgenie_write.cc)
  Effect Write(const Judgement& judgement);
  Effect Accepted(const Judgement& judgement);
  static Effect Merge(Effect effect, bool accepted_create) {
    effect.accepted_create = accepted_create;
    return effect;
  }
  // What the remote page says once the operation is done.
  void NoteSentFields();
  void NoteSentTags();
  Effect Rejected(const Judgement& judgement);

  // What has taken effect (opsgenie_effect.cc)

  // The write in `operation` has taken effect, or there is nothing left for it to act on.
  Effect Finished(const std::string& error, const std::string& alert_id = {});
  // An update found nothing to change. Under the alias there may be another page, from a create
  // that was repeated.
  Effect NothingToUpdate(const std::string& error);
  // More likely by our own lost close of the page before than by somebody: open it again.
  Effect ClosedByUs(const std::string& error);
  Effect ClosedByOthers(const std::string& error);
  // The id may be of another account, since a key does not say whose it is. The alias tells.
  Effect NothingToClose(const std::string& error);
  void Opened(const std::string& alert_id);
  void Closed();

  // The request status (opsgenie_poll.cc)
  Effect Poll(const http_client::HttpResponse& response, const Judgement& judgement);
  // The 202 is all there is to know. A create may still be on its way when the page closes. A close
  // that is still on its way would take the next episode's page along, so it is looked for.
  Effect Unconfirmed(const std::string& error);
  Effect PollDone(const http_client::HttpResponse& response);
  Effect PollPending();
  // An accepted request got lost behind the 202.
  Effect PollLost(const std::string& error);

  // Lookups (opsgenie_lookup.cc)
  Effect Lookup(const http_client::HttpResponse& response, const Judgement& judgement);
  // From now on as with an API that has no lookup: what is not known to be there is created again,
  // what may still come true is closed when it must have.
  Effect LookupRefused(const std::string& error);
  Effect FoundOpen(const opsgenie::RemoteAlert& alert);
  Effect FoundNothing();
  // The look is not only for what people do.
  bool InDoubt() const;
  // The tags and details that are wanted, as far as the page has them. What else it has is not
  // ours.
  void NoteFoundFields(const opsgenie::RemoteAlert& alert);
  // Whose page it is says the page itself, unless it was reduced to the minimum. Where pages are
  // left open, one serves many episodes.
  void NoteFoundEpisode(const opsgenie::RemoteAlert& alert);

  const Sent& sent_;
  const DesiredPage& page_;
  const opsgenie::OpsgenieConfig& config_;
  const int64_t now_ms_;
  const double jitter_;
  TargetDelivery& target_;
};

// The record's parts that answers change.
TargetDelivery::Operation OperationOf(Action action);
// An update got lost: its field is to be sent again.
void ForgetField(TargetDelivery& target);

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

}  // namespace tocsin::delivery
