#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/timestamp.h"
#include "integrations/delivery/target_step.h"
#include "integrations/http/http_client.h"

namespace tocsin::delivery {

// What became of a request; the word is the metric's label.
enum class Outcome {
  kNone,     // nothing to count: still pending
  kCreated,  // confirmed: the page is open
  kClosed,   // confirmed, or found gone
  kUpdated,  // a field of an open page
  kNoted,
  kRetried,         // server trouble or not reached: again later
  kThrottled,       // 429
  kUnknown,         // the answer was lost
  kRejected,        // 400, 422: repaired and sent again; an update that is refused is left out
  kDiscarded,       // accepted, and then not done
  kBlocked,         // the key or URL does not work
  kGaveUp,          // even the minimal page was refused
  kFolded,          // opened and closed before anything was sent
  kVanished,        // its receiver is gone from the configuration
  kClosedByOthers,  // an update found the page closed, or gone
  kUnconfirmed,     // accepted, but the key may not ask what became of it
};
inline constexpr int kOutcomes = static_cast<int>(Outcome::kUnconfirmed) + 1;
const char* OutcomeName(Outcome outcome);

// What the answer says about the account behind the target. A read or an update that is refused
// says nothing: a key may be allowed to create and close only.
enum class AccountSign { kNone, kWell, kThrottled, kRefused, kFailing };

struct Effect {
  Outcome outcome = Outcome::kNone;
  AccountSign sign = AccountSign::kWell;
  absl::Duration wait;           // kThrottled: what the server asked for, or zero
  bool accepted_create = false;  // a create got its 202
  std::string error;             // for the log; "" if all went well
};

// Waiting times. A page may take long to be confirmed, so everything here is about asking politely,
// not about giving up.
inline constexpr int64_t kFirstPollMs = 100;
inline constexpr int64_t kPollEndMs = 30'000;       // then an accepted request counts as lost
inline constexpr int64_t kUncertainMs = 60'000;     // how late a create may come true
inline constexpr int64_t kFirstLookupMs = 250;      // after an answer was lost
inline constexpr int64_t kGaveUpRetryMs = 300'000;  // after both pages were refused, then doubled
inline constexpr int64_t kGaveUpRetryMaxMs = 3'600'000;
inline constexpr int64_t kDiscardedRetryMaxMs =
    300'000;  // of creates that are accepted and then not done
inline constexpr int64_t kBackoffFirstMs = 500;
inline constexpr int64_t kBackoffMaxMs = 30'000;
// Exponential in `attempts` (from 1), between half and one and a half of it by `jitter` in [0, 1).
int64_t BackoffMs(uint32_t attempts, double jitter);

// If the configuration leads to another account than the record's ids belong to, these are
// forgotten: an operation under way there is lost, and the page is named by its alias. True if a
// page was or may have been there, which then stays as it is. Not while a request is under way.
bool FollowAccount(const opsgenie::OpsgenieConfig& config, TargetDelivery& target);

// A request leaves. Until its answer is in, the record of a create says which episode it is for:
// should the process die meanwhile, a record that is stored in this time tells what may be there.
void NoteLeaving(const Sent& sent, TargetDelivery& target);

// Changes the record of the target by the answer to `sent`, an error meaning no answer
// (HttpTransport::Send).
Effect ApplyAnswer(const Sent& sent, const DesiredPage& page,
                   const opsgenie::OpsgenieConfig& config,
                   const absl::StatusOr<http_client::HttpResponse>& answer, Timestamp now,
                   double jitter, TargetDelivery& target);

}  // namespace tocsin::delivery
