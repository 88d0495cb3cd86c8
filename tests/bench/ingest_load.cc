// Load for the ports that samples come to: sends generated series as fast as the server answers, or
// at a given rate whatever it answers, and says what it cost.
//
//   ingest_load --protocol otlp|native|otlp_http|remote_write --target 127.0.0.1:4317
//               --series 100000 --samples-per-request 1000
//               --seconds 10 --connections 2 [--server-pid PID] [--rate POINTS_PER_SECOND]
//
// Each connection owns its share of the series and sends them in turn, one request at a time,
// but pipelined on the native stream. Times are now and values change. The first turn declares
// the series and is not measured.
//
// With --rate requests leave by a schedule, as those of many independent senders do. What
// the server refuses is not sent again; a connection that is more than a second behind leaves out
// what it missed. Every ten seconds one line of JSON says what became of them.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/random.h"
#include "integrations/ingest/otlp_client.h"
#include "integrations/ingest/push_client.h"
#include "tests/bench/http_sender.h"
#include "tests/bench/load_series.h"

namespace tocsin::ingest {
namespace {

class OtlpSender {
 public:
  OtlpSender(const Options& options, size_t first, size_t end)
      : random_(first), client_({.target = options.target}, random_) {
    for (size_t from = first; from < end; from += options.samples_per_request) {
      Template made{OtlpTemplate(options, from, std::min(end, from + options.samples_per_request)),
                    {}};
      made.slots = SlotsOfOtlp(made.bytes);
      templates_.push_back(std::move(made));
    }
  }
  absl::Status Open() { return absl::OkStatus(); }
  size_t requests() const { return templates_.size(); }

  absl::Status Send(size_t i, Timestamp now, double value, Tally& tally) {
    Template& request = templates_[i];
    const auto time_ns = static_cast<uint64_t>(now.millis()) * 1'000'000;
    for (size_t at : request.slots.times) std::memcpy(&request.bytes[at], &time_ns, 8);
    for (size_t at : request.slots.values) std::memcpy(&request.bytes[at], &value, 8);
    const auto answer = client_.Push(request.bytes);
    if (!answer.ok()) return answer.status();
    const auto rejected = static_cast<uint64_t>(answer->rejected_points);
    tally.rejected += rejected;
    tally.points += request.slots.times.size() - rejected;
    return absl::OkStatus();
  }
  absl::Status Settle(Tally&) { return absl::OkStatus(); }

 private:
  struct Template {
    std::string bytes;
    Slots slots;
  };
  SeededRandom random_;
  OtlpClient client_;
  std::vector<Template> templates_;
};

class NativeSender {
 public:
  NativeSender(const Options& options, size_t first, size_t end)
      : client_({.target = options.target, .in_flight_max = options.in_flight}),
        per_request_(options.samples_per_request) {
    for (size_t i = first; i < end; ++i) {
      LabelsBuilder labels;
      labels.Set(kMetricName, MetricOf(i));
      for (const auto& [name, value] : AttributesOf(i)) labels.Set(name, value);
      references_.push_back(client_.Declare(labels.Build()));
    }
  }
  absl::Status Open() { return client_.Open(); }
  size_t requests() const { return (references_.size() + per_request_ - 1) / per_request_; }

  absl::Status Send(size_t i, Timestamp now, double value, Tally&) {
    const size_t from = i * per_request_;
    const size_t count = std::min(per_request_, references_.size() - from);
    times_ms_.assign(count, now.millis());
    values_.assign(count, value);
    return client_.Push({{references_.data() + from, count}, times_ms_, values_});
  }
  absl::Status Settle(Tally& tally) {
    const absl::Status status = client_.Flush();
    const PushClientTotals totals = client_.totals();
    tally.points += totals.acknowledged_samples - settled_.acknowledged_samples;
    tally.rejected += totals.rejected_samples - settled_.rejected_samples;
    settled_ = totals;
    return status;
  }

 private:
  PushClient client_;
  const size_t per_request_;
  PushClientTotals settled_;
  std::vector<uint32_t> references_;
  std::vector<int64_t> times_ms_;
  std::vector<double> values_;
};

// Sends every request once, then in turn until `stop`.
template <typename Sender>
Tally Run(Sender& sender, bool once, const std::atomic<bool>& stop, const Clock& clock) {
  Tally tally;
  const auto note = [&tally](const absl::Status& status) {
    if (status.ok()) return true;
    ++tally.errors;
    tally.last_error = status.ToString();
    return false;
  };
  double value = 1;
  do {
    for (size_t i = 0; i < sender.requests() && !stop; ++i) {
      if (!note(sender.Send(i, clock.Now(), value, tally))) (void)sender.Open();
    }
    value += 1;
  } while (!once && !stop);
  note(sender.Settle(tally));
  return tally;
}

// Ten seconds of scheduled requests, in turn from `next` on.
template <typename Sender>
Tally RunScheduled(Sender& sender, absl::Duration interval, absl::Duration end, size_t& next,
                   absl::Duration& due, const Clock& clock) {
  Tally tally;
  Mutex mutex;
  CondVar never;
  for (; due < end; due += interval) {
    if (due < clock.Monotonic() - absl::Seconds(1)) {
      ++tally.left_out;
      continue;
    }
    {
      MutexLock lock(mutex);
      while (clock.Monotonic() < due) never.WaitFor(mutex, due - clock.Monotonic());
    }
    const absl::Duration sent = clock.Monotonic();
    const auto value = static_cast<double>(next);
    absl::Status status = sender.Send(next % sender.requests(), clock.Now(), value, tally);
    ++next;
    if (status.ok()) status = sender.Settle(tally);
    tally.answer_ms.push_back(absl::ToDoubleMilliseconds(clock.Monotonic() - sent));
    if (status.ok()) continue;
    ++tally.errors;
    tally.last_error = status.ToString();
    (void)sender.Open();
  }
  return tally;
}

double CpuSeconds(int pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::stringstream text;
  text << file.rdbuf();
  // After the program's name in parentheses: state is field 3, utime 14, stime 15.
  const std::string stat = text.str();
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

template <typename Sender>
std::vector<Tally> RunAll(std::vector<std::unique_ptr<Sender>>& senders, bool once, double seconds,
                          const Clock& clock) {
  std::atomic<bool> stop = false;
  std::vector<Tally> tallies(senders.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < senders.size(); ++i) {
    threads.emplace_back([&, i] { tallies[i] = Run(*senders[i], once, stop, clock); });
  }
  if (!once) {
    Mutex mutex;
    CondVar never;
    MutexLock lock(mutex);
    const absl::Duration end = clock.Monotonic() + absl::Seconds(seconds);
    while (clock.Monotonic() < end) never.WaitFor(mutex, end - clock.Monotonic());
    stop = true;
  }
  for (std::thread& thread : threads) thread.join();
  return tallies;
}

Tally Sum(const std::vector<Tally>& tallies) {
  Tally sum;
  for (const Tally& tally : tallies) {
    sum.points += tally.points;
    sum.rejected += tally.rejected;
    sum.errors += tally.errors;
    sum.left_out += tally.left_out;
    if (!tally.last_error.empty()) sum.last_error = tally.last_error;
  }
  return sum;
}

template <typename Sender>
int Measure(const Options& options) {
  const SystemClock clock;
  std::vector<std::unique_ptr<Sender>> senders;
  for (size_t i = 0; i < options.connections; ++i) {
    senders.push_back(std::make_unique<Sender>(options, options.series * i / options.connections,
                                               options.series * (i + 1) / options.connections));
    if (const absl::Status status = senders.back()->Open(); !status.ok()) {
      std::fprintf(stderr, "%s\n", status.ToString().c_str());
      return 2;
    }
  }
  const auto seconds_since = [&clock](absl::Duration start) {
    return absl::ToDoubleSeconds(clock.Monotonic() - start);
  };
  absl::Duration start = clock.Monotonic();
  double cpu = CpuSeconds(options.server_pid);
  const Tally first = Sum(RunAll(senders, /*once=*/true, 0, clock));
  std::printf("first sight: %zu series in %.2f s, %llu errors %s\n", options.series,
              seconds_since(start), static_cast<unsigned long long>(first.errors),
              first.last_error.c_str());
  const double first_cpu = CpuSeconds(options.server_pid) - cpu;

  start = clock.Monotonic();
  cpu = CpuSeconds(options.server_pid);
  const Tally steady = Sum(RunAll(senders, /*once=*/false, options.seconds, clock));
  const double seconds = seconds_since(start);
  const double steady_cpu = CpuSeconds(options.server_pid) - cpu;
  std::printf("steady: %.0f points/s, %llu points, %llu rejected, %llu errors %s\n",
              static_cast<double>(steady.points) / seconds,
              static_cast<unsigned long long>(steady.points),
              static_cast<unsigned long long>(steady.rejected),
              static_cast<unsigned long long>(steady.errors), steady.last_error.c_str());
  if (options.server_pid > 0 && steady.points > 0) {
    std::printf("server CPU: %.2f us a new series, %.0f ns a point\n",
                first_cpu * 1e6 / static_cast<double>(options.series),
                steady_cpu * 1e9 / static_cast<double>(steady.points));
  }
  return steady.points > 0 && steady.errors == 0 ? 0 : 1;
}

void PrintScheduled(double second, std::vector<double>& answer_ms, const Tally& sum) {
  std::sort(answer_ms.begin(), answer_ms.end());
  const auto at = [&](double q) {
    if (answer_ms.empty()) return 0.0;
    return answer_ms[static_cast<size_t>(q * static_cast<double>(answer_ms.size() - 1))];
  };
  std::printf(
      R"({"second":%.0f,"accepted_points":%llu,"refused_requests":%llu,"left_out_requests":%llu,)"
      R"("answer_ms":{"p50":%.1f,"p99":%.1f,"max":%.1f},"error":"%s"})"
      "\n",
      second, static_cast<unsigned long long>(sum.points),
      static_cast<unsigned long long>(sum.errors), static_cast<unsigned long long>(sum.left_out),
      at(0.5), at(0.99), at(1), sum.last_error.c_str());
  std::fflush(stdout);
}

// As Measure, at options.rate.
template <typename Sender>
int Soak(const Options& options) {
  const SystemClock clock;
  std::vector<std::unique_ptr<Sender>> senders;
  for (size_t i = 0; i < options.connections; ++i) {
    senders.push_back(std::make_unique<Sender>(options, options.series * i / options.connections,
                                               options.series * (i + 1) / options.connections));
    if (!senders.back()->Open().ok()) return 2;
  }
  RunAll(senders, /*once=*/true, 0, clock);
  const absl::Duration start = clock.Monotonic();
  const absl::Duration interval = absl::Seconds(
      static_cast<double>(options.samples_per_request * options.connections) / options.rate);
  std::vector<size_t> next(senders.size(), 0);
  std::vector<absl::Duration> due;
  for (size_t i = 0; i < senders.size(); ++i) {
    due.push_back(start + interval * i / static_cast<double>(senders.size()));
  }
  for (double second = 10; second <= options.seconds; second += 10) {
    std::vector<Tally> tallies(senders.size());
    std::vector<std::thread> threads;
    for (size_t i = 0; i < senders.size(); ++i) {
      threads.emplace_back([&, i] {
        tallies[i] = RunScheduled(*senders[i], interval, start + absl::Seconds(second), next[i],
                                  due[i], clock);
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::vector<double> answer_ms;
    for (const Tally& tally : tallies) {
      answer_ms.insert(answer_ms.end(), tally.answer_ms.begin(), tally.answer_ms.end());
    }
    PrintScheduled(second, answer_ms, Sum(tallies));
  }
  return 0;
}

template <typename Sender>
int MeasureOrSoak(const Options& options) {
  return options.rate > 0 ? Soak<Sender>(options) : Measure<Sender>(options);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Load for the ports that samples come to");
  app.add_option("--protocol", options.protocol)
      ->check(CLI::IsMember({"otlp", "native", "otlp_http", "remote_write"}));
  app.add_option("--target", options.target, "host:port");
  app.add_option("--path", options.path, "over HTTP: where a peer takes the protocol");
  app.add_option("--series", options.series)->check(CLI::PositiveNumber);
  app.add_option("--samples-per-request", options.samples_per_request)->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds)->check(CLI::PositiveNumber);
  app.add_option("--connections", options.connections)->check(CLI::PositiveNumber);
  app.add_option("--in-flight", options.in_flight, "native: requests under way on a stream")
      ->check(CLI::PositiveNumber);
  app.add_option("--server-pid", options.server_pid, "to measure the server's CPU time");
  app.add_flag("--in-resource", options.in_resource,
               "OTLP: all attributes but one are the resource's");
  app.add_option("--rate", options.rate, "points a second, on a schedule")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  if (options.protocol == "native") return MeasureOrSoak<NativeSender>(options);
  if (options.protocol == "otlp") return MeasureOrSoak<OtlpSender>(options);
  return MeasureOrSoak<HttpSender>(options);
}

}  // namespace
}  // namespace tocsin::ingest

int main(int argc, char** argv) {
  return tocsin::ingest::Main(argc, argv);
}
