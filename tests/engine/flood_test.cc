// A sender that brings ever new series: what is refused, what goes on, and what it costs. The whole
// service behind the ports of its senders, on a store in memory.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "engine/engine.h"
#include "integrations/ingest/grpc_server.h"
#include "integrations/ingest/otlp_client.h"
#include "integrations/ingest/otlp_decode.h"
#include "integrations/ingest/otlp_encode.h"
#include "rules/rule_file.h"
#include "storage/memory_store.h"
#include "tests/ingest/peak_memory.h"

namespace tocsin::engine {
namespace {

using ::testing::HasSubstr;

constexpr char kRules[] = R"(
monitors:
  - name: deep-queue
    query: queue_depth
    threshold: {critical: "> 10"}
)";
constexpr char kOtherSender[] = "10.0.0.2";
constexpr int kRequests = 100;
constexpr int kSeriesPerRequest = 1000;

EngineOptions SmallRegistry() {
  EngineOptions options;
  options.shard.limits.series_max = 3000;
  options.shard.limits.series_per_sender_max = 2000;
  return options;
}

class FloodTest : public ::testing::Test {
 protected:
  FloodTest() {
    rules::LoadResult loaded = rules::LoadRules({{"rules.yaml", kRules}});
    EXPECT_TRUE(loaded.ok());
    outbox_.SetListener([this](const std::string&) {
      MutexLock lock(mutex_);
      changed_.NotifyAll();
    });
    EXPECT_TRUE(
        engine_.Recover(std::make_shared<const rules::RuleSet>(std::move(loaded.rules))).ok());
    engine_.Start();
    EXPECT_TRUE(server_.Start().ok());
    server_.SetServing(true);
  }
  ~FloodTest() override {
    server_.Stop();
    engine_.Stop();
  }

  ingest::OutgoingPoint Depth(const std::string& queue, double value) const {
    return {.name = "queue_depth",
            .attributes = {{"queue", queue}},
            .time = clock_.Now(),
            .value = value};
  }
  // Over the network, so from this host.
  ingest::OtlpPushed Send(const std::vector<ingest::OutgoingPoint>& points) {
    auto pushed = client_->Push(ingest::EncodeOtlp({}, points));
    EXPECT_TRUE(pushed.ok()) << pushed.status();
    return pushed.value_or(ingest::OtlpPushed{});
  }
  // What the service does with a request of another host.
  ingest::RejectTally SendFromOther(const std::vector<ingest::OutgoingPoint>& points) {
    auto decoded =
        other_.Decode(ingest::EncodeOtlp({}, points), clock_.Now(), nullptr, kOtherSender);
    EXPECT_TRUE(decoded.ok()) << decoded.status();
    if (!decoded->batch.empty()) {
      engine_.Submit(std::move(decoded->batch), [](const absl::Status& s) { EXPECT_TRUE(s.ok()); });
    }
    return decoded->rejected;
  }

  std::vector<ingest::OutgoingPoint> NewSeries(int request) const {
    std::vector<ingest::OutgoingPoint> points;
    for (int i = 0; i < kSeriesPerRequest; ++i) {
      points.push_back({.name = "flood",
                        .attributes = {{"request", absl::StrCat(request)}, {"i", absl::StrCat(i)}},
                        .time = clock_.Now()});
    }
    return points;
  }

  // Whether pages that are open and say so are `count`; waits until they are.
  void AwaitOpenPages(size_t count) {
    MutexLock lock(mutex_);
    while (OpenPages() != count) changed_.Wait(mutex_);
  }
  size_t OpenPages() const {
    size_t open = 0;
    for (const std::string& alias : outbox_.Aliases()) {
      const auto entry = outbox_.Find(alias);
      open += entry && entry->desired.open() ? 1 : 0;
    }
    return open;
  }

  const EngineOptions options_ = SmallRegistry();
  const SystemClock clock_;
  SeededRandom random_{1};
  Metrics metrics_;
  storage::MemoryStore store_;
  storage::Outbox outbox_{store_, 100};
  std::unique_ptr<storage::SampleLog> log_ = *storage::OpenSampleLog(store_);
  Engine engine_{options_, store_, outbox_, *log_, clock_, metrics_};
  ingest::GrpcServer server_{
      {.listen = "127.0.0.1:0"}, options_.shard.limits, engine_, clock_, metrics_};
  ingest::OtlpDecoder other_{options_.shard.limits, engine_};
  std::unique_ptr<ingest::OtlpClient> client_;
  Mutex mutex_;
  CondVar changed_;
};

TEST_F(FloodTest, NewSeriesAreRefusedAndEverythingElseGoesOn) {
  client_ = std::make_unique<ingest::OtlpClient>(
      ingest::OtlpClientOptions{.target = absl::StrCat("127.0.0.1:", server_.port())}, random_);
  EXPECT_EQ(Send({Depth("mine", 100)}).rejected_points, 0);
  EXPECT_EQ(SendFromOther({Depth("other", 1)}).total(), 0u);
  AwaitOpenPages(1);

  int64_t rejected = 0;
  for (int i = 0; i < 5; ++i) rejected += Send(NewSeries(i)).rejected_points;
  const ingest::PeakMemory peak;
  ingest::OtlpPushed last;
  for (int i = 5; i < kRequests; ++i) {
    last = Send(NewSeries(i));
    rejected += last.rejected_points;
  }

  // Counted exactly, and with the reason.
  constexpr int64_t kTaken = 2000 - 1;  // of the flood, beside queue "mine"
  EXPECT_EQ(rejected, int64_t{kRequests} * kSeriesPerRequest - kTaken);
  EXPECT_EQ(last.rejected_points, kSeriesPerRequest);
  EXPECT_THAT(last.message, HasSubstr("1000 series_limit: series_per_sender_max (2000) reached by "
                                      "127.0.0.1"));
  EXPECT_EQ(engine_.series(), 2001u);
  EXPECT_LE(peak.grown_kib(), 8u << 10) << "95,000 refused series leave nothing behind";

  // The alert that fired is still there, and both senders' known series are evaluated.
  EXPECT_EQ(OpenPages(), 1u);
  EXPECT_EQ(SendFromOther({Depth("other", 50)}).total(), 0u);
  AwaitOpenPages(2);
  EXPECT_EQ(Send({Depth("mine", 1)}).rejected_points, 0);
  AwaitOpenPages(1);

  // There is room for others' new series.
  EXPECT_EQ(SendFromOther({Depth("new", 50)}).total(), 0u);
  AwaitOpenPages(2);
}

}  // namespace
}  // namespace tocsin::engine
