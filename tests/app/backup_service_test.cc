#include "app/backup_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/temp_dir.h"

namespace tocsin::app {
namespace {

using ::testing::HasSubstr;

class StoppedClock : public Clock {
 public:
  Timestamp Now() const override { return Timestamp::FromMillis(1'700'000'000'000); }
  absl::Duration Monotonic() const override { return absl::ZeroDuration(); }
};

TEST(BackupServiceTest, MetricsTellOfTheNewestBackupAndOfFailures) {
  storage::TempDir dir;
  StoppedClock clock;
  auto store = *storage::OpenRocksdbStore(dir.path());
  {
    Metrics metrics;
    BackupService service(*store, dir.path(), metrics, clock);
    EXPECT_THAT(metrics.ExpositionText(),
                HasSubstr("tocsin_backup_last_success_timestamp_seconds 0\n"));
    EXPECT_THAT(metrics.ExpositionText(), HasSubstr("tocsin_backup_failures_total 0\n"));
    const auto made = service.Make("one");
    ASSERT_TRUE(made.ok()) << made.status();
    EXPECT_GT(made->bytes, 0u);
    EXPECT_FALSE(service.Make("one").ok());
    EXPECT_FALSE(service.Make("../one").ok());
    EXPECT_THAT(metrics.ExpositionText(),
                HasSubstr("tocsin_backup_last_success_timestamp_seconds 1700000000\n"));
    EXPECT_THAT(metrics.ExpositionText(), HasSubstr("tocsin_backup_failures_total 2\n"));
  }
  // After a restart the folder tells, by the real time of this run.
  Metrics metrics;
  BackupService service(*store, dir.path(), metrics, clock);
  EXPECT_THAT(metrics.ExpositionText(),
              ::testing::Not(HasSubstr("tocsin_backup_last_success_timestamp_seconds 0\n")));
}

}  // namespace
}  // namespace tocsin::app
