#pragma once

#include <functional>
#include <string>
#include <vector>

#include "rules/alert_step.h"

// Tables of alert steps: one line is the story of one alert.
namespace tocsin::rules {

// What an evaluation at `t` seconds saw and what must come of it.
struct Step {
  int t = 0;
  // "12.5": the row is there; "-": it is not. A leading "h" sets hold ("h-", "h7"); "@T" behind it
  // says that the newest sample is of second T (default: now).
  std::string seen;
  // "phase", "phase/level", then the transition if any and its reason if any: "firing/critical
  // fired for_elapsed".
  std::string expected;
};

struct Story {
  const char* name;
  std::vector<Step> steps;
};

using StepFunction =
    std::function<StepResult(const AlertState&, const Observation&, Timestamp now)>;

Timestamp Second(int t);
Observation ParseObservation(const std::string& seen, int t);
std::string Describe(const StepResult& result);

// Runs a story from the initial state; failures name the story and the step.
void RunStory(const Story& story, const StepFunction& step);

}  // namespace tocsin::rules
