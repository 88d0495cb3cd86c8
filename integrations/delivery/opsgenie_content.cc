#include "integrations/delivery/opsgenie_content.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "integrations/opsgenie/responders.h"

namespace tocsin::delivery {
namespace {

using opsgenie::Responder;

std::string OccurrenceAlias(const std::string& alias, uint64_t occurrence) {
  return occurrence != 0 ? absl::StrCat(alias, "-", occurrence) : alias;
}

const std::string& NameOf(const Responder& responder) {
  if (!responder.username.empty()) return responder.username;
  return responder.name.empty() ? responder.id : responder.name;
}

}  // namespace

opsgenie::PageContent ContentOf(const DesiredPage& page, const TargetDelivery& record,
                                const OpsgeniePlace& place) {
  opsgenie::PageContent content = opsgenie::BuildContent(page, place.config, place.expander);
  content.alias = opsgenie::RemoteAlias(
      OccurrenceAlias(page.alias(), NextOccurrence(page, record, place.config)));
  content.priority =
      EscalatedPriority(content.priority, place.escalation, record.escalation_steps());
  std::vector<Responder>& responders = content.responders;
  for (const Responder& added : RespondersInForce(page, record, place)) {
    const bool known = std::count(responders.begin(), responders.end(), added) > 0;
    if (!known && responders.size() < opsgenie::kRespondersMax) responders.push_back(added);
  }
  return content;
}

uint64_t NextOccurrence(const DesiredPage& page, const TargetDelivery& record,
                        const opsgenie::OpsgenieConfig& config) {
  const bool open = record.confirmed_open() && !record.closed_by_others();
  const bool in_doubt =
      open || record.uncertain_until_ms() != 0 || record.close_uncertain_until_ms() != 0;
  const bool goes_on = record.episode() == page.episode() || in_doubt;
  const bool known = record.episode() != 0 && (record.occurrence() != 0 || record.confirmed_open());
  if (goes_on && known) return record.occurrence();
  return config.alias_per_occurrence ? page.episode() : 0;
}

std::string AliasThere(const DesiredPage& page, const TargetDelivery& record,
                       const opsgenie::OpsgenieConfig& config) {
  // Of a create that left no trace in the record.
  const bool nothing_known = record.occurrence() == 0 && record.remote_id().empty();
  return OccurrenceAlias(
      page.alias(), nothing_known ? NextOccurrence(page, record, config) : record.occurrence());
}

std::string WithoutOccurrence(const std::string& alias) {
  const size_t dash = alias.rfind('-');
  if (dash == std::string::npos || dash + 1 == alias.size()) return alias;
  const bool number = std::all_of(alias.begin() + static_cast<ptrdiff_t>(dash) + 1, alias.end(),
                                  [](unsigned char c) { return absl::ascii_isdigit(c); });
  return number ? alias.substr(0, dash) : alias;
}

std::vector<std::string> UnwantedTags(const std::vector<std::string>& wanted,
                                      const TargetDelivery& record) {
  std::vector<std::string> out;
  for (const std::string& tag : record.tags()) {
    const bool nameable = tag.find(',') == std::string::npos;
    if (nameable && std::count(wanted.begin(), wanted.end(), tag) == 0) out.push_back(tag);
  }
  return out;
}

std::vector<Responder> RespondersInForce(const DesiredPage& page, const TargetDelivery& record,
                                         const OpsgeniePlace& place) {
  if (record.escalation_steps() == 0) return {};
  size_t dropped = 0;
  std::vector<Responder> responders =
      opsgenie::NamedResponders(EscalatedResponders(place.escalation, record.escalation_steps()),
                                page, place.expander, dropped);
  std::erase_if(responders,
                [](const Responder& one) { return one.type == Responder::Type::kSchedule; });
  return responders;
}

std::vector<Responder> RespondersToAdd(const DesiredPage& page, const TargetDelivery& record,
                                       const OpsgeniePlace& place) {
  std::vector<Responder> responders = RespondersInForce(page, record, place);
  const auto& there = record.responders_there();
  std::erase_if(responders, [&](const Responder& one) {
    return std::find(there.begin(), there.end(), opsgenie::ResponderHash(one)) != there.end();
  });
  return responders;
}

std::string EscalationNote(const DesiredPage& page, const TargetDelivery& record,
                           const OpsgeniePlace& place) {
  const size_t in_force = std::min<size_t>(record.escalation_steps(), place.escalation.size());
  if (in_force == 0) return "";
  const EscalationStep& step = place.escalation[in_force - 1];
  const bool acknowledgeable = step.unless == EscalationStep::Unless::kAcknowledged;
  std::string note =
      absl::StrCat("Escalated by Tocsin: not ", acknowledgeable ? "acknowledged" : "closed",
                   " within ", absl::FormatDuration(step.after));
  std::vector<std::string> names;
  for (const Responder& responder : RespondersInForce(page, record, place)) {
    names.push_back(NameOf(responder));
  }
  if (!names.empty()) absl::StrAppend(&note, "; to ", absl::StrJoin(names, ", "));
  return note + ".";
}

}  // namespace tocsin::delivery
