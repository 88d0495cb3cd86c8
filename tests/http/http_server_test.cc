#include "integrations/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/http/raw_client.h"

namespace tocsin::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

HttpReply Echo(const HttpRequest& request) {
  if (absl::StartsWith(request.path, "/v1/throws")) throw std::runtime_error("as a library might");
  return {.body = absl::StrCat(request.method, " ", request.path, "?", request.query, " ",
                               request.body)};
}

class HttpServerTest : public ::testing::Test {
 protected:
  void Start(HttpServerOptions options = {}, HttpServer::Handler handler = Echo) {
    auto server = HttpServer::Start(std::move(options), std::move(handler), metrics_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  std::string Once(const std::string& bytes) {
    RawClient client(server_->port());
    EXPECT_TRUE(client.Send(bytes));
    return client.ReadReply();
  }
  // Waits until the metrics say so; the server counts on its own thread.
  void AwaitMetric(const std::string& line) {
    while (metrics_.ExpositionText().find(line) == std::string::npos) std::this_thread::yield();
  }

  Metrics metrics_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersSeveralRequestsOnOneConnection) {
  Start();
  RawClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.Send(absl::StrCat("GET /a?x=", i, " HTTP/1.1\r\nHost: h\r\n\r\n")));
    const std::string reply = client.ReadReply();
    EXPECT_EQ(StatusOf(reply), 200);
    EXPECT_EQ(BodyOf(reply), absl::StrCat("GET /a?x=", i, " "));
  }
  AwaitMetric("tocsin_http_requests_total{code=\"2xx\",server=\"admin\"} 3");
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  RawClient client(server_->port());
  ASSERT_TRUE(
      client.Send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
                  "GET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  EXPECT_EQ(BodyOf(client.ReadReply()), "POST /1? hi");
  const std::string second = client.ReadToEnd();
  EXPECT_EQ(BodyOf(second), "GET /2? ");
  EXPECT_THAT(second, HasSubstr("Connection: close"));
}

TEST_F(HttpServerTest, ReadsChunkedBodies) {
  Start();
  const std::string reply = Once(
      "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(BodyOf(reply), "POST /c? abcde");
}

TEST_F(HttpServerTest, HeadHasTheLengthButNoBody) {
  Start();
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send("HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n"));
  const std::string head = client.ReadReply(/*head_only=*/true);
  EXPECT_EQ(StatusOf(head), 200);
  EXPECT_THAT(head, HasSubstr("Content-Length: 9\r\n"));
  ASSERT_TRUE(client.Send("GET /g HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(BodyOf(client.ReadReply()), "GET /g? ");
}

TEST_F(HttpServerTest, AsksForTheBodyWhenTheClientWaits) {
  Start();
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(
      "POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(StatusOf(client.ReadReply()), 100);
  ASSERT_TRUE(client.Send("ok"));
  EXPECT_EQ(BodyOf(client.ReadReply()), "POST /e? ok");
}

TEST_F(HttpServerTest, RefusesAmbiguousOrOversizedRequests) {
  Start({.header_bytes_max = 1024, .body_bytes_max = 100});
  struct Case {
    const char* name;
    std::string bytes;
    int status;
  };
  const Case cases[] = {
      {"both lengths, length first",
       "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n",
       400},
      {"both lengths, encoding first",
       "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: "
       "5\r\n\r\n0\r\n\r\n",
       400},
      {"two lengths",
       "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"equal lengths twice",
       "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400},
      {"length list", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\na", 400},
      {"negative length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400},
      {"unknown encoding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
      {"stacked encoding",
       "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked twice",
       "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n",
       400},
      {"chunked in 1.0",
       "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"blank before colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"absolute target", "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"not HTTP", "\x16\x03\x01\x02\x01rubbish\r\n\r\n", 400},
      {"long header", "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(2000, 'x') + "\r\n\r\n",
       431},
      {"announced body too large", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n",
       413},
      {"chunked body too large",
       "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nc8\r\n" +
           std::string(200, 'x') + "\r\n0\r\n\r\n",
       413},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    RawClient client(server_->port());
    client.Send(c.bytes);
    const std::string reply = client.ReadToEnd();  // ends only if the server closes
    EXPECT_EQ(StatusOf(reply), c.status) << reply;
    EXPECT_EQ(reply.find("HTTP/1.1", 1), std::string::npos) << "a second reply: " << reply;
  }
}

// What has no length of its own: a chunk's extension and the trailer. Both end with a line break
// that never comes.
TEST_F(HttpServerTest, RefusesEndlessChunkExtensionsAndTrailers) {
  Start({.request_max = absl::Seconds(5)});
  const std::string piece(64 << 10, 'a');
  for (const char* begin : {"1;a=", "1\r\nx\r\n0\r\nT: "}) {
    SCOPED_TRACE(begin);
    RawClient client(server_->port());
    ASSERT_TRUE(client.Send(
        absl::StrCat("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", begin)));
    for (int i = 0; i < 128 && client.Send(piece); ++i) {
    }
    const std::string reply = client.ReadToEnd();  // ends only if the server closes
    EXPECT_EQ(StatusOf(reply), 431) << reply;
  }
  AwaitMetric("tocsin_http_refused_requests_total{reason=\"header_too_large\",server=\"admin\"} 2");
}

// A full buffer of what comes next is no reason to refuse what is being answered.
TEST_F(HttpServerTest, AnswersMorePipelinedRequestsThanItsBufferHolds) {
  Start({.header_bytes_max = 1024});
  const std::string body(1000, 'b');
  const std::string one = absl::StrCat("POST / HTTP/1.1\r\nHost: h\r\nX: ", std::string(900, 'x'),
                                       "\r\nContent-Length: 1000\r\n\r\n", body);
  RawClient client(server_->port());
  std::string all;
  for (int i = 0; i < 100; ++i) all += one;
  ASSERT_TRUE(client.Send(all));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(BodyOf(client.ReadReply()), "POST /? " + body);
}

TEST_F(HttpServerTest, DisconnectsSlowClients) {
  Start({.request_max = absl::Milliseconds(50)});
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost:"));
  EXPECT_EQ(client.ReadToEnd(), "");
  AwaitMetric("tocsin_http_refused_requests_total{reason=\"too_slow\",server=\"admin\"} 1");
}

TEST_F(HttpServerTest, DisconnectsIdleClients) {
  Start({.idle_max = absl::Milliseconds(50)});
  RawClient client(server_->port());
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(HttpServerTest, RefusesConnectionsBeyondTheLimitIfNoneIsIdle) {
  std::promise<void> entered, release;
  Start({.connections_max = 1}, [&](const HttpRequest& request) {
    if (request.path == "/1") {
      entered.set_value();
      release.get_future().wait();
    }
    return HttpReply{.body = "done"};
  });
  RawClient first(server_->port());
  ASSERT_TRUE(first.Send("GET /1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  entered.get_future().wait();
  EXPECT_EQ(StatusOf(RawClient(server_->port()).ReadToEnd()), 503);
  release.set_value();
  EXPECT_EQ(BodyOf(first.ReadToEnd()), "done");
  AwaitMetric("tocsin_http_connections{server=\"admin\"} 0");
  AwaitMetric("tocsin_http_idle_closed_total{server=\"admin\"} 0");
  EXPECT_EQ(StatusOf(Once("GET /3 HTTP/1.1\r\nHost: h\r\n\r\n")), 200);
}

// Silent connections, whether they had a request before or not, give way to new ones, the one idle
// for longest first.
TEST_F(HttpServerTest, ANewConnectionReplacesTheOneIdleForLongest) {
  Start({.connections_max = 2});
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  RawClient used(server_->port());
  ASSERT_TRUE(used.Send(get));
  EXPECT_EQ(StatusOf(used.ReadReply()), 200);
  RawClient silent(server_->port());
  AwaitMetric("tocsin_http_connections{server=\"admin\"} 2");
  ASSERT_TRUE(used.Send(get));  // from here on `silent` is idle for longer
  EXPECT_EQ(StatusOf(used.ReadReply()), 200);
  AwaitMetric("tocsin_http_requests_total{code=\"2xx\",server=\"admin\"} 2");

  RawClient third(server_->port());
  EXPECT_EQ(silent.ReadToEnd(), "");
  ASSERT_TRUE(third.Send(get));
  EXPECT_EQ(StatusOf(third.ReadReply()), 200);
  RawClient fourth(server_->port());
  EXPECT_EQ(used.ReadToEnd(), "");
  ASSERT_TRUE(fourth.Send(get));
  EXPECT_EQ(StatusOf(fourth.ReadReply()), 200);
  AwaitMetric("tocsin_http_idle_closed_total{server=\"admin\"} 2");
  AwaitMetric(
      "tocsin_http_refused_requests_total{reason=\"too_many_connections\",server=\"admin\"} 0");
}

TEST_F(HttpServerTest, AnExceptionInTheHandlerIsAnInternalErrorWithoutDetails) {
  Start();
  testing::internal::CaptureStderr();
  const std::string reply = Once("GET /v1/throws/s3cret?k=s3cret HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_EQ(StatusOf(reply), 500);
  EXPECT_THAT(reply, Not(HasSubstr("library")));
  EXPECT_THAT(logged, HasSubstr("/v1/throws"));
  EXPECT_THAT(logged, Not(HasSubstr("s3cret")));  // a path may end with a key
}

// Every handler thread is taken and more wait for one: who watches the service is answered all the
// same.
TEST_F(HttpServerTest, ExpressPathsDoNotWaitForOtherRequests) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::atomic<int> entered = 0;
  Start({.handler_threads = 3}, [&](const HttpRequest& request) {
    if (request.path == "/slow") {
      ++entered;
      released.wait();
    }
    return HttpReply{.body = request.path};
  });
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 5; ++i) {
    slow.push_back(std::make_unique<RawClient>(server_->port()));
    ASSERT_TRUE(slow.back()->Send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"));
  }
  while (entered < 2) std::this_thread::yield();
  for (const char* path : {"/-/healthy", "/-/ready", "/metrics"}) {
    EXPECT_EQ(BodyOf(Once(absl::StrCat("GET ", path, "?a=b HTTP/1.1\r\nHost: h\r\n\r\n"))), path);
  }
  EXPECT_EQ(entered, 2) << "one host has all handlers but one";
  release.set_value();
  for (const auto& client : slow) EXPECT_EQ(BodyOf(client->ReadReply()), "/slow");
}

TEST_F(HttpServerTest, StopLetsTheRequestInHandFinish) {
  std::promise<void> entered, release;
  Start({}, [&](const HttpRequest&) {
    entered.set_value();
    release.get_future().wait();
    return HttpReply{.body = "done"};
  });
  RawClient idle(server_->port());
  RawClient busy(server_->port());
  ASSERT_TRUE(busy.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  entered.get_future().wait();
  std::thread stopper([&] { server_->Stop(absl::Minutes(1)); });
  EXPECT_EQ(idle.ReadToEnd(), "");  // closed: draining has begun
  release.set_value();
  const std::string reply = busy.ReadToEnd();
  EXPECT_EQ(BodyOf(reply), "done");
  EXPECT_THAT(reply, HasSubstr("Connection: close"));
  const uint16_t port = server_->port();
  stopper.join();
  EXPECT_FALSE(RawClient(port).connected());
}

TEST_F(HttpServerTest, StopDoesNotWaitForeverForAHalfSentRequest) {
  Start();
  RawClient client(server_->port());
  ASSERT_TRUE(
      client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n"
                  "Expect: 100-continue\r\n\r\n"));
  EXPECT_EQ(StatusOf(client.ReadReply()), 100);  // the request has begun
  server_->Stop(absl::Milliseconds(20));
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(HttpServerTest, AddressesThatCannotBeBoundAreErrors) {
  Start();
  auto same = HttpServer::Start({.listen = server_->address()}, Echo, metrics_);
  EXPECT_EQ(same.status().code(), absl::StatusCode::kUnavailable) << same.status();
  auto bad = HttpServer::Start({.listen = "nonsense"}, Echo, metrics_);
  EXPECT_EQ(bad.status().code(), absl::StatusCode::kInvalidArgument) << bad.status();
}

}  // namespace
}  // namespace tocsin::http
