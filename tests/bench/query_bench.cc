// What one evaluation of each operator costs per row, with new samples before each evaluation as in
// production: a sample per series every 10 s, evaluated after each.
//
//   query_bench --benchmark_filter=rate
//
// Counter `per_row`: CPU time of the evaluation alone, feeding is not measured.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "engine/query/query_engine.h"
#include "rules/promql/parser.h"

namespace tocsin::engine {
namespace {

constexpr int64_t kStepMs = 10'000;
constexpr int64_t kWarmUpSteps = 60;

// Series of one gauge and one counter per host.
class Feed {
 public:
  explicit Feed(size_t rows) : engine_(table_, {}) {
    for (size_t i = 0; i < rows; ++i) {
      const std::string host = absl::StrCat("host-", i), zone = absl::StrCat("zone-", i % 100);
      for (const char* name : {"load", "requests_total"}) {
        slots_.push_back(table_.FindOrAdd({{"__name__", name}, {"host", host}, {"zone", zone}}));
      }
    }
  }

  void Step() {
    ++steps_;
    for (SeriesTable::Slot slot : slots_) {
      if (!table_.Holds(slot)) continue;  // a metric the query does not read
      const int64_t noise = (slot * 7919 + steps_ * 104729) % 101;
      table_.Append(slot, now().millis(),
                    static_cast<double>(slot % 2 == 0 ? noise : steps_ * 100 + noise));
    }
    engine_.Trim(now());
  }
  Timestamp now() const { return Timestamp::FromMillis(steps_ * kStepMs); }
  QueryEngine& engine() { return engine_; }

 private:
  SeriesTable table_;
  QueryEngine engine_;
  std::vector<SeriesTable::Slot> slots_;
  int64_t steps_ = 0;
};

void Evaluate(benchmark::State& state, const std::string& expr) {
  const size_t rows = static_cast<size_t>(state.range(0));
  // The data lives through all runs of one benchmark; making it is slow.
  Feed feed(rows);
  const promql::ParseResult parsed = promql::ParseExpr(expr);
  TOCSIN_CHECK(parsed.expr != nullptr) << expr;
  const absl::StatusOr<QueryId> query = feed.engine().Add(*parsed.expr);
  TOCSIN_CHECK(query.ok()) << query.status().ToString();
  // Trimming follows what queries need, so windows fill up only now.
  for (int64_t i = 0; i < kWarmUpSteps; ++i) feed.Step();
  TOCSIN_CHECK(feed.engine().Evaluate(*query, feed.now()).ok());
  for (auto _ : state) {
    state.PauseTiming();
    feed.Step();
    state.ResumeTiming();
    const auto result = feed.engine().Evaluate(*query, feed.now());
    TOCSIN_CHECK(result.ok()) << result.status().ToString();
    benchmark::DoNotOptimize(result->frame->values().data());
  }
  state.counters["per_row"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsIterationInvariantRate |
                                                        benchmark::Counter::kInvert);
}

constexpr const char* kExpressions[] = {
    "load",
    "load > 50",
    "load * 2",
    "abs(load)",
    "sum by (zone) (load)",
    "avg by (zone) (load)",
    "max by (zone) (load)",
    "quantile by (zone) (0.9, load)",
    "topk by (zone) (3, load)",
    "load / on(host) requests_total",
    "load * on(zone) group_left() sum by (zone) (load)",
    "load and on(host) requests_total",
    "rate(requests_total[5m])",
    "irate(requests_total[5m])",
    "changes(load[5m])",
    "avg_over_time(load[5m])",
    "max_over_time(load[5m])",
    "stddev_over_time(load[5m])",
    "quantile_over_time(0.9, load[5m])",
    "predict_linear(load[5m], 3600)",
    "sum by (zone) (rate(requests_total[5m]))",
    "absent(load)",
};

}  // namespace
}  // namespace tocsin::engine

int main(int argc, char** argv) {
  for (const char* expr : tocsin::engine::kExpressions) {
    const std::string text = expr;
    benchmark::RegisterBenchmark(
        expr, [text](benchmark::State& state) { tocsin::engine::Evaluate(state, text); })
        ->Arg(1'000)
        ->Arg(100'000)
        ->Unit(benchmark::kMicrosecond);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
