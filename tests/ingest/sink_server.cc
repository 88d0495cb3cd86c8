// The ports alone: prints every sample it takes as "series value @time_ms", or only counts them
// (--quiet). Log records are counted by log_records_total{severity, service}. For trying out
// clients, and for measuring what ingest costs without an engine behind it. Ends when its standard
// input does.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/histogram/text.h"
#include "base/mutex.h"
#include "integrations/http/http_server.h"
#include "integrations/ingest/grpc_server.h"
#include "integrations/ingest/http_front.h"
#include "integrations/ingest/log_counters.h"
#include "integrations/ingest/log_http.h"
#include "integrations/ingest/otlp_http.h"
#include "integrations/ingest/remote_write_http.h"

namespace tocsin::ingest {
namespace {

class PrintingSink : public engine::SampleSink {
 public:
  explicit PrintingSink(bool quiet) : quiet_(quiet) {}

  absl::StatusOr<SeriesRef> Resolve(const Labels& labels) override {
    MutexLock lock(mutex_);
    const auto [found, added] = refs_.try_emplace(labels, names_.size() + 1);
    if (added) names_.push_back(quiet_ ? "" : labels.ToString());
    return found->second;
  }

  void Submit(SampleBatch batch, Done done) override {
    {
      MutexLock lock(mutex_);
      samples_ += batch.size();
      if (!quiet_) Print(batch);
    }
    done(absl::OkStatus());
  }

  void PrintTotals() {
    MutexLock lock(mutex_);
    if (quiet_) std::printf("%zu samples of %zu series\n", samples_, names_.size());
  }

 private:
  void Print(const SampleBatch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (size_t i = 0; i < batch.size(); ++i) {
      const NativeHistogram* histogram = batch.histogram(i);
      const std::string value =
          histogram != nullptr ? HistogramNotation(*histogram) : absl::StrCat(batch.values[i]);
      const std::string line =
          absl::StrCat(names_[batch.refs[i] - 1], " ", value, " @", batch.times_ms[i], "\n");
      std::fwrite(line.data(), 1, line.size(), stdout);
    }
    std::fflush(stdout);
  }

  // Constant after construction.
  const bool quiet_;

  // Guarded by mutex_.
  Mutex mutex_;
  absl::flat_hash_map<Labels, SeriesRef> refs_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> names_ ABSL_GUARDED_BY(mutex_);
  size_t samples_ ABSL_GUARDED_BY(mutex_) = 0;
};

int Main(int argc, char** argv) {
  CLI::App app("The ports that samples come to, without an engine");
  GrpcServerOptions options;
  http::HttpServerOptions http_options;
  http_options.name = "http";
  http_options.body_bytes_max = SIZE_MAX;
  bool quiet = false;
  app.add_option("--listen", options.listen, "host:port; port 0 takes a free one");
  app.add_option("--http-listen", http_options.listen, "the same for OTLP/HTTP and remote write");
  app.add_flag("--quiet", quiet, "count samples instead of printing them");
  CLI11_PARSE(app, argc, argv);

  KeepLargeBlocksMapped();
  const Limits limits;
  const SystemClock clock;
  Metrics metrics;
  PrintingSink sink(quiet);
  LogCounters logs(sink);
  logs.SetRules({{.name = "log_records_total",
                  .tests = {},
                  .labels = {{"severity", *ParseRecordField("severity")},
                             {"service", *ParseRecordField("resource.service.name")}}}},
                clock.Now());
  options.logs = &logs;
  GrpcServer server(options, limits, sink, clock, metrics);
  if (const absl::Status status = server.Start(); !status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 2;
  }
  server.SetServing(true);
  OtlpDecoder decoder(limits, sink);
  OtlpHttp otlp(limits, sink, metrics, decoder);
  LogHttp log_http(limits, sink, metrics, logs);
  RemoteWriteHttp remote_write(limits, sink, metrics);
  SenderRates rates(limits, clock, metrics);
  HttpFront front(limits, clock, metrics, rates);
  front.AddRoute(otlp.route());
  front.AddRoute(log_http.route());
  front.AddRoute(remote_write.route());
  const auto http_server = http::HttpServer::Start(http_options, front.admit(), metrics);
  if (!http_server.ok()) {
    std::fprintf(stderr, "%s\n", http_server.status().ToString().c_str());
    return 2;
  }
  std::printf("listening on port %d\n", server.port());
  std::printf("and over HTTP on port %d\n", (*http_server)->port());
  std::fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  (*http_server)->Stop();
  server.Drain(absl::Seconds(10));
  sink.PrintTotals();
  return 0;
}

}  // namespace
}  // namespace tocsin::ingest

int main(int argc, char** argv) {
  return tocsin::ingest::Main(argc, argv);
}
