// push_value: sends one gauge over OTLP/gRPC and prints when it was acknowledged; the e2e tests'
// hand on the service.
//   push_value --endpoint 127.0.0.1:4317 --name queue_length --value 100 --attr queue=orders
//   [--repeat 20 --interval 200ms]

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "integrations/ingest/otlp_client.h"
#include "integrations/ingest/otlp_encode.h"

namespace tocsin {
namespace {

int Main(int argc, char** argv) {
  CLI::App app("Sends one gauge over OTLP/gRPC.", "push_value");
  std::string endpoint = "127.0.0.1:4317", name, interval_text = "200ms";
  double value = 0;
  int repeat = 1;
  std::vector<std::string> attributes;
  app.add_option("--endpoint", endpoint);
  app.add_option("--name", name)->required();
  app.add_option("--value", value)->required();
  app.add_option("--attr", attributes, "key=value");
  app.add_option("--repeat", repeat, "number of samples");
  app.add_option("--interval", interval_text);
  CLI11_PARSE(app, argc, argv);
  absl::Duration interval;
  if (!absl::ParseDuration(interval_text, &interval)) return 2;

  const SystemClock clock;
  SeededRandom random(SystemSeed());
  ingest::OtlpClientOptions options;
  options.target = endpoint;
  options.attempts_max = 1;
  ingest::OtlpClient client(options, random);
  Mutex mutex;
  CondVar never;
  int failures = 0;
  for (int i = 0; i < repeat; ++i) {
    if (i > 0) {
      MutexLock lock(mutex);
      never.WaitFor(mutex, interval);
    }
    ingest::OutgoingPoint point;
    point.name = name;
    point.value = value;
    point.time = clock.Now();
    for (const std::string& attribute : attributes) {
      const std::pair<std::string, std::string> parts =
          absl::StrSplit(attribute, absl::MaxSplits('=', 1));
      point.attributes.emplace_back(parts.first, parts.second);
    }
    const auto pushed = client.Push(ingest::EncodeOtlp({}, {point}));
    const bool taken = pushed.ok() && pushed->rejected_points == 0;
    if (!taken) ++failures;
    const std::string why =
        taken ? ""
              : absl::StrCat(absl::StatusCodeToString(pushed.status().code()), " ",
                             pushed.status().message(), ", retry after ",
                             absl::ToInt64Milliseconds(client.asked_to_wait()), " ms");
    std::printf("%s %lld %s\n", taken ? "acked" : "refused",
                static_cast<long long>(point.time.millis()), why.c_str());
    std::fflush(stdout);
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) {
  return tocsin::Main(argc, argv);
}
