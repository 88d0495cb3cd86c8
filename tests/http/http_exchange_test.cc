// Requests that are admitted by their header and answered later.
#include "integrations/http/http_exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "integrations/http/http_server.h"
#include "tests/http/raw_client.h"

namespace tocsin::http {
namespace {

using ::testing::HasSubstr;

constexpr char kPost[] = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody";

// Keeps what it is asked until the test answers.
class Desk {
 public:
  // Bodies may take so much; a path /no is not admitted at all.
  explicit Desk(size_t room = SIZE_MAX) : room_(room) {}

  Admit admit() {
    return [this](const HttpRequest& head, std::optional<uint64_t> body_bytes) -> Admission {
      MutexLock lock(mutex_);
      announced_.push_back(body_bytes);
      if (head.path == "/no") {
        return Admission::Refuse(
            {.status = 429, .body = "later\n", .headers = {{"Retry-After", "7"}}});
      }
      return {.exchange = std::make_unique<OneRequest>(*this), .express = head.path == "/express"};
    };
  }

  void AwaitRequests(size_t count) {
    MutexLock lock(mutex_);
    while (waiting_.size() < count) changed_.Wait(mutex_);
  }
  std::vector<std::pair<HttpRequest, Respond>> Take() {
    MutexLock lock(mutex_);
    return std::exchange(waiting_, {});
  }
  std::vector<std::optional<uint64_t>> announced() {
    MutexLock lock(mutex_);
    return announced_;
  }
  size_t largest() {
    MutexLock lock(mutex_);
    return largest_;
  }

 private:
  class OneRequest : public Exchange {
   public:
    explicit OneRequest(Desk& desk) : desk_(desk) {}
    std::optional<HttpReply> Grow(BodySize body) override {
      MutexLock lock(desk_.mutex_);
      desk_.largest_ = std::max(desk_.largest_, body.memory_bytes);
      if (body.bytes > desk_.room_) return HttpReply{.status = 503, .body = "no room\n"};
      return std::nullopt;
    }
    void Handle(HttpRequest request, Respond respond) override {
      MutexLock lock(desk_.mutex_);
      desk_.waiting_.emplace_back(std::move(request), std::move(respond));
      desk_.changed_.NotifyAll();
    }

   private:
    Desk& desk_;
  };

  const size_t room_;
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::pair<HttpRequest, Respond>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::optional<uint64_t>> announced_ ABSL_GUARDED_BY(mutex_);
  size_t largest_ ABSL_GUARDED_BY(mutex_) = 0;
};

class HttpExchangeTest : public ::testing::Test {
 protected:
  void Start(Desk& desk, HttpServerOptions options = {}) {
    options.name = "http";
    options.body_bytes_max = SIZE_MAX;
    auto server = HttpServer::Start(std::move(options), desk.admit(), metrics_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  void AwaitMetric(const std::string& line) {
    while (metrics_.ExpositionText().find(line) == std::string::npos) std::this_thread::yield();
  }

  Metrics metrics_;
  std::unique_ptr<HttpServer> server_;
};

// More requests wait than there are threads, and are answered in another order.
TEST_F(HttpExchangeTest, WaitingRequestsTakeNoThread) {
  Desk desk;
  Start(desk, {.handler_threads = 1});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->port()));
    ASSERT_TRUE(clients.back()->Send(
        absl::StrCat("POST /", i, " HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")));
  }
  desk.AwaitRequests(20);
  auto waiting = desk.Take();
  while (!waiting.empty()) {
    auto [request, respond] = std::move(waiting.back());
    waiting.pop_back();
    EXPECT_EQ(request.body, "body");
    respond({.status = 202, .body = request.path});
  }
  for (int i = 0; i < 20; ++i) {
    const std::string reply = clients[static_cast<size_t>(i)]->ReadReply();
    EXPECT_EQ(StatusOf(reply), 202);
    EXPECT_EQ(BodyOf(reply), absl::StrCat("/", i));
  }
}

TEST_F(HttpExchangeTest, ARequestThatNobodyAnswersIsAnInternalError) {
  Desk desk;
  Start(desk);
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(kPost));
  desk.AwaitRequests(1);
  desk.Take();  // and drops it
  EXPECT_EQ(StatusOf(client.ReadReply()), 500);
  ASSERT_TRUE(client.Send(kPost));  // the connection goes on
  desk.AwaitRequests(1);
  desk.Take()[0].second({.body = "ok"});
  EXPECT_EQ(BodyOf(client.ReadReply()), "ok");
}

// Neither a 100-continue nor the body is read: what is refused by its header costs nothing.
TEST_F(HttpExchangeTest, RefusalsComeBeforeTheBodyAndCloseTheConnection) {
  Desk desk;
  Start(desk);
  for (const char* extra : {"Expect: 100-continue\r\n", ""}) {
    RawClient client(server_->port());
    ASSERT_TRUE(client.Send(absl::StrCat(
        "POST /no HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n", extra, "\r\n")));
    const std::string reply = client.ReadToEnd();
    EXPECT_EQ(StatusOf(reply), 429) << reply;
    EXPECT_THAT(reply, HasSubstr("Retry-After: 7\r\n"));
    EXPECT_THAT(reply, HasSubstr("Connection: close\r\n"));
    EXPECT_EQ(BodyOf(reply), "later\n");
  }
  AwaitMetric("tocsin_http_refused_requests_total{reason=\"not_admitted\",server=\"http\"} 2");
  EXPECT_EQ(desk.announced(), (std::vector<std::optional<uint64_t>>{1'000'000, 1'000'000}));
}

// A client that sends its whole body at once must find the refusal, not a reset connection.
TEST_F(HttpExchangeTest, AClientInTheMiddleOfItsBodyGetsTheRefusal) {
  Desk desk(/*room=*/100'000);
  Start(desk);
  const std::string head = "POST /a HTTP/1.1\r\nHost: h\r\n";
  const std::string body(400'000, 'b');
  for (const std::string& bytes :
       {absl::StrCat(head, "Content-Length: ", body.size(), "\r\n\r\n", body),
        absl::StrCat(head, "Transfer-Encoding: chunked\r\n\r\n61a80\r\n", body, "\r\n0\r\n\r\n")}) {
    RawClient client(server_->port());
    ASSERT_TRUE(client.Send(bytes));
    EXPECT_EQ(StatusOf(client.ReadToEnd()), 503);
  }
  EXPECT_EQ(desk.announced(), (std::vector<std::optional<uint64_t>>{body.size(), std::nullopt}));
  EXPECT_LT(desk.largest(), 400'000u);
}

// What is announced takes no memory before it comes, and then about as much.
TEST_F(HttpExchangeTest, BodiesTakeMemoryAsTheyCome) {
  Desk desk;
  Start(desk);
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"));
  ASSERT_TRUE(client.Send(std::string(1000, 'b')));
  while (desk.largest() == 0) std::this_thread::yield();
  EXPECT_LT(desk.largest(), 50'000u);
  ASSERT_TRUE(client.Send(std::string(999'000, 'b')));
  desk.AwaitRequests(1);
  auto waiting = desk.Take();
  EXPECT_EQ(waiting[0].first.body, std::string(1'000'000, 'b'));
  EXPECT_LE(desk.largest(), 2'000'000u);
  waiting[0].second({});
  EXPECT_EQ(StatusOf(client.ReadReply()), 200);
}

TEST_F(HttpExchangeTest, StopWaitsForTheAnswer) {
  Desk desk;
  Start(desk);
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(kPost));
  desk.AwaitRequests(1);
  std::thread stopper([&] { server_->Stop(absl::Minutes(1)); });
  AwaitMetric("tocsin_http_connections{server=\"http\"} 1");
  desk.Take()[0].second({.body = "in time"});
  const std::string reply = client.ReadToEnd();
  EXPECT_EQ(BodyOf(reply), "in time");
  stopper.join();
}

// The client is gone, or the server did not wait any longer: the answer goes nowhere.
TEST_F(HttpExchangeTest, AnswersMayComeTooLate) {
  Desk desk;
  Start(desk);
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(kPost));
  desk.AwaitRequests(1);
  std::thread stopper([&] { server_->Stop(absl::ZeroDuration()); });
  EXPECT_EQ(client.ReadToEnd(), "");
  desk.Take()[0].second({.body = "too late"});
  stopper.join();
}

// Others are served beside thousands of silent connections and half-sent requests.
TEST_F(HttpExchangeTest, ManyIdleConnectionsKeepNobodyOut) {
  constexpr size_t kSilent = 400;
  Desk desk;
  Start(desk, {.connections_max = kSilent});
  std::vector<std::unique_ptr<RawClient>> silent;
  for (size_t i = 0; i < kSilent; ++i) {
    silent.push_back(std::make_unique<RawClient>(server_->port()));
    ASSERT_TRUE(silent.back()->connected());
    if (i % 4 == 0) {
      ASSERT_TRUE(silent.back()->Send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nb"));
    }
  }
  AwaitMetric(absl::StrCat("tocsin_http_connections{server=\"http\"} ", kSilent));
  for (int i = 0; i < 3; ++i) {
    RawClient client(server_->port());
    ASSERT_TRUE(client.Send(kPost));
    desk.AwaitRequests(1);
    desk.Take()[0].second({.body = "served"});
    EXPECT_EQ(BodyOf(client.ReadReply()), "served");
  }
}

}  // namespace
}  // namespace tocsin::http
