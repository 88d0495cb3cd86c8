// Datadog's intakes and DogStatsD alone: prints every sample taken as "series value @time_ms", and
// counts logs as logs{body, host, service, severity, source, env}. For trying out clients, without
// an engine behind. Ends when its standard input does.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/histogram/text.h"
#include "base/mutex.h"
#include "integrations/datadog/intake.h"
#include "integrations/datadog/intake_routes.h"
#include "integrations/datadog/statsd_server.h"
#include "integrations/http/http_server.h"
#include "integrations/ingest/http_front.h"
#include "storage/memory_store.h"

namespace tocsin::datadog {
namespace {

class PrintingSink : public engine::SampleSink {
 public:
  absl::StatusOr<SeriesRef> Resolve(const Labels& labels) override {
    MutexLock lock(mutex_);
    const auto [found, added] = refs_.try_emplace(labels, names_.size() + 1);
    if (added) names_.push_back(labels.ToString());
    return found->second;
  }

  void Submit(SampleBatch batch, Done done) override {
    {
      MutexLock lock(mutex_);
      for (size_t i = 0; i < batch.size(); ++i) Print(batch, i);
      std::fflush(stdout);
    }
    done(absl::OkStatus());
  }

 private:
  void Print(const SampleBatch& batch, size_t i) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const NativeHistogram* histogram = batch.histogram(i);
    const std::string value =
        histogram != nullptr ? HistogramNotation(*histogram) : absl::StrCat(batch.values[i]);
    std::printf("%s %s @%lld\n", names_[batch.refs[i] - 1].c_str(), value.c_str(),
                static_cast<long long>(batch.times_ms[i]));
  }

  Mutex mutex_;
  absl::flat_hash_map<Labels, SeriesRef> refs_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> names_ ABSL_GUARDED_BY(mutex_);
};

ingest::LogCounterRule CountedLogs() {
  ingest::LogCounterRule rule{.name = "logs", .tests = {}, .labels = {}};
  for (const auto& [label, field] :
       std::vector<std::pair<std::string, std::string>>{{"body", "body"},
                                                        {"host", "resource.host.name"},
                                                        {"service", "resource.service.name"},
                                                        {"severity", "severity"},
                                                        {"source", "attributes.ddsource"},
                                                        {"env", "attributes.env"}}) {
    rule.labels.emplace_back(label, *ParseRecordField(field));
  }
  return rule;
}

int Main(int argc, char** argv) {
  CLI::App app("Datadog's intake and DogStatsD without an engine");
  std::string key;
  StatsdListen listen{.udp = "127.0.0.1:0"};
  app.add_option("--key", key, "the only key taken");
  app.add_option("--socket", listen.socket, "path of a Unix datagram socket");
  CLI11_PARSE(app, argc, argv);

  const Limits limits{};
  const SystemClock clock;
  Metrics metrics;
  PrintingSink sink;
  storage::MemoryStore store;
  HostTags hosts(store, metrics);
  SeriesResolver series(limits, sink, hosts, metrics);
  MetricIntervals intervals(sink);
  const ApiKeys keys(key.empty() ? std::vector<Secret>() : std::vector<Secret>{Secret(key)});
  Intake intake({limits, sink, hosts, series, intervals, metrics},
                [&](absl::string_view given, absl::string_view) { return keys.Accepts(given); });
  ingest::LogCounters counters(sink);
  counters.SetRules({CountedLogs()}, clock.Now());
  LogIntake logs({limits, sink, counters, hosts, metrics});
  StatsdIntake statsd({limits, sink, series, intervals, metrics}, {.host = "statsd-host"});
  StatsdServer statsd_server(statsd, clock, listen);
  ingest::SenderRates rates(limits, clock, metrics);
  ingest::HttpFront front(limits, clock, metrics, rates);
  AddRoutes(intake, logs, front);
  http::HttpServerOptions options;
  options.name = "http";
  options.body_bytes_max = SIZE_MAX;
  auto server = http::HttpServer::Start(options, front.admit(), metrics);
  const absl::Status started = server.ok() ? statsd_server.Start() : server.status();
  if (!started.ok()) {
    std::fprintf(stderr, "%s\n", started.ToString().c_str());
    return 2;
  }
  std::printf("listening on ports %d %d\n", (*server)->port(), statsd_server.udp_port());
  std::fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  (*server)->Stop();
  statsd_server.Stop();
  return 0;
}

}  // namespace
}  // namespace tocsin::datadog

int main(int argc, char** argv) {
  return tocsin::datadog::Main(argc, argv);
}
