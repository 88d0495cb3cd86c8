#include <gtest/gtest.h>

#include "tests/rules/step_table.h"

namespace tocsin::rules {
namespace {

Condition Above(double bound) {
  return {CompareOp::kGreater, bound};
}
Condition Below(double bound) {
  return {CompareOp::kLess, bound};
}

StepFunction Of(const Monitor& monitor) {
  return [monitor](const AlertState& state, const Observation& seen, Timestamp now) {
    return StepThreshold(state, seen, monitor, now);
  };
}

// critical > 90, warning > 60.
Monitor TwoLevels() {
  Monitor monitor;
  monitor.threshold.critical = Above(90);
  monitor.threshold.warning = Above(60);
  return monitor;
}

Monitor WithNoData(Monitor monitor, NoData::As as, int after_s) {
  monitor.no_data = NoData{as, absl::Seconds(after_s)};
  return monitor;
}

TEST(ThresholdStepTest, LevelsWithoutFor) {
  const Story stories[] = {
      {"fine", {{0, "60", "ok"}, {10, "-5", "ok"}}},
      {"warning and back",
       {{0, "61", "firing/warning fired condition_met"},
        {10, "61", "firing/warning"},
        {20, "60", "ok resolved condition_cleared"}}},
      {"critical at once", {{0, "91", "firing/critical fired condition_met"}}},
      {"up and down",
       {{0, "70", "firing/warning fired condition_met"},
        {10, "95", "firing/critical raised level_changed"},
        {20, "70", "firing/warning lowered level_changed"},
        {30, "10", "ok resolved condition_cleared"}}},
      {"critical straight to fine",
       {{0, "95", "firing/critical fired condition_met"},
        {10, "10", "ok resolved condition_cleared"}}},
      {"NaN fulfils no condition",
       {{0, "nan", "ok"},
        {10, "95", "firing/critical fired condition_met"},
        {20, "nan", "ok resolved condition_cleared"}}},
      {"infinity does", {{0, "inf", "firing/critical fired condition_met"}}},
      {"fires again after a resolve",
       {{0, "70", "firing/warning fired condition_met"},
        {10, "10", "ok resolved condition_cleared"},
        {20, "70", "firing/warning fired condition_met"}}},
  };
  for (const Story& story : stories) RunStory(story, Of(TwoLevels()));
}

TEST(ThresholdStepTest, OneLevelOnly) {
  Monitor critical_only;
  critical_only.threshold.critical = Above(90);
  RunStory({"critical only",
            {{0, "80", "ok"},
             {10, "91", "firing/critical fired condition_met"},
             {20, "80", "ok resolved condition_cleared"}}},
           Of(critical_only));
  Monitor warning_only;
  warning_only.threshold.warning = Below(5);
  RunStory({"warning only, below",
            {{0, "5", "ok"},
             {10, "4", "firing/warning fired condition_met"},
             {20, "-1000", "firing/warning"},
             {30, "5", "ok resolved condition_cleared"}}},
           Of(warning_only));
}

TEST(ThresholdStepTest, RecoveryPerLevel) {
  Monitor monitor = TwoLevels();
  monitor.threshold.critical_recovery = Below(80);
  monitor.threshold.warning_recovery = Below(50);
  const Story stories[] = {
      {"inside the band the level stays",
       {{0, "95", "firing/critical fired condition_met"},
        {10, "85", "firing/critical"},
        {20, "80", "firing/critical"},
        {30, "79", "firing/warning lowered level_changed"},
        {40, "55", "firing/warning"},
        {50, "50", "firing/warning"},
        {60, "49", "ok resolved recovered"}}},
      {"from critical below the warning's bound, not recovered",
       {{0, "95", "firing/critical fired condition_met"},
        {10, "55", "firing/warning lowered level_changed"}}},
      {"the band does not fire", {{0, "85", "firing/warning fired condition_met"}}},
      {"the band does not fire from fine", {{0, "55", "ok"}}},
      {"raised from the band",
       {{0, "70", "firing/warning fired condition_met"},
        {10, "55", "firing/warning"},
        {20, "95", "firing/critical raised level_changed"}}},
      {"NaN is no recovery",
       {{0, "95", "firing/critical fired condition_met"}, {10, "nan", "firing/critical"}}},
  };
  for (const Story& story : stories) RunStory(story, Of(monitor));
}

TEST(ThresholdStepTest, ForPerLevel) {
  Monitor monitor = TwoLevels();
  monitor.for_duration = absl::Seconds(60);
  const Story stories[] = {
      {"fires when for is over",
       {{0, "70", "pending pending condition_met"},
        {59, "70", "pending"},
        {60, "70", "firing/warning fired for_elapsed"}}},
      {"a dip ends pending",
       {{0, "70", "pending pending condition_met"},
        {30, "60", "ok unpending condition_cleared"},
        {40, "70", "pending pending condition_met"},
        {99, "70", "pending"},
        {100, "70", "firing/warning fired for_elapsed"}}},
      {"critical all along fires as critical",
       {{0, "95", "pending pending condition_met"},
        {60, "95", "firing/critical fired for_elapsed"}}},
      {"critical has its own clock",
       {{0, "70", "pending pending condition_met"},
        {40, "95", "pending"},
        {60, "95", "firing/warning fired for_elapsed"},
        {99, "95", "firing/warning"},
        {100, "95", "firing/critical raised level_changed"}}},
      {"critical counts for the warning",
       {{0, "95", "pending pending condition_met"},
        {50, "70", "pending"},
        {60, "70", "firing/warning fired for_elapsed"}}},
      {"a dip to warning restarts critical",
       {{0, "70", "pending pending condition_met"},
        {60, "95", "firing/warning fired for_elapsed"},
        {100, "70", "firing/warning"},
        {110, "95", "firing/warning"},
        {160, "95", "firing/warning"},
        {170, "95", "firing/critical raised level_changed"}}},
      {"lowering needs no for, raising again does",
       {{0, "95", "pending pending condition_met"},
        {60, "95", "firing/critical fired for_elapsed"},
        {70, "70", "firing/warning lowered level_changed"},
        {80, "95", "firing/warning"},
        {140, "95", "firing/critical raised level_changed"}}},
  };
  for (const Story& story : stories) RunStory(story, Of(monitor));
}

TEST(ThresholdStepTest, CriticalOnlyWithFor) {
  Monitor monitor;
  monitor.threshold.critical = Above(90);
  monitor.for_duration = absl::Seconds(30);
  RunStory({"critical only",
            {{0, "95", "pending pending condition_met"},
             {29, "95", "pending"},
             {30, "95", "firing/critical fired for_elapsed"}}},
           Of(monitor));
}

TEST(ThresholdStepTest, KeepFiringFor) {
  Monitor monitor = TwoLevels();
  monitor.keep_firing_for = absl::Seconds(30);
  const Story stories[] = {
      {"delays the resolve",
       {{0, "95", "firing/critical fired condition_met"},
        {10, "10", "firing/critical keep_firing"},
        {39, "10", "firing/critical keep_firing"},
        {40, "10", "ok resolved condition_cleared"}}},
      {"starts anew",
       {{0, "70", "firing/warning fired condition_met"},
        {10, "10", "firing/warning keep_firing"},
        {20, "70", "firing/warning"},
        {30, "10", "firing/warning keep_firing"},
        {59, "10", "firing/warning keep_firing"},
        {60, "10", "ok resolved condition_cleared"}}},
      {"lowering is not delayed",
       {{0, "95", "firing/critical fired condition_met"},
        {10, "10", "firing/critical keep_firing"},
        {20, "70", "firing/warning lowered level_changed"},
        {30, "10", "firing/warning keep_firing"},
        {60, "10", "ok resolved condition_cleared"}}},
      {"runs out although the row is gone",
       {{0, "70", "firing/warning fired condition_met"},
        {10, "10", "firing/warning keep_firing"},
        {20, "-", "firing/warning"},
        {40, "-", "ok resolved condition_cleared"}}},
      {"but not while held",
       {{0, "70", "firing/warning fired condition_met"},
        {10, "10", "firing/warning keep_firing"},
        {40, "h-", "firing/warning held_after_restart"},
        {50, "-", "ok resolved condition_cleared"}}},
  };
  for (const Story& story : stories) RunStory(story, Of(monitor));
}

TEST(ThresholdStepTest, MissingRowsKeepTheLastState) {
  Monitor monitor = TwoLevels();
  monitor.for_duration = absl::Seconds(60);
  constexpr int kDay = 24 * 3600;
  const Story stories[] = {
      {"fine rows are dropped", {{0, "10", "ok"}, {10, "-", "ok forgotten row_vanished"}}},
      {"firing stays for a day, then gives up",
       {{0, "70", "pending pending condition_met"},
        {60, "70", "firing/warning fired for_elapsed"},
        {70, "-", "firing/warning"},
        {69 + kDay, "-", "firing/warning"},
        {70 + kDay, "-", "ok resolved no_data_forgotten"},
        {80 + kDay, "-", "ok forgotten row_vanished"}}},
      {"pending waits, and the gap does not count",
       {{0, "70", "pending pending condition_met"},
        {30, "-", "pending"},
        {500, "-", "pending"},
        {530, "70", "pending"},
        {559, "70", "pending"},
        {560, "70", "firing/warning fired for_elapsed"}}},
      {"neither does it for the worse level",
       {{0, "70", "pending pending condition_met"},
        {60, "95", "firing/warning fired for_elapsed"},
        {100, "-", "firing/warning"},
        {400, "95", "firing/warning"},
        {419, "95", "firing/warning"},
        {420, "95", "firing/critical raised level_changed"}}},
      {"pending gives up",
       {{0, "70", "pending pending condition_met"},
        {10, "-", "pending"},
        {10 + kDay, "-", "ok unpending no_data_forgotten"}}},
      {"held rows are not given up",
       {{0, "70", "pending pending condition_met"},
        {10, "h-", "pending held_after_restart"},
        {10 + kDay, "h-", "pending held_after_restart"}}},
  };
  for (const Story& story : stories) RunStory(story, Of(monitor));
  for (const Story& story : stories) {
    RunStory(story, Of(WithNoData(monitor, NoData::As::kKeep, 5)));
  }
}

TEST(ThresholdStepTest, NoDataAsCritical) {
  const Monitor monitor = WithNoData(TwoLevels(), NoData::As::kCritical, 100);
  const Story stories[] = {
      {"fires when `after` is over",
       {{0, "10", "ok"},
        {50, "-", "ok"},
        {99, "-", "ok"},
        {100, "-", "no_data/critical fired no_data"},
        {200, "-", "no_data/critical"},
        {210, "10", "ok resolved data_came_back"}}},
      {"counts from the newest sample, also of a row that is there",
       {{0, "10@-50", "ok"},
        {40, "10@-50", "ok"},
        {50, "10@-50", "no_data/critical fired no_data"}}},
      {"a newer sample comes in time",
       {{0, "10", "ok"},
        {90, "-", "ok"},
        {95, "10@90", "ok"},
        {189, "-", "ok"},
        {190, "-", "no_data/critical fired no_data"}}},
      {"an older sample does not turn time back", {{0, "10", "ok"}, {50, "10@-60", "ok"}}},
      {"an open warning is raised",
       {{0, "70", "firing/warning fired condition_met"},
        {100, "-", "no_data/critical raised no_data"},
        {110, "70", "firing/warning lowered data_came_back"}}},
      {"an open critical stays the same page",
       {{0, "95", "firing/critical fired condition_met"},
        {100, "-", "no_data/critical no_data"},
        {110, "95", "firing/critical data_came_back"},
        {120, "10", "ok resolved condition_cleared"}}},
      {"data that comes back bad goes on with the page",
       {{0, "10", "ok"},
        {100, "-", "no_data/critical fired no_data"},
        {110, "70", "firing/warning lowered data_came_back"},
        {120, "10", "ok resolved condition_cleared"}}},
      {"hold prevents it",
       {{0, "10", "ok"},
        {100, "h-", "ok held_after_restart"},
        {150, "h-", "ok held_after_restart"},
        {160, "-", "no_data/critical fired no_data"}}},
      {"held no data does not resolve",
       {{0, "10", "ok"},
        {100, "-", "no_data/critical fired no_data"},
        {110, "h-", "no_data/critical held_after_restart"}}},
  };
  for (const Story& story : stories) RunStory(story, Of(monitor));
}

TEST(ThresholdStepTest, NoDataAsWarning) {
  Monitor monitor = WithNoData(TwoLevels(), NoData::As::kWarning, 100);
  monitor.for_duration = absl::Seconds(30);
  const Story stories[] = {
      {"`for` does not apply to it",
       {{0, "10", "ok"}, {100, "-", "no_data/warning fired no_data"}}},
      {"an open critical is not lowered",
       {{0, "95", "pending pending condition_met"},
        {30, "95", "firing/critical fired for_elapsed"},
        {130, "-", "no_data/critical no_data"}}},
      {"pending becomes no data",
       {{0, "95", "pending pending condition_met"}, {100, "-", "no_data/warning fired no_data"}}},
      {"the clock of a worse level that waited starts anew",
       {{0, "70", "pending pending condition_met"},
        {30, "95", "firing/warning fired for_elapsed"},
        {130, "-", "no_data/warning no_data"},
        {140, "95", "firing/warning data_came_back"},
        {169, "95", "firing/warning"},
        {170, "95", "firing/critical raised level_changed"}}},
      {"back with worse data: raised only after `for`",
       {{0, "10", "ok"},
        {100, "-", "no_data/warning fired no_data"},
        {110, "95", "firing/warning data_came_back"},
        {139, "95", "firing/warning"},
        {140, "95", "firing/critical raised level_changed"}}},
  };
  for (const Story& story : stories) RunStory(story, Of(monitor));
}

TEST(ThresholdStepTest, NoDataReturnsIntoTheBand) {
  Monitor monitor = WithNoData(TwoLevels(), NoData::As::kCritical, 100);
  monitor.threshold.warning_recovery = Below(50);
  const Story stories[] = {
      {"a page of the condition goes on",
       {{0, "70", "firing/warning fired condition_met"},
        {100, "-", "no_data/critical raised no_data"},
        {110, "55", "firing/warning lowered data_came_back"}}},
      {"a page of missing data does not",
       {{0, "10", "ok"},
        {100, "-", "no_data/critical fired no_data"},
        {110, "55", "ok resolved data_came_back"}}},
  };
  for (const Story& story : stories) RunStory(story, Of(monitor));
}

TEST(ThresholdStepTest, NoDataWithKeepFiringFor) {
  Monitor monitor = WithNoData(TwoLevels(), NoData::As::kWarning, 100);
  monitor.keep_firing_for = absl::Seconds(30);
  RunStory({"flapping data is one page",
            {{0, "10", "ok"},
             {100, "-", "no_data/warning fired no_data"},
             {110, "10", "no_data/warning keep_firing"},
             {139, "10", "no_data/warning keep_firing"},
             {140, "10", "ok resolved data_came_back"}}},
           Of(monitor));
}

TEST(ThresholdStepTest, NoDataOfACriticalOnlyMonitor) {
  Monitor monitor;
  monitor.threshold.critical = Above(90);
  monitor.for_duration = absl::Seconds(30);
  monitor = WithNoData(monitor, NoData::As::kWarning, 100);
  RunStory({"stays a warning until `for` decides",
            {{0, "10", "ok"},
             {100, "-", "no_data/warning fired no_data"},
             {110, "95", "firing/warning data_came_back"},
             {120, "95", "firing/warning"},
             {140, "95", "firing/critical raised level_changed"},
             {150, "10", "ok resolved condition_cleared"}}},
           Of(monitor));
  RunStory({"or resolves",
            {{0, "10", "ok"},
             {100, "-", "no_data/warning fired no_data"},
             {110, "95", "firing/warning data_came_back"},
             {120, "10", "ok resolved condition_cleared"}}},
           Of(monitor));
}

TEST(ThresholdStepTest, NoDataAsOk) {
  Monitor monitor = WithNoData(TwoLevels(), NoData::As::kOk, 100);
  const Story stories[] = {
      {"resolves",
       {{0, "95", "firing/critical fired condition_met"},
        {50, "-", "firing/critical"},
        {100, "-", "ok resolved no_data"},
        {110, "-", "ok forgotten row_vanished"}}},
      {"fine rows are dropped when `after` is over",
       {{0, "10", "ok"}, {99, "-", "ok"}, {100, "-", "ok forgotten row_vanished"}}},
      {"a stale row that is still there is fine", {{0, "95@-100", "ok"}, {10, "95@-100", "ok"}}},
  };
  for (const Story& story : stories) RunStory(story, Of(monitor));
  monitor.for_duration = absl::Seconds(500);
  RunStory({"pending ends",
            {{0, "95", "pending pending condition_met"}, {100, "-", "ok unpending no_data"}}},
           Of(monitor));
}

TEST(ThresholdStepTest, ReloadThatTakesALevelAway) {
  const AlertState critical =
      StepThreshold({}, ParseObservation("95", 0), TwoLevels(), Second(0)).state;
  Monitor warning_only;
  warning_only.threshold.warning = Above(60);
  EXPECT_EQ(Describe(StepThreshold(critical, ParseObservation("95", 10), warning_only, Second(10))),
            "firing/warning lowered level_changed");
}

TEST(ThresholdStepTest, DowntimeDoesNotCount) {
  Monitor monitor = TwoLevels();
  monitor.for_duration = absl::Seconds(30);
  monitor.keep_firing_for = absl::Seconds(20);
  const auto step = [&](const AlertState& state, int t, const char* seen) {
    return StepThreshold(state, ParseObservation(seen, t), monitor, Second(t));
  };
  const AlertState pending = step({}, 0, "70").state;
  const AlertState raising = step(pending, 30, "95").state;
  const AlertState keeping = step(raising, 40, "10").state;
  EXPECT_EQ(Describe(step(AfterDowntime(pending, absl::Seconds(100)), 129, "70")), "pending");
  EXPECT_EQ(Describe(step(AfterDowntime(raising, absl::Seconds(100)), 159, "95")),
            "firing/warning");
  EXPECT_EQ(Describe(step(AfterDowntime(raising, absl::Seconds(100)), 160, "95")),
            "firing/critical raised level_changed");
  EXPECT_EQ(Describe(step(AfterDowntime(keeping, absl::Seconds(100)), 159, "10")),
            "firing/warning keep_firing");
  EXPECT_EQ(Describe(step(AfterDowntime(keeping, absl::Seconds(100)), 160, "10")),
            "ok resolved condition_cleared");
}

TEST(ThresholdStepTest, Deadlines) {
  Monitor monitor = WithNoData(TwoLevels(), NoData::As::kCritical, 100);
  monitor.for_duration = absl::Seconds(30);
  monitor.keep_firing_for = absl::Seconds(20);
  AlertState state;
  const auto step = [&](int t, const char* seen) {
    state = StepThreshold(state, ParseObservation(seen, t), monitor, Second(t)).state;
    return NextThresholdDeadline(state, monitor);
  };
  EXPECT_EQ(step(0, "10"), Second(100)) << "no data";
  EXPECT_EQ(step(10, "70"), Second(40)) << "`for` of warning";
  EXPECT_EQ(step(40, "95"), Second(70)) << "`for` of critical";
  EXPECT_EQ(step(70, "95"), Second(170)) << "no data again";
  EXPECT_EQ(step(80, "10"), Second(100)) << "keep_firing_for";
  EXPECT_EQ(step(100, "10"), Second(200));
  EXPECT_EQ(step(200, "-"), Second(200 + 24 * 3600)) << "no data is given up after a day";
  EXPECT_EQ(state.phase, AlertPhase::kNoData);
  step(200 + 24 * 3600 - 1, "-");
  EXPECT_EQ(state.phase, AlertPhase::kNoData);
  step(200 + 24 * 3600, "-");
  EXPECT_EQ(state.phase, AlertPhase::kOk);
  monitor.no_data.reset();
  state = AlertState{};
  EXPECT_EQ(step(0, "10"), Timestamp::Max());
  EXPECT_EQ(step(10, "70"), Second(40));
  EXPECT_EQ(step(20, "-"), Second(20 + 24 * 3600)) << "given up after a day";
}

}  // namespace
}  // namespace tocsin::rules
