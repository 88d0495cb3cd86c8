#include <gtest/gtest.h>

#include "tests/rules/step_table.h"

namespace tocsin::rules {
namespace {

StepFunction Rule(int for_s, int keep_s) {
  return [=](const AlertState& state, const Observation& seen, Timestamp now) {
    return StepPrometheusAlert(state, seen, absl::Seconds(for_s), absl::Seconds(keep_s), now);
  };
}

TEST(PrometheusStepTest, WithoutFor) {
  const Story stories[] = {
      {"fires at first sight",
       {{0, "1", "firing/critical fired condition_met"}, {60, "1", "firing/critical"}}},
      {"any value counts", {{0, "0", "firing/critical fired condition_met"}}},
      {"NaN counts", {{0, "nan", "firing/critical fired condition_met"}}},
      {"a missing row resolves",
       {{0, "1", "firing/critical fired condition_met"},
        {60, "-", "ok resolved condition_cleared"}}},
      {"resolved alerts are kept 15 minutes",
       {{0, "1", "firing/critical fired condition_met"},
        {60, "-", "ok resolved condition_cleared"},
        {960, "-", "ok"},
        {961, "-", "ok forgotten row_vanished"}}},
      {"an alert that comes back is a new one",
       {{0, "1", "firing/critical fired condition_met"},
        {60, "-", "ok resolved condition_cleared"},
        {120, "1", "firing/critical fired condition_met"}}},
      {"hold prevents the resolve",
       {{0, "1", "firing/critical fired condition_met"},
        {60, "h-", "firing/critical held_after_restart"},
        {120, "-", "ok resolved condition_cleared"}}},
      {"held row comes back",
       {{0, "1", "firing/critical fired condition_met"},
        {60, "h-", "firing/critical held_after_restart"},
        {120, "1", "firing/critical"}}},
  };
  for (const Story& story : stories) RunStory(story, Rule(0, 0));
}

TEST(PrometheusStepTest, WithFor) {
  const Story stories[] = {
      {"fires when for is over, to the second",
       {{0, "1", "pending pending condition_met"},
        {59, "1", "pending"},
        {60, "1", "firing/critical fired for_elapsed"}}},
      {"a gap ends pending silently",
       {{0, "1", "pending pending condition_met"},
        {30, "-", "ok unpending row_vanished"},
        {60, "1", "pending pending condition_met"},
        {119, "1", "pending"},
        {120, "1", "firing/critical fired for_elapsed"}}},
      {"after a resolve the alert needs its for again",
       {{0, "1", "pending pending condition_met"},
        {60, "1", "firing/critical fired for_elapsed"},
        {90, "-", "ok resolved condition_cleared"},
        {100, "1", "pending pending condition_met"},
        {160, "1", "firing/critical fired for_elapsed"}}},
      {"hold keeps pending, and its time does not count",
       {{0, "1", "pending pending condition_met"},
        {40, "h-", "pending held_after_restart"},
        {100, "h-", "pending held_after_restart"},
        {140, "1", "pending"},
        {159, "1", "pending"},
        {160, "1", "firing/critical fired for_elapsed"}}},
      {"after hold a missing row ends pending",
       {{0, "1", "pending pending condition_met"},
        {40, "h-", "pending held_after_restart"},
        {50, "-", "ok unpending row_vanished"}}},
  };
  for (const Story& story : stories) RunStory(story, Rule(60, 0));
}

TEST(PrometheusStepTest, KeepFiringFor) {
  const Story stories[] = {
      {"resolves when it is over",
       {{0, "1", "firing/critical fired condition_met"},
        {10, "-", "firing/critical keep_firing"},
        {39, "-", "firing/critical keep_firing"},
        {40, "-", "ok resolved condition_cleared"}}},
      {"starts anew when the row came back",
       {{0, "1", "firing/critical fired condition_met"},
        {10, "-", "firing/critical keep_firing"},
        {20, "1", "firing/critical"},
        {30, "-", "firing/critical keep_firing"},
        {59, "-", "firing/critical keep_firing"},
        {60, "-", "ok resolved condition_cleared"}}},
      {"hold does not start it",
       {{0, "1", "firing/critical fired condition_met"},
        {10, "h-", "firing/critical held_after_restart"},
        {100, "-", "firing/critical keep_firing"},
        {130, "-", "ok resolved condition_cleared"}}},
  };
  for (const Story& story : stories) RunStory(story, Rule(0, 30));
}

TEST(PrometheusStepTest, RaisedForClosesThePageAndWaitsAgain) {
  AlertState state;
  state = Rule(60, 0)(state, ParseObservation("1", 0), Second(0)).state;
  state = Rule(60, 0)(state, ParseObservation("1", 60), Second(60)).state;
  ASSERT_EQ(state.phase, AlertPhase::kFiring);
  StepResult result = Rule(300, 0)(state, ParseObservation("1", 120), Second(120));
  EXPECT_EQ(Describe(result), "pending resolved for_raised");
  EXPECT_FALSE(result.state.fired_at);
  result = Rule(300, 0)(result.state, ParseObservation("1", 300), Second(300));
  EXPECT_EQ(Describe(result), "firing/critical fired for_elapsed");
}

TEST(PrometheusStepTest, StateSaysSinceWhen) {
  AlertState state = Rule(60, 30)(AlertState{}, ParseObservation("7", 0), Second(0)).state;
  EXPECT_EQ(state.active_at, Second(0));
  EXPECT_EQ(state.value, 7);
  state = Rule(60, 30)(state, ParseObservation("8", 60), Second(60)).state;
  EXPECT_EQ(state.active_at, Second(0));
  EXPECT_EQ(state.fired_at, Second(60));
  EXPECT_EQ(state.value, 8);
  EXPECT_EQ(state.last_seen, Second(60));
  state = Rule(60, 30)(state, ParseObservation("-", 70), Second(70)).state;
  EXPECT_EQ(state.keep_firing_since, Second(70));
  state = Rule(60, 30)(state, ParseObservation("-", 100), Second(100)).state;
  EXPECT_EQ(state.resolved_at, Second(100));
  EXPECT_EQ(state.value, 8) << "the last value seen";
}

TEST(PrometheusStepTest, DowntimeDoesNotCount) {
  AlertState state = Rule(60, 0)(AlertState{}, ParseObservation("1", 0), Second(0)).state;
  state = AfterDowntime(state, absl::Seconds(1000));
  StepResult result = Rule(60, 0)(state, ParseObservation("1", 1050), Second(1050));
  EXPECT_EQ(Describe(result), "pending");
  result = Rule(60, 0)(result.state, ParseObservation("1", 1060), Second(1060));
  EXPECT_EQ(Describe(result), "firing/critical fired for_elapsed");
}

}  // namespace
}  // namespace tocsin::rules
