#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "integrations/delivery/escalation.h"
#include "integrations/delivery/target.h"
#include "integrations/opsgenie/page_content.h"

// What pages say at one place of a receiver, and under which name.
namespace tocsin::delivery {

// A place at OpsGenie that pages go to. Borrows all.
struct OpsgeniePlace {
  const opsgenie::OpsgenieConfig& config;
  const opsgenie::Expander& expander;
  const EscalationSteps& escalation;  // of its receiver
};

// What the page is to say, with the steps of escalation that are in force.
opsgenie::PageContent ContentOf(const DesiredPage& page, const TargetDelivery& record,
                                const OpsgeniePlace& place);
// The number in the alias of the next create; 0 without `alias_per_occurrence`. While a create of
// an earlier episode may come true its alias stays in use, so that the two are one page.
uint64_t NextOccurrence(const DesiredPage& page, const TargetDelivery& record,
                        const opsgenie::OpsgenieConfig& config);
// The alias of what the record knows of, or may know of, there.
std::string AliasThere(const DesiredPage& page, const TargetDelivery& record,
                       const opsgenie::OpsgenieConfig& config);
// The page's alias of an alias there; the same if it carries no number of an occurrence.
std::string WithoutOccurrence(const std::string& alias);

// Of the tags we gave the page those it should not have any more. A tag of somebody else is not in
// the record.
std::vector<std::string> UnwantedTags(const std::vector<std::string>& wanted,
                                      const TargetDelivery& record);

// Whom the steps in force bring, in order, as far as they can be added to an open page.
std::vector<opsgenie::Responder> RespondersInForce(const DesiredPage& page,
                                                   const TargetDelivery& record,
                                                   const OpsgeniePlace& place);
// Of these who is not there yet.
std::vector<opsgenie::Responder> RespondersToAdd(const DesiredPage& page,
                                                 const TargetDelivery& record,
                                                 const OpsgeniePlace& place);
// Said to whom is added, or in their place where nobody can be added.
std::string EscalationNote(const DesiredPage& page, const TargetDelivery& record,
                           const OpsgeniePlace& place);

}  // namespace tocsin::delivery
