#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "integrations/http/http_server.h"
#include "integrations/ingest/http_front.h"
#include "tests/http/raw_client.h"
#include "tests/ingest/fake_sink.h"

// The ingest port over HTTP as clients meet it: raw bytes over loopback, the engine replaced by
// FakeSink.
namespace tocsin::ingest {

inline constexpr int64_t kNowMs = 1'700'000'000'000;

class StandingClock : public Clock {
 public:
  Timestamp Now() const override { return Timestamp::FromMillis(kNowMs); }
  absl::Duration Monotonic() const override { return absl::ZeroDuration(); }
};

using Headers = std::vector<std::pair<std::string, std::string>>;

inline std::string PostBytes(const std::string& path, const Headers& headers,
                             const std::string& body) {
  std::string bytes = absl::StrCat("POST ", path, " HTTP/1.1\r\nHost: h\r\n");
  for (const auto& [name, value] : headers) absl::StrAppend(&bytes, name, ": ", value, "\r\n");
  absl::StrAppend(&bytes, "Content-Length: ", body.size(), "\r\n\r\n", body);
  return bytes;
}

// The value of a header of a raw reply; "" if there is none.
inline std::string HeaderOf(const std::string& reply, const std::string& name) {
  const std::string head = reply.substr(0, reply.find("\r\n\r\n") + 2);
  const size_t at = head.find(absl::StrCat("\r\n", name, ": "));
  if (at == std::string::npos) return "";
  const size_t begin = at + 2 + name.size() + 2;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

class HttpIngestTest : public ::testing::Test {
 protected:
  void Serve(HttpRoute route) {
    front_.AddRoute(std::move(route));
    Start();
  }
  // Serves the routes that front_ has.
  void Start() {
    http::HttpServerOptions options;
    options.name = "http";
    options.handler_threads = 2;
    options.body_bytes_max = SIZE_MAX;
    auto server = http::HttpServer::Start(std::move(options), front_.admit(), metrics_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  std::string Post(const std::string& path, const Headers& headers, const std::string& body) {
    http::RawClient client(server_->port());
    client.Send(PostBytes(path, headers, body));
    return client.ReadReply();
  }
  void AwaitMetric(const std::string& line) {
    while (metrics_.ExpositionText().find(line) == std::string::npos) std::this_thread::yield();
  }

  Metrics metrics_;
  StandingClock clock_;
  Limits limits_;
  FakeSink sink_;
  SenderRates rates_{limits_, clock_, metrics_};
  HttpFront front_{limits_, clock_, metrics_, rates_};
  std::unique_ptr<http::HttpServer> server_;
};

}  // namespace tocsin::ingest
