#include "engine/anomaly/detector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/anomaly/feed.h"
#include "tests/anomaly/made_series.h"

namespace tocsin::anomaly {
namespace {

bool SameBytes(const SeriesModel& a, const SeriesModel& b) {
  return SerializeModel(a) == SerializeModel(b);
}

// Everything but what carries the metric's unit.
void ExpectSameJudgement(const Verdict& a, const Verdict& b, size_t row) {
  ASSERT_EQ(a.judged, b.judged) << row;
  ASSERT_EQ(a.state, b.state) << row;
  ASSERT_EQ(a.opened, b.opened) << row;
  ASSERT_EQ(a.channel, b.channel) << row;
  ASSERT_EQ(a.score, b.score) << row;
}

TEST(DetectorTest, ScalingByAPowerOfTwoScalesTheBandAndKeepsTheScores) {
  const Detector detector({});
  for (const Kind& kind : Kinds()) {
    std::vector<double> values = WithFault(Values(kind.name, 3 * kWeekRows), 5000, 40, 300);
    const std::vector<Verdict> plain = RunAll(detector, values);
    for (double& value : values) value *= 1024;
    const std::vector<Verdict> scaled = RunAll(detector, values);
    for (size_t i = 0; i < plain.size(); ++i) {
      ExpectSameJudgement(plain[i], scaled[i], i);
      ASSERT_EQ(plain[i].expected * 1024, scaled[i].expected) << kind.name << i;
      ASSERT_EQ(plain[i].lower * 1024, scaled[i].lower) << kind.name << i;
      ASSERT_EQ(plain[i].upper * 1024, scaled[i].upper) << kind.name << i;
    }
  }
}

TEST(DetectorTest, AnOffsetMovesTheBandAndKeepsTheScores) {
  constexpr double kOffset = 1 << 20;
  const Detector detector({});
  std::vector<double> values = WithFault(Values("tides", 3 * kWeekRows), 5000, 40, 300);
  for (double& value : values) value = std::round(value * 256) / 256;  // so that sums are exact
  const std::vector<Verdict> plain = RunAll(detector, values);
  for (double& value : values) value += kOffset;
  const std::vector<Verdict> moved = RunAll(detector, values);
  for (size_t i = 0; i < plain.size(); ++i) {
    ExpectSameJudgement(plain[i], moved[i], i);
    if (!plain[i].judged) continue;
    ASSERT_NEAR(plain[i].upper + kOffset, moved[i].upper, 1e-6) << i;
  }
}

TEST(DetectorTest, SeriesDoNotTouchEachOther) {
  const Detector detector({});
  const std::vector<double> first = Values("shop_week", 4000), second = Values("jobs", 4000);
  SeriesModel a, b, alone;
  for (size_t i = 0; i < first.size(); ++i) {
    detector.Update(a, RowTime(i), first[i]);
    detector.Update(b, RowTime(i), second[i]);
  }
  for (size_t i = 0; i < second.size(); ++i) detector.Update(alone, RowTime(i), second[i]);
  EXPECT_TRUE(SameBytes(b, alone));
  EXPECT_FALSE(SameBytes(a, b));
}

// Stored and brought back after every point, by another detector of the same options.
TEST(DetectorTest, ARestartAtAnyPointChangesNoBit) {
  const std::vector<double> values = WithFault(Values("tides", 3 * kWeekRows), 4500, 400, 200);
  const Detector detector({}), other({});
  SeriesModel model, restored;
  for (size_t i = 0; i < values.size(); ++i) {
    const Verdict expected = detector.Update(model, RowTime(i), values[i]);
    SeriesModel fresh;
    ASSERT_TRUE(ParseModel(SerializeModel(restored), fresh).ok());
    const Verdict verdict = other.Update(fresh, RowTime(i), values[i]);
    restored = fresh;
    ExpectSameJudgement(expected, verdict, i);
    ASSERT_EQ(expected.lower, verdict.lower) << i;
    ASSERT_TRUE(SameBytes(model, restored)) << i;
  }
}

TEST(DetectorTest, WhatIsNoNewValueChangesNothing) {
  const Detector detector({});
  const std::vector<double> values = Values("tides", 2000);
  SeriesModel model;
  for (size_t i = 0; i < values.size(); ++i) {
    detector.Update(model, RowTime(i), values[i]);
    const SeriesModel before = model;
    const double infinity = std::numeric_limits<double>::infinity();
    EXPECT_FALSE(detector.Update(model, RowTime(i + 1), std::nan("")).judged);
    EXPECT_FALSE(detector.Update(model, RowTime(i + 1), infinity).judged);
    EXPECT_FALSE(detector.Update(model, RowTime(i + 1), -infinity).judged);
    EXPECT_FALSE(detector.Update(model, RowTime(i), 1e6).judged) << "the same time again";
    EXPECT_FALSE(detector.Update(model, RowTime(i) - 1, 1e6).judged) << "late";
    ASSERT_TRUE(SameBytes(model, before)) << i;
  }
  SeriesModel untouched;
  EXPECT_FALSE(detector.Update(untouched, RowTime(0), std::nan("")).judged);
  EXPECT_TRUE(SameBytes(untouched, SeriesModel()));
}

TEST(DetectorTest, MissingValuesKeepTheState) {
  const Detector detector({});
  const std::vector<double> values = WithFault(Values("tides", 3000), 2500, 400, 500);
  SeriesModel model;
  for (size_t i = 0; i < 2600; ++i) detector.Update(model, RowTime(i), values[i]);
  EXPECT_EQ(detector.Update(model, RowTime(2600), std::nan("")).state, State::kAlarm);
}

// Whatever comes: scores are numbers, not below 0, and the model stays sane.
TEST(DetectorTest, WildValuesGiveFiniteScores) {
  const Detector detector({});
  Dice dice(3);
  SeriesModel model;
  for (size_t i = 0; i < 50'000; ++i) {
    const double sizes[] = {1, 1e-300, 1e300, 1e12, 1e-12, 0};
    const Verdict verdict =
        detector.Update(model, RowTime(i), dice.Normal() * sizes[dice.Below(6)]);
    ASSERT_TRUE(std::isfinite(verdict.score) && verdict.score >= 0) << i;
    ASSERT_TRUE(std::isfinite(verdict.expected)) << i;
    ASSERT_FALSE(std::isnan(verdict.lower) || std::isnan(verdict.upper)) << i;
  }
}

TEST(DetectorTest, TenYearsDoNotWearItOut) {
  const Detector detector({});
  std::vector<double> values = Values("shop_week", kWeekRows);
  SeriesModel model;
  const size_t rows = 10 * 365 * kDayRows;
  int opened = 0;
  Dice dice(5);
  for (size_t i = 0; i < rows; ++i) {
    const double value = values[i % kWeekRows] * (1 + 0.05 * dice.Normal());
    const Verdict verdict = detector.Update(model, RowTime(i), value);
    ASSERT_TRUE(std::isfinite(verdict.score)) << i;
    if (i > 4 * kWeekRows) opened += verdict.opened ? 1 : 0;
  }
  EXPECT_LE(opened, 10 * 52 / 20) << "0.05 a week";
  Verdict verdict;
  bool found = false;
  for (size_t i = rows; i < rows + 6; ++i) {
    verdict = detector.Update(model, RowTime(i), -5000);
    found = found || verdict.opened;
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(verdict.state, State::kAlarm);
}

TEST(DetectorTest, ValuesOutsideTheBandHaveAScoreOfOne) {
  const Detector detector({});
  for (const Kind& kind : Kinds()) {
    const std::vector<double> values = WithFault(Values(kind.name, 4 * kWeekRows), 6500, 100, 200);
    int outside = 0;
    for (const Verdict& verdict : RunAll(detector, values)) {
      if (!verdict.judged) continue;
      ASSERT_LE(verdict.lower, verdict.upper);
      const double slack = 1e-4 * (verdict.upper - verdict.lower);
      if (verdict.value > verdict.upper + slack || verdict.value < verdict.lower - slack) {
        ++outside;
        ASSERT_GE(verdict.score, 1) << kind.name;
      }
    }
    EXPECT_GT(outside, 0) << kind.name;
  }
}

TEST(DetectorTest, AConstantSeriesIsFineUntilItChanges) {
  const Detector detector({});
  std::vector<double> values(2 * kWeekRows, 42.5);
  values.back() = 43;
  const std::vector<Verdict> verdicts = RunAll(detector, values);
  for (size_t i = 0; i + 1 < verdicts.size(); ++i) {
    ASSERT_EQ(verdicts[i].score, 0);
    ASSERT_NE(verdicts[i].state, State::kAlarm);
  }
  EXPECT_GE(verdicts.back().score, 1);
}

struct StepCase {
  int step_s;
  int found_within_s;
};

// Durations are kept whatever the step is: learning two days, finding an outage in minutes.
TEST(DetectorTest, OtherStepsThanFiveMinutes) {
  const StepCase cases[] = {{10, 300}, {15, 300}, {60, 600}, {300, 900}, {600, 1800}, {3600, 7200}};
  for (const StepCase& one : cases) {
    const Detector detector({});
    SeriesModel model;
    Dice dice(9);
    const int64_t rows = 28 * 86400 / one.step_s;
    int opened = 0;
    for (int64_t i = 0; i < rows; ++i) {
      const double day = static_cast<double>(i * one.step_s % 86400) / 86400;
      const double value = 100 + 40 * std::sin(6.2832 * day) + 4 * dice.Normal();
      const Verdict verdict = detector.Update(model, (kMonday + i * one.step_s) * 1000, value);
      const bool learning = i * one.step_s < 2 * 86400;
      ASSERT_EQ(verdict.judged, !learning) << one.step_s << " " << i;
      opened += verdict.opened ? 1 : 0;
    }
    EXPECT_LE(opened, 1) << one.step_s;
    int64_t after_s = -1;
    for (int64_t i = rows; after_s < 0 && i < rows + 7200 / one.step_s + 3; ++i) {
      if (detector.Update(model, (kMonday + i * one.step_s) * 1000, 0).opened) {
        after_s = (i - rows) * one.step_s;
      }
    }
    EXPECT_GE(after_s, 0) << one.step_s;
    EXPECT_LE(after_s, one.found_within_s) << one.step_s;
  }
}

// A tenth of the rows is lost, and three hours once a week.
TEST(DetectorTest, LostPointsDoNotPage) {
  const Detector detector({});
  for (const char* kind : {"shop_week", "tides", "hourly_jobs"}) {
    const std::vector<double> values = Values(kind, 8 * kWeekRows, 4);
    Dice dice(11);
    SeriesModel plain, lossy;
    int pages = 0, lossy_pages = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      const bool watched = i >= 2 * kWeekRows;
      const bool page = detector.Update(plain, RowTime(i), values[i]).opened;
      pages += watched && page ? 1 : 0;
      const size_t of_day = i % kDayRows;
      if (dice.Uniform(0, 1) < 0.1 || (i / kDayRows % 7 == 3 && of_day >= 100 && of_day < 136)) {
        continue;
      }
      const bool lossy_page = detector.Update(lossy, RowTime(i), values[i]).opened;
      lossy_pages += watched && lossy_page ? 1 : 0;
    }
    EXPECT_LE(lossy_pages, pages + 1) << kind;
  }
}

TEST(SeriesModelTest, OtherBytesAreRefused) {
  SeriesModel model;
  const std::string bytes = SerializeModel(model);
  EXPECT_EQ(bytes.size(), sizeof(SeriesModel) + 8);
  EXPECT_TRUE(ParseModel(bytes, model).ok());
  EXPECT_EQ(ParseModel("", model).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ParseModel(bytes.substr(0, 100), model).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ParseModel(bytes + "x", model).code(), absl::StatusCode::kDataLoss);
  std::string other = bytes;
  other[0] = 99;
  EXPECT_EQ(ParseModel(other, model).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tocsin::anomaly
