// How long an incident is held open: as long as its fault lasts, and no longer than there is
// reason.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/anomaly/made_series.h"
#include "tests/anomaly/measures.h"

namespace tocsin::anomaly {
namespace {

constexpr size_t kFrom = 3 * kWeekRows + 100;  // faults begin there
constexpr size_t kFaultRows = 240;

std::vector<double> Series(size_t rows, const std::function<double(size_t)>& value) {
  std::vector<double> values(rows);
  for (size_t i = 0; i < rows; ++i) values[i] = value(i);
  return values;
}

double DayShare(size_t row) {
  return static_cast<double>(row % kDayRows) / kDayRows;
}

// A disk that fills and is cleared.
std::vector<double> Disk(size_t rows, uint64_t seed) {
  Dice dice(seed);
  double used = 40;
  return Series(rows, [&, used](size_t) mutable {
    used = used > 80 ? 25 + 2 * dice.Normal() : used + 0.06 + 0.02 * dice.Normal();
    return used;
  });
}

// Busy for ten hours a day, with sharp edges.
std::vector<double> OnOff(size_t rows, uint64_t seed) {
  Dice dice(seed);
  return Series(rows, [&](size_t i) {
    const bool busy = DayShare(i) > 0.3 && DayShare(i) < 0.72;
    return (busy ? 90 : 20) + 2 * dice.Normal();
  });
}

// So little noise on a weekly curve that its slopes are edges for the detector.
std::vector<double> Slopes(size_t rows, uint64_t seed) {
  Dice dice(seed);
  return Series(rows, [&](size_t i) {
    const double strength = i / kDayRows % 7 < 5 ? 600 : 200;
    return 1000 + strength * std::sin(6.2832 * DayShare(i)) + 5 * dice.Normal();
  });
}

struct Lasting {
  const char* name;
  std::vector<double> (*series)(size_t rows, uint64_t seed);
  double step;   // at its begin
  double climb;  // and within five hours
  double held;   // share of the fault's time, at least
};

// Share of the fault's time in alarm, from the first page on.
double Held(const Lasting& fault, uint64_t seed) {
  std::vector<double> values = fault.series(kFrom + kFaultRows, seed);
  for (size_t i = kFrom; i < values.size(); ++i) {
    const double climbed = std::min(1.0, static_cast<double>(i - kFrom) / 60);
    values[i] += fault.step + fault.climb * climbed;
  }
  const auto run = RunDetector(Detector({}), values);
  for (int opened : run.openings) {
    const size_t row = static_cast<size_t>(opened);
    if (row >= kFrom) return run.AlarmShare(row, values.size());
  }
  return 0;
}

TEST(HoldingTest, AFaultThatLastsStaysVisible) {
  // A disk that was cleared before has had a level accepted: its incidents are held for a quarter
  // of the 300 points, and the fault lasts for 200.
  const Lasting faults[] = {{"a step of a disk", Disk, 6, 0, 0.37},
                            {"a large step of a disk", Disk, 12, 0, 0.37},
                            {"a step of on and off", OnOff, 12, 0, 0.9},
                            {"a climb that edges hide at first", OnOff, 0, 20, 0.9},
                            {"a step on slopes", Slopes, 60, 0, 0.9},
                            {"a drop on slopes", Slopes, -60, 0, 0.9}};
  for (const Lasting& fault : faults) {
    for (uint64_t seed : {1, 2, 3}) {
      EXPECT_GE(Held(fault, seed), fault.held) << fault.name << ", seed " << seed;
    }
  }
}

// A disk's step is over when the value has gone back by half of it.
TEST(HoldingTest, AStepThatGoesBackCloses) {
  std::vector<double> values = Disk(kFrom + kFaultRows, 4);
  for (size_t i = kFrom; i < kFrom + 60; ++i) values[i] += 6;
  const auto run = RunDetector(Detector({}), values);
  EXPECT_EQ(run.AlarmShare(kFrom, kFrom + 60), 1);
  EXPECT_EQ(run.AlarmShare(kFrom + 73, values.size()), 0);
}

// Falls have been before, but never a step up. Back from a fall of one point is no step to another
// level: what opens there is over an hour later.
TEST(HoldingTest, BackFromAnOutlierCloses) {
  Dice dice(5);
  const std::vector<double> values = Series(kFrom + 60, [&](size_t i) {
    const double fallen = std::max(0.0, 30 - 0.3 * static_cast<double>(i % 500));
    return 100 + 1 * dice.Normal() - fallen - (i == kFrom ? 15 : 0);
  });
  const auto run = RunDetector(Detector({}), values);
  EXPECT_EQ(run.openings.back(), kFrom + 1);
  EXPECT_EQ(run.AlarmShare(kFrom + 15, values.size()), 0);
}

// What has been extreme for one point is over an hour after it.
TEST(HoldingTest, ASpikeIsHeldForAnHour) {
  Dice dice(5);
  const std::vector<double> values = Series(
      kFrom + 50, [&](size_t i) { return 100 + 4 * dice.Normal() + (i == kFrom ? 200 : 0); });
  const auto run = RunDetector(Detector({}), values);
  EXPECT_EQ(run.states[kFrom], State::kAlarm);
  EXPECT_EQ(run.AlarmShare(kFrom + 13, values.size()), 0);
}

// Two levels that take turns are seldom in alarm, though a spurious weekly pattern is found in
// them.
TEST(HoldingTest, LevelsThatAreKnownAreAcceptedSoon) {
  double share = 0;
  constexpr uint64_t kSeeds = 12;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Dice dice(seed);
    double level = 50, left = 0;
    const std::vector<double> values = Series(8 * kWeekRows, [&](size_t) {
      if (--left < 0) {
        level = level == 50 ? 62 : 50;
        left = dice.Uniform(0.3, 6) * kDayRows;
      }
      return level + 1.5 * dice.Normal();
    });
    share += RunDetector(Detector({}), values).AlarmShare(2 * kWeekRows, values.size()) / kSeeds;
  }
  EXPECT_LE(share, 0.01);
}

}  // namespace
}  // namespace tocsin::anomaly
