// What recording samples costs, on RocksDB in virtual time.
//
//   storage_bench --part record [--series 10000] [--hours 2] [--values counter|gauge|precise]
//   storage_bench --part restart [--series 1000000] [--minutes 70] [--window 5m] [--shards 2]
//
// record: every series has a sample every 10 s, a tenth of them each second in one synced commit;
// every half hour becomes a block. Prints bytes a sample in records, in blocks and written in all
// (what the process gave to write(), which counts the write-ahead log, tables and compactions), and
// CPU of the whole process (RocksDB's threads included) for committing and for closing blocks.
//
// restart: the same, then a process that finds it: time until the first evaluation could be, with
// 1,000 rules of 1,000 rows each.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/manual_clock.h"
#include "engine/engine.h"
#include "engine/upkeep.h"
#include "rules/rule_file.h"
#include "storage/rocksdb_store.h"
#include "storage/sample_log.h"
#include "tests/storage/temp_dir.h"

namespace tocsin::engine {
namespace {

constexpr Timestamp kStart = Timestamp::FromMillis(1'700'000'000'000 / 1'800'000 * 1'800'000);
constexpr int64_t kScrapeSeconds = 10;

double CpuSeconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

uint64_t WrittenBytes() {
  std::ifstream file("/proc/self/io");
  std::string name;
  uint64_t value = 0;
  while (file >> name >> value) {
    if (name == "wchar:") return value;
  }
  return 0;
}

uint64_t DirectoryBytes(const std::string& path) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file() && entry.path().filename() != "reserve") bytes += entry.file_size();
  }
  return bytes;
}

// Regular series of one kind, with the noise that measured ones have.
class Traffic {
 public:
  Traffic(size_t series, std::string values) : series_(series), values_(std::move(values)) {}

  std::vector<storage::NewSeries> Declare(SeriesRegistry& registry) const {
    for (size_t i = 0; i < series_; ++i) {
      const auto ref = registry.Resolve(Labels{{"__name__", "requests_total"},
                                               {"host", absl::StrCat("host-", i)},
                                               {"service", absl::StrCat("service-", i % 50)},
                                               {"env", absl::StrCat("env-", i / 1000)}});
      TOCSIN_CHECK(ref.ok()) << ref.status();
    }
    return registry.TakeNew();
  }
  // The samples that are due in second `second`.
  SampleBatch At(int64_t second) const {
    SampleBatch batch;
    const size_t part = static_cast<size_t>(second % kScrapeSeconds);
    const int64_t time_ms = (kStart + absl::Seconds(second)).millis();
    for (size_t i = part * series_ / kScrapeSeconds; i < (part + 1) * series_ / kScrapeSeconds;
         ++i) {
      batch.Add(i + 1, time_ms, Value(i, second / kScrapeSeconds));
    }
    return batch;
  }

 private:
  double Value(size_t series, int64_t step) const {
    const uint64_t noise =
        (series * 2'654'435'761U + static_cast<uint64_t>(step) * 40'503'001U) >> 8;
    if (values_ == "counter") {
      return static_cast<double>(step * 100 + static_cast<int64_t>(noise % 50));
    }
    const double gauge = static_cast<double>(noise % 10'000) / 100;
    return values_ == "gauge" ? gauge : gauge + static_cast<double>(noise % 7919) / 7919;
  }

  const size_t series_;
  const std::string values_;
};

struct Disk {
  explicit Disk(const std::string& path) {
    auto opened = storage::OpenRocksdbStore(path);
    TOCSIN_CHECK(opened.ok()) << opened.status();
    store = *std::move(opened);
    auto log_opened = storage::OpenSampleLog(*store);
    TOCSIN_CHECK(log_opened.ok()) << log_opened.status();
    log = *std::move(log_opened);
  }
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<storage::SampleLog> log;
};

Limits BenchLimits() {
  Limits limits;
  limits.series_max = 10'000'000;
  return limits;
}

void Record(const Traffic& traffic, int64_t seconds, const std::string& path) {
  Disk disk(path);
  SeriesRegistry registry(BenchLimits());
  Metrics metrics;
  Upkeep upkeep({}, *disk.store, *disk.log, metrics);
  auto declared = traffic.Declare(registry);
  const uint64_t written_before = WrittenBytes();
  double commit_cpu = 0, close_cpu = 0, slowest_commit = 0;
  uint64_t samples = 0;
  for (int64_t second = 0; second <= seconds; ++second) {
    const Timestamp now = kStart + absl::Seconds(second);
    if (second % 60 == 0) {
      const double begin = CpuSeconds();
      upkeep.Step(now, absl::Hours(1));
      close_cpu += CpuSeconds() - begin;
    }
    if (second == seconds) break;
    const SampleBatch batch = traffic.At(second);
    const double begin = CpuSeconds();
    const absl::Duration wall = SystemClock().Monotonic();
    TOCSIN_CHECK(disk.log->Append(batch, std::exchange(declared, {}), now).ok());
    const absl::Duration took = SystemClock().Monotonic() - wall;
    slowest_commit = std::max(slowest_commit, absl::ToDoubleSeconds(took));
    commit_cpu += CpuSeconds() - begin;
    samples += batch.size();
  }
  uint64_t block_bytes = 0, block_samples = 0;
  for (const storage::Block& block : disk.log->blocks()) {
    block_bytes += block.bytes;
    block_samples += block.samples;
  }
  const auto each = [&](double amount, uint64_t n) { return amount / static_cast<double>(n); };
  const uint64_t written = WrittenBytes() - written_before;
  std::printf(
      "%llu samples; CPU a sample: commit %.0f ns, blocks %.0f ns; slowest commit %.1f ms\n",
      static_cast<unsigned long long>(samples), each(commit_cpu * 1e9, samples),
      each(close_cpu * 1e9, samples), slowest_commit * 1e3);
  std::printf("bytes a sample: in blocks %.2f (%zu blocks), directory %.2f, written %.2f\n",
              each(static_cast<double>(block_bytes), block_samples), disk.log->blocks().size(),
              each(static_cast<double>(DirectoryBytes(path)), samples),
              each(static_cast<double>(written), samples));
}

std::string RuleFile(size_t series, const std::string& window) {
  std::string text = "groups:\n- name: bench\n  interval: 10s\n  rules:\n";
  for (size_t i = 0; i < 1'000; ++i) {
    absl::StrAppend(&text, "  - alert: rule", i, "\n    expr: 'sum by (service) (rate(",
                    "requests_total{env=\"env-", i % std::max<size_t>(1, series / 1'000), "\"}[",
                    window, "])) > 1e9'\n    for: 1m\n");
  }
  return text;
}

void Restart(size_t series, int64_t seconds, const std::string& window, size_t shards,
             const std::string& path) {
  const absl::Duration begin = SystemClock().Monotonic();
  const auto passed = [&] { return absl::ToDoubleSeconds(SystemClock().Monotonic() - begin); };
  Disk disk(path);
  const double opened = passed();
  ManualClock clock;
  clock.AdvanceTo(kStart + absl::Seconds(seconds));
  Metrics metrics;
  storage::Outbox outbox(*disk.store, 100);
  TOCSIN_CHECK(outbox.Recover().ok());
  rules::LoadResult loaded = rules::LoadRules({{"bench.yaml", RuleFile(series, window)}}, {});
  TOCSIN_CHECK(loaded.ok());
  EngineOptions options;
  options.shards = shards;
  options.shard.limits = BenchLimits();
  Engine engine(options, *disk.store, outbox, *disk.log, clock, metrics);
  const absl::Status recovered =
      engine.Recover(std::make_shared<rules::RuleSet>(std::move(loaded.rules)));
  TOCSIN_CHECK(recovered.ok()) << recovered;
  std::printf("%zu series, window %s, %zu shards: open %.2f s, recovered after %.2f s\n", series,
              window.c_str(), shards, opened, passed());
}

}  // namespace
}  // namespace tocsin::engine

int main(int argc, char** argv) {
  using namespace tocsin::engine;
  CLI::App app("What recording samples costs");
  std::string part = "record", values = "counter", window = "5m", path;
  size_t series = 0, shards = 2;
  int64_t minutes = 0;
  app.add_option("--part", part)->check(CLI::IsMember({"record", "restart"}));
  app.add_option("--series", series, "default: 10000 to record, 1000000 to restart");
  app.add_option("--minutes", minutes, "of traffic; default: 121 to record, 70 to restart");
  app.add_option("--values", values)->check(CLI::IsMember({"counter", "gauge", "precise"}));
  app.add_option("--window", window, "of the rules, to restart");
  app.add_option("--shards", shards, "to restart");
  app.add_option("--data-dir", path, "kept; to restart, what is there already is used");
  CLI11_PARSE(app, argc, argv);
  const bool restart = part == "restart";
  if (series == 0) series = restart ? 1'000'000 : 10'000;
  if (minutes == 0) minutes = restart ? 70 : 121;
  const tocsin::storage::TempDir dir;
  if (path.empty()) path = dir.path();
  const bool there = std::filesystem::exists(path + "/db");
  if (!restart || !there) Record(Traffic(series, values), minutes * 60, path);
  if (restart) Restart(series, minutes * 60, window, shards, path);
  return 0;
}
