#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "integrations/delivery/opsgenie_step.h"

namespace tocsin::delivery {

inline constexpr int64_t kFirstPollMs = 100;
inline constexpr int64_t kPollEndMs = 30'000;   // then an accepted request counts as lost
inline constexpr int64_t kFirstLookupMs = 250;  // after an answer was lost
inline constexpr int64_t kDiscardedRetryMaxMs =
    300'000;  // of creates that are accepted and then not done

// If the configuration leads to another account than the record's ids belong to, these are
// forgotten: an operation under way there is lost, and the page is named by its alias. A page that
// is open there may have been carried over, or not: it is looked up at the new account or, where
// that is not possible, created, which an alert under the same alias only counts. True if a page
// was or may have been at the old one, where it stays as it is. Not while a request is under way.
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
