// The loop with real threads and a server on loopback; and where in an interval a target's place
// is.

#include "integrations/scrape/scrape_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "integrations/http/http_server.h"
#include "tests/app/eventually.h"
#include "tests/ingest/fake_sink.h"

namespace tocsin::scrape {
namespace {

using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

// A program with metrics: answers by path, and remembers what it was asked.
class Program {
 public:
  Program() {
    auto server = http::HttpServer::Start(
        {}, [this](const http::HttpRequest& request) { return Answer(request); }, metrics_);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  ~Program() { Release(); }

  std::string address() const { return server_->address(); }
  void Set(http::HttpReply reply) {
    MutexLock lock(mutex_);
    reply_ = std::move(reply);
  }
  // Until Release(), nobody who asks for /hang gets an answer.
  void Release() {
    MutexLock lock(mutex_);
    released_ = true;
    changed_.NotifyAll();
  }
  http::HttpRequest last() {
    MutexLock lock(mutex_);
    return last_;
  }

 private:
  http::HttpReply Answer(const http::HttpRequest& request) {
    MutexLock lock(mutex_);
    while (request.path == "/hang" && !released_) changed_.Wait(mutex_);
    last_ = request;
    return reply_;
  }

  Metrics metrics_;
  Mutex mutex_;
  CondVar changed_;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
  http::HttpReply reply_ ABSL_GUARDED_BY(mutex_){.body = "a 1\n"};
  http::HttpRequest last_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<http::HttpServer> server_;
};

class ScrapeLoopTest : public testing::Test {
 protected:
  TargetConfig Target(const std::string& job, const std::string& path = "/metrics") {
    TargetConfig target;
    target.address = program_.address();
    target.url = absl::StrCat("http://", program_.address(), path);
    target.labels = LabelsBuilder().Set("job", job).Build();
    target.interval = absl::Milliseconds(50);
    target.timeout = absl::Milliseconds(50);
    return target;
  }
  ScrapeLoop& loop() {
    if (!loop_)
      loop_ =
          std::make_unique<ScrapeLoop>(ScrapeLoop::Parts{limits_, sink_, clock_, metrics_, board_});
    return *loop_;
  }
  // Whether such a sample came.
  bool Came(const std::string& begin) {
    const auto lines = sink_.Lines();
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return absl::StartsWith(line, begin); });
  }
  ::testing::AssertionResult Comes(const std::string& begin) {
    if (Eventually([&] { return Came(begin); })) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << begin << " is not among\n"
                                         << absl::StrJoin(sink_.Lines(), "\n");
  }
  bool Counted(const std::string& line) {
    return Eventually([&] { return absl::StrContains(metrics_.ExpositionText(), line); });
  }

  Program program_;
  Limits limits_;
  SystemClock clock_;
  Metrics metrics_;
  ingest::FakeSink sink_;
  TargetBoard board_;
  std::unique_ptr<ScrapeLoop> loop_;
};

TEST_F(ScrapeLoopTest, SamplesComeAgainAndAgain) {
  loop().Configure({Target("j")});
  EXPECT_TRUE(Comes("a{job=\"j\"} 1 "));
  EXPECT_TRUE(Comes("up{job=\"j\"} 1 "));
  program_.Set({.body = "a 2\n"});
  EXPECT_TRUE(Comes("a{job=\"j\"} 2 "));
  program_.Set(
      {.content_type = "application/openmetrics-text; version=1.0.0", .body = "a 3\n# EOF\n"});
  EXPECT_TRUE(Comes("a{job=\"j\"} 3 "));
  EXPECT_TRUE(Counted("tocsin_scrape_targets{state=\"up\"} 1"));
  EXPECT_TRUE(Counted("tocsin_scrapes_total{outcome=\"format\"} 0"));
}

TEST_F(ScrapeLoopTest, WhatIsAskedFor) {
  TargetConfig target = Target("j", "/m?x=1");
  target.timeout = absl::Milliseconds(45);
  target.credentials.credentials = Secret("s3cret");
  loop().Configure({target});
  EXPECT_TRUE(Comes("up{job=\"j\"} 1 "));
  const http::HttpRequest request = program_.last();
  EXPECT_EQ(request.path, "/m");
  EXPECT_EQ(request.query, "x=1");
  EXPECT_EQ(request.Header("Authorization"), "Bearer s3cret");
  EXPECT_EQ(request.Header("X-Prometheus-Scrape-Timeout-Seconds"), "0.045");
  EXPECT_EQ(request.Header("Accept-Encoding"), "gzip");
  EXPECT_THAT(std::string(request.Header("Accept")),
              testing::StartsWith("application/openmetrics-text;version=1.0.0,"));
}

TEST_F(ScrapeLoopTest, TheBoardShowsHowItGoes) {
  loop().Configure({Target("j"), Target("k", "/other")});
  ASSERT_TRUE(Comes("up{job=\"j\"} 1 "));
  ASSERT_TRUE(Eventually([&] {
    const auto targets = board_.Targets();
    return targets.size() == 2 && targets[0].last_scrape && targets[1].last_scrape;
  }));
  EXPECT_EQ(board_.Targets()[0].error, "");
  EXPECT_EQ(board_.Targets()[1].url, Target("k", "/other").url);
  program_.Set({.status = 503});
  ASSERT_TRUE(Eventually([&] { return board_.Targets()[0].error != ""; }));
  EXPECT_EQ(board_.Targets()[0].error, "the answer has the status 503");
  loop().Configure({Target("k")});
  ASSERT_TRUE(Eventually([&] { return board_.Targets().size() == 1; }));
  EXPECT_EQ(board_.Targets()[0].url, Target("k").url);
}

TEST_F(ScrapeLoopTest, AnotherStatusIsAFailure) {
  loop().Configure({Target("j")});
  EXPECT_TRUE(Comes("a{job=\"j\"} 1 "));
  program_.Set({.status = 503, .body = "a 7\n"});
  EXPECT_TRUE(Comes("up{job=\"j\"} 0 "));
  EXPECT_TRUE(Comes("a{job=\"j\"} stale "));
  EXPECT_FALSE(Came("a{job=\"j\"} 7 "));
  EXPECT_TRUE(Counted("tocsin_scrape_targets{state=\"down\"} 1"));
  EXPECT_THAT(metrics_.ExpositionText(),
              Not(HasSubstr("tocsin_scrapes_total{outcome=\"status\"} 0")));
}

TEST_F(ScrapeLoopTest, ABodyThatIsTooLargeIsAFailure) {
  limits_.scrape_body_bytes_max = 100;
  loop().Configure({Target("j")});
  EXPECT_TRUE(Comes("a{job=\"j\"} 1 "));
  program_.Set({.body = absl::StrCat("a 2\n", std::string(100, '\n'))});
  EXPECT_TRUE(Comes("up{job=\"j\"} 0 "));
  EXPECT_FALSE(Came("a{job=\"j\"} 2 "));
  EXPECT_THAT(metrics_.ExpositionText(),
              Not(HasSubstr("tocsin_scrapes_total{outcome=\"body_limit\"} 0")));
}

TEST_F(ScrapeLoopTest, AllBodiesTogetherHaveALimitThatIsGivenBack) {
  limits_.ingest_decode_bytes_max = 1000;
  program_.Set({.body = absl::StrCat("a 1\n", std::string(900, '\n'))});
  loop().Configure({Target("j")});
  EXPECT_TRUE(Eventually([&] { return sink_.Lines().size() > 30; }));  // five scrapes
  EXPECT_FALSE(Came("up{job=\"j\"} 0 "));
  program_.Set({.body = absl::StrCat("a 1\n", std::string(1000, '\n'))});
  EXPECT_TRUE(Comes("up{job=\"j\"} 0 "));
}

TEST_F(ScrapeLoopTest, ATargetThatHangsKeepsNobodyWaiting) {
  std::vector<TargetConfig> targets = {Target("good")};
  for (int i = 0; i < 5; ++i) targets.push_back(Target(absl::StrCat("hangs", i), "/hang"));
  loop().Configure(targets);
  EXPECT_TRUE(Comes("up{job=\"hangs4\"} 0 "));
  EXPECT_TRUE(Comes("up{job=\"good\"} 1 "));
  EXPECT_THAT(metrics_.ExpositionText(),
              Not(HasSubstr("tocsin_scrapes_total{outcome=\"timeout\"} 0")));
  program_.Release();
  EXPECT_TRUE(Comes("up{job=\"hangs0\"} 1 "));
}

TEST_F(ScrapeLoopTest, NobodyListens) {
  TargetConfig target = Target("j");
  target.url = "http://127.0.0.1:1/";
  loop().Configure({target});
  EXPECT_TRUE(Comes("up{job=\"j\"} 0 "));
  EXPECT_THAT(metrics_.ExpositionText(),
              Not(HasSubstr("tocsin_scrapes_total{outcome=\"unreachable\"} 0")));
}

TEST_F(ScrapeLoopTest, OtherTargetsFromNowOn) {
  loop().Configure({Target("one"), Target("two")});
  EXPECT_TRUE(Comes("a{job=\"one\"} 1 "));
  EXPECT_TRUE(Comes("a{job=\"two\"} 1 "));
  TargetConfig two = Target("two");
  two.interval = two.timeout = absl::Milliseconds(40);
  loop().Configure({two, Target("three")});
  EXPECT_TRUE(Comes("a{job=\"one\"} stale "));
  EXPECT_TRUE(Comes("up{job=\"one\"} stale "));
  EXPECT_TRUE(Comes("a{job=\"three\"} 1 "));
  EXPECT_FALSE(Came("a{job=\"two\"} stale "));
  loop().Configure({});
  EXPECT_TRUE(Comes("a{job=\"two\"} stale "));
  EXPECT_TRUE(Counted("tocsin_scrape_targets{state=\"up\"} 0"));
}

TEST_F(ScrapeLoopTest, WhatIsNotTakenIsOfferedAgain) {
  TargetConfig target = Target("j");
  target.interval = absl::Seconds(4);
  sink_.AnswerWith(absl::UnavailableError("full"));
  loop().Configure({target});
  EXPECT_TRUE(Counted("tocsin_ingest_requests_total{code=\"UNAVAILABLE\",protocol=\"scrape\"} 1"));
  sink_.AnswerWith(absl::OkStatus());
  EXPECT_TRUE(Comes("a{job=\"j\"} 1 "));
  EXPECT_TRUE(Counted("tocsin_ingest_samples_total{protocol=\"scrape\"} 6"));
  EXPECT_TRUE(Counted("tocsin_scrape_dropped_samples_total{reason=\"unavailable\"} 0"));
}

TEST_F(ScrapeLoopTest, WhatIsNewerTakesItsPlaceButEndsAreOwed) {
  loop().Configure({Target("j")});
  EXPECT_TRUE(Comes("a{job=\"j\"} 1 "));
  sink_.AnswerWith(absl::UnavailableError("full"));
  program_.Set({.body = "b 1\n"});
  EXPECT_TRUE(Eventually([&] {
    return !absl::StrContains(metrics_.ExpositionText(),
                              "tocsin_scrape_dropped_samples_total{reason=\"unavailable\"} 0");
  }));
  EXPECT_FALSE(Came("b{job=\"j\"} 1 "));
  sink_.AnswerWith(absl::OkStatus());
  EXPECT_TRUE(Comes("b{job=\"j\"} 1 "));
  EXPECT_TRUE(Comes("a{job=\"j\"} stale "));
}

TEST_F(ScrapeLoopTest, AStopEndsAtOnceAndEndsNoSeries) {
  TargetConfig hangs = Target("hangs", "/hang");
  hangs.interval = hangs.timeout = absl::Seconds(5);
  loop().Configure({Target("j"), hangs});
  EXPECT_TRUE(Comes("a{job=\"j\"} 1 "));
  const absl::Duration begin = clock_.Monotonic();
  loop().Stop();
  EXPECT_LT(clock_.Monotonic() - begin, absl::Seconds(3));
  EXPECT_FALSE(Came("a{job=\"j\"} stale "));
  loop().Configure({Target("late")});  // nothing happens
}

TEST(FirstScrapeInTest, EachTargetHasItsPlaceInTheInterval) {
  std::set<int64_t> places;
  TargetConfig target;
  target.interval = absl::Seconds(15);
  for (int i = 0; i < 100; ++i) {
    target.labels = LabelsBuilder().Set("instance", absl::StrCat("h", i)).Build();
    const Timestamp now = Timestamp::FromMillis(1'700'000'000'123);
    const absl::Duration wait = FirstScrapeIn(target, now);
    EXPECT_GE(wait, absl::ZeroDuration());
    EXPECT_LT(wait, target.interval);
    const int64_t place = (now + wait).millis() % 15'000;
    EXPECT_EQ(
        (now + absl::Seconds(7) + FirstScrapeIn(target, now + absl::Seconds(7))).millis() % 15'000,
        place);
    places.insert(place / 1500);
  }
  EXPECT_EQ(places.size(), 10u);  // none of ten parts is empty
}

}  // namespace
}  // namespace tocsin::scrape
