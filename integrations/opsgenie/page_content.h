#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "integrations/opsgenie/config.h"
#include "integrations/opsgenie/page_details.h"
#include "integrations/opsgenie/responders.h"
#include "integrations/page/page_text.h"
#include "proto/tocsin/state/v1/state.pb.h"

namespace tocsin::opsgenie {

using page::DesiredPage;
using page::Expander;

// OpsGenie's limits in code points and items.
inline constexpr size_t kMessageMax = 130;
inline constexpr size_t kAliasMax = 512;
inline constexpr size_t kDescriptionMax = 15000;
inline constexpr size_t kEntityMax = 512;
inline constexpr size_t kNoteMax = 25000;
inline constexpr size_t kTagsMax = 20;
inline constexpr size_t kTagMax = 50;
inline constexpr size_t kActionsMax = 10;
inline constexpr size_t kActionMax = 50;
inline constexpr size_t kAddedDetailsMax = 20;
inline constexpr size_t kAddedDetailMax = 50;

// What a page says at one receiver. Every field is within its limit; what was cut is listed in
// `details` under "cut".
struct PageContent {
  std::string alias;
  std::string message;  // never blank
  std::string description;
  std::string priority;
  std::string entity;
  std::vector<std::string> tags;
  std::vector<std::string> actions;
  std::vector<Responder> responders;
  Details details;  // keys unique

  uint64_t DescriptionHash() const;
  // What of the details is sent again when a page changes its level. The API's pages disagree about
  // the limit there, so it obeys both: 20 entries of 50 characters, what changes with the level
  // first; longer ones stay as they were.
  Details ChangingDetails() const;
};

uint64_t DetailsHash(const Details& details);
uint64_t TagsHash(std::vector<std::string> tags);  // in any order; none: 0

// P1 to P5: what the rule says for the page's severity, else what the receiver says for it; else
// "critical" is P1 and anything else P3.
std::string PriorityOf(const OpsgenieConfig& config, const DesiredPage& page);

// message: the annotation `summary`, else "alertname {labels}"; "No data: " before it if the page
// is about silence. description: the annotations, a short explanation, and evidence. entity: the
// rule's, else the receiver's. tags, actions: the receiver's, then the rule's. responders, details:
// see RespondersOf and DetailsOf.
PageContent BuildContent(const DesiredPage& page, const OpsgenieConfig& config,
                         const Expander& expander);

// The alias as it goes out: an over-long one is replaced by its fingerprint, in every request
// alike.
std::string RemoteAlias(const std::string& alias);

// Said when a page closes or, where fields cannot change, when it gets another level.
std::string CloseNote(const DesiredPage& page);
std::string LevelNote(const PageContent& content);

}  // namespace tocsin::opsgenie
