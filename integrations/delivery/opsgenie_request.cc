#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "integrations/delivery/opsgenie_step.h"
#include "integrations/delivery/target_record.h"

// The request for each step.
namespace tocsin::delivery {
namespace {

using opsgenie::AlertRef;
using opsgenie::OpsgenieConfig;
using opsgenie::PageContent;

// Closed alerts free their alias, so a late request by alias could hit the next page. By id it
// cannot. A note does no harm there, and by id it would be taken by a closed alert, too, where
// nobody reads it.
AlertRef RefOf(Action action, const DesiredPage& page, const TargetDelivery& target,
               const OpsgenieConfig& config) {
  const bool by_id = !target.remote_id().empty() && action != Action::kAddNote;
  if (by_id) return {AlertRef::Type::kId, target.remote_id()};
  return {AlertRef::Type::kAlias, AliasThere(page, target, config)};
}

void AddResponder(const AlertRef& ref, const DesiredPage& page, const TargetDelivery& target,
                  const OpsgeniePlace& place, Sent& sent) {
  const opsgenie::Responder responder = RespondersToAdd(page, target, place).front();
  const std::string note = EscalationNote(page, target, place);
  sent.request = sent.action == Action::kAddResponder
                     ? opsgenie::AddResponder(place.config, ref, responder, note)
                     : opsgenie::EscalateToNext(place.config, ref, responder, note);
  sent.responders.assign(target.responders_there().begin(), target.responders_there().end());
  sent.responders.push_back(opsgenie::ResponderHash(responder));
}

// Where fields cannot change a note says what would.
std::string NoteText(const PageContent& content, const DesiredPage& page,
                     const TargetDelivery& target, const OpsgeniePlace& place) {
  const std::string level = opsgenie::LevelNote(content);
  if (RespondersToAdd(page, target, place).empty()) return level;
  return absl::StrCat(EscalationNote(page, target, place), "\n", level);
}

}  // namespace

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
      sent.request = AsksRest(action, target, config)
                         ? opsgenie::GetRestRequestStatus(config, target.request_id())
                         : opsgenie::GetRequestStatus(config, target.request_id());
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
  for (const opsgenie::Responder& responder : RespondersInForce(page, target, place)) {
    sent.responders.push_back(opsgenie::ResponderHash(responder));
  }
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
  } else if (AddsResponder(action)) {
    AddResponder(ref, page, target, place, sent);
  } else if (action == Action::kAddNote) {
    sent.request = opsgenie::AddNote(config, ref, NoteText(content, page, target, place));
  } else if (target.minimal()) {
    sent.description_hash = 0;
    sent.details.clear();
    sent.tags.clear();
    sent.responders.clear();
    sent.request = opsgenie::CreateMinimalAlert(config, content);
  } else {
    sent.request = opsgenie::CreateAlert(config, content);
  }
  return sent;
}

}  // namespace tocsin::delivery
