#include "integrations/delivery/opsgenie_step.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
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
                  const OpsgeniePlace& place) {
  if (target.confirmed_sequence() >= page.sequence()) return Action::kNone;
  const PageContent content = ContentOf(page, target, place);
  const bool priority = content.priority != target.confirmed_priority();
  const bool message = content.message != target.confirmed_message();
  const opsgenie::Details changing = content.ChangingDetails();
  const bool details =
      !changing.empty() && opsgenie::DetailsHash(changing) != target.confirmed_details_hash();
  const bool tags = opsgenie::TagsHash(content.tags) != target.confirmed_tags_hash();
  const bool responders =
      target.responders_added() < RespondersInForce(page, target, place).size();
  if (!CapabilitiesOf(place.config.profile).field_updates) {
    return priority || message || details || tags || responders ? Action::kAddNote : Action::kNone;
  }
  if (priority) return Action::kSetPriority;
  if (responders) return Action::kAddResponder;
  if (message) return Action::kSetMessage;
  if (content.DescriptionHash() != target.confirmed_description_hash()) {
    return Action::kSetDescription;
  }
  if (details) return Action::kAddDetails;
  if (!UnwantedTags(content.tags, target).empty()) return Action::kRemoveTags;
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

// Somebody closed the page while its alert fires.
Step NextWhenClosedByOthers(const DesiredPage& page, const TargetDelivery& target,
                            const OpsgenieConfig& config) {
  const Step create = NextCreate(page, target);
  if (LevelOf(page) > RespectedLevel(target)) return create;
  if (!config.reopen_after || target.closed_by_others_ms() == 0) return {};
  const int64_t reopen_ms =
      target.closed_by_others_ms() + absl::ToInt64Milliseconds(*config.reopen_after);
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
  consider(Action::kCreate, target.renotify_at_ms());
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

// Closed alerts free their alias, so a late request by alias could hit the next page. By id it
// cannot. A note does no harm there, and by id it would be taken by a closed alert, too, where
// nobody reads it.
AlertRef RefOf(Action action, const DesiredPage& page, const TargetDelivery& target,
               const OpsgenieConfig& config) {
  const bool by_id = !target.remote_id().empty() && action != Action::kAddNote;
  if (by_id) return {AlertRef::Type::kId, target.remote_id()};
  return {AlertRef::Type::kAlias, AliasThere(page, target, config)};
}

http_client::HttpRequest AddResponder(const AlertRef& ref, const DesiredPage& page,
                                      const TargetDelivery& target, const OpsgeniePlace& place) {
  const opsgenie::Responder responder =
      RespondersInForce(page, target, place).at(target.responders_added());
  const std::string note = EscalationNote(page, target, place);
  return opsgenie::CanBeAdded(responder.type)
             ? opsgenie::AddResponder(place.config, ref, responder, note)
             : opsgenie::EscalateToNext(place.config, ref, responder, note);
}

// Where fields cannot change a note says what would.
std::string NoteText(const PageContent& content, const DesiredPage& page,
                     const TargetDelivery& target, const OpsgeniePlace& place) {
  const std::string level = opsgenie::LevelNote(content);
  if (target.responders_added() >= RespondersInForce(page, target, place).size()) return level;
  return absl::StrCat(EscalationNote(page, target, place), "\n", level);
}

}  // namespace

bool CanLookup(const TargetDelivery& target, const OpsgenieConfig& config) {
  return CapabilitiesOf(config.profile).lookup && !target.lookup_refused();
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
              const OpsgenieConfig& config) {
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
  const std::string priority = opsgenie::PriorityOf(config, page);
  return priority == "P1" || priority == "P2" ? 0 : 1;
}

Sent BuildRequest(Action action, const DesiredPage& page, const TargetDelivery& target,
                  const OpsgeniePlace& place) {
  const OpsgenieConfig& config = place.config;
  Sent sent;
  sent.action = action;
  sent.sequence = page.sequence();
  sent.episode = page.episode();
  sent.level = LevelOf(page);
  sent.account_hash = opsgenie::AccountHash(config);
  const AlertRef ref = RefOf(action, page, target, config);
  switch (action) {
    case Action::kNone:
      return sent;
    case Action::kPoll:
      sent.request = opsgenie::GetRequestStatus(config, target.request_id());
      return sent;
    case Action::kLookup: {
      // A close asks for the very alert it was sent to, everything else for whatever is open under
      // the alias.
      const bool close =
          target.step() == TargetDelivery::UNKNOWN && target.operation() == TargetDelivery::CLOSE;
      const AlertRef alias{AlertRef::Type::kAlias, AliasThere(page, target, config)};
      sent.request = opsgenie::GetAlert(config, close ? ref : alias);
      const PageContent wanted = ContentOf(page, target, place);
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
  const PageContent content = ContentOf(page, target, place);
  sent.priority = content.priority;
  sent.message = content.message;
  sent.description_hash = content.DescriptionHash();
  sent.details = content.ChangingDetails();
  sent.tags = content.tags;
  sent.occurrence = NextOccurrence(page, target, config);
  sent.responders = static_cast<uint32_t>(RespondersInForce(page, target, place).size());
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
  } else if (action == Action::kAddResponder) {
    sent.responders = target.responders_added() + 1;
    sent.request = AddResponder(ref, page, target, place);
  } else if (action == Action::kAddNote) {
    sent.request =
        opsgenie::AddNote(config, ref, NoteText(content, page, target, place));
  } else if (target.minimal()) {
    sent.description_hash = 0;
    sent.details.clear();
    sent.tags.clear();
    sent.responders = target.responders_added();
    sent.request = opsgenie::CreateMinimalAlert(config, content);
  } else {
    sent.request = opsgenie::CreateAlert(config, content);
  }
  return sent;
}

}  // namespace tocsin::delivery
