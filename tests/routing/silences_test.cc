#include "integrations/routing/silences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "storage/memory_store.h"
#include "tests/support/faulty_store.h"

namespace tocsin::routing {
namespace {

using storage::FaultyStore;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Timestamp Second(int64_t second) {
  return Timestamp::FromMillis(1'800'000'000'000 + second * 1000);
}

Silence Of(const std::string& matchers, int64_t start, int64_t end) {
  return {.matchers = *delivery::ParseMatchers(matchers),
          .starts_at = Second(start),
          .ends_at = Second(end)};
}

class SilencesTest : public ::testing::Test {
 protected:
  SilencesTest() { Restart(); }

  // What a new process makes of what is on disk; with `crash` after the power was lost.
  void Restart(bool crash = false) {
    silences_.reset();
    metrics_ = std::make_unique<Metrics>();
    if (crash) store_.Crash();
    silences_ = std::make_unique<Silences>(store_, random_, limits_, *metrics_);
    const auto damaged = silences_->Recover();
    ASSERT_TRUE(damaged.ok()) << damaged.status();
    damaged_ = *damaged;
    silences_->SetListener([this] { ++changes_; });
  }

  std::string Add(const Silence& silence, int64_t now = 0) {
    const auto id = silences_->Set(silence, Second(now));
    EXPECT_TRUE(id.ok()) << id.status();
    return id.value_or("");
  }
  std::vector<std::string> By(const Labels& labels, int64_t now) {
    return silences_->SilencedBy(labels, Second(now));
  }
  SilenceState State(const std::string& id, int64_t now) {
    return StateOf(silences_->Find(id, Second(now)).value(), Second(now));
  }

  storage::MemoryStore memory_;
  FaultyStore store_{memory_};
  SeededRandom random_{7};
  Limits limits_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<Silences> silences_;
  size_t damaged_ = 0;
  std::atomic<int> changes_ = 0;  // the listener runs in the writers' threads
};

TEST_F(SilencesTest, HoldsWhileItIsActive) {
  const std::string id = Add(Of("team=a", 10, 20));
  EXPECT_EQ(id.size(), 36u);
  EXPECT_THAT(By({{"team", "a"}}, 9), IsEmpty());
  EXPECT_THAT(By({{"team", "a"}}, 10), ElementsAre(id));
  EXPECT_THAT(By({{"team", "b"}}, 10), IsEmpty());
  EXPECT_THAT(By({{"team", "a"}}, 20), IsEmpty());
  EXPECT_EQ(changes_, 1);
}

TEST_F(SilencesTest, ANewOneDoesNotStartInThePast) {
  const std::string id = Add(Of("team=a", -100, 20), 5);
  EXPECT_EQ(silences_->Find(id, Second(5))->starts_at, Second(5));
}

TEST_F(SilencesTest, WhatWasAnsweredSurvivesAPowerCut) {
  const std::string id = Add(Of("{team=a,job=~\"x.*\"}", 0, 20));
  const std::string gone = Add(Of("team=a", 0, 20));
  ASSERT_TRUE(silences_->Expire(gone, Second(1)).ok());
  Restart(/*crash=*/true);
  EXPECT_EQ(damaged_, 0u);
  EXPECT_THAT(By({{"team", "a"}, {"job", "xy"}}, 2), ElementsAre(id));
  EXPECT_EQ(State(gone, 2), SilenceState::kExpired);
}

TEST_F(SilencesTest, AFailedWriteChangesNothing) {
  const std::string id = Add(Of("team=a", 0, 20));
  store_.SetDiskFull(true);
  EXPECT_TRUE(absl::IsUnavailable(silences_->Set(Of("team=b", 0, 20), Second(1)).status()));
  EXPECT_TRUE(absl::IsUnavailable(silences_->Expire(id, Second(1))));
  EXPECT_THAT(By({{"team", "b"}}, 1), IsEmpty());
  EXPECT_THAT(By({{"team", "a"}}, 1), ElementsAre(id));
  EXPECT_EQ(changes_, 1);
  store_.SetDiskFull(false);
  EXPECT_TRUE(silences_->Expire(id, Second(2)).ok());
}

TEST_F(SilencesTest, AnUpdateKeepsTheIdWhereItMay) {
  const std::string id = Add(Of("team=a", 0, 20));
  Silence longer = Of("team=a", 0, 50);
  longer.id = id;
  EXPECT_EQ(Add(longer, 5), id);
  EXPECT_THAT(By({{"team", "a"}}, 40), ElementsAre(id));
  EXPECT_EQ(silences_->Find(id, Second(5))->updated_at, Second(5));
}

TEST_F(SilencesTest, OtherMatchersEndTheOldOneAndMakeAnother) {
  const std::string id = Add(Of("team=a", 0, 20));
  Silence other = Of("team=b", 0, 20);
  other.id = id;
  const std::string made = Add(other, 5);
  EXPECT_NE(made, id);
  EXPECT_THAT(By({{"team", "a"}}, 5), IsEmpty());
  EXPECT_THAT(By({{"team", "b"}}, 5), ElementsAre(made));
  EXPECT_EQ(silences_->Find(id, Second(5))->ends_at, Second(5));
  EXPECT_EQ(silences_->Find(made, Second(5))->starts_at, Second(5));
  Restart(/*crash=*/true);
  EXPECT_THAT(By({{"team", "a"}}, 5), IsEmpty());
  EXPECT_THAT(By({{"team", "b"}}, 5), ElementsAre(made));
}

TEST_F(SilencesTest, AnExpiredOneIsMadeAnewUnderAnotherId) {
  const std::string id = Add(Of("team=a", 0, 20));
  Silence again = Of("team=a", 0, 90);
  again.id = id;
  const std::string made = Add(again, 30);
  EXPECT_NE(made, id);
  EXPECT_EQ(silences_->Find(id, Second(30))->ends_at, Second(20)) << "history stays";
}

TEST_F(SilencesTest, ExpireEndsActiveAndPendingOnes) {
  const std::string active = Add(Of("team=a", 0, 20));
  const std::string pending = Add(Of("team=a", 10, 20));
  ASSERT_TRUE(silences_->Expire(active, Second(5)).ok());
  ASSERT_TRUE(silences_->Expire(pending, Second(5)).ok());
  EXPECT_THAT(By({{"team", "a"}}, 15), IsEmpty());
  EXPECT_EQ(State(active, 5), SilenceState::kExpired);
  EXPECT_EQ(State(pending, 5), SilenceState::kExpired);
  const int changes = changes_;
  EXPECT_TRUE(silences_->Expire(active, Second(6)).ok()) << "it is over already";
  EXPECT_EQ(silences_->Find(active, Second(6))->ends_at, Second(5));
  EXPECT_EQ(changes_, changes);
}

TEST_F(SilencesTest, UnknownIdsAreNotFound) {
  Silence silence = Of("team=a", 0, 20);
  silence.id = "11111111-2222-4333-8444-555555555555";
  EXPECT_TRUE(absl::IsNotFound(silences_->Set(silence, Second(0)).status()));
  EXPECT_TRUE(absl::IsNotFound(silences_->Expire(silence.id, Second(0))));
  EXPECT_EQ(silences_->Find(silence.id, Second(0)), std::nullopt);
}

TEST_F(SilencesTest, GoesWithTheFirstWriteAfterItsRetention) {
  const int64_t retention = absl::ToInt64Seconds(kSilenceRetention);
  const std::string id = Add(Of("team=a", 0, 20));
  EXPECT_NE(silences_->Find(id, Second(19 + retention)), std::nullopt);
  EXPECT_EQ(silences_->Find(id, Second(20 + retention)), std::nullopt);
  EXPECT_THAT(silences_->All(Second(20 + retention)), IsEmpty());
  EXPECT_NE(*store_.Get(storage::Family::kSilences, id), std::nullopt);
  Add(Of("team=b", retention, retention + 100), 20 + retention);
  EXPECT_EQ(*store_.Get(storage::Family::kSilences, id), std::nullopt);
}

TEST_F(SilencesTest, LimitsAreSaidInAlertmanagersWords) {
  limits_.silences_max = 2;
  limits_.silence_bytes_max = 200;
  Restart();
  const std::string id = Add(Of("team=a", 0, 20));
  Silence large = Of("team=b", 0, 20);
  large.comment = std::string(300, 'x');
  EXPECT_THAT(std::string(silences_->Set(large, Second(0)).status().message()),
              HasSubstr("silence exceeded maximum size: "));
  Add(Of("team=b", 0, 20));
  EXPECT_EQ(silences_->Set(Of("team=c", 0, 20), Second(0)).status(),
            absl::ResourceExhaustedError("exceeded maximum number of silences: 2 (limit: 2)"));
  Silence longer = Of("team=a", 0, 30);
  longer.id = id;
  EXPECT_EQ(Add(longer), id) << "an update needs no place";
}

TEST_F(SilencesTest, NextChangeIsTheNextStartOrEnd) {
  EXPECT_EQ(silences_->NextChange(Second(0)), std::nullopt);
  Add(Of("team=a", 10, 30));
  Add(Of("team=b", 0, 20));
  EXPECT_EQ(silences_->NextChange(Second(0)), Second(10));
  EXPECT_EQ(silences_->NextChange(Second(10)), Second(20));
  EXPECT_EQ(silences_->NextChange(Second(20)), Second(30));
  EXPECT_EQ(silences_->NextChange(Second(30)), std::nullopt);
}

TEST_F(SilencesTest, AreShownInAlertmanagersOrder) {
  const std::string over_first = Add(Of("x=1", 0, 1));
  const std::string over_last = Add(Of("x=2", 0, 2));
  const std::string starts_last = Add(Of("x=3", 50, 60));
  const std::string starts_first = Add(Of("x=4", 40, 90));
  const std::string ends_last = Add(Of("x=5", 0, 30));
  const std::string ends_first = Add(Of("x=6", 0, 20));
  std::vector<std::string> ids;
  for (const Silence& silence : silences_->All(Second(10))) ids.push_back(silence.id);
  EXPECT_THAT(ids,
              ElementsAre(ends_first, ends_last, starts_first, starts_last, over_last, over_first));
}

TEST_F(SilencesTest, ADamagedRecordIsLeftAloneAndTheRestHolds) {
  const std::string good = Add(Of("team=a", 0, 20));
  const std::string bad = Add(Of("team=a", 0, 20));
  store_.Corrupt(storage::Family::kSilences, bad, "\x01rubbish");
  Restart();
  EXPECT_EQ(damaged_, 1u);
  EXPECT_THAT(By({{"team", "a"}}, 1), ElementsAre(good));
}

TEST_F(SilencesTest, ARecordOfANewerProgramStopsTheStart) {
  const std::string id = Add(Of("team=a", 0, 20));
  store_.Corrupt(storage::Family::kSilences, id, "\x02");
  Metrics metrics;
  Silences newer(store_, random_, limits_, metrics);
  EXPECT_TRUE(absl::IsFailedPrecondition(newer.Recover().status()));
}

TEST_F(SilencesTest, ManyWritersAndReadersAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      for (int k = 0; k < 50; ++k) {
        const auto id = silences_->Set(Of(absl::StrCat("n=", i), 0, 20), Second(0));
        ASSERT_TRUE(id.ok());
        if (k % 2 == 0) {
          ASSERT_TRUE(silences_->Expire(*id, Second(0)).ok());
        }
        silences_->SilencedBy({{"n", absl::StrCat(i)}}, Second(1));
        silences_->NextChange(Second(0));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(silences_->All(Second(1)).size(), 200u);
  EXPECT_EQ(By({{"n", "3"}}, 1).size(), 25u);
}

// Against every silence, matcher by matcher; with restarts in between.
class SilencesTwin : public SilencesTest {
 protected:
  int Draw(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }

  Silence Some(int64_t now) {
    using Op = delivery::Matcher::Op;
    static const char* kNames[] = {"a", "b", "c"};
    static const char* kValues[] = {"", "1", "2", "1|2"};
    Silence silence;
    for (int i = Draw(1, 3); i > 0; --i) {
      silence.matchers.push_back(*delivery::Matcher::Make(
          kNames[Draw(0, 2)], static_cast<Op>(Draw(0, 3)), kValues[Draw(0, 3)]));
    }
    silence.starts_at = Second(now + Draw(-5, 20));
    silence.ends_at = Second(now + Draw(1, 60));
    return silence;
  }

  void Change(int64_t now) {
    Silence silence = Some(now);
    if (!ids_.empty() && Draw(0, 2) == 0)
      silence.id = ids_[Draw(0, static_cast<int>(ids_.size()) - 1)];
    if (!silence.id.empty() && Draw(0, 1) == 0) {
      ASSERT_TRUE(silences_->Expire(silence.id, Second(now)).ok());
      return;
    }
    const auto id = silences_->Set(silence, Second(now));
    ASSERT_EQ(id.ok(), ValidateSilence(silence).ok()) << id.status();
    if (id.ok()) ids_.push_back(*id);
  }

  void Compare(int64_t now) {
    const std::vector<Silence> all = silences_->All(Second(now));
    std::optional<Timestamp> next;
    for (const Silence& silence : all) {
      for (const Timestamp edge : {silence.starts_at, silence.ends_at}) {
        if (edge > Second(now) && (!next || edge < *next)) next = edge;
      }
    }
    ASSERT_EQ(silences_->NextChange(Second(now)), next);
    for (int i = 0; i < 10; ++i) {
      LabelsBuilder labels;
      for (const char* name : {"a", "b", "c"}) {
        labels.Set(name, Draw(0, 2) ? absl::StrCat(Draw(1, 2)) : "");
      }
      const Labels built = labels.Build();
      std::vector<std::string> expected;
      for (const Silence& silence : all) {
        if (StateOf(silence, Second(now)) == SilenceState::kActive && Matches(silence, built)) {
          expected.push_back(silence.id);
        }
      }
      std::sort(expected.begin(), expected.end());
      ASSERT_EQ(silences_->SilencedBy(built, Second(now)), expected) << built.ToString();
    }
  }

  std::mt19937_64 engine_;
  std::vector<std::string> ids_;
};

TEST_F(SilencesTwin, AnswersAsLookingAtEverySilenceDoes) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    engine_.seed(seed);
    ids_.clear();
    storage::WriteBatch clear;
    clear.DeleteRange(storage::Family::kSilences, "", "~");
    ASSERT_TRUE(store_.Write(clear, storage::Durability::kSynced).ok());
    Restart();
    int64_t now = static_cast<int64_t>(seed) * 10'000;
    for (int step = 0; step < 60; ++step) {
      now += Draw(0, 5);
      ASSERT_NO_FATAL_FAILURE(Change(now));
      if (Draw(0, 19) == 0) Restart(/*crash=*/true);
      ASSERT_NO_FATAL_FAILURE(Compare(now));
    }
  }
}

}  // namespace
}  // namespace tocsin::routing
