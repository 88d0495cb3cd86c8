#include "app/damage_alarm.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

namespace tocsin::app {
namespace {

TEST(DamageAlarmDeathTest, AnAbortWhileADirectoryIsOpenedIsARefusedStart) {
  EXPECT_EXIT(
      {
        const DamageAlarm alarm("data directory \"d\" is damaged");
        std::thread([] { std::abort(); }).join();
      },
      testing::ExitedWithCode(2), R"(cannot start.*data directory \\"d\\" is damaged)");
}

TEST(DamageAlarmDeathTest, AfterwardsAnAbortIsOne) {
  EXPECT_EXIT(
      {
        { const DamageAlarm alarm("damaged"); }
        std::abort();
      },
      testing::KilledBySignal(SIGABRT), "");
}

}  // namespace
}  // namespace tocsin::app
