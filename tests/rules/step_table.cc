#include "tests/rules/step_table.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace tocsin::rules {

// A base time far from 0, so that an unset time cannot pass for a set one.
Timestamp Second(int t) {
  return Timestamp::FromMillis(1'700'000'000'000 + int64_t{t} * 1000);
}

Observation ParseObservation(const std::string& seen, int t) {
  Observation observation;
  observation.newest_sample = Second(t);
  std::string rest = seen;
  if (rest[0] == 'h') {
    observation.hold = true;
    rest.erase(0, 1);
  }
  const size_t at = rest.find('@');
  if (at != std::string::npos) {
    observation.newest_sample = Second(std::atoi(rest.c_str() + at + 1));
    rest.resize(at);
  }
  observation.present = rest != "-";
  if (observation.present) observation.value = std::strtod(rest.c_str(), nullptr);
  return observation;
}

std::string Describe(const StepResult& result) {
  const AlertState& state = result.state;
  std::string text = AlertPhaseName(state.phase);
  if (state.level != Level::kOk) text += std::string("/") + LevelName(state.level);
  if (result.transition != Transition::kNone) {
    text += std::string(" ") + TransitionName(result.transition);
  }
  if (result.reason != Reason::kNone) text += std::string(" ") + ReasonName(result.reason);
  return text;
}

void RunStory(const Story& story, const StepFunction& step) {
  AlertState state;
  for (const Step& s : story.steps) {
    const StepResult result = step(state, ParseObservation(s.seen, s.t), Second(s.t));
    EXPECT_EQ(Describe(result), s.expected) << story.name << ", at " << s.t << " s";
    state = result.state;
  }
}

}  // namespace tocsin::rules
