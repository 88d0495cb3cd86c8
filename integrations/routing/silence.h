#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "integrations/delivery/matcher.h"

namespace tocsin::routing {

// Holds back the pages of alerts that all its matchers accept, from starts_at until ends_at.
struct Silence {
  std::string id;  // UUID as text; "" for one that is to be made
  std::vector<delivery::Matcher> matchers;
  Timestamp starts_at;
  Timestamp ends_at;  // not included
  Timestamp updated_at;
  std::string created_by;
  std::string comment;
};

enum class SilenceState { kActive, kPending, kExpired };

// How long a silence is kept after its end, as Alertmanager's --data.retention.
inline constexpr absl::Duration kSilenceRetention = absl::Hours(120);

// What follows are pure functions, any thread. Semantics and words of errors are Alertmanager's.

SilenceState StateOf(const Silence& silence, Timestamp now);
const char* SilenceStateName(SilenceState state);  // "active", "pending", "expired"

bool Matches(const Silence& silence, const Labels& labels);

// InvalidArgument if it has no matcher, only matchers that accept an absent label, one without a
// name, or ends before it starts.
absl::Status ValidateSilence(const Silence& silence);

// Whether `before` may become `after` under the same id: that would not rewrite what was silenced.
// The matchers must be the same; an active silence keeps its start (to the second); neither a start
// nor an end moves into the past; an expired silence stays as it is.
bool CanUpdate(const Silence& before, const Silence& after, Timestamp now);

// The silence ended at `now`. One that is pending never was: it starts and ends then.
Silence EndedAt(Silence silence, Timestamp now);

}  // namespace tocsin::routing
