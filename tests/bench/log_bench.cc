// storage/log_record.cc and storage/sample_log.cc: what a committed sample costs in time and bytes.
// Shapes of batches: 0 counters in a sender's order, 1 gauges of full precision in a sender's
// order, 2 the same in random order with jittered times. Figures per sample: ns_per_sample (CPU),
// bytes_per_sample.

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/random.h"
#include "storage/log_record.h"
#include "storage/rocksdb_store.h"
#include "storage/sample_log.h"
#include "tests/storage/temp_dir.h"

namespace tocsin::storage {
namespace {

constexpr int64_t kTimeMs = 1'700'000'000'000;

SampleBatch MakeBatch(int64_t samples, int64_t shape) {
  SeededRandom random(1);
  SampleBatch batch;
  for (int64_t i = 0; i < samples; ++i) {
    const auto ref = static_cast<SeriesRef>(i + 1);
    const double count = static_cast<double>(random.Next() % 10'000'000);
    if (shape == 0) batch.Add(ref, kTimeMs, count);
    if (shape == 1) batch.Add(ref, kTimeMs, random.Uniform());
    if (shape == 2) {
      batch.Add(random.Next() % 100'000, kTimeMs + static_cast<int64_t>(random.Next() % 10'000),
                random.Uniform());
    }
  }
  return batch;
}

void SetFigures(benchmark::State& state, int64_t samples, size_t bytes) {
  state.counters["bytes_per_sample"] = static_cast<double>(bytes) / static_cast<double>(samples);
  state.counters["per_sample"] = benchmark::Counter(
      static_cast<double>(samples),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void BM_EncodeLogRecord(benchmark::State& state) {
  const SampleBatch batch = MakeBatch(state.range(0), state.range(1));
  size_t bytes = 0;
  for (auto _ : state) bytes = EncodeLogRecord(batch, Timestamp::FromMillis(kTimeMs)).size();
  SetFigures(state, state.range(0), bytes);
}
BENCHMARK(BM_EncodeLogRecord)->ArgsProduct({{1'000, 10'000}, {0, 1, 2}});

void BM_DecodeLogRecord(benchmark::State& state) {
  const std::string value =
      EncodeLogRecord(MakeBatch(state.range(0), state.range(1)), Timestamp::FromMillis(kTimeMs));
  for (auto _ : state) benchmark::DoNotOptimize(DecodeLogRecord(value));
  SetFigures(state, state.range(0), value.size());
}
BENCHMARK(BM_DecodeLogRecord)->ArgsProduct({{1'000, 10'000}, {0, 1, 2}});

// One synced append, as an acknowledgement waits for it. Real time is the latency.
void BM_AppendSynced(benchmark::State& state) {
  TempDir dir;
  auto store = OpenRocksdbStore(dir.path());
  TOCSIN_CHECK(store.ok()) << store.status().ToString();
  auto log = OpenSampleLog(**store);
  TOCSIN_CHECK(log.ok()) << log.status().ToString();
  const SampleBatch batch = MakeBatch(state.range(0), state.range(1));
  for (auto _ : state) {
    const auto offset = (*log)->Append(batch, {}, Timestamp::FromMillis(kTimeMs));
    TOCSIN_CHECK(offset.ok()) << offset.status().ToString();
  }
  const size_t bytes = EncodeLogRecord(batch, Timestamp::FromMillis(kTimeMs)).size();
  SetFigures(state, state.range(0), bytes);
}
BENCHMARK(BM_AppendSynced)
    ->ArgsProduct({{1'000, 10'000}, {0, 1}})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tocsin::storage
