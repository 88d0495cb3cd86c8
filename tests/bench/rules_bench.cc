// What evaluating rules costs: one shard with its alerts, outbox and store (in memory), in virtual
// time, fed a sample per series every 10 s; CPU time of the evaluating thread alone.
//
//   rules_bench                      every kind of rule, 10k and 100k series, 100 and 1,000 rules
//   rules_bench --part windows       the same functions over 5m and 1h, evaluated as data comes
//   rules_bench --part second        1M series, 1,000 rules, each evaluated every second
//   rules_bench --part memory        heap per series by length of the window and kind of values
//   rules_bench --part peer          1,000 rows a rule, as tests/bench/prometheus_rules.py reads it
//
// A rule selects its own thousand hosts while there are enough; with more rules than that, several
// look at the same hosts with other thresholds, so what they have in common is computed once, as in
// production.
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/check.h"
#include "base/manual_clock.h"
#include "base/metrics.h"
#include "engine/shard.h"
#include "rules/rule_file.h"
#include "storage/memory_store.h"
#include "storage/outbox.h"

namespace tocsin::engine {
namespace {

constexpr absl::Duration kScrape = absl::Seconds(10);
constexpr size_t kRowsOfRule = 1'000;
constexpr Timestamp kStart = Timestamp::FromMillis(1'700'000'000'000);

struct Kind {
  const char* name;
  const char* expr;  // ENV stands for the rule's hosts
  absl::Duration window;
};
constexpr absl::Duration kNone = absl::ZeroDuration();
constexpr absl::Duration kShort = absl::Minutes(5);
constexpr absl::Duration kHour = absl::Hours(1);

const Kind kKinds[] = {
    {"instant", "load{env=\"ENV\"} > 1e6", kNone},
    {"avg_over_time 5m by host", "avg by (host) (avg_over_time(load{env=\"ENV\"}[5m])) > 1e6",
     kShort},
    {"sum by rate 5m", "sum by (service) (rate(requests_total{env=\"ENV\"}[5m])) > 1e9", kShort},
    {"ratio of rates 5m",
     "sum by (service) (rate(errors_total{env=\"ENV\"}[5m])) / "
     "sum by (service) (rate(requests_total{env=\"ENV\"}[5m])) > 1e6",
     kShort},
    {"max_over_time 5m", "max_over_time(load{env=\"ENV\"}[5m]) > 1e6", kShort},
    {"quantile_over_time 5m", "quantile_over_time(0.95, load{env=\"ENV\"}[5m]) > 1e6", kShort},
    {"absent", "absent(load{env=\"ENV\"})", kNone},
    {"predict_linear 1h", "predict_linear(load{env=\"ENV\"}[1h], 14400) < -1e9", kHour},
    {"z-score 1h",
     "(load{env=\"ENV\"} - avg_over_time(load{env=\"ENV\"}[1h])) / "
     "stddev_over_time(load{env=\"ENV\"}[1h]) > 1e3",
     kHour},
};

const Kind kWindowKinds[] = {
    {"rate 5m", "rate(requests_total{env=\"ENV\"}[5m]) > 1e9", kShort},
    {"rate 1h", "rate(requests_total{env=\"ENV\"}[1h]) > 1e9", kHour},
    {"avg_over_time 5m", "avg_over_time(load{env=\"ENV\"}[5m]) > 1e6", kShort},
    {"avg_over_time 1h", "avg_over_time(load{env=\"ENV\"}[1h]) > 1e6", kHour},
    {"max_over_time 5m", "max_over_time(load{env=\"ENV\"}[5m]) > 1e6", kShort},
    {"max_over_time 1h", "max_over_time(load{env=\"ENV\"}[1h]) > 1e6", kHour},
    {"quantile_over_time 5m", "quantile_over_time(0.95, load{env=\"ENV\"}[5m]) > 1e6", kShort},
    {"quantile_over_time 1h", "quantile_over_time(0.95, load{env=\"ENV\"}[1h]) > 1e6", kHour},
    {"median 5m, rising", "quantile_over_time(0.5, requests_total{env=\"ENV\"}[5m]) > 1e9", kShort},
    {"median 1h, rising", "quantile_over_time(0.5, requests_total{env=\"ENV\"}[1h]) > 1e9", kHour},
    {"stddev_over_time 5m", "stddev_over_time(load{env=\"ENV\"}[5m]) > 1e6", kShort},
    {"stddev_over_time 1h", "stddev_over_time(load{env=\"ENV\"}[1h]) > 1e6", kHour},
    {"predict_linear 5m", "predict_linear(load{env=\"ENV\"}[5m], 60) < -1e9", kShort},
    {"predict_linear 1h", "predict_linear(load{env=\"ENV\"}[1h], 60) < -1e9", kHour},
};

// There is one thread.
double CpuSeconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

enum class Values { kFewDigits, kFullPrecision };

// Hosts that each have the metrics asked for; a value differs by series and step, without a random
// generator whose cost would be seen.
class Fleet {
 public:
  Fleet(std::vector<std::string> metrics, size_t series, Values values)
      : metrics_(std::move(metrics)), hosts_(series / metrics_.size()), values_(values) {}

  size_t series() const { return hosts_ * metrics_.size(); }
  size_t environments() const { return std::max<size_t>(1, hosts_ / kRowsOfRule); }

  std::vector<storage::NewSeries> Declare(SeriesRegistry& registry) const {
    for (size_t host = 0; host < hosts_; ++host) {
      for (const std::string& metric : metrics_) {
        const Labels labels = {{"__name__", metric},
                               {"host", absl::StrCat("host-", host)},
                               {"service", absl::StrCat("service-", host % 50)},
                               {"env", absl::StrCat("env-", host / kRowsOfRule)},
                               {"instance", absl::StrCat("10.0.", host / 250, ".", host % 250)},
                               {"az", absl::StrCat("zone-", host % 3)}};
        const auto ref = registry.Resolve(labels);
        TOCSIN_CHECK(ref.ok()) << ref.status();
      }
    }
    return registry.TakeNew();
  }

  // One sample of the series [from, to), dated `t`.
  SampleBatch Samples(int64_t step, Timestamp t, size_t from, size_t to) const {
    SampleBatch batch;
    for (size_t i = from; i < to; ++i) {
      const bool counter = metrics_[i % metrics_.size()] != "load";
      const uint64_t noise = (i * 2'654'435'761U + static_cast<uint64_t>(step) * 40'503'001U) >> 8;
      double value = static_cast<double>(noise % 10'000) / 100;
      if (counter) value = static_cast<double>(step * 100 + static_cast<int64_t>(noise % 50));
      if (values_ == Values::kFullPrecision) value += static_cast<double>(noise % 7919) / 7919;
      batch.Add(i + 1, t.millis(), value);
    }
    return batch;
  }

 private:
  const std::vector<std::string> metrics_;
  const size_t hosts_;
  const Values values_;
};

std::vector<std::string> MetricsOf(absl::string_view expr) {
  std::vector<std::string> metrics;
  for (const char* name : {"load", "requests_total", "errors_total"}) {
    if (expr.find(name) != absl::string_view::npos) metrics.push_back(name);
  }
  return metrics;
}

class NoSink final : public SampleSink {
 public:
  absl::StatusOr<SeriesRef> Resolve(const Labels&) override {
    return absl::UnimplementedError("nothing is recorded here");
  }
  void Submit(SampleBatch, Done) override {}
};

class Bench {
 public:
  Bench(Fleet fleet, const std::vector<std::string>& exprs, absl::Duration interval)
      : fleet_(std::move(fleet)), interval_(interval) {
    clock_.AdvanceTo(kStart);
    TOCSIN_CHECK(outbox_.Recover().ok());
    log_ = storage::OpenSampleLog(store_).value();
    limits_.series_max = 10'000'000;
    registry_ = std::make_unique<SeriesRegistry>(limits_);
    shard_ = std::make_unique<Shard>(
        ShardDependencies{store_, outbox_, *log_, *registry_, sink_, input_, metrics_, clock_},
        ShardOptions{.limits = limits_});
    rules::LoadResult loaded = rules::LoadRules({{"bench.yaml", RuleFile(exprs)}}, {});
    TOCSIN_CHECK(loaded.ok()) << loaded.diagnostics.front().message;
    auto rules = std::make_shared<rules::RuleSet>(std::move(loaded.rules));
    const auto owns = [](const std::string&) { return true; };
    TOCSIN_CHECK(shard_->Install(std::move(rules), owns, clock_.Now()).ok());
    CommittedBatch first;
    first.new_series = fleet_.Declare(*registry_);
    shard_->Apply(first);
  }

  // One interval: the samples due in it arrive, then what is due is evaluated second by second.
  // Seconds of CPU.
  struct Cost {
    double apply = 0;
    double evaluate = 0;
    size_t samples = 0;
  };
  Cost Step() {
    ++step_;
    const size_t parts = static_cast<size_t>(kScrape / interval_);
    const size_t part = static_cast<size_t>(step_) % parts;
    CommittedBatch batch;
    batch.committed = clock_.Now();
    batch.samples =
        fleet_.Samples(step_ / static_cast<int64_t>(parts), clock_.Now(),
                       fleet_.series() * part / parts, fleet_.series() * (part + 1) / parts);
    Cost cost;
    cost.samples = batch.samples.size();
    double begin = CpuSeconds();
    shard_->Apply(batch);
    cost.apply = CpuSeconds() - begin;
    begin = CpuSeconds();
    for (absl::Duration t; t < interval_; t += absl::Seconds(1)) {
      clock_.AdvanceTo(clock_.Now() + absl::Seconds(1));
      TOCSIN_CHECK(shard_->EvaluateUpTo(clock_.Now()).ok());
    }
    cost.evaluate = CpuSeconds() - begin;
    return cost;
  }
  void Run(absl::Duration time) {
    for (absl::Duration t; t < time; t += interval_) Step();
  }
  // The median of several steps.
  Cost Measure(int steps) {
    std::vector<double> apply, evaluate;
    Cost cost;
    for (int i = 0; i < steps; ++i) {
      cost = Step();
      apply.push_back(cost.apply);
      evaluate.push_back(cost.evaluate);
    }
    std::sort(apply.begin(), apply.end());
    std::sort(evaluate.begin(), evaluate.end());
    cost.apply = apply[apply.size() / 2];
    cost.evaluate = evaluate[evaluate.size() / 2];
    return cost;
  }

 private:
  std::string RuleFile(const std::vector<std::string>& exprs) const {
    std::string text = absl::StrCat(
        "groups:\n- name: bench\n  interval: ", absl::ToInt64Seconds(interval_), "s\n  rules:\n");
    for (size_t i = 0; i < exprs.size(); ++i) {
      absl::StrAppend(&text, "  - alert: rule", i, "\n    expr: '", exprs[i], "'\n    for: 1m\n");
    }
    return text;
  }

  const Fleet fleet_;
  const absl::Duration interval_;
  Limits limits_;
  ManualClock clock_;
  NoSink sink_;
  Metrics registry_of_metrics_;
  EvaluationMetrics metrics_{registry_of_metrics_};
  InputHealth input_{clock_};
  storage::MemoryStore store_;
  storage::Outbox outbox_{store_, 1'000'000};
  std::unique_ptr<storage::SampleLog> log_;
  std::unique_ptr<SeriesRegistry> registry_;
  std::unique_ptr<Shard> shard_;
  int64_t step_ = 0;
};

// The expression for each of `rules` rules; thresholds differ, so that no two are equal.
std::vector<std::string> Exprs(absl::string_view expr, size_t rules, const Fleet& fleet) {
  std::vector<std::string> exprs;
  for (size_t i = 0; i < rules; ++i) {
    std::string text =
        absl::StrReplaceAll(expr, {{"ENV", absl::StrCat("env-", i % fleet.environments())}});
    const size_t again = i / fleet.environments();
    if (again > 0 && text.back() != ')') absl::StrAppend(&text, " + ", again);
    exprs.push_back(std::move(text));
  }
  return exprs;
}

void PrintRow(const std::string& name, size_t series, size_t rules, const Bench::Cost& cost) {
  const double per_rule = cost.evaluate / static_cast<double>(rules);
  std::printf("%-26s %8zu series %5zu rules  %9.2f us a rule  %7.2f ns a row  apply %6.1f ns\n",
              name.c_str(), series, rules, per_rule * 1e6,
              per_rule * 1e9 / std::min<double>(kRowsOfRule, static_cast<double>(series)),
              cost.apply * 1e9 / static_cast<double>(cost.samples));
  std::fflush(stdout);
}

void MeasureKind(const Kind& kind, size_t series, size_t rules, int steps) {
  const std::vector<std::string> metrics = MetricsOf(kind.expr);
  Fleet fleet(metrics, series * metrics.size(), Values::kFewDigits);
  const auto exprs = Exprs(kind.expr, rules, fleet);
  Bench bench(std::move(fleet), exprs, kScrape);
  bench.Run(kind.window + absl::Minutes(2));
  PrintRow(kind.name, series * metrics.size(), rules, bench.Measure(steps));
}

// Every rule once a second; a tenth of the series gets its sample in each. Every series belongs to
// one rule.
void MeasureSecond() {
  constexpr size_t kSeries = 1'000'000, kRules = 1'000;
  Fleet fleet({"load", "requests_total"}, kSeries, Values::kFewDigits);
  const size_t of_load[] = {0, 1, 4};  // instant, avg, max
  std::vector<std::string> exprs;
  for (size_t i = 0; i < kRules; ++i) {
    const Kind& kind = kKinds[i % 2 == 0 ? of_load[i / 2 % 3] : 2];
    exprs.push_back(absl::StrReplaceAll(kind.expr, {{"ENV", absl::StrCat("env-", i / 2)}}));
  }
  Bench bench(std::move(fleet), exprs, absl::Seconds(1));
  bench.Run(kShort + absl::Minutes(1));
  const Bench::Cost cost = bench.Measure(31);
  std::printf(
      "1M series, 1,000 rules of 1,000 rows (sum by rate; instant, avg, max; 5m), each a "
      "second: %.0f ms of CPU a second to evaluate all, %.0f ms to apply %zu samples\n",
      cost.evaluate * 1e3, cost.apply * 1e3, cost.samples);
}

size_t HeapBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void MeasureMemory(size_t series, const char* metric, const char* expr, absl::Duration window,
                   Values values, const char* name) {
  const size_t before = HeapBytes();
  Fleet fleet({metric}, series, values);
  const auto exprs = Exprs(expr, series / kRowsOfRule, fleet);
  Bench bench(std::move(fleet), exprs, kScrape);
  bench.Run(absl::Seconds(20));
  const size_t without = HeapBytes();
  bench.Run(window + absl::Minutes(3));
  std::printf("%-44s %5zu bytes a series in all, %5zu of them come with the window\n", name,
              (HeapBytes() - before) / series, (HeapBytes() - without) / series);
  std::fflush(stdout);
}

void MeasureMemories(size_t series, absl::string_view only) {
  const char* avg5 = "avg_over_time(load{env=\"ENV\"}[5m]) > 1e6";
  const char* avg1h = "avg_over_time(load{env=\"ENV\"}[1h]) > 1e6";
  const char* rate5 = "rate(requests_total{env=\"ENV\"}[5m]) > 1e9";
  const char* rising1h = "min_over_time(requests_total{env=\"ENV\"}[1h]) > 1e9";
  const char* quantile5 = "quantile_over_time(0.95, load{env=\"ENV\"}[5m]) > 1e6";
  const char* quantile1h = "quantile_over_time(0.95, load{env=\"ENV\"}[1h]) > 1e6";
  const char* rate1h = "rate(requests_total{env=\"ENV\"}[1h]) > 1e9";
  const auto measure = [&](const char* metric, const char* expr, absl::Duration window,
                           Values values, const char* name) {
    if (absl::StrContains(name, only)) MeasureMemory(series, metric, expr, window, values, name);
  };
  measure("load", "load{env=\"ENV\"} > 1e6", kShort, Values::kFewDigits, "instant, gauge");
  measure("load", avg5, kShort, Values::kFewDigits, "avg_over_time 5m, gauge of 4 digits");
  measure("requests_total", rate5, kShort, Values::kFewDigits, "rate 5m, counter");
  measure("load", avg5, kShort, Values::kFullPrecision, "avg_over_time 5m, full precision");
  measure("load", avg1h, kHour, Values::kFewDigits, "avg_over_time 1h, gauge of 4 digits");
  measure("requests_total", rate1h, kHour, Values::kFewDigits, "rate 1h, counter");
  measure("load", avg1h, kHour, Values::kFullPrecision, "avg_over_time 1h, full precision");
  measure("load", quantile5, kShort, Values::kFewDigits,
          "quantile_over_time 5m, gauge of 4 digits");
  measure("load", quantile1h, kHour, Values::kFewDigits,
          "quantile_over_time 1h, gauge of 4 digits");
  measure("requests_total", rising1h, kHour, Values::kFewDigits, "min_over_time 1h, rising");
}

}  // namespace
}  // namespace tocsin::engine

int main(int argc, char** argv) {
  using namespace tocsin::engine;
  CLI::App app("What evaluating rules costs");
  std::string part = "kinds";
  app.add_option("--part", part)
      ->check(CLI::IsMember({"kinds", "windows", "second", "memory", "peer"}));
  size_t memory_series = 100'000;
  app.add_option("--series", memory_series, "for the part memory");
  std::string only;
  app.add_option("--only", only,
                 "of the parts kinds, windows and memory, what has this in its name");
  int steps = 31;
  app.add_option("--steps", steps, "evaluations measured in the parts kinds, windows and peer");
  size_t rows_only = 0;
  app.add_option("--rows", rows_only, "of the parts kinds and windows, only so many series");
  CLI11_PARSE(app, argc, argv);
  const auto sized = [&](size_t series) { return rows_only == 0 || series == rows_only; };
  const auto wanted = [&](const Kind& kind) { return absl::StrContains(kind.name, only); };
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  if (part == "kinds") {
    for (const Kind& kind : kKinds) {
      if (!wanted(kind)) continue;
      for (const size_t series : {10'000, 100'000}) {
        if (!sized(series)) continue;
        for (const size_t rules : {100, 1'000}) MeasureKind(kind, series, rules, steps);
      }
    }
  } else if (part == "windows") {
    for (const Kind& kind : kWindowKinds) {
      if (!wanted(kind)) continue;
      for (const size_t series : {1'000, 10'000, 100'000}) {
        if (sized(series)) MeasureKind(kind, series, series / kRowsOfRule, steps);
      }
    }
  } else if (part == "peer") {
    for (const Kind& kind : kKinds) MeasureKind(kind, 1'000, 1, steps);
  } else if (part == "second") {
    MeasureSecond();
  } else {
    MeasureMemories(memory_series, only);
  }
  return 0;
}
