#include "integrations/delivery/opsgenie_step.h"

#include <algorithm>

#include "absl/time/time.h"
#include "integrations/delivery/target_record.h"

namespace tocsin::delivery {
namespace {

constexpr int64_t kReopenPauseMs = 60'000;

using opsgenie::CapabilitiesOf;
using opsgenie::OpsgenieConfig;
using opsgenie::PageContent;

// The page is known to be there: which field differs?
Action NextUpdate(const DesiredPage& page, const TargetDelivery& target,
                  const OpsgeniePlace& place) {
  if (target.confirmed_sequence() >= page.sequence()) return Action::kNone;
  const PageContent content = ContentOf(page, target, place);
  const bool priority = content.priority != target.confirmed_priority();
  const bool message = content.message != target.confirmed_message();
  const opsgenie::Details changing = content.ChangingDetails();
  const bool details =
      !changing.empty() && opsgenie::DetailsHash(changing) != target.confirmed_details_hash();
  const bool tags = opsgenie::TagsHash(content.tags) != target.confirmed_tags_hash();
  const std::vector<opsgenie::Responder> to_add = RespondersToAdd(page, target, place);
  const bool responders = !to_add.empty();
  if (!CanUpdate(target, place.config)) {
    return priority || message || details || tags || responders ? Action::kAddNote : Action::kNone;
  }
  const bool description = content.DescriptionHash() != target.confirmed_description_hash();
  const opsgenie::Capabilities capabilities = CapabilitiesOf(place.config);
  const bool unnamed = !capabilities.by_alias && target.remote_id().empty();
  const bool unwanted_tags = !UnwantedTags(content.tags, target).empty();
  if (unnamed && (priority || message || description || details || unwanted_tags || tags)) {
    return Action::kLookup;
  }
  if (priority) return Action::kSetPriority;
  if (responders && capabilities.escalation) {
    const bool addable = opsgenie::CanBeAdded(to_add.front().type);
    return addable ? Action::kAddResponder : Action::kEscalateToNext;
  }
  if (message) return Action::kSetMessage;
  if (description) return Action::kSetDescription;
  if (details) return Action::kAddDetails;
  if (unwanted_tags) return Action::kRemoveTags;
  if (tags && !content.tags.empty()) return Action::kAddTags;
  return responders ? Action::kAddNote : Action::kNone;  // last: it says all that the page does
}

Step NextCreate(const DesiredPage& page, const TargetDelivery& target) {
  const bool other_page =
      target.step() == TargetDelivery::GAVE_UP && target.refused_sequence() != page.sequence();
  return {Action::kCreate, other_page ? 0 : target.next_attempt_ms()};
}

// A create of an earlier episode may have taken effect. Another create would only count up that
// page, and page nobody.
bool EarlierMayBeThere(const DesiredPage& page, const TargetDelivery& target) {
  return target.uncertain_until_ms() != 0 && target.episode() != 0 &&
         target.episode() != page.episode();
}

// Somebody closed the page while its alert fires.
Step NextWhenClosedByOthers(const DesiredPage& page, const TargetDelivery& target,
                            const OpsgenieConfig& config) {
  const Step create = NextCreate(page, target);
  if (LevelOf(page) > RespectedLevel(target)) return create;
  // A create that was lost before may open it again.
  if (target.uncertain_until_ms() != 0 && CanLookup(target, config)) {
    const int64_t due_ms = std::max(target.next_attempt_ms(), target.uncertain_until_ms());
    return {Action::kLookup, due_ms, /*owed=*/false};
  }
  if (!config.reopen_after || target.closed_by_others_ms() == 0) return {};
  // Not as fast as a policy can close it.
  const int64_t reopen_ms =
      std::max(target.closed_by_others_ms() + absl::ToInt64Milliseconds(*config.reopen_after),
               target.opened_ms() + kReopenPauseMs);
  return {Action::kCreate, std::max(create.due_ms, reopen_ms), /*owed=*/false};
}

// The page is as wanted: what keeps it so, and what is told again.
Step Upkeep(const TargetDelivery& target, const OpsgenieConfig& config) {
  Step next;
  const auto consider = [&](Action action, int64_t at_ms) {
    const int64_t due_ms = std::max(target.next_attempt_ms(), at_ms);
    if (at_ms == 0 || (next.action != Action::kNone && next.due_ms <= due_ms)) return;
    next = {action, due_ms, /*owed=*/false};
  };
  if (CanLookup(target, config)) {
    consider(Action::kLookup, target.verify_at_ms());
    consider(Action::kLookup, target.read_at_ms());
  } else {
    // A lost close of the page before may have taken this one along, and nobody can look: a create
    // opens it again, or is only counted.
    consider(Action::kCreate, target.close_uncertain_until_ms());
  }
  const int64_t again_ms = target.renotify_at_ms();
  if (again_ms == 0) return next;
  // Somebody may have it in hand by now, also since the last attempt.
  const bool looked = target.read_ms() >= again_ms;
  const int64_t tell_ms = std::max(again_ms, target.next_attempt_ms());
  const bool fresh = looked && tell_ms <= target.read_ms() + kReadFirstMaxMs;
  if (!CanLookup(target, config) || fresh) {
    consider(Action::kCreate, again_ms);
  } else {
    consider(Action::kCreate,
             looked ? target.read_ms() + 2 * kReadFirstMaxMs : again_ms + kReadFirstMaxMs);
    consider(Action::kLookup, again_ms);
  }
  return next;
}

// It got worse, and a new page is to say so.
bool PagesAnew(const DesiredPage& page, const TargetDelivery& target,
               const OpsgenieConfig& config) {
  return config.repage_on_escalation && config.send_resolved && target.level_seen() != 0 &&
         LevelOf(page) > target.level_seen();
}

Step NextWhenOpen(const DesiredPage& page, const TargetDelivery& target,
                  const OpsgeniePlace& place) {
  const OpsgenieConfig& config = place.config;
  const int64_t due = target.next_attempt_ms();
  const bool current = target.confirmed_open() && target.episode() == page.episode();
  if (current && target.closed_by_others()) return NextWhenClosedByOthers(page, target, config);
  if (current && MayBeMissing(target)) return NextCreate(page, target);
  if (current) {
    if (PagesAnew(page, target, config)) return {Action::kClose, due};
    const Action update = NextUpdate(page, target, place);
    return update != Action::kNone ? Step{update, due} : Upkeep(target, config);
  }
  const bool there = target.confirmed_open() && !target.closed_by_others();
  if (there && config.send_resolved) return {Action::kClose, due};
  if (config.send_resolved && EarlierMayBeThere(page, target)) {
    return {CanLookup(target, config) ? Action::kLookup : Action::kClose, due};
  }
  return NextCreate(page, target);
}

Step NextWhenClosed(const TargetDelivery& target, const OpsgenieConfig& config) {
  if (!config.send_resolved) return {};
  if (target.confirmed_open()) return {Action::kClose, target.next_attempt_ms()};
  if (target.uncertain_until_ms() == 0) return {};
  // A lost create may still come true. Without a way to look, close it blindly once it must have.
  if (CanLookup(target, config)) return {Action::kLookup, target.next_attempt_ms()};
  return {Action::kClose, std::max(target.next_attempt_ms(), target.uncertain_until_ms())};
}

}  // namespace

bool CanLookup(const TargetDelivery& target, const OpsgenieConfig& config) {
  return CapabilitiesOf(config).lookup && !target.lookup_refused();
}

bool CanUpdate(const TargetDelivery& target, const OpsgenieConfig& config) {
  const opsgenie::Capabilities capabilities = CapabilitiesOf(config);
  return capabilities.field_updates && (capabilities.by_alias || !target.lookup_refused());
}

bool AsksRest(Action action, const TargetDelivery& target, const OpsgenieConfig& config) {
  const opsgenie::Capabilities capabilities = CapabilitiesOf(config);
  if (capabilities.by_alias || !capabilities.lookup) return false;
  switch (action) {
    case Action::kLookup:
    case Action::kSetPriority:
    case Action::kSetMessage:
    case Action::kSetDescription:
    case Action::kAddDetails:
    case Action::kRemoveTags:
    case Action::kAddTags:
      return true;
    case Action::kPoll:
      return target.operation() != TargetDelivery::CREATE &&
             target.operation() != TargetDelivery::CLOSE &&
             target.operation() != TargetDelivery::ADD_NOTE;
    default:
      return false;
  }
}

bool MayBeMissing(const TargetDelivery& target) {
  const bool undone =
      target.step() == TargetDelivery::UNKNOWN || target.step() == TargetDelivery::GAVE_UP;
  return undone && target.operation() == TargetDelivery::CREATE && target.confirmed_open() &&
         target.verify();
}

Step NextStep(const DesiredPage& page, const TargetDelivery& target, const OpsgeniePlace& place) {
  const OpsgenieConfig& config = place.config;
  if (target.step() == TargetDelivery::SENT) return {Action::kPoll, target.next_attempt_ms()};
  if (target.step() == TargetDelivery::UNKNOWN && CanLookup(target, config)) {
    return {Action::kLookup, target.next_attempt_ms()};
  }
  if (page.open() && !target.retired()) return NextWhenOpen(page, target, place);
  return NextWhenClosed(target, config);
}

int UrgencyOf(Action action, const DesiredPage& page, const TargetDelivery& target,
              const OpsgeniePlace& place) {
  const bool wants_create =
      page.open() && !target.retired() && (!target.confirmed_open() || target.closed_by_others());
  switch (action) {
    case Action::kCreate:
      if (wants_create || target.episode() != page.episode()) break;
      return 4;  // told again
    case Action::kLookup:
      if (wants_create) break;
      return 5;
    case Action::kClose:
      return 2;
    case Action::kAddResponder:
    case Action::kEscalateToNext:
      return 1;
    case Action::kSetPriority:
    case Action::kSetMessage:
    case Action::kSetDescription:
    case Action::kAddDetails:
    case Action::kRemoveTags:
    case Action::kAddTags:
      return 3;
    case Action::kAddNote:
      return 4;
    default:
      return 5;
  }
  const std::string priority = EscalatedPriority(opsgenie::PriorityOf(place.config, page),
                                                 place.escalation, target.escalation_steps());
  return priority == "P1" || priority == "P2" ? 0 : 1;
}

}  // namespace tocsin::delivery
