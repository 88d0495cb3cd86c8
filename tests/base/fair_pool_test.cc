#include "base/fair_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace tocsin {
namespace {

using ::testing::ElementsAre;

// Something that tasks wait for.
class Gate {
 public:
  void Open() {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.NotifyAll();
  }
  // Says that somebody is here, and waits.
  void Pass() {
    MutexLock lock(mutex_);
    ++waiting_;
    changed_.NotifyAll();
    while (!open_) changed_.Wait(mutex_);
  }
  void AwaitWaiting(int count) {
    MutexLock lock(mutex_);
    while (waiting_ < count) changed_.Wait(mutex_);
  }
  int waiting() {
    MutexLock lock(mutex_);
    return waiting_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

TEST(FairPoolTest, OwnersTakeTurns) {
  Gate gate;
  std::vector<std::string> ran;
  FairPool pool(1);
  pool.Run("first", [&] { gate.Pass(); });
  gate.AwaitWaiting(1);
  for (const char* what : {"a1", "a2", "a3"}) {
    pool.Run("a", [&ran, what] { ran.emplace_back(what); });
  }
  for (const char* what : {"b1", "b2"}) {
    pool.Run("b", [&ran, what] { ran.emplace_back(what); });
  }
  pool.Run("c", [&ran] { ran.emplace_back("c1"); });
  gate.Open();
  pool.Join();
  EXPECT_THAT(ran, ElementsAre("a1", "b1", "c1", "a2", "b2", "a3"));
}

TEST(FairPoolTest, OneOwnerLeavesAThread) {
  Gate gate;
  FairPool pool(3);
  for (int i = 0; i < 10; ++i) pool.Run("greedy", [&] { gate.Pass(); });
  gate.AwaitWaiting(2);
  std::atomic<bool> ran = false;
  pool.Run("modest", [&] { ran = true; });
  while (!ran) std::this_thread::yield();
  EXPECT_EQ(gate.waiting(), 2);
  gate.Open();
  pool.Join();
  EXPECT_EQ(gate.waiting(), 10);
}

TEST(FairPoolTest, WaitsForTasksThatTasksGave) {
  std::atomic<int> ran = 0;
  FairPool pool(2);
  pool.Run("a", [&] {
    pool.Run("a", [&] {
      pool.Run("b", [&] { ++ran; });
      ++ran;
    });
    ++ran;
  });
  pool.Join();
  EXPECT_EQ(ran, 3);
}

TEST(FairPoolTest, ManyOwnersAtOnceLoseNothing) {
  std::atomic<int> ran = 0;
  FairPool pool(4);
  std::vector<std::thread> givers;
  for (int t = 0; t < 4; ++t) {
    givers.emplace_back([&, t] {
      for (int i = 0; i < 5000; ++i) pool.Run(std::to_string((i * 7 + t) % 50), [&] { ++ran; });
    });
  }
  for (std::thread& giver : givers) giver.join();
  pool.Join();
  EXPECT_EQ(ran, 20'000);
}

}  // namespace
}  // namespace tocsin
