#include "base/fair_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tocsin {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> PopAll(FairQueue<int>& queue) {
  std::vector<std::string> all;
  std::string owner;
  while (!queue.empty()) {
    const int item = queue.Pop(owner);
    all.push_back(owner + std::to_string(item));
  }
  return all;
}

TEST(FairQueueTest, OwnersTakeTurnsAndKeepTheirOrder) {
  FairQueue<int> queue;
  EXPECT_TRUE(queue.empty());
  for (int i = 1; i <= 3; ++i) queue.Push("a", i);
  queue.Push("b", 1);
  queue.Push("c", 1);
  queue.Push("b", 2);
  EXPECT_THAT(PopAll(queue), ElementsAre("a1", "b1", "c1", "a2", "b2", "a3"));
  queue.Push("c", 5);
  queue.Push("a", 6);
  EXPECT_THAT(PopAll(queue), ElementsAre("c5", "a6"));
}

TEST(FairQueueTest, WhoComesLaterIsNext) {
  FairQueue<int> queue;
  std::string owner;
  for (int i = 0; i < 100; ++i) queue.Push("a", i);
  EXPECT_EQ(queue.Pop(owner), 0);
  queue.Push("b", 7);
  EXPECT_EQ(queue.Pop(owner), 1);
  EXPECT_EQ(queue.Pop(owner), 7);
  EXPECT_EQ(owner, "b");
}

}  // namespace
}  // namespace tocsin
