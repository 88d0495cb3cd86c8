#include "integrations/delivery/target.h"

#include <algorithm>

namespace tocsin::delivery {

TargetKey KeyOf(const TargetDelivery& record) {
  return {record.receiver(), record.kind(), record.target()};
}

void SetKey(const TargetKey& key, TargetDelivery& record) {
  record.set_receiver(key.receiver);
  record.set_kind(key.kind);
  record.set_target(key.index);
}

const char* ActionName(Action action) {
  switch (action) {
    case Action::kNone:
      return "none";
    case Action::kCreate:
      return "create";
    case Action::kClose:
      return "close";
    case Action::kUpdate:
      return "update";
    case Action::kRepeat:
      return "repeat";
    case Action::kSetPriority:
      return "update_priority";
    case Action::kSetMessage:
      return "update_message";
    case Action::kSetDescription:
      return "update_description";
    case Action::kAddDetails:
      return "add_details";
    case Action::kRemoveTags:
      return "remove_tags";
    case Action::kAddTags:
      return "add_tags";
    case Action::kAddResponder:
      return "add_responder";
    case Action::kEscalateToNext:
      return "escalate_to_next";
    case Action::kAddNote:
      return "add_note";
    case Action::kPoll:
      return "poll";
    case Action::kLookup:
      return "lookup";
  }
  return "";
}

bool Tells(Action action) {
  switch (action) {
    case Action::kNone:
    case Action::kClose:
    case Action::kRepeat:
    case Action::kPoll:
    case Action::kLookup:
      return false;
    default:
      return true;
  }
}

bool NotifiesAgain(Action action) {
  return action == Action::kCreate || action == Action::kUpdate || action == Action::kRepeat;
}

bool AddsResponder(Action action) {
  return action == Action::kAddResponder || action == Action::kEscalateToNext;
}

const char* OutcomeName(Outcome outcome) {
  static constexpr const char* kNames[kOutcomes] = {
      "none",    "created",   "closed",   "updated",          "noted",      "repeated",
      "retried", "throttled", "unknown",  "rejected",         "discarded",  "blocked",
      "gave_up", "folded",    "vanished", "closed_by_others", "unconfirmed"};
  return kNames[static_cast<int>(outcome)];
}

int64_t BackoffMs(uint32_t attempts, double jitter) {
  const uint32_t doublings = std::min(attempts > 0 ? attempts - 1 : 0, 16u);
  const int64_t full = std::min(kBackoffMaxMs, kBackoffFirstMs << doublings);
  return static_cast<int64_t>(static_cast<double>(full) * (0.5 + jitter));
}

int64_t GaveUpWaitMs(uint32_t give_ups) {
  return std::min(kGaveUpRetryMaxMs, kGaveUpRetryMs << std::min(give_ups, 16u));
}

}  // namespace tocsin::delivery
