// What a replay of an anomaly monitor over recorded samples says, against what the same monitor did
// live.

#include "engine/anomaly_tuning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/random.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "rules/alert_step.h"
#include "rules/rule_file.h"
#include "storage/codec.h"
#include "tests/support/world.h"

namespace tocsin::engine {
namespace {

using rules::Level;
using ::testing::IsEmpty;
using ::testing::Not;

const Timestamp kStart = Timestamp::FromMillis(1'700'000'100'000);
constexpr absl::Duration kStep = absl::Minutes(5);
constexpr absl::Duration kDay = absl::Hours(24);

Labels Shop(const std::string& name) {
  return Labels{{"__name__", "orders"}, {"shop", name}};
}

rules::Monitor MonitorOf(const std::string& yaml) {
  rules::LoadResult loaded = rules::LoadRules({{"rules.yaml", yaml}});
  TOCSIN_CHECK(loaded.ok() && loaded.rules.monitors.size() == 1);
  return loaded.rules.monitors.front();
}

std::string PageText(const Labels& labels, Timestamp since, std::optional<Timestamp> until,
                     Level level, const std::string& reason) {
  return absl::StrCat(labels.ToString(), " ", FormatTimestamp(since), " to ",
                      until ? FormatTimestamp(*until) : "now", " ", rules::LevelName(level), ": ",
                      reason);
}

// The pages that transitions in the store's history tell of, in the order they opened in.
std::vector<std::string> PagesOfHistory(const storage::Store& store) {
  std::multimap<int64_t, state::v1::HistoryRecord> records;
  const auto visit = [&](absl::string_view, absl::string_view value) {
    state::v1::HistoryRecord record;
    TOCSIN_CHECK(storage::DecodeMessage(value, record).ok());
    records.emplace(record.evaluated_ms(), record);
    return true;
  };
  TOCSIN_CHECK(store.Scan(storage::Family::kHistory, "", "", visit).ok());
  std::vector<ReplayedPage> pages;
  std::map<std::string, size_t> open;
  for (const auto& [ms, record] : records) {
    const auto transition = static_cast<rules::Transition>(record.transition());
    const auto level = static_cast<Level>(record.level());
    if (transition == rules::Transition::kFired) {
      open[record.labels()] = pages.size();
      pages.push_back({*Labels::FromCanonical(record.labels()), Timestamp::FromMillis(ms),
                       std::nullopt, level, record.condition()});
    } else if (transition == rules::Transition::kRaised) {
      ReplayedPage& page = pages[open.at(record.labels())];
      if (level > page.level) page.reason = record.condition();
      page.level = std::max(page.level, level);
    } else if (transition == rules::Transition::kResolved) {
      pages[open.at(record.labels())].until = Timestamp::FromMillis(ms);
    }
  }
  std::vector<std::string> texts;
  for (const ReplayedPage& page : pages) {
    texts.push_back(PageText(page.labels, page.since, page.until, page.level, page.reason));
  }
  return texts;
}

std::vector<std::string> PagesOf(const SensitivityOutcome& outcome) {
  std::vector<std::string> texts;
  for (const ReplayedPage& page : outcome.pages) {
    texts.push_back(PageText(page.labels, page.since, page.until, page.level, page.reason));
  }
  return texts;
}

// Shops whose orders follow the day, with faults; one shop comes later, one goes for a while.
class AnomalyTuningTest : public ::testing::Test {
 protected:
  // Samples from `from` to `to` after the start.
  void Send(const std::string& shop, absl::Duration from, absl::Duration to, double factor = 1) {
    for (Timestamp at = kStart + from; at < kStart + to; at = at + kStep) {
      const double day = static_cast<double>(at.millis()) / 86'400'000;
      const double usual = 1000 + 400 * std::sin(2 * M_PI * day);
      world_.Schedule(at, Shop(shop),
                      factor * usual + 20 * (noise_.Uniform() + noise_.Uniform() - 1));
    }
  }
  void SendAll() {
    Send("north", absl::ZeroDuration(), 4 * kDay);
    Send("north", 4 * kDay, 4 * kDay + absl::Hours(2), 0.1);
    Send("north", 4 * kDay + absl::Hours(2), 8 * kDay);
    Send("east", kDay, 5 * kDay);
    Send("east", 5 * kDay, 5 * kDay + absl::Minutes(40), 1.15);
    Send("east", 5 * kDay + absl::Minutes(40), 7 * kDay);
    Send("east", 7 * kDay, 8 * kDay, 2);
    Send("west", absl::ZeroDuration(), 3 * kDay);
    Send("west", 3 * kDay + absl::Hours(3), 8 * kDay);
  }
  void RunUntil(absl::Duration span) { world_.RunUntil(kStart + span); }
  absl::StatusOr<TuningReport> TryTune(const std::string& rules,
                                       std::vector<double> sensitivities) {
    const RecordedPast past{world_.engine().log(),
                            world_.engine().registry(),
                            {absl::Hours(1), absl::Minutes(10)},
                            QueryOptions()};
    TuningOptions options;
    options.sensitivities = std::move(sensitivities);
    return TuneAnomaly(MonitorOf(rules), past, options);
  }
  TuningReport Tune(const std::string& rules, std::vector<double> sensitivities) {
    auto report = TryTune(rules, std::move(sensitivities));
    TOCSIN_CHECK(report.ok()) << report.status();
    return *std::move(report);
  }
  // Eight days with these rules, then the same as a replay.
  void ExpectReplayIsLive(const std::string& rules, double own, size_t pages_min) {
    ASSERT_TRUE(world_.SetRules(rules).ok());
    SendAll();
    RunUntil(8 * kDay);
    const std::vector<std::string> live = PagesOfHistory(world_.store());
    EXPECT_GE(live.size(), pages_min);
    EXPECT_EQ(PagesOf(Tune(rules, {0.25, own, 4}).outcomes[1]), live);
  }

  testing::World world_{kStart};
  SeededRandom noise_{7};
};

// Without a week, of which the first weekend would be judged more carefully.
constexpr char kRules[] = R"(
monitors:
- name: orders-unusual
  query: orders
  anomaly: {interval: 5m, seasonality: daily, sensitivity: 1.2, severity: {warning: 1, critical: 3}}
  labels: {team: "{{ $labels.shop }}-team"}
)";

TEST_F(AnomalyTuningTest, TheRulesOwnSensitivityDoesWhatWasPagedLive) {
  ExpectReplayIsLive(kRules, 1.2, 3);
}

TEST_F(AnomalyTuningTest, SoItDoesWithClocksAndMissingData) {
  ExpectReplayIsLive(R"(
monitors:
- name: orders-unusual
  query: orders
  anomaly: {interval: 5m, preset: notice}
  for: 10m
  keep_firing_for: 20m
  no_data: {after: 30m, as: warning}
)",
                     1, 4);
}

TEST_F(AnomalyTuningTest, SoItDoesWithWindowsOfAnAggregation) {
  ExpectReplayIsLive(R"(
monitors:
- name: orders-unusual
  query: sum by (shop) (avg_over_time(orders[15m]))
  anomaly: {interval: 5m, trigger: 15m, recovery: 30m}
)",
                     1, 2);
}

TEST_F(AnomalyTuningTest, RecordsThatBecameBlocksSayTheSame) {
  SendAll();
  RunUntil(8 * kDay);
  const TuningReport records = Tune(kRules, {1.2});
  for (const int days : {2, 5, 6}) {
    ASSERT_TRUE(*world_.engine().log().CloseBlock(kStart + days * kDay));
  }
  const TuningReport blocks = Tune(kRules, {1.2});
  EXPECT_THAT(PagesOf(records.outcomes[0]), Not(IsEmpty()));
  EXPECT_EQ(PagesOf(blocks.outcomes[0]), PagesOf(records.outcomes[0]));
  EXPECT_EQ(blocks.judged_time, records.judged_time);
}

TEST_F(AnomalyTuningTest, WhatComesLaterChangesNothing) {
  SendAll();
  RunUntil(6 * kDay);
  const std::vector<std::string> before = PagesOf(Tune(kRules, {1, 2}).outcomes[1]);
  RunUntil(8 * kDay);
  std::vector<std::string> after = PagesOf(Tune(kRules, {1, 2}).outcomes[1]);
  ASSERT_GE(before.size(), 2u);
  ASSERT_GT(after.size(), before.size());
  after.resize(before.size());
  EXPECT_EQ(after, before);
}

// East is off by 7 times what is usual, north by 40 times.
TEST_F(AnomalyTuningTest, ASmallFaultTakesMoreSensitivity) {
  SendAll();
  RunUntil(8 * kDay);
  const TuningReport report = Tune(kRules, {0.01, 0.05, 1.2, 4});
  EXPECT_THAT(report.outcomes[0].pages, IsEmpty());
  const auto small = [](const SensitivityOutcome& outcome) {
    return std::count_if(outcome.pages.begin(), outcome.pages.end(), [](const ReplayedPage& page) {
      return page.labels.Get("shop") == "east" && page.since < kStart + 6 * kDay;
    });
  };
  EXPECT_EQ(small(report.outcomes[1]), 0);
  EXPECT_EQ(small(report.outcomes[2]), 1);
  EXPECT_GE(small(report.outcomes[3]), 1);
}

TEST_F(AnomalyTuningTest, CountsSeriesAndTheirTimes) {
  SendAll();
  RunUntil(8 * kDay);
  const TuningReport report = Tune(kRules, {1.2});
  EXPECT_EQ(report.span.oldest, kStart);
  EXPECT_EQ(report.span.newest, kStart + 8 * kDay - kStep);
  EXPECT_EQ(report.series, 3u);
  EXPECT_EQ(report.series_judged, 3u);
  EXPECT_EQ(report.evaluations, 8u * 288 - 1);
  // Each series learns for two days; three hours are missing.
  const absl::Duration all = (8 + 7 + 8) * kDay - absl::Hours(3);
  EXPECT_NEAR(absl::ToDoubleHours(report.series_time), absl::ToDoubleHours(all), 1);
  EXPECT_NEAR(absl::ToDoubleHours(report.judged_time), absl::ToDoubleHours(all - 6 * kDay), 1);
  const SensitivityOutcome& outcome = report.outcomes[0];
  EXPECT_EQ(outcome.series_paged, 2u);
  EXPECT_EQ(outcome.PagesOf(Level::kWarning) + outcome.PagesOf(Level::kCritical),
            outcome.pages.size());
  absl::Duration open;
  for (const ReplayedPage& page : outcome.pages) {
    open += page.until.value_or(report.span.newest + kStep) - page.since;
  }
  EXPECT_EQ(outcome.alarm_time, open);
  EXPECT_DOUBLE_EQ(*report.AlarmShare(outcome), absl::FDivDuration(open, report.judged_time));
  EXPECT_NEAR(
      *report.PagesAWeekAndSeries(outcome),
      static_cast<double>(outcome.pages.size()) * 7 * 24 / absl::ToDoubleHours(report.judged_time),
      1e-9);
}

TEST_F(AnomalyTuningTest, InItsFirstTwoDaysASeriesPagesNobody) {
  Send("north", absl::ZeroDuration(), kDay);
  Send("north", kDay, kDay + absl::Hours(3), 0.1);
  RunUntil(2 * kDay);
  const TuningReport report = Tune(kRules, {1, 100});
  EXPECT_EQ(report.series, 1u);
  EXPECT_EQ(report.series_judged, 0u);
  EXPECT_GT(report.series_time, kDay);
  EXPECT_EQ(report.judged_time, absl::ZeroDuration());
  EXPECT_THAT(report.outcomes[1].pages, IsEmpty());
  EXPECT_EQ(report.PagesAWeekAndSeries(report.outcomes[1]), std::nullopt);
  EXPECT_EQ(report.AlarmShare(report.outcomes[1]), std::nullopt);
}

TEST_F(AnomalyTuningTest, RefusesWhatCannotBeReplayed) {
  EXPECT_EQ(TryTune(kRules, {1}).status(), absl::NotFoundError("nothing is recorded"));
  Send("north", absl::ZeroDuration(), absl::Hours(1));
  RunUntil(absl::Hours(2));
  EXPECT_TRUE(absl::IsInvalidArgument(TryTune(kRules, {1, 0}).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(TryTune(kRules, {std::numeric_limits<double>::infinity()}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(TryTune(kRules, {}).status()));
  EXPECT_TRUE(TryTune(kRules, {1}).ok());
}

}  // namespace
}  // namespace tocsin::engine
