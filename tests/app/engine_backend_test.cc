#include "app/engine_backend.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "storage/memory_store.h"

namespace tocsin::app {
namespace {

class StoppedClock : public Clock {
 public:
  Timestamp Now() const override { return Timestamp::FromMillis(1'700'000'000'000); }
  absl::Duration Monotonic() const override { return absl::ZeroDuration(); }
};

// Over an engine that does not run: queries read the log alone.
class EngineBackendTest : public ::testing::Test {
 protected:
  EngineBackendTest()
      : log_(*storage::OpenSampleLog(store_)),
        engine_({}, store_, outbox_, *log_, clock_, metrics_),
        backend_(
            engine_, [] { return absl::OkStatus(); },
            [](const std::string& name) -> absl::StatusOr<http::BackupStatus> {
              return http::BackupStatus{.path = "/data/backups/" + name, .bytes = 7};
            },
            [](const http::ExplainRequest& request,
               const http::Expired&) -> absl::StatusOr<http::Explanation> {
              http::Explanation explanation;
              explanation.revision = request.alias;
              return explanation;
            },
            [](const std::string& alias, const std::string& word) -> absl::StatusOr<std::string> {
              return alias + " " + word;
            }) {}

  absl::StatusOr<http::QueryValue> Query(const std::string& text, const http::Expired& expired) {
    return backend_.Query(text, clock_.Now(), expired);
  }

  StoppedClock clock_;
  Metrics metrics_;
  storage::MemoryStore store_;
  storage::Outbox outbox_{store_, 10};
  std::unique_ptr<storage::SampleLog> log_;
  engine::Engine engine_;
  EngineBackend backend_;
};

TEST_F(EngineBackendTest, AQueryEndsWhenItsTimeIsOver) {
  const auto in_time = Query("1 + 1", [] { return false; });
  ASSERT_TRUE(in_time.ok()) << in_time.status();
  EXPECT_EQ(in_time->scalar, 2);
  const auto late = Query("1 + 1", [] { return true; });
  EXPECT_EQ(late.status().code(), absl::StatusCode::kDeadlineExceeded) << late.status();
}

TEST_F(EngineBackendTest, WhatFailsInEvaluationIsNotTheTextsFault) {
  const auto alive = [] { return false; };
  EXPECT_EQ(Query("sum(", alive).status().code(), absl::StatusCode::kInvalidArgument);
  const auto ambiguous =
      Query("vector(1) + on() (label_replace(vector(1), 'a', '1', '', '') or vector(2))", alive);
  EXPECT_EQ(ambiguous.status().code(), absl::StatusCode::kFailedPrecondition) << ambiguous.status();
}

TEST_F(EngineBackendTest, IsReadyWhenNothingSpeaksAgainstIt) {
  EXPECT_FALSE(backend_.Ready().ready);
  backend_.SetNotReady("");
  EXPECT_TRUE(backend_.Ready().ready);
  backend_.SetNotReady("stopping");
  EXPECT_EQ(backend_.Ready().reasons, std::vector<std::string>{"stopping"});
}

TEST_F(EngineBackendTest, BackupsAreMadeByName) {
  const auto made = backend_.Backup("one");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->path, "/data/backups/one");
}

TEST_F(EngineBackendTest, ExplanationsComeFromWhoMakesThem) {
  const auto made =
      backend_.Explain({.alias = "page", .rule = "", .time = clock_.Now()}, [] { return false; });
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->revision, "page");
}

}  // namespace
}  // namespace tocsin::app
