// Anomaly monitors in the engine: what they learn, keep, tell and write.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/random.h"
#include "engine/adhoc_query.h"
#include "rules/promql/parser.h"
#include "storage/codec.h"
#include "tests/support/world.h"

namespace tocsin::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const Timestamp kStart = Timestamp::FromMillis(1'700'000'100'000);
const Labels kOrders{{"__name__", "orders"}, {"shop", "north"}};
const Labels kAlert{{"alertname", "orders-unusual"}, {"shop", "north"}};

std::string Rules(const std::string& anomaly = "", const std::string& query = "orders") {
  return absl::StrCat("monitors:\n- name: orders-unusual\n  query: ", query,
                      "\n  anomaly: {interval: 5m", anomaly.empty() ? "" : ", ", anomaly, "}\n");
}

// A day's course with noise, a sample every five minutes.
class AnomalyMonitorTest : public ::testing::Test {
 protected:
  double ValueAt(Timestamp t) {
    const double day = static_cast<double>(t.millis()) / 86'400'000;
    return 1000 + 400 * std::sin(2 * M_PI * day) + 20 * (noise_.Uniform() + noise_.Uniform() - 1);
  }
  // Samples from where the last ones ended.
  void Send(absl::Duration span, double factor = 1) {
    const Timestamp end = sent_to_ + span;
    for (; sent_to_ < end; sent_to_ = sent_to_ + absl::Minutes(5)) {
      world_.Schedule(sent_to_, kOrders, factor * ValueAt(sent_to_));
    }
  }
  // Ends a minute before the next sample.
  void Pass(absl::Duration span, double factor = 1) {
    Send(span, factor);
    world_.RunUntil(sent_to_ - absl::Minutes(1));
  }
  const AnomalyModels& Models() { return *world_.shard().monitors().at(0).rule->models; }
  const AnomalyRow& Row() {
    const AnomalyRow* row = Models().Find(kOrders);
    TOCSIN_CHECK(row != nullptr);
    return *row;
  }
  bool PageIsOpen() {
    const auto page = world_.PageOf(kAlert);
    return page && page->open();
  }
  double Query(const std::string& text) {
    const auto parsed = promql::ParseExpr(text);
    TOCSIN_CHECK(!parsed.error);
    const auto result = world_.Query(*parsed.expr);
    TOCSIN_CHECK(result.ok()) << result.status();
    return result->rows.size() == 1 ? result->rows[0].second : std::nan("");
  }

  testing::World world_{kStart};
  SeededRandom noise_{7};
  Timestamp sent_to_ = kStart;
};

TEST_F(AnomalyMonitorTest, ADropPagesOnceAndClosesWhenItIsOver) {
  ASSERT_TRUE(world_.SetRules(Rules()).ok());
  Pass(absl::Hours(4 * 24));
  EXPECT_EQ(world_.outbox().Aliases().size(), 0u);
  Pass(absl::Hours(1), 0.1);
  const auto page = world_.PageOf(kAlert);
  ASSERT_TRUE(page.has_value() && page->open());
  EXPECT_THAT(page->condition(), HasSubstr("below the expected"));
  EXPECT_LT(page->value(), 200) << "the metric's value, not a score";
  EXPECT_EQ(world_.AlertStateOf(kAlert), page->severity());
  const uint64_t episode = page->episode();
  Pass(absl::Hours(4));
  EXPECT_FALSE(PageIsOpen());
  Pass(absl::Hours(24));
  EXPECT_FALSE(PageIsOpen());
  EXPECT_TRUE(!world_.PageOf(kAlert) || world_.PageOf(kAlert)->episode() == episode);
}

TEST_F(AnomalyMonitorTest, WhatIsRecordedIsLearnedInOneGo) {
  Pass(absl::Hours(4 * 24));
  ASSERT_TRUE(world_.SetRules(Rules()).ok());
  Pass(absl::Minutes(10));
  EXPECT_GT(Row().model.points, 1100u);
  EXPECT_TRUE(Row().verdict.judged);
  Pass(absl::Minutes(30), 0.1);
  EXPECT_TRUE(PageIsOpen());
}

// As when somebody imports the past.
TEST_F(AnomalyMonitorTest, WhatIsRecordedIsLearnedAlsoIfItCameLate) {
  testing::World world(kStart + absl::Minutes(55));
  for (int i = 0; i < 10; ++i) {
    const Timestamp at = kStart + i * absl::Minutes(5);
    world.Schedule(at, kOrders, ValueAt(at));
  }
  world.RunUntil(kStart + absl::Minutes(56));
  ASSERT_TRUE(world.SetRules(Rules()).ok());
  world.RunUntil(kStart + absl::Minutes(57));
  const AnomalyRow* row = world.shard().monitors().at(0).rule->models->Find(kOrders);
  ASSERT_NE(row, nullptr);
  EXPECT_NEAR(static_cast<double>(row->model.points), 10, 1);
}

// The log is read in spans of two hours: the first row of one is not that of the next, nor of what
// runs after them.
TEST_F(AnomalyMonitorTest, EachSeriesLearnsOfItsOwnPast) {
  const Labels south{{"__name__", "orders"}, {"shop", "south"}};
  Pass(absl::Minutes(110));
  sent_to_ = kStart + absl::Minutes(185);
  for (int i = 0; i < 60; ++i) world_.Schedule(sent_to_ + i * absl::Minutes(5), south, 3);
  world_.RunUntil(sent_to_ + absl::Hours(6));
  ASSERT_TRUE(world_.SetRules(Rules()).ok());
  ASSERT_NE(Models().Find(south), nullptr);
  EXPECT_NEAR(static_cast<double>(Row().model.points), 22, 2);
  EXPECT_NEAR(static_cast<double>(Models().Find(south)->model.points), 60, 2);
  sent_to_ = world_.now() + absl::Minutes(1);
  Pass(absl::Hours(1));
  EXPECT_NEAR(static_cast<double>(Row().model.points), 34, 2);
  EXPECT_NEAR(static_cast<double>(Models().Find(south)->model.points), 60, 2);
}

TEST_F(AnomalyMonitorTest, WithoutAPastItLearnsAndPagesNobody) {
  ASSERT_TRUE(world_.SetRules(Rules()).ok());
  Pass(absl::Hours(6));
  Pass(absl::Hours(2), 0.1);
  EXPECT_FALSE(Row().verdict.judged);
  EXPECT_FALSE(world_.PageOf(kAlert).has_value());
}

TEST_F(AnomalyMonitorTest, ARestartAnywhereChangesNoBit) {
  std::vector<anomaly::SeriesModel> models;
  std::vector<std::string> pages;
  for (const bool restarts : {false, true}) {
    testing::World world(kStart);
    SeededRandom noise(3);
    ASSERT_TRUE(world.SetRules(Rules()).ok());
    for (int i = 0; i < 4 * 288; ++i) {
      const Timestamp at = kStart + i * absl::Minutes(5);
      const bool fault = i >= 1000 && i < 1030;
      world.Schedule(at, kOrders, (fault ? 0.2 : 1) * (500 + 30 * noise.Uniform()));
      world.RunUntil(at + absl::Seconds(100));
      if (restarts && i % 97 == 50) world.Restart();
    }
    const AnomalyRow* row = world.shard().monitors().at(0).rule->models->Find(kOrders);
    ASSERT_NE(row, nullptr);
    models.push_back(row->model);
    const auto page = world.PageOf(kAlert);
    pages.push_back(page ? absl::StrCat(page->open(), page->condition(), page->changed_ms()) : "");
  }
  EXPECT_GT(models[0].points, 1100u);
  EXPECT_EQ(std::memcmp(&models[0], &models[1], sizeof(models[0])), 0);
  EXPECT_EQ(pages[0], pages[1]);
}

TEST_F(AnomalyMonitorTest, ModelsAreOnDiskUpToSomeEvaluations) {
  ASSERT_TRUE(world_.SetRules(Rules()).ok());
  Pass(absl::Hours(2));
  std::vector<state::v1::ModelRecord> records;
  ASSERT_TRUE(world_.store()
                  .Scan(storage::Family::kModels, "", "",
                        [&](absl::string_view, absl::string_view value) {
                          EXPECT_TRUE(storage::DecodeMessage(value, records.emplace_back()).ok());
                          return true;
                        })
                  .ok());
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].rule(), "monitor/orders-unusual");
  EXPECT_GT(Timestamp::FromMillis(records[0].seen_ms()), world_.now() - absl::Minutes(55));
  anomaly::SeriesModel model;
  ASSERT_TRUE(anomaly::ParseModel(records[0].model(), model).ok());
  EXPECT_GT(model.points, 10u);
  ASSERT_TRUE(world_.SetRules("").ok());
  world_.RunUntil(world_.now() + absl::Seconds(2));
  std::string left;
  ASSERT_TRUE(world_.store()
                  .Scan(storage::Family::kModels, "", "",
                        [&](absl::string_view key, absl::string_view) {
                          left = std::string(key);
                          return true;
                        })
                  .ok());
  EXPECT_EQ(left, "") << "they go with their monitor";
}

TEST_F(AnomalyMonitorTest, WhatHappenedWhileNobodyWasThereIsLearned) {
  ASSERT_TRUE(world_.SetRules(Rules()).ok());
  Pass(absl::Hours(4 * 24));
  const uint64_t before = Row().model.points;
  world_.Restart(absl::Minutes(30));
  EXPECT_EQ(Row().model.points, before);
  sent_to_ = sent_to_ + absl::Minutes(30);
  Pass(absl::Hours(1));
  EXPECT_FALSE(PageIsOpen()) << "a gap is no anomaly";
}

TEST_F(AnomalyMonitorTest, ItExplainsItselfAsSeries) {
  ASSERT_TRUE(world_.SetRules(Rules()).ok());
  Pass(absl::Hours(4 * 24));
  EXPECT_EQ(world_.shard().monitors().at(0).rule->health.error, "");
  const std::string by = R"({monitor="orders-unusual",shop="north"})";
  EXPECT_LT(Query("tocsin:score" + by), 1);
  const double expected = Query("tocsin:expected" + by);
  EXPECT_GT(expected, Query("tocsin:lower" + by));
  EXPECT_LT(expected, Query("tocsin:upper" + by));
  EXPECT_NEAR(expected, Row().verdict.expected, 1e-9);
  Pass(absl::Minutes(10), 0.1);
  EXPECT_GE(Query("max_over_time(tocsin:score" + by + "[15m])"), 1);
}

TEST_F(AnomalyMonitorTest, AReloadKeepsWhatWasLearnedOfTheSameQuery) {
  ASSERT_TRUE(world_.SetRules(Rules()).ok());
  Pass(absl::Hours(24));
  const uint64_t points = Row().model.points;
  ASSERT_TRUE(world_.SetRules(Rules("sensitivity: 2")).ok());
  Pass(absl::Minutes(5));
  EXPECT_GT(Row().model.points, points);
  EXPECT_LT(Row().model.points, points + 5);
  ASSERT_TRUE(world_.SetRules(Rules("", "'orders * 2'")).ok());
  Pass(absl::Minutes(5));
  const Labels row{{"shop", "north"}};
  ASSERT_NE(Models().Find(row), nullptr);
  EXPECT_GT(Models().Find(row)->model.points, points) << "learned from what is recorded";
  EXPECT_EQ(Models().Find(kOrders), nullptr);
  world_.Restart();
  EXPECT_EQ(Models().size(), 1u);
}

TEST_F(AnomalyMonitorTest, HowBadItIsSaysTheLargestScore) {
  ASSERT_TRUE(world_.SetRules(Rules("severity: {critical: 1000000}")).ok());
  Pass(absl::Hours(4 * 24));
  Pass(absl::Hours(1), 0.1);
  EXPECT_FALSE(world_.PageOf(kAlert).has_value()) << "never so bad";
  ASSERT_TRUE(world_.SetRules(Rules("severity: warning")).ok());
  Pass(absl::Minutes(10), 0.1);
  ASSERT_TRUE(PageIsOpen());
  EXPECT_EQ(world_.PageOf(kAlert)->severity(), "warning");
}

TEST_F(AnomalyMonitorTest, TriggerAndRecoveryWindowsStandInForIncidents) {
  ASSERT_TRUE(world_.SetRules(Rules("trigger: 30m, recovery: 1h")).ok());
  Pass(absl::Hours(4 * 24));
  Pass(absl::Minutes(25), 0.1);
  EXPECT_FALSE(PageIsOpen());
  Pass(absl::Minutes(25), 0.1);
  EXPECT_TRUE(PageIsOpen());
  Pass(absl::Minutes(100));
  EXPECT_TRUE(PageIsOpen());
  Pass(absl::Hours(2));
  EXPECT_FALSE(PageIsOpen());
}

TEST_F(AnomalyMonitorTest, WhatTheCalendarSaysIsNotJudged) {
  // Four days after the start is 18 November 2023.
  ASSERT_TRUE(
      world_.SetRules(Rules("calendar: [{from: 2023-11-18 22:00, to: 2023-11-19, as: ignore}]"))
          .ok());
  Pass(absl::Hours(4 * 24) + absl::Minutes(10));
  const uint64_t points = Row().model.points;
  Pass(absl::Hours(20), 0.1);
  EXPECT_EQ(Row().model.points, points);
  EXPECT_FALSE(world_.PageOf(kAlert).has_value());
}

class AnomalyFeedbackTest : public AnomalyMonitorTest {
 protected:
  // A page is open.
  void Start() {
    ASSERT_TRUE(world_.SetRules(Rules()).ok());
    Pass(absl::Hours(4 * 24));
    Pass(absl::Hours(1), 0.1);
    ASSERT_TRUE(PageIsOpen());
    alias_ = world_.PageOf(kAlert)->alias();
  }
  absl::Status Say(Feedback feedback) {
    return world_.shard().TakeFeedback(alias_, feedback).status();
  }
  std::string alias_;
};

TEST_F(AnomalyFeedbackTest, AFalsePageEndsAndNeedsMoreNextTime) {
  Start();
  EXPECT_EQ(*world_.shard().TakeFeedback(alias_, Feedback::kFalse), "orders-unusual");
  EXPECT_EQ(Row().tolerance, 1.25);
  Pass(absl::Minutes(5), 0.1);
  EXPECT_FALSE(PageIsOpen());
  EXPECT_TRUE(absl::IsFailedPrecondition(Say(Feedback::kFalse))) << "messages repeat";
  EXPECT_EQ(Row().tolerance, 1.25);
  Pass(absl::Hours(1));
  world_.Restart();
  EXPECT_EQ(Row().tolerance, 1.25);
  EXPECT_TRUE(absl::IsFailedPrecondition(Say(Feedback::kFalse)));
}

TEST_F(AnomalyFeedbackTest, WhatWasExpectedEnds) {
  Start();
  ASSERT_TRUE(Say(Feedback::kExpected).ok());
  EXPECT_EQ(Row().tolerance, 1);
  Pass(absl::Minutes(5));
  EXPECT_FALSE(PageIsOpen());
  EXPECT_TRUE(absl::IsFailedPrecondition(Say(Feedback::kExpected))) << "nothing is open";
  EXPECT_TRUE(absl::IsFailedPrecondition(Say(Feedback::kNewNormal)));
}

TEST_F(AnomalyFeedbackTest, ANewNormalIsWhatIsExpected) {
  Start();
  Pass(absl::Hours(1), 0.1);
  const double before = Row().verdict.expected;
  ASSERT_TRUE(Say(Feedback::kNewNormal).ok());
  Pass(absl::Minutes(10), 0.1);
  EXPECT_FALSE(PageIsOpen());
  EXPECT_LT(Row().verdict.expected, before / 2);
  Pass(absl::Hours(12), 0.1);
  EXPECT_FALSE(PageIsOpen());
}

TEST_F(AnomalyFeedbackTest, ItCanBeTakenBack) {
  Start();
  const anomaly::SeriesModel before = Row().model;
  EXPECT_TRUE(absl::IsFailedPrecondition(Say(Feedback::kUndo)));
  ASSERT_TRUE(Say(Feedback::kFalse).ok());
  ASSERT_TRUE(Say(Feedback::kUndo).ok());
  EXPECT_EQ(std::memcmp(&before, &Row().model, sizeof(before)), 0);
  EXPECT_EQ(Row().tolerance, 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(Say(Feedback::kUndo))) << "once";
  EXPECT_TRUE(Say(Feedback::kFalse).ok()) << "and said again";
}

TEST_F(AnomalyFeedbackTest, APageThatIsOverCanBeAnsweredTheNextMorning) {
  Start();
  Pass(absl::Hours(12));
  ASSERT_FALSE(PageIsOpen());
  world_.Restart();
  EXPECT_TRUE(absl::IsFailedPrecondition(Say(Feedback::kExpected)));
  EXPECT_TRUE(Say(Feedback::kFalse).ok());
  EXPECT_EQ(Row().tolerance, 1.25);
}

TEST_F(AnomalyFeedbackTest, AnotherAliasIsNoPageOfOurs) {
  Start();
  alias_ = "orders-unusual-0";
  EXPECT_TRUE(absl::IsNotFound(Say(Feedback::kFalse)));
}

// Half as much on Sundays. Thursday 7 December 2023, 22 days after the start, is a holiday.
TEST_F(AnomalyMonitorTest, AHolidayMayBeAsSundaysAre) {
  for (const bool known : {false, true}) {
    SCOPED_TRACE(known);
    testing::World world(kStart);
    SeededRandom noise(5);
    ASSERT_TRUE(
        world.SetRules(Rules(known ? "calendar: [{from: 2023-12-07, as: sunday}]" : "")).ok());
    const auto run = [&](int from_hour, int to_hour) {
      for (int i = 12 * from_hour; i < 12 * to_hour; ++i) {
        const Timestamp at = kStart + i * absl::Minutes(5);
        const absl::CivilDay day(
            absl::ToCivilDay(absl::FromUnixMillis(at.millis()), absl::UTCTimeZone()));
        const bool rests =
            absl::GetWeekday(day) == absl::Weekday::sunday || day == absl::CivilDay(2023, 12, 7);
        world.Schedule(at, kOrders, (rests ? 500 : 1000) + 20 * noise.Uniform());
        world.RunUntil(at + absl::Minutes(4));
      }
    };
    run(0, 22 * 24);
    const auto episodes = [&] {
      const auto page = world.PageOf(kAlert);
      return page ? page->episode() : 0;
    };
    const uint64_t before = episodes();
    run(22 * 24, 25 * 24);
    EXPECT_EQ(episodes() == before, known);
  }
}

TEST_F(AnomalyMonitorTest, MissingDataIsAConditionOfItsOwn) {
  ASSERT_TRUE(
      world_.SetRules(absl::StrCat(Rules(), "  no_data: {after: 20m, as: critical}\n")).ok());
  Pass(absl::Hours(24));
  world_.RunUntil(world_.now() + absl::Minutes(30));
  ASSERT_TRUE(PageIsOpen());
  EXPECT_EQ(world_.PageOf(kAlert)->condition(), "no data for 20m");
}

TEST_F(AnomalyMonitorTest, AValueThatNoNewSampleStandsBehindIsNoPoint) {
  ASSERT_TRUE(world_
                  .SetRules("monitors:\n- name: orders-unusual\n  query: orders\n"
                            "  anomaly: {interval: 30s}\n")
                  .ok());
  Pass(absl::Hours(2));
  EXPECT_NEAR(static_cast<double>(Row().model.points), 24, 1);
}

}  // namespace
}  // namespace tocsin::engine
