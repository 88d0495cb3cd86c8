// kill_load: pushes samples over the native stream to a service that is killed again and again, and
// repeats what was not acknowledged.
//   kill_load --endpoint 127.0.0.1:4317 --name kill_value --series 8 --interval 4ms --record FILE
//
// Every interval one request with a sample of each series: its level plus a fraction that tells
// the samples of a series apart. Orders on standard input:
//   level SERIES VALUE     from now on
//   finish                 waits until all is acknowledged, prints "finished" and ends
// FILE gets a line per request, "TIME_MS VALUE VALUE ..", when it is first sent; once finished, all
// of it is acknowledged.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/labels.h"
#include "base/mutex.h"
#include "integrations/ingest/push_client.h"

namespace tocsin {
namespace {

constexpr int kFractions = 1024;  // a power of two, so that the sum is exact
constexpr absl::Duration kRetryPause = absl::Milliseconds(5);

struct Options {
  std::string endpoint, name, record;
  size_t series = 8;
  absl::Duration interval;
};

// What was ordered on standard input. Thread: any.
class Orders {
 public:
  explicit Orders(size_t series) : levels_(series) {}

  void ReadAll(std::istream& in) {
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      std::string verb;
      size_t series = 0;
      double level = 0;
      words >> verb >> series >> level;
      MutexLock lock(mutex_);
      if (verb == "finish") break;
      if (verb == "level" && words && series < levels_.size()) levels_[series] = level;
    }
    MutexLock lock(mutex_);
    finish_ = true;
    changed_.NotifyAll();
  }

  std::vector<double> Levels() const {
    MutexLock lock(mutex_);
    return levels_;
  }

  // False: to be finished.
  bool Wait(absl::Duration span) {
    MutexLock lock(mutex_);
    if (!finish_) changed_.WaitFor(mutex_, span);
    return !finish_;
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<double> levels_ ABSL_GUARDED_BY(mutex_);
  bool finish_ ABSL_GUARDED_BY(mutex_) = false;
};

class Load {
 public:
  Load(const Options& options, const Clock& clock)
      : options_(options),
        clock_(clock),
        // A connection that was refused is tried anew soon, not after gRPC's own pause of a second.
        client_({.target = options.endpoint, .connect_timeout = absl::Milliseconds(50)}),
        record_(options.record) {
    record_.precision(17);
    for (size_t i = 0; i < options.series; ++i) {
      Labels labels =
          LabelsBuilder().Set("__name__", options.name).Set("series", absl::StrCat(i)).Build();
      references_.push_back(client_.Declare(labels));
    }
  }

  void Send(const std::vector<double>& levels) {
    int64_t now_ms = clock_.Now().millis();
    now_ms = last_ms_ = std::max(now_ms, last_ms_ + 1);
    std::vector<double> values = levels;
    for (double& value : values) value += static_cast<double>(sent_ % kFractions) / kFractions;
    record_ << now_ms;
    for (double value : values) record_ << ' ' << value;
    record_ << '\n';
    ++sent_;
    const std::vector<int64_t> times(values.size(), now_ms);
    Persist([&] { return client_.Push({references_, times, values}); });
  }

  void Flush() {
    Persist([&] { return client_.Flush(); });
    record_.flush();
  }

  uint64_t sent() const { return sent_; }
  ingest::PushClientTotals totals() const { return client_.totals(); }

 private:
  // A request that was queued when the stream broke goes out twice; it is the same samples.
  template <typename Fn>
  void Persist(Fn fn) {
    while (!fn().ok()) {
      while (!client_.Open().ok()) {
        MutexLock lock(pause_mutex_);
        pause_.WaitFor(pause_mutex_, kRetryPause);
      }
    }
  }

  const Options& options_;
  const Clock& clock_;
  ingest::PushClient client_;
  std::ofstream record_;
  std::vector<uint32_t> references_;
  int64_t last_ms_ = 0;
  uint64_t sent_ = 0;
  Mutex pause_mutex_;
  CondVar pause_;
};

int Main(int argc, char** argv) {
  CLI::App app("Load for a service that is killed.", "kill_load");
  Options options;
  std::string interval = "4ms";
  app.add_option("--endpoint", options.endpoint)->required();
  app.add_option("--name", options.name)->required();
  app.add_option("--record", options.record)->required();
  app.add_option("--series", options.series);
  app.add_option("--interval", interval);
  CLI11_PARSE(app, argc, argv);
  if (!absl::ParseDuration(interval, &options.interval)) return 2;

  const SystemClock clock;
  Orders orders(options.series);
  std::thread reader([&] { orders.ReadAll(std::cin); });
  Load load(options, clock);
  while (orders.Wait(options.interval)) load.Send(orders.Levels());
  load.Flush();
  reader.join();
  const ingest::PushClientTotals totals = load.totals();
  std::printf("finished %llu requests, %llu rejected samples %s\n",
              static_cast<unsigned long long>(load.sent()),
              static_cast<unsigned long long>(totals.rejected_samples), totals.last_reason.c_str());
  return totals.rejected_samples == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) {
  return tocsin::Main(argc, argv);
}
