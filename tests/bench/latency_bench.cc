// From the acknowledged sample to the POST at the receiver: the whole service in this process, a
// receiver that only notes when a page's request arrives, and one sample at a time on an idle
// service.
//
//   latency_bench [--pages 300] [--interval 150ms] [--background-series 0]
//
// Each sample opens a page of its own. Prints min, p50, p90, p99 and max in milliseconds. The
// receiver's clock is this process' steady clock; a page may be posted before its sender has read
// the acknowledgement, then the figure is negative.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "app/server.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/random.h"
#include "integrations/ingest/otlp_client.h"
#include "integrations/ingest/otlp_encode.h"

namespace tocsin {
namespace {

// Answers every request as OpsGenie would if all went well, and notes when the create of page
// "run=N" came in.
class Receiver {
 public:
  explicit Receiver(const Clock& clock) : clock_(clock) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    TOCSIN_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    TOCSIN_CHECK(listen(listener_, 64) == 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { Accept(); });
  }
  ~Receiver() {
    shutdown(listener_, SHUT_RDWR);
    close(listener_);
    accepting_.join();
    for (std::thread& connection : connections_) connection.detach();
  }

  int port() const { return port_; }

  absl::Duration WaitFor(int run) {
    MutexLock lock(mutex_);
    while (!arrived_.contains(run)) {
      TOCSIN_CHECK(signal_.WaitFor(mutex_, absl::Seconds(10))) << "no page for run " << run;
    }
    return arrived_[run];
  }

 private:
  void Accept() {
    for (int connection; (connection = accept(listener_, nullptr, nullptr)) >= 0;) {
      connections_.emplace_back([this, connection] { Serve(connection); });
    }
  }

  void Serve(int connection) {
    std::string buffer;
    char chunk[16384];
    for (ssize_t n; (n = read(connection, chunk, sizeof(chunk))) > 0;) {
      const absl::Duration now = clock_.Monotonic();
      buffer.append(chunk, static_cast<size_t>(n));
      while (TakeRequest(buffer, now, connection)) {
      }
    }
    close(connection);
  }

  bool TakeRequest(std::string& buffer, absl::Duration now, int connection) {
    const size_t head = buffer.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    size_t length = 0;
    const size_t field = buffer.find("Content-Length: ");
    if (field < head) length = std::strtoul(buffer.c_str() + field + 16, nullptr, 10);
    if (buffer.size() < head + 4 + length) return false;
    const std::string request = buffer.substr(0, head + 4 + length);
    buffer.erase(0, head + 4 + length);
    const bool create = absl::StartsWith(request, "POST /v2/alerts HTTP");
    if (create) Note(request, now);
    const std::string body =
        absl::StartsWith(request, "GET /v2/alerts/requests/")
            ? R"({"data":{"success":true,"isSuccess":true,"status":"Created alert","alertId":"a"}})"
            : R"({"result":"Request will be processed","took":0.01,"requestId":"r"})";
    const std::string reply = absl::StrCat(
        create ? "HTTP/1.1 202 Accepted" : "HTTP/1.1 200 OK",
        "\r\nContent-Type: application/json\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
    return write(connection, reply.data(), reply.size()) == static_cast<ssize_t>(reply.size());
  }

  void Note(const std::string& request, absl::Duration now) {
    const size_t at = request.find("run-");
    if (at == std::string::npos) return;
    MutexLock lock(mutex_);
    arrived_.try_emplace(std::atoi(request.c_str() + at + 4), now);
    signal_.NotifyAll();
  }

  const Clock& clock_;
  int listener_ = -1;
  int port_ = 0;
  std::thread accepting_;
  std::vector<std::thread> connections_;
  Mutex mutex_;
  CondVar signal_;
  std::map<int, absl::Duration> arrived_ ABSL_GUARDED_BY(mutex_);
};

std::string WriteConfig(const std::filesystem::path& folder, int receiver_port) {
  std::ofstream(folder / "rules.yaml") << R"(monitors:
- name: latency
  query: max by (run) (latency_probe)
  threshold: {critical: "> 10"}
  annotations: {summary: "{{ $labels.run }}"}
)";
  std::ofstream(folder / "key") << "11111111-2222-4333-8444-555555555555";
  std::filesystem::permissions(folder / "key", std::filesystem::perms::owner_read);
  std::ofstream(folder / "tocsin.yaml") << absl::StrCat(
      "rules: [rules.yaml]\nreceivers:\n- name: r\n  opsgenie_configs:\n  - api_url: "
      "http://127.0.0.1:",
      receiver_port, "\n    api_key_file: ", (folder / "key").string(),
      "\nroute: {receiver: r, storm_alerts: 0}\n");
  return (folder / "tocsin.yaml").string();
}

int Main(int argc, char** argv) {
  CLI::App app("Acknowledged sample to POST.", "latency_bench");
  int pages = 300;
  std::string interval_text = "150ms";
  app.add_option("--pages", pages)->capture_default_str();
  app.add_option("--interval", interval_text)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  absl::Duration interval;
  if (!absl::ParseDuration(interval_text, &interval)) return 2;

  SetLogLevel(LogLevel::kError);
  const SystemClock clock;
  Receiver receiver(clock);
  SeededRandom random(SystemSeed());
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / absl::StrCat("tocsin-latency-", MakeUuid(random));
  std::filesystem::create_directories(folder);
  app::ServerOptions options;
  options.config_path = WriteConfig(folder, receiver.port());
  options.data_dir = (folder / "data").string();
  options.grpc_listen = options.http_listen = options.admin_listen = "127.0.0.1:0";
  auto server = app::Server::Start(options, clock);
  TOCSIN_CHECK(server.ok()) << server.status();

  ingest::OtlpClientOptions client_options;
  client_options.target = absl::StrCat("127.0.0.1:", (*server)->grpc_port());
  ingest::OtlpClient client(client_options, random);
  Mutex mutex;
  CondVar never;
  std::vector<double> latencies_ms;
  for (int run = 0; run < pages + 5; ++run) {
    {
      MutexLock lock(mutex);
      never.WaitFor(mutex, interval);
    }
    ingest::OutgoingPoint point;
    point.name = "latency_probe";
    point.value = 100;
    point.time = clock.Now();
    point.attributes.emplace_back("run", absl::StrCat("run-", run, "."));
    const auto pushed = client.Push(ingest::EncodeOtlp({}, {point}));
    const absl::Duration acknowledged = clock.Monotonic();
    TOCSIN_CHECK(pushed.ok()) << pushed.status();
    const absl::Duration posted = receiver.WaitFor(run);
    // The first few warm connections and code up.
    if (run >= 5) latencies_ms.push_back(absl::ToDoubleMilliseconds(posted - acknowledged));
  }
  (*server)->Stop();
  std::filesystem::remove_all(folder);
  std::sort(latencies_ms.begin(), latencies_ms.end());
  const auto at = [&](double q) {
    return latencies_ms[static_cast<size_t>(q * static_cast<double>(latencies_ms.size() - 1))];
  };
  std::printf(
      "acknowledged sample to POST, %d pages, ms: min %.2f p50 %.2f p90 %.2f p99 %.2f max %.2f\n",
      pages, at(0), at(0.5), at(0.9), at(0.99), at(1));
  return 0;
}

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) {
  return tocsin::Main(argc, argv);
}
