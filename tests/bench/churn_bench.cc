// What series cost that come and go: before each evaluation, one round of samples 10 s apart, 100
// of the series end and 100 new ones come. Argument: series per metric, and how many change.
//
//   churn_bench --benchmark_filter='and on'
//
// Measured: making the new series known, Trim() and Evaluate(). Feeding samples is not. Enough
// rounds for series to be given up several times over. The cost of one changed series is the
// difference to a run without change, by their number.
#include <benchmark/benchmark.h>

#include <deque>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "engine/query/query_engine.h"
#include "rules/promql/parser.h"

namespace tocsin::engine {
namespace {

constexpr int64_t kStepMs = 10'000;
constexpr int64_t kWarmUpSteps = 60;
constexpr int64_t kChange = 100;

// A gauge and a counter per host; the oldest hosts go first.
class Feed {
 public:
  explicit Feed(int64_t hosts) : engine_(table_, {}) { Come(hosts); }

  QueryEngine& engine() { return engine_; }
  Timestamp now() const { return Timestamp::FromMillis(steps_ * kStepMs); }

  void Come(int64_t hosts) {
    for (int64_t i = 0; i < hosts; ++i, ++next_) {
      const std::string host = absl::StrCat("host-", next_);
      const std::string service = absl::StrCat("service-", next_ % 50);
      for (const char* name : {"load", "requests_total"}) {
        living_.push_back(
            table_.FindOrAdd({{"__name__", name}, {"host", host}, {"service", service}}));
        engine_.SeriesAdded(living_.back());
      }
    }
  }
  void Go(int64_t hosts) {
    for (int64_t i = 0; i < 2 * hosts; ++i) living_.pop_front();
  }
  void Sample() {
    ++steps_;
    for (SeriesTable::Slot slot : living_) {
      table_.Append(slot, now().millis(), static_cast<double>((slot * 7919 + steps_ * 31) % 101));
    }
  }

 private:
  SeriesTable table_;
  QueryEngine engine_;
  std::deque<SeriesTable::Slot> living_;
  int64_t next_ = 0;
  int64_t steps_ = 0;
};

void Evaluate(benchmark::State& state, const std::string& expr) {
  const int64_t change = state.range(1);
  Feed feed(state.range(0));
  const promql::ParseResult parsed = promql::ParseExpr(expr);
  TOCSIN_CHECK(parsed.expr != nullptr) << expr;
  const absl::StatusOr<QueryId> query = feed.engine().Add(*parsed.expr);
  TOCSIN_CHECK(query.ok()) << query.status().ToString();
  size_t rows = 0;
  const auto step = [&](auto&& measured) {
    feed.Go(change);
    measured([&] { feed.Come(change); });
    feed.Sample();
    measured([&] {
      feed.engine().Trim(feed.now());
      const auto result = feed.engine().Evaluate(*query, feed.now());
      TOCSIN_CHECK(result.ok()) << result.status().ToString();
      rows = std::max(rows, result->labels->size());
    });
  };
  for (int64_t i = 0; i < kWarmUpSteps; ++i) step([](auto&& part) { part(); });
  for (auto _ : state) {
    state.PauseTiming();
    step([&](auto&& part) {
      state.ResumeTiming();
      part();
      state.PauseTiming();
    });
    state.ResumeTiming();
  }
  state.counters["rows_max"] = static_cast<double>(rows);
}

constexpr const char* kExpressions[] = {
    "load > 50",
    "sum by (service) (rate(requests_total[5m]))",
    "sum by (service) (rate(requests_total[5m])) / on (service) sum by (service) "
    "(rate(load[5m]))",
    "load and on (host) requests_total",
    "load / on (host) requests_total",
    "topk(10, load)",
    "abs(load or requests_total)",
};

}  // namespace
}  // namespace tocsin::engine

int main(int argc, char** argv) {
  for (const char* expr : tocsin::engine::kExpressions) {
    const std::string text = expr;
    for (const auto& [hosts, rounds] : {std::pair<int64_t, int64_t>{10'000, 300}, {100'000, 450}}) {
      for (const int64_t change : {int64_t{0}, tocsin::engine::kChange}) {
        benchmark::RegisterBenchmark(
            expr, [text](benchmark::State& state) { tocsin::engine::Evaluate(state, text); })
            ->Args({hosts, change})
            ->Iterations(change == 0 ? 30 : rounds)
            ->Unit(benchmark::kMicrosecond);
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
