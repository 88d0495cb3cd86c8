#include "integrations/routing/silence.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin::routing {
namespace {

using delivery::Matcher;

bool SameMatcher(const Matcher& a, const Matcher& b) {
  return a.name() == b.name() && a.op() == b.op() && a.value() == b.value();
}

// Negative matchers count as choosing something: so Alertmanager decides.
bool AcceptsAbsentLabel(const Matcher& matcher) {
  const bool positive = matcher.op() == Matcher::Op::kEqual || matcher.op() == Matcher::Op::kMatch;
  return positive && matcher.Matches(Labels());
}

}  // namespace

SilenceState StateOf(const Silence& silence, Timestamp now) {
  if (now < silence.starts_at) return SilenceState::kPending;
  return now < silence.ends_at ? SilenceState::kActive : SilenceState::kExpired;
}

const char* SilenceStateName(SilenceState state) {
  switch (state) {
    case SilenceState::kActive:
      return "active";
    case SilenceState::kPending:
      return "pending";
    case SilenceState::kExpired:
      return "expired";
  }
  return "unknown";
}

bool Matches(const Silence& silence, const Labels& labels) {
  return std::all_of(silence.matchers.begin(), silence.matchers.end(),
                     [&](const Matcher& matcher) { return matcher.Matches(labels); });
}

absl::Status ValidateSilence(const Silence& silence) {
  if (silence.matchers.empty()) {
    return absl::InvalidArgumentError("invalid silence: at least one matcher required");
  }
  for (size_t i = 0; i < silence.matchers.size(); ++i) {
    if (silence.matchers[i].name().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("invalid silence: invalid label matcher ", i, ": invalid label name \"\""));
    }
  }
  if (std::all_of(silence.matchers.begin(), silence.matchers.end(), AcceptsAbsentLabel)) {
    return absl::InvalidArgumentError(
        "invalid silence: at least one matcher must not match the empty string");
  }
  if (silence.ends_at < silence.starts_at) {
    return absl::InvalidArgumentError("invalid silence: end time must not be before start time");
  }
  return absl::OkStatus();
}

bool CanUpdate(const Silence& before, const Silence& after, Timestamp now) {
  if (!std::equal(before.matchers.begin(), before.matchers.end(), after.matchers.begin(),
                  after.matchers.end(), SameMatcher)) {
    return false;
  }
  switch (StateOf(before, now)) {
    case SilenceState::kActive:
      return before.starts_at.millis() / 1000 == after.starts_at.millis() / 1000 &&
             after.ends_at >= now;
    case SilenceState::kPending:
      return after.starts_at >= now;
    case SilenceState::kExpired:
      return false;
  }
  return false;
}

Silence EndedAt(Silence silence, Timestamp now) {
  if (StateOf(silence, now) == SilenceState::kPending) silence.starts_at = now;
  silence.ends_at = now;
  silence.updated_at = now;
  return silence;
}

}  // namespace tocsin::routing
