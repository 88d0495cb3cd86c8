#include "engine/anomaly/options.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/anomaly/detector.h"
#include "tests/anomaly/feed.h"
#include "tests/anomaly/made_series.h"

namespace tocsin::anomaly {
namespace {

TEST(DetectorOptionsTest, SensitivityDividesTheThresholds) {
  const std::vector<double> values = WithFault(Values("tides", 3 * kWeekRows), 5000, 2, 80);
  DetectorOptions options;
  const std::vector<Verdict> plain = RunAll(Detector(options), values);
  options.sensitivity = 2;
  const std::vector<Verdict> eager = RunAll(Detector(options), values);
  // The first points are learned alike, so the scores are twice as high there.
  for (size_t i = 2 * kDayRows; i < 2 * kDayRows + 100; ++i) {
    ASSERT_NEAR(eager[i].score, 2 * plain[i].score, 1e-6) << i;
  }
}

TEST(DetectorOptionsTest, OnlyTheDirectionAskedForCounts) {
  struct Case {
    Direction direction;
    double add;
    bool found;
  };
  const Case cases[] = {
      {Direction::kAbove, 500, true},  {Direction::kAbove, -500, false},
      {Direction::kBelow, 500, false}, {Direction::kBelow, -500, true},
      {Direction::kBoth, 500, true},   {Direction::kBoth, -500, true},
  };
  for (const Case& one : cases) {
    DetectorOptions options;
    options.direction = one.direction;
    const Detector detector(options);
    SeriesModel model;
    const std::vector<double> values = WithFault(Values("tides", 3 * kWeekRows), 5000, 20, one.add);
    bool opened = false, scored = false;
    for (size_t i = 0; i < 5020; ++i) {
      const Verdict verdict = detector.Update(model, RowTime(i), values[i]);
      if (i >= 5000) {
        opened = opened || verdict.opened;
        scored = scored || verdict.score >= 1;
      }
    }
    EXPECT_EQ(opened, one.found) << one.add;
    EXPECT_EQ(scored, one.found) << one.add;
  }
}

TEST(DetectorOptionsTest, LessThanTheLeastDeviationIsNeverOutside) {
  for (const bool relative : {false, true}) {
    DetectorOptions options;
    if (relative) {
      options.relative_deviation_min = 10;
    } else {
      options.deviation_min = 2000;
    }
    const std::vector<double> values = WithFault(Values("tides", 3 * kWeekRows), 5000, 20, 300);
    for (const Verdict& verdict : RunAll(Detector(options), values)) {
      ASSERT_LT(verdict.score, 1);
      ASSERT_FALSE(verdict.opened);
    }
  }
}

TEST(DetectorOptionsTest, OptionsOutOfRangeAreNamed) {
  DetectorOptions options;
  EXPECT_TRUE(Detector::Validate(options).ok());
  options.sensitivity = 0;
  EXPECT_EQ(Detector::Validate(options).message(), "sensitivity must be above 0");
  options.sensitivity = 1;
  options.deviation_min = -1;
  EXPECT_EQ(Detector::Validate(options).message(), "deviation_min must not be negative");
  options.deviation_min = 0;
  options.relative_deviation_min = std::nan("");
  EXPECT_EQ(Detector::Validate(options).message(), "relative_deviation_min must not be negative");
}

}  // namespace
}  // namespace tocsin::anomaly
