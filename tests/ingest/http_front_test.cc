#include "integrations/ingest/http_front.h"

#include "tests/ingest/compress.h"
#include "tests/ingest/http_fixture.h"

namespace tocsin::ingest {
namespace {

using http::BodyOf;
using http::RawClient;
using http::StatusOf;
using ::testing::HasSubstr;

// Answers with what it got.
HttpRoute Echo(const std::string& path) {
  HttpRoute route;
  route.path = path;
  route.check_type = MediaTypeIn({"text/plain", "application/json"});
  route.handle = [path](const http::HttpRequest& request, const IngestContext& context,
                        const http::Respond& respond) {
    respond({.body = absl::StrCat(path, " ", context.sender, " ", context.now.millis(), " ",
                                  request.body)});
  };
  return route;
}

class HttpFrontTest : public HttpIngestTest {
 protected:
  HttpFrontTest() {
    limits_.request_bytes_max = 1000;
    limits_.ingest_decode_bytes_max = 100'000;
  }
};

TEST_F(HttpFrontTest, RoutesGetPlainBodiesWhateverTheirEncoding) {
  Serve(Echo("/a"));
  const std::string plain = "text " + std::string(500, 'x');
  for (const ContentEncoding encoding : {ContentEncoding::kIdentity, ContentEncoding::kGzip,
                                         ContentEncoding::kDeflate, ContentEncoding::kZstd}) {
    const std::string reply = Post("/a",
                                   {{"Content-Type", "Text/Plain; charset=utf-8"},
                                    {"Content-Encoding", ContentEncodingName(encoding)}},
                                   Compress(encoding, plain));
    EXPECT_EQ(StatusOf(reply), 200) << reply;
    EXPECT_EQ(BodyOf(reply), absl::StrCat("/a 127.0.0.1 ", kNowMs, " ", plain));
  }
}

TEST_F(HttpFrontTest, TheLongestRouteThatFitsIsTaken) {
  front_.AddRoute(Echo("/api/"));
  front_.AddRoute(Echo("/api/v1/"));
  Serve(Echo("/api/v1/write"));
  const std::pair<const char*, const char*> cases[] = {
      {"/api/v1/write", "/api/v1/write"}, {"/api/v1/write/x", "/api/v1/"},
      {"/api/v1/", "/api/v1/"},           {"/api/v1", "/api/"},
      {"/api/v2/series?a=b", "/api/"},
  };
  for (const auto& [path, want] : cases) {
    const std::string reply = Post(path, {{"Content-Type", "text/plain"}}, "");
    EXPECT_THAT(BodyOf(reply), testing::StartsWith(absl::StrCat(want, " "))) << path;
  }
  EXPECT_EQ(StatusOf(Post("/ap", {}, "")), 404);
}

TEST_F(HttpFrontTest, RefusesByHeader) {
  Serve(Echo("/a"));
  struct Case {
    const char* name;
    std::string bytes;
    int status;
    const char* part;  // of the reply
  };
  const std::string ok = "Content-Type: text/plain\r\n";
  const Case cases[] = {
      {"method", "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n", 405, "Allow: POST"},
      {"no type", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n", 415,
       "text/plain or application/json"},
      {"type",
       "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: text/html\r\nContent-Length: 900\r\n\r\n", 415,
       "text/plain or application/json"},
      {"encoding",
       "POST /a HTTP/1.1\r\nHost: h\r\n" + ok +
           "Content-Encoding: br\r\nContent-Length: 900\r\n\r\n",
       415, "Accept-Encoding: identity, gzip, deflate, zstd"},
      {"encoding of another route",
       "POST /a HTTP/1.1\r\nHost: h\r\n" + ok +
           "Content-Encoding: snappy\r\nContent-Length: 900\r\n\r\n",
       415, "identity, gzip, deflate, zstd"},
      {"announced too large",
       "POST /a HTTP/1.1\r\nHost: h\r\n" + ok + "Content-Length: 1001\r\n\r\n", 413,
       "at most 1000"},
      {"too large in chunks",
       "POST /a HTTP/1.1\r\nHost: h\r\n" + ok + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" +
           std::string(1001, 'x') + "\r\n0\r\n\r\n",
       413, "1000 bytes"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    RawClient client(server_->port());
    client.Send(c.bytes);
    const std::string reply = client.ReadToEnd();  // ends only if the server closes
    EXPECT_EQ(StatusOf(reply), c.status) << reply;
    EXPECT_THAT(reply, HasSubstr(c.part));
  }
}

TEST_F(HttpFrontTest, RefusesWhatInflatesBeyondTheLimitOrNotAtAll) {
  Serve(Echo("/a"));
  const Headers gzip = {{"Content-Type", "text/plain"}, {"Content-Encoding", "gzip"}};
  EXPECT_EQ(StatusOf(Post("/a", gzip, Compress(ContentEncoding::kGzip, std::string(1001, 'x')))),
            413);
  EXPECT_EQ(StatusOf(Post("/a", gzip, "not gzip")), 400);
}

// Who may not send costs nothing: neither its body nor its compressed bytes are looked at.
TEST_F(HttpFrontTest, AuthorizationComesBeforeTheBody) {
  front_.SetAuthorize([](const http::HttpRequest& head) -> absl::Status {
    EXPECT_EQ(head.body, "");
    if (head.Header("Authorization").empty()) return absl::UnauthenticatedError("who are you");
    if (head.Header("Authorization") == "Bearer no") return absl::PermissionDeniedError("not you");
    return absl::OkStatus();
  });
  HttpRoute open = Echo("/open");
  open.authorize = [](const http::HttpRequest&) { return absl::OkStatus(); };
  front_.AddRoute(open);
  Serve(Echo("/a"));
  const std::string head =
      "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\nContent-Encoding: gzip\r\n"
      "Expect: 100-continue\r\n";
  RawClient unknown(server_->port());
  unknown.Send(head + "\r\n");
  const std::string reply = unknown.ReadToEnd();
  EXPECT_EQ(StatusOf(reply), 401) << reply;
  EXPECT_EQ(HeaderOf(reply, "WWW-Authenticate"), "Bearer");
  RawClient refused(server_->port());
  refused.Send(head + "Authorization: Bearer no\r\n\r\n");
  EXPECT_EQ(StatusOf(refused.ReadToEnd()), 403);
  EXPECT_EQ(
      StatusOf(Post("/a", {{"Content-Type", "text/plain"}, {"Authorization", "Bearer yes"}}, "b")),
      200);
  EXPECT_EQ(StatusOf(Post("/open", {{"Content-Type", "text/plain"}}, "b")), 200);
}

TEST_F(HttpFrontTest, DrainingIsSaidToNewRequests) {
  Serve(Echo("/a"));
  front_.Drain();
  const std::string reply = Post("/a", {{"Content-Type", "text/plain"}}, "b");
  EXPECT_EQ(StatusOf(reply), 503);
  EXPECT_EQ(HeaderOf(reply, "Retry-After"), "1");
  EXPECT_EQ(HeaderOf(reply, "Connection"), "close");
}

TEST_F(HttpFrontTest, SendersThatAreTooFastAreToldWhenToComeAgain) {
  limits_.samples_per_second_per_sender_max = 10;
  HttpRoute route = Echo("/a");
  route.handle = [](const http::HttpRequest& request, const IngestContext& context,
                    const http::Respond& respond) {
    context.Charge(request.body.size());
    respond({.body = "taken"});
  };
  HttpRoute unlimited = Echo("/hooks");
  unlimited.limits_rate = false;
  front_.AddRoute(std::move(unlimited));
  Serve(std::move(route));
  // 100 of ten seconds' credit, 1 for the request, and the rest is owed.
  EXPECT_EQ(BodyOf(Post("/a", {{"Content-Type", "text/plain"}}, std::string(144, 'x'))), "taken");
  const std::string reply = Post("/a", {{"Content-Type", "text/plain"}}, "b");
  EXPECT_EQ(StatusOf(reply), 429);
  EXPECT_EQ(HeaderOf(reply, "Retry-After"), "5");
  EXPECT_THAT(BodyOf(reply), HasSubstr("samples_per_second_per_sender_max"));
  EXPECT_EQ(StatusOf(Post("/hooks", {{"Content-Type", "text/plain"}}, "b")), 200);
}

// Bodies that have come in part hold room; what is only announced holds none.
TEST_F(HttpFrontTest, SaysToTryAgainWhenThereIsNoRoom) {
  limits_.request_bytes_max = 1'000'000;
  HttpFront front(limits_, clock_, metrics_, rates_);
  HttpRoute route = Echo("/a");
  front.AddRoute(route);
  auto server = http::HttpServer::Start({.name = "http", .body_bytes_max = SIZE_MAX}, front.admit(),
                                        metrics_);
  ASSERT_TRUE(server.ok());
  const std::string head =
      "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: ";
  RawClient claims((*server)->port()), holds((*server)->port());
  ASSERT_TRUE(claims.Send(head + "900000\r\n\r\n"));
  ASSERT_TRUE(holds.Send(head + "50000\r\n\r\n" + std::string(40'000, 'x')));

  // Once the body that comes has its room, no other may have so much. Who asks before sending is
  // told so; until then the answer is to go on.
  std::string reply;
  do {
    RawClient other((*server)->port());
    ASSERT_TRUE(other.Send(head + "90000\r\nExpect: 100-continue\r\n\r\n"));
    reply = other.ReadReply();
  } while (StatusOf(reply) == 100);
  EXPECT_EQ(StatusOf(reply), 503);
  EXPECT_EQ(HeaderOf(reply, "Retry-After"), "1");
  EXPECT_EQ(HeaderOf(reply, "Connection"), "close");
  AwaitMetric("tocsin_ingest_overload_total{reason=\"http_bytes\"} 1");
  ASSERT_TRUE(holds.Send(std::string(10'000, 'x')));
  EXPECT_EQ(StatusOf(holds.ReadReply()), 200);
  // And what is given back is there for others.
  RawClient later((*server)->port());
  ASSERT_TRUE(
      later.Send(PostBytes("/a", {{"Content-Type", "text/plain"}}, std::string(90'000, 'z'))));
  EXPECT_EQ(StatusOf(later.ReadReply()), 200);
}

}  // namespace
}  // namespace tocsin::ingest
