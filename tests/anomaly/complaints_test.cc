// What people complain about in other detectors, as what must not happen here.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "engine/anomaly/detector.h"
#include "tests/anomaly/made_series.h"

namespace tocsin::anomaly {
namespace {

using ::testing::HasSubstr;

constexpr size_t kFrom = 3 * kWeekRows + 100;  // faults begin there

// A day's curve with noise of 4, by default in UTC.
double Daily(Dice& dice, int64_t local_second) {
  const double day = static_cast<double>(local_second % 86400) / 86400;
  return 200 + 60 * std::sin(6.2832 * day) + 4 * dice.Normal();
}

struct Watched {
  std::vector<Verdict> verdicts;

  int Pages(size_t begin) const {
    int pages = 0;
    for (size_t i = begin; i < verdicts.size(); ++i) pages += verdicts[i].opened ? 1 : 0;
    return pages;
  }
  double AlarmShare(size_t begin, size_t end) const {
    double alarms = 0;
    for (size_t i = begin; i < end; ++i) alarms += verdicts[i].state == State::kAlarm ? 1 : 0;
    return alarms / static_cast<double>(end - begin);
  }
};

// A daily series, with `fault(row)` added to each row.
Watched Watch(size_t rows, const std::function<double(size_t)>& fault, uint64_t seed = 1) {
  const Detector detector({});
  Dice dice(seed);
  SeriesModel model;
  Watched watched;
  for (size_t i = 0; i < rows; ++i) {
    const double value = Daily(dice, static_cast<int64_t>(i) * kStep) + fault(i);
    watched.verdicts.push_back(detector.Update(model, RowTime(i), value));
  }
  return watched;
}

bool Within(size_t i, size_t begin, size_t rows) {
  return i >= begin && i < begin + rows;
}

// 1. Repeat pages after a level shift: one page for a new level that stays.
TEST(ComplaintsTest, ANewLevelPagesOnce) {
  for (double shift : {40.0, 100.0, -60.0}) {
    const Watched watched =
        Watch(kFrom + 3 * kWeekRows, [=](size_t i) { return i >= kFrom ? shift : 0; });
    EXPECT_EQ(watched.Pages(kFrom), 1) << shift;
    EXPECT_EQ(watched.verdicts.back().state, State::kOk) << "accepted after a day";
    EXPECT_NEAR(watched.verdicts.back().expected, 200 + shift, 75);
  }
}

// 2. A page at recovery: none after an hour, six hours, a day, or three days.
TEST(ComplaintsTest, RecoveryDoesNotPage) {
  for (size_t rows : {12, 72, 288, 3 * 288}) {
    const Watched watched =
        Watch(kFrom + rows + kWeekRows, [=](size_t i) { return Within(i, kFrom, rows) ? 60 : 0; });
    EXPECT_EQ(watched.Pages(kFrom), 1) << rows;
    EXPECT_EQ(watched.verdicts.back().state, State::kOk) << rows;
  }
}

// 3. An ongoing fault is learned as normal: it is held open while it lasts, up to a day.
TEST(ComplaintsTest, AnOngoingFaultStaysOpen) {
  for (size_t rows : {36, 120, 240, 288}) {
    const Watched watched =
        Watch(kFrom + rows, [=](size_t i) { return Within(i, kFrom, rows) ? -50 : 0; });
    EXPECT_GE(watched.AlarmShare(kFrom, kFrom + rows), 0.9) << rows;
  }
}

// 4. Weekends: a weekly pattern is quiet from the third week on.
TEST(ComplaintsTest, WeekendsDoNotPage) {
  const Detector detector({});
  for (uint64_t seed = 0; seed < 4; ++seed) {
    Dice dice(seed);
    SeriesModel model;
    int pages = 0;
    for (size_t i = 0; i < 10 * kWeekRows; ++i) {
      const bool weekend = i / kDayRows % 7 >= 5;
      const double value = Daily(dice, static_cast<int64_t>(i) * kStep) * (weekend ? 0.4 : 1);
      const bool opened = detector.Update(model, RowTime(i), value).opened;
      pages += i >= 3 * kWeekRows && opened ? 1 : 0;
    }
    EXPECT_EQ(pages, 0) << seed;
  }
}

// The first weekend is quiet too, unless the series is told to have no weeks; an outage on it
// pages.
TEST(ComplaintsTest, TheFirstWeekendDoesNotPage) {
  const auto pages = [](Seasonality seasonality, bool outage) {
    DetectorOptions options;
    options.seasonality = seasonality;
    const Detector detector(options);
    Dice dice(3);
    SeriesModel model;
    int opened = 0;
    for (size_t i = 0; i < 7 * kDayRows; ++i) {
      const bool weekend = i >= 5 * kDayRows;
      double value = Daily(dice, static_cast<int64_t>(i) * kStep) * (weekend ? 0.85 : 1);
      if (outage && i >= 6 * kDayRows) value = -200;
      opened += detector.Update(model, RowTime(i), value).opened ? 1 : 0;
    }
    return opened;
  };
  EXPECT_EQ(pages(Seasonality::kAuto, false), 0);
  EXPECT_EQ(pages(Seasonality::kAuto, true), 1);
  EXPECT_EQ(pages(Seasonality::kDaily, false), 1);
}

// 5. Cold start: nothing pages in the first two days, whatever comes.
TEST(ComplaintsTest, NothingPagesBeforeTwoDays) {
  const Detector detector({});
  Dice dice(2);
  SeriesModel model;
  for (size_t i = 0; i < 2 * kDayRows; ++i) {
    const double value = dice.HeavyTailed() * (i % 50 == 0 ? 1000 : 1);
    const Verdict verdict = detector.Update(model, RowTime(i), value);
    ASSERT_EQ(verdict.state, State::kLearning) << i;
    ASSERT_FALSE(verdict.opened);
    ASSERT_EQ(verdict.score, 0);
  }
  EXPECT_NE(detector.Update(model, RowTime(2 * kDayRows), 0).state, State::kLearning);
}

// 6. Low counts: a count that is one more than ever before is no reason to page.
TEST(ComplaintsTest, SmallCountsDoNotPage) {
  const Detector detector({});
  int pages = 0;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    Dice dice(seed);
    SeriesModel model;
    for (size_t i = 0; i < 8 * kWeekRows; ++i) {
      int count = 0;
      for (double left = dice.Exponential(); left < 1.5; left += dice.Exponential()) ++count;
      const bool opened = detector.Update(model, RowTime(i), count).opened;
      pages += i >= 2 * kWeekRows && opened ? 1 : 0;
    }
  }
  EXPECT_LE(pages, 1) << "of 36 series-weeks";
}

// 7. Summer time: with the zone of the monitor the day of change is one like the others.
TEST(ComplaintsTest, SummerTimeDoesNotPage) {
  DetectorOptions options;
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Brussels", &options.time_zone));
  const Detector detector(options);
  int pages = 0;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    Dice dice(seed);
    SeriesModel model;
    // 12 February to 27 May 2024, over 31 March 01:00 UTC.
    for (size_t i = 0; i < 15 * kWeekRows; ++i) {
      const absl::Time time = absl::FromUnixMillis(RowTime(i));
      const int64_t local = RowTime(i) / 1000 + options.time_zone.At(time).offset;
      const bool busy = local % 86400 >= 8 * 3600 && local % 86400 < 18 * 3600;
      const double value = (busy ? 100 : 20) + 2 * dice.Normal();
      const bool opened = detector.Update(model, RowTime(i), value).opened;
      pages += i >= 2 * kWeekRows && opened ? 1 : 0;
    }
  }
  EXPECT_EQ(pages, 0);
}

// 8. Scale: a thousand times the values, a thousand times the band, the same pages.
TEST(ComplaintsTest, ScaleDoesNotMatter) {
  const Detector detector({});
  for (double factor : {1000.0, 0.001, 1e9, 1e-9}) {
    Dice dice(3);
    SeriesModel plain, scaled;
    for (size_t i = 0; i < kFrom + 300; ++i) {
      const double value = Daily(dice, static_cast<int64_t>(i) * kStep) + (i >= kFrom ? 60 : 0);
      const Verdict a = detector.Update(plain, RowTime(i), value);
      const Verdict b = detector.Update(scaled, RowTime(i), value * factor);
      ASSERT_EQ(a.opened, b.opened) << factor << " " << i;
      ASSERT_NEAR(a.upper * factor, b.upper, 2e-3 * factor * 200) << factor << " " << i;
    }
  }
}

// 9. Flapping: a fault that comes and goes every half hour for six hours is one page.
TEST(ComplaintsTest, AFlappingFaultPagesOnce) {
  for (size_t half : {2, 6, 12}) {
    const Watched watched = Watch(kFrom + kWeekRows, [=](size_t i) {
      return Within(i, kFrom, 72) && (i - kFrom) / half % 2 == 0 ? 80 : 0;
    });
    EXPECT_EQ(watched.Pages(kFrom), 1) << half;
  }
}

// A single point of fine data is no reason to page, however extreme; a minute of it is.
TEST(ComplaintsTest, ASinglePointOfFineDataDoesNotPage) {
  constexpr int kFine = 15;
  constexpr int64_t kRows = int64_t{21} * 86400 / kFine;
  const Detector detector({});
  for (const auto& [bad, pages_expected] : {std::pair(1, 0), std::pair(2, 0), std::pair(6, 1)}) {
    Dice dice(6);
    SeriesModel model;
    int pages = 0;
    for (int64_t i = 0; i < kRows + 100; ++i) {
      const bool fault = i >= kRows && i < kRows + bad;
      // Changes as large have been before, on the other side.
      const double value = 100 + 4 * dice.Normal() + (fault ? 150 : 0) - (i == kRows / 2 ? 300 : 0);
      const bool opened = detector.Update(model, (kMonday + i * kFine) * 1000, value).opened;
      pages += i >= kRows && opened ? 1 : 0;
    }
    EXPECT_EQ(pages, pages_expected) << bad << " points";
  }
}

// 10. No reason given: each page says what was seen, what was expected and since when not.
TEST(ComplaintsTest, EachPageGivesAReason) {
  const Watched watched = Watch(kFrom + 20, [=](size_t i) { return i >= kFrom ? 200 : 0; });
  ASSERT_EQ(watched.Pages(kFrom), 1);
  for (const Verdict& verdict : watched.verdicts) {
    if (!verdict.opened) continue;
    const std::string reason = Reason(verdict);
    EXPECT_THAT(reason, HasSubstr("is above the expected"));
    EXPECT_THAT(reason, HasSubstr("(band "));
    EXPECT_THAT(reason, HasSubstr("is the largest remembered of 7 days, the largest before was "));
  }
}

// A series that climbs and falls smoothly is mostly far from its level: a small step is its fault.
TEST(ComplaintsTest, AStepInASmoothSeriesPages) {
  const Detector detector({});
  Dice dice(4);
  SeriesModel model;
  std::string reason;
  double used = 40;
  for (size_t i = 0; i < kFrom + 6; ++i) {
    used = used > 80 ? 25 : used + 0.06 + 0.02 * dice.Normal();
    const double value = used + (i >= kFrom ? 6 : 0);
    const Verdict verdict = detector.Update(model, RowTime(i), value);
    if (verdict.opened && i >= kFrom) reason = Reason(verdict);
  }
  EXPECT_THAT(reason, HasSubstr("such a step has not been in 21 days"));
}

// One that is new, but small beside what the series does anyway, is none.
TEST(ComplaintsTest, ASmallStepInASmoothSeriesDoesNotPage) {
  const Detector detector({});
  Dice dice(4);
  SeriesModel model;
  double used = 40;
  for (size_t i = 0; i < kFrom + 50; ++i) {
    used = used > 80 ? 25 : used + 0.06 + 0.02 * dice.Normal();
    if (i == kFrom) used += 12 * 0.06;  // as if an hour was left out
    const bool opened = detector.Update(model, RowTime(i), used).opened;
    ASSERT_FALSE(opened && i >= kFrom) << i;
  }
}

TEST(ComplaintsTest, AStandstillGivesItsLength) {
  const Detector detector({});
  Dice dice(1);
  SeriesModel model;
  std::string reason;
  double value = 0;
  for (size_t i = 0; i < kFrom + 30; ++i) {
    if (i < kFrom) value = Daily(dice, static_cast<int64_t>(i) * kStep);
    const Verdict verdict = detector.Update(model, RowTime(i), value);
    if (verdict.opened && i >= kFrom) reason = Reason(verdict);
  }
  EXPECT_THAT(reason, HasSubstr("has not changed for 6 points, longer than in 21 days"));
}

}  // namespace
}  // namespace tocsin::anomaly
