// How good the detector is, with room for what a change of constants moves. anomaly_report prints
// all figures. Scores alone can be had by an alarm that never closes, so time in alarm is bounded,
// too.

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/anomaly/detector.h"
#include "tests/anomaly/measures.h"

namespace tocsin::anomaly {
namespace {

constexpr int kSeeds = 2;

Detector Of(Preset preset) {
  DetectorOptions options;
  options.preset = preset;
  return Detector(options);
}

TEST(QualityTest, CleanSeriesSeldomPage) {
  const CleanMeasure page = MeasureClean(Of(Preset::kPage), kSeeds);
  EXPECT_LE(page.pages_mean, 0.15);
  EXPECT_LE(page.pages_worst, 0.6);
  EXPECT_LE(page.alarm_share, 0.005);
  const CleanMeasure notice = MeasureClean(Of(Preset::kNotice), kSeeds);
  EXPECT_GT(notice.pages_mean, page.pages_mean);
  EXPECT_LE(notice.pages_mean, 0.45);
}

TEST(QualityTest, FaultsAreFoundSoonPageOnceAndStayOpen) {
  const FaultMeasure measure = MeasureFaults(Of(Preset::kPage), kSeeds);
  EXPECT_GE(measure.found, 0.88);
  EXPECT_LE(measure.pages, 1.05);
  EXPECT_GE(measure.held, 0.93);
  const auto delay = [&](const char* name) {
    const FaultMeasure::One& one = measure.faults.at(name);
    return static_cast<double>(one.delay) / one.found;
  };
  EXPECT_LE(delay("gone"), 4);
  EXPECT_LE(delay("step_12"), 2);
  EXPECT_LE(delay("step_6"), 6);
}

TEST(QualityTest, ShortRepeatedFaultsAreFoundAgain) {
  const BusinessMeasure page = MeasureBusiness(Of(Preset::kPage), 28);
  EXPECT_GE(page.found, 0.45);
  EXPECT_LE(page.false_per_week, 0.12);
  const BusinessMeasure notice = MeasureBusiness(Of(Preset::kNotice), 28);
  EXPECT_GE(notice.found, 0.55);
  EXPECT_LE(notice.false_per_week, 0.25);
}

TEST(QualityTest, NabScores) {
  const char* shared = std::getenv("TOCSIN_SHARED_DATA");
  const auto corpus =
      shared == nullptr ? std::vector<NabSeries>() : LoadNab(std::string(shared) + "/nab");
  if (corpus.empty()) GTEST_SKIP() << "no NAB series: set TOCSIN_SHARED_DATA";
  const NabMeasure measure = MeasureNab(Of(Preset::kPage), corpus);
  EXPECT_GE(measure.best[0], 77);
  EXPECT_GE(measure.best[1], 71);
  EXPECT_GE(measure.best[2], 82);
  EXPECT_GE(measure.within[1], 0.75 * measure.windows) << "at 0.25 false alarms a week";
  EXPECT_LE(measure.alarm_share, 0.04);
}

// The rules give what they are published to give: nothing for silence, 100 for hits at left edges.
TEST(QualityTest, NabRules) {
  NabSeries series;
  series.windows = 1;
  series.window_of = {NabSeries::kOutside, 0, 0, NabSeries::kOutside};
  series.worth = {-1, 1, 0.5, -0.25};
  const auto score = [&](const std::vector<int>& hits, size_t profile) {
    NabTally tally;
    tally.Add(series, hits);
    return tally.Score(kNabProfiles[profile]);
  };
  EXPECT_DOUBLE_EQ(score({}, 0), 0);
  EXPECT_DOUBLE_EQ(score({1, 2}, 0), 100);
  EXPECT_DOUBLE_EQ(score({2}, 0), 75);
  EXPECT_DOUBLE_EQ(score({0, 1}, 0), 94.5);
  EXPECT_DOUBLE_EQ(score({0, 1}, 1), 89);
  EXPECT_EQ(RestedHits({2, 2, 0, 2}, 1), std::vector<int>{0});
}

}  // namespace
}  // namespace tocsin::anomaly
