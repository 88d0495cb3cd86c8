// Who hears of which samples.
#include "engine/query/series_watch.h"

#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace tocsin::engine {
namespace {

using SetPtr = std::shared_ptr<SeriesSet>;

class SeriesWatchTest : public ::testing::Test {
 protected:
  static SetPtr SetOf(std::vector<SeriesTable::Slot> slots) {
    auto set = std::make_shared<SeriesSet>();
    set->slots = std::move(slots);
    return set;
  }
  SeriesTable::Slot Series(int number) {
    return table_.FindOrAdd({{"__name__", absl::StrCat("s", number)}});
  }
  std::unique_ptr<SeriesWatch> Watch(std::vector<std::shared_ptr<const SeriesSet>> sets) {
    auto watch = std::make_unique<SeriesWatch>(table_, std::move(sets));
    watch->TakeOldest();
    return watch;
  }

  SeriesTable table_;
};

TEST_F(SeriesWatchTest, EachHearsOfTheOldestSampleOnce) {
  const auto slot = Series(0);
  const auto set = SetOf({slot});
  const auto first = Watch({set}), second = Watch({set});
  EXPECT_EQ(first->TakeOldest(), INT64_MAX);
  table_.Append(slot, 20, 1);
  table_.Append(slot, 10, 1);
  EXPECT_EQ(first->TakeOldest(), 10);
  EXPECT_EQ(first->TakeOldest(), INT64_MAX);
  table_.Append(slot, 30, 1);
  EXPECT_EQ(second->TakeOldest(), 10);
  EXPECT_EQ(first->TakeOldest(), 30);
  EXPECT_EQ(table_.Append(slot, 10, 5), AppendResult::kDuplicate);
  EXPECT_EQ(first->TakeOldest(), INT64_MAX);
  EXPECT_EQ(Watch({set})->TakeOldest(), INT64_MAX);
}

TEST_F(SeriesWatchTest, EachHearsOfItsOwnSeriesOnly) {
  const auto a = Series(0), b = Series(1), both = Series(2), neither = Series(3);
  const auto of_a = Watch({SetOf({a, both})});
  const auto of_b = Watch({SetOf({b, both})});
  const auto of_all = Watch({SetOf({a, both}), SetOf({both, b})});
  table_.Append(neither, 1, 1);
  for (const auto* watch : {&of_a, &of_b, &of_all}) EXPECT_EQ((*watch)->TakeOldest(), INT64_MAX);
  table_.Append(a, 5, 1);
  EXPECT_EQ(of_a->TakeOldest(), 5);
  EXPECT_EQ(of_b->TakeOldest(), INT64_MAX);
  EXPECT_EQ(of_all->TakeOldest(), 5);
  table_.Append(both, 7, 1);
  table_.Append(b, 9, 1);
  EXPECT_EQ(of_a->TakeOldest(), 7);
  EXPECT_EQ(of_all->TakeOldest(), 7);
  EXPECT_EQ(of_b->TakeOldest(), 7);
}

TEST_F(SeriesWatchTest, SeriesThatJoinCountWithWhatTheyBring) {
  const auto a = Series(0), late = Series(1);
  const auto set = SetOf({a});
  const auto watch = Watch({set});
  table_.Append(late, 3, 1);
  table_.Append(a, 8, 1);
  set->slots.push_back(late);
  table_.Append(late, 9, 1);
  EXPECT_EQ(watch->TakeOldest(), 3);
  table_.Append(late, 11, 1);
  EXPECT_EQ(watch->TakeOldest(), 11);
}

TEST_F(SeriesWatchTest, SlotThatBecameAnotherSeriesIsFollowedAnew) {
  const auto a = Series(0), b = Series(1);
  table_.Append(a, 1, 1);
  table_.Append(b, 1, 1);
  const auto set = SetOf({a, b}), other = SetOf({a});
  const auto watch = Watch({set}), of_other = Watch({other});
  const auto take = [](SeriesSet& from) {
    from.slots.erase(from.slots.begin());
    ++from.layout;
  };
  const uint64_t removals = watch->removals();
  take(*set);
  take(*other);
  table_.Remove(a);
  EXPECT_GT(watch->removals(), removals);
  ASSERT_EQ(Series(2), a);
  table_.Append(a, 4, 1);
  EXPECT_EQ(watch->TakeOldest(), INT64_MAX);
  set->slots.push_back(a);
  EXPECT_EQ(watch->TakeOldest(), 4);
  EXPECT_EQ(of_other->TakeOldest(), INT64_MAX);
  table_.Append(a, 6, 1);
  table_.Append(b, 5, 1);
  EXPECT_EQ(watch->TakeOldest(), 5);
  EXPECT_EQ(of_other->TakeOldest(), INT64_MAX);
}

TEST_F(SeriesWatchTest, OthersGoOnWhenOneEnds) {
  const auto a = Series(0);
  const auto set = SetOf({a});
  const auto stays = Watch({set});
  Watch({set});
  table_.Append(a, 2, 1);
  EXPECT_EQ(stays->TakeOldest(), 2);
  const auto next = Watch({set});
  table_.Append(a, 3, 1);
  EXPECT_EQ(next->TakeOldest(), 3);
  EXPECT_EQ(stays->TakeOldest(), 3);
}

}  // namespace
}  // namespace tocsin::engine
