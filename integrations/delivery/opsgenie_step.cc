#include "integrations/delivery/opsgenie_step.h"

#include <algorithm>

#include "integrations/delivery/target_record.h"

namespace tocsin::delivery {
namespace {

using opsgenie::AlertRef;
using opsgenie::CapabilitiesOf;
using opsgenie::OpsgenieConfig;
using opsgenie::PageContent;

// Of the tags we gave the page those it should not have any more. A tag of somebody else is not in
// the record.
std::vector<std::string> UnwantedTags(const std::vector<std::string>& wanted,
                                      const TargetDelivery& target) {
  std::vector<std::string> out;
  for (const std::string& tag : target.tags()) {
    const bool nameable = tag.find(',') == std::string::npos;
    if (nameable && std::count(wanted.begin(), wanted.end(), tag) == 0) out.push_back(tag);
  }
  return out;
}

// The page is known to be there: which field differs?
Action NextUpdate(const DesiredPage& page, const TargetDelivery& target,
                  const OpsgenieConfig& config, const opsgenie::Expander& expander) {
  if (target.confirmed_sequence() >= page.sequence()) return Action::kNone;
  const PageContent content = opsgenie::BuildContent(page, config, expander);
  const bool priority = content.priority != target.confirmed_priority();
  const bool message = content.message != target.confirmed_message();
  const opsgenie::Details changing = content.ChangingDetails();
  const bool details =
      !changing.empty() && opsgenie::DetailsHash(changing) != target.confirmed_details_hash();
  const bool tags = opsgenie::TagsHash(content.tags) != target.confirmed_tags_hash();
  if (!CanUpdate(target, config)) {
    return priority || message || details || tags ? Action::kAddNote : Action::kNone;
  }
  const bool description = content.DescriptionHash() != target.confirmed_description_hash();
  const bool unnamed = !CapabilitiesOf(config).by_alias && target.remote_id().empty();
  const bool unwanted_tags = !UnwantedTags(content.tags, target).empty();
  if (unnamed && (priority || message || description || details || unwanted_tags || tags)) {
    return Action::kLookup;
  }
  if (priority) return Action::kSetPriority;
  if (message) return Action::kSetMessage;
  if (description) return Action::kSetDescription;
  if (details) return Action::kAddDetails;
  if (unwanted_tags) return Action::kRemoveTags;
  return tags && !content.tags.empty() ? Action::kAddTags : Action::kNone;
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

Step NextWhenOpen(const DesiredPage& page, const TargetDelivery& target,
                  const OpsgenieConfig& config, const opsgenie::Expander& expander) {
  const int64_t due = target.next_attempt_ms();
  const bool current = target.confirmed_open() && target.episode() == page.episode();
  if (current && target.closed_by_others()) {
    return LevelOf(page) > RespectedLevel(target) ? NextCreate(page, target) : Step{};
  }
  if (current && MayBeMissing(target)) return NextCreate(page, target);
  if (current) {
    const Action update = NextUpdate(page, target, config, expander);
    if (update != Action::kNone) return {update, due};
    const bool looks = CanLookup(target, config);
    if (looks && target.verify_at_ms() != 0) {
      return {Action::kLookup, std::max(due, target.verify_at_ms()), /*owed=*/false};
    }
    // A lost close of the page before may have taken this one along, and nobody can look: a create
    // opens it again, or is only counted.
    if (!looks && target.close_uncertain_until_ms() != 0) {
      return {Action::kCreate, std::max(due, target.close_uncertain_until_ms()), /*owed=*/false};
    }
    return {};
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

// Closed alerts free their alias, so a late request by alias could hit the next page. By id it
// cannot. A note does no harm there, and by id it would be taken by a closed alert, too, where
// nobody reads it.
AlertRef RefOf(Action action, const DesiredPage& page, const TargetDelivery& target) {
  const bool by_id = !target.remote_id().empty() && action != Action::kAddNote;
  if (by_id) return {AlertRef::Type::kId, target.remote_id()};
  return {AlertRef::Type::kAlias, page.alias()};
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

Step NextStep(const DesiredPage& page, const TargetDelivery& target, const OpsgenieConfig& config,
              const opsgenie::Expander& expander) {
  if (target.step() == TargetDelivery::SENT) return {Action::kPoll, target.next_attempt_ms()};
  if (target.step() == TargetDelivery::UNKNOWN && CanLookup(target, config)) {
    return {Action::kLookup, target.next_attempt_ms()};
  }
  if (page.open() && !target.retired()) return NextWhenOpen(page, target, config, expander);
  return NextWhenClosed(target, config);
}

int UrgencyOf(Action action, const DesiredPage& page, const TargetDelivery& target,
              const OpsgenieConfig& config) {
  const bool wants_create =
      page.open() && !target.retired() && (!target.confirmed_open() || target.closed_by_others());
  switch (action) {
    case Action::kCreate:
      break;
    case Action::kLookup:
      if (wants_create) break;
      return 5;
    case Action::kClose:
      return 2;
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
  const std::string priority = opsgenie::PriorityOf(config, page.severity());
  return priority == "P1" || priority == "P2" ? 0 : 1;
}

Sent BuildRequest(Action action, const DesiredPage& page, const TargetDelivery& target,
                  const OpsgenieConfig& config, const opsgenie::Expander& expander) {
  Sent sent;
  sent.action = action;
  sent.sequence = page.sequence();
  sent.episode = page.episode();
  sent.level = LevelOf(page);
  sent.account_hash = opsgenie::AccountHash(config);
  const AlertRef ref = RefOf(action, page, target);
  switch (action) {
    case Action::kNone:
      return sent;
    case Action::kPoll:
      sent.request = AsksRest(action, target, config)
                         ? opsgenie::GetRestRequestStatus(config, target.request_id())
                         : opsgenie::GetRequestStatus(config, target.request_id());
      return sent;
    case Action::kLookup: {
      // A close asks for the very alert it was sent to, everything else for whatever is open under
      // the alias.
      const bool close =
          target.step() == TargetDelivery::UNKNOWN && target.operation() == TargetDelivery::CLOSE;
      const AlertRef alias{AlertRef::Type::kAlias, page.alias()};
      sent.request = opsgenie::GetAlert(config, close ? ref : alias);
      const PageContent wanted = opsgenie::BuildContent(page, config, expander);
      sent.details = wanted.ChangingDetails();
      sent.tags = wanted.tags;
      return sent;
    }
    case Action::kClose:
      sent.request =
          opsgenie::CloseAlert(config, ref, target.minimal() ? "" : opsgenie::CloseNote(page));
      return sent;
    default:
      break;
  }
  const PageContent content = opsgenie::BuildContent(page, config, expander);
  sent.priority = content.priority;
  sent.message = content.message;
  sent.description_hash = content.DescriptionHash();
  sent.details = content.ChangingDetails();
  sent.tags = content.tags;
  if (action == Action::kSetPriority) {
    sent.request = opsgenie::SetPriority(config, ref, content.priority);
  } else if (action == Action::kSetMessage) {
    sent.request = opsgenie::SetMessage(config, ref, content.message);
  } else if (action == Action::kSetDescription) {
    sent.request = opsgenie::SetDescription(config, ref, content.description);
  } else if (action == Action::kAddDetails) {
    sent.request = opsgenie::AddDetails(config, ref, sent.details);
  } else if (action == Action::kRemoveTags) {
    sent.tags = UnwantedTags(content.tags, target);
    sent.request = opsgenie::RemoveTags(config, ref, sent.tags);
  } else if (action == Action::kAddTags) {
    sent.request = opsgenie::AddTags(config, ref, sent.tags);
  } else if (action == Action::kAddNote) {
    sent.request = opsgenie::AddNote(config, ref, opsgenie::LevelNote(content));
  } else if (target.minimal()) {
    sent.description_hash = 0;
    sent.details.clear();
    sent.tags.clear();
    sent.request = opsgenie::CreateMinimalAlert(config, content);
  } else {
    sent.request = opsgenie::CreateAlert(config, content);
  }
  return sent;
}

}  // namespace tocsin::delivery
