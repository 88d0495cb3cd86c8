#pragma once

#include <cstdint>
#include <string>

#include "integrations/http/http_client.h"
#include "integrations/opsgenie/page_content.h"
#include "integrations/opsgenie/request.h"
#include "proto/tocsin/state/v1/state.pb.h"

// What one target of a page needs next: a pure function of what is wanted, what is known of the
// remote side, and the configuration. target_outcome.h is its counterpart: what an answer changes
// in the record.
//
//   IDLE -create-> SENT -poll: done-> IDLE (confirmed_open) -close-> SENT -poll: done-> IDLE
//     |              \-poll: lost, answer lost-> UNKNOWN -lookup-> IDLE (open, or not there: again)
//     |-refused key-> BLOCKED (again when the account works)   \-422 twice-> GAVE_UP -later-> IDLE
//
// A new episode on an alias whose page is still open, or may be, closes that page first, so that
// the new one pages again. What a lost create does after that look counts for the new one. A page
// that others closed, which an update finds out, stays closed until it gets worse or a new episode
// begins.
namespace tocsin::delivery {

using state::v1::DesiredPage;
using state::v1::TargetDelivery;

enum class Action {
  kNone,  // the target is as wanted, or nothing can be done
  kCreate,
  kClose,
  kSetPriority,
  kSetMessage,
  kSetDescription,
  kAddDetails,
  kRemoveTags,
  kAddTags,
  kAddNote,
  kPoll,    // ask for the outcome of an accepted request
  kLookup,  // ask whether the alert is there
};
const char* ActionName(Action action);

struct Step {
  Action action = Action::kNone;
  int64_t due_ms = 0;  // not before
};
Step NextStep(const DesiredPage& page, const TargetDelivery& target,
              const opsgenie::OpsgenieConfig& config, const opsgenie::Expander& expander);

// Whether the target's alert can be asked for: the API must know how and the key must be allowed
// to.
bool CanLookup(const TargetDelivery& target, const opsgenie::OpsgenieConfig& config);

// How bad a page is, to tell a raise: 3 critical, 2 warning, 1 anything else.
uint32_t LevelOf(const DesiredPage& page);
// What a page that others closed must exceed to be opened anew.
uint32_t RespectedLevel(const TargetDelivery& target);

// Among what is due at one account, the lower goes first: P1 and P2 creates, creates, closes,
// updates, notes, questions. A question that decides whether to create is as urgent as the create.
int UrgencyOf(Action action, const DesiredPage& page, const TargetDelivery& target,
              const opsgenie::OpsgenieConfig& config);

// A request and what it said, so that the record can follow when the answer comes.
struct Sent {
  Action action = Action::kNone;
  uint64_t sequence = 0;
  uint64_t episode = 0;
  std::string priority;
  std::string message;
  uint64_t description_hash = 0;
  opsgenie::Details details;      // as an update would send them
  std::vector<std::string> tags;  // all that are wanted; of kRemoveTags those that are not
  uint32_t level = 0;
  uint64_t account_hash = 0;
  http_client::HttpRequest request;
};
Sent BuildRequest(Action action, const DesiredPage& page, const TargetDelivery& target,
                  const opsgenie::OpsgenieConfig& config, const opsgenie::Expander& expander);

}  // namespace tocsin::delivery
