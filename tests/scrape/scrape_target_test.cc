// A target in made-up time: what samples follow from its answers and failures.

#include "integrations/scrape/scrape_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/ingest/fake_sink.h"

namespace tocsin::scrape {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;
using Lines = std::vector<std::string>;

constexpr int64_t kStartMs = 1'000'000'000;

class ScrapeTargetTest : public testing::Test {
 protected:
  ScrapeTargetTest() {
    config_.address = "h:1";
    config_.labels = {{"job", "j"}, {"instance", "h:1"}};
  }

  ScrapeTarget& target() {
    if (!target_) target_ = std::make_unique<ScrapeTarget>(limits_, sink_, config_);
    return *target_;
  }
  // The next scrape, a second after the last one.
  ScrapeSamples Take(absl::string_view body, ExpositionFormat format = ExpositionFormat::kText) {
    return target().Take(format, body, Time());
  }
  ScrapeSamples Fail() {
    return target().Fail(ScrapeOutcome::kUnreachable, "connection refused", Time());
  }
  ScrapeTime Time() {
    now_ms_ += 1000;
    return {Timestamp::FromMillis(now_ms_), absl::Milliseconds(250)};
  }
  // Times as seconds since the start; without the target's own labels.
  Lines All(const SampleBatch& batch) {
    Lines lines = sink_.LinesOf(batch);
    for (std::string& line : lines) {
      const size_t at = line.rfind('@');
      const int64_t ms = std::stoll(line.substr(at + 1)) - kStartMs;
      line = absl::StrCat(line.substr(0, at + 1), ms / 1000);
      for (const char* own : {"instance=\"h:1\", job=\"j\"", "{}", "{, "}) {
        const size_t found = line.find(own);
        if (found != std::string::npos)
          line.replace(found, std::string(own).size(), own[1] == ',' ? "{" : "");
      }
    }
    return lines;
  }
  static bool IsReport(const std::string& line) {
    return absl::StartsWith(line, "scrape_") || absl::StartsWith(line, "up ");
  }
  Lines Samples(const ScrapeSamples& scrape) {
    Lines lines = All(scrape.batch);
    std::erase_if(lines, IsReport);
    return lines;
  }
  Lines Reports(const ScrapeSamples& scrape) {
    Lines lines = All(scrape.batch);
    std::erase_if(lines, [](const std::string& line) { return !IsReport(line); });
    return lines;
  }

  Limits limits_;
  ingest::FakeSink sink_;
  TargetConfig config_;
  std::unique_ptr<ScrapeTarget> target_;
  int64_t now_ms_ = kStartMs;
};

TEST_F(ScrapeTargetTest, SamplesAreDatedAtTheScrapesStart) {
  const ScrapeSamples scrape = Take("a 1\nb{x=\"y\"} 2\n");
  EXPECT_THAT(sink_.LinesOf(scrape.batch),
              IsSupersetOf({"a{instance=\"h:1\", job=\"j\"} 1 @1000001000",
                            "b{instance=\"h:1\", job=\"j\", x=\"y\"} 2 @1000001000",
                            "up{instance=\"h:1\", job=\"j\"} 1 @1000001000"}));
  EXPECT_EQ(scrape.outcome, ScrapeOutcome::kOk);
}

TEST_F(ScrapeTargetTest, Reports) {
  EXPECT_THAT(
      Reports(Take("a 1\nb 2\n")),
      ElementsAre("up 1 @1", "scrape_duration_seconds 0.25 @1", "scrape_samples_scraped 2 @1",
                  "scrape_samples_post_metric_relabeling 2 @1", "scrape_series_added 2 @1"));
  EXPECT_THAT(Reports(Take("a 1\nb 2\nc 3\n")),
              IsSupersetOf({"scrape_samples_scraped 3 @2", "scrape_series_added 1 @2"}));
  EXPECT_THAT(
      Reports(Fail()),
      ElementsAre("up 0 @3", "scrape_duration_seconds 0.25 @3", "scrape_samples_scraped 0 @3",
                  "scrape_samples_post_metric_relabeling 0 @3", "scrape_series_added 0 @3"));
  // Those that come back after a failure are no new ones, those that come back otherwise are.
  EXPECT_THAT(Reports(Take("a 1\nb 2\n")), IsSupersetOf({"up 1 @4", "scrape_series_added 0 @4"}));
  EXPECT_THAT(Reports(Take("a 1\nb 2\nc 3\n")), IsSupersetOf({"scrape_series_added 1 @5"}));
  EXPECT_THAT(Reports(Take("")), IsSupersetOf({"up 1 @6", "scrape_samples_scraped 0 @6"}));
  EXPECT_THAT(Reports(Take("a 1\n")), IsSupersetOf({"scrape_series_added 0 @7"}));
}

TEST_F(ScrapeTargetTest, ASeriesThatIsGoneEndsOnce) {
  Take("a 1\nb 2\n");
  EXPECT_THAT(Samples(Take("a 3\n")), UnorderedElementsAre("a 3 @2", "b stale @2"));
  EXPECT_THAT(Samples(Take("a 4\n")), ElementsAre("a 4 @3"));
  EXPECT_THAT(Samples(Take("a 5\nb 6\n")), ElementsAre("a 5 @4", "b 6 @4"));
  EXPECT_THAT(Samples(Take("")), UnorderedElementsAre("a stale @5", "b stale @5"));
}

TEST_F(ScrapeTargetTest, AFailureEndsAll) {
  Take("a 1\nb 2\n");
  const ScrapeSamples failed = Fail();
  EXPECT_EQ(failed.outcome, ScrapeOutcome::kUnreachable);
  EXPECT_EQ(failed.error, "connection refused");
  EXPECT_THAT(Samples(failed), UnorderedElementsAre("a stale @2", "b stale @2"));
  EXPECT_THAT(Samples(Fail()), IsEmpty());
  EXPECT_THAT(Samples(Take("a 1\n")), ElementsAre("a 1 @4"));
}

TEST_F(ScrapeTargetTest, ABodyIsTakenAsAWholeOrNotAtAll) {
  Take("a 1\nb 2\n");
  const ScrapeSamples failed = Take("a 3\nc 4\nb two\n");
  EXPECT_EQ(failed.outcome, ScrapeOutcome::kFormat);
  EXPECT_EQ(failed.error, "line 3, column 3: the value is not a number");
  EXPECT_THAT(Samples(failed), UnorderedElementsAre("a stale @2", "b stale @2"));
  EXPECT_THAT(
      Reports(failed),
      ElementsAre("up 0 @2", "scrape_duration_seconds 0.25 @2", "scrape_samples_scraped 2 @2",
                  "scrape_samples_post_metric_relabeling 2 @2", "scrape_series_added 0 @2"));
  EXPECT_THAT(Samples(Take("a 1\n", ExpositionFormat::kOpenMetrics)), IsEmpty());  // no # EOF
}

TEST_F(ScrapeTargetTest, MoreSamplesThanAllowedAreAFailure) {
  limits_.scrape_samples_max = 2;
  EXPECT_EQ(Take("a 1\nb 2\n").outcome, ScrapeOutcome::kOk);
  const ScrapeSamples failed = Take("a 1\nb 2\nc 3\n");
  EXPECT_EQ(failed.outcome, ScrapeOutcome::kSampleLimit);
  EXPECT_EQ(failed.error, "more than 2 samples (scrape_samples_max)");
  EXPECT_THAT(Samples(failed), UnorderedElementsAre("a stale @2", "b stale @2"));
}

TEST_F(ScrapeTargetTest, LabelsOfTheTargetWinAndConflictsAreExported) {
  config_.labels = {{"job", "j"}, {"instance", "h:1"}, {"env", "prod"}};
  EXPECT_THAT(Samples(Take("a{job=\"x\",env=\"dev\"} 1\n")),
              IsSupersetOf({"a{env=\"prod\", exported_env=\"dev\", exported_job=\"x\", } 1 @1"}));
  EXPECT_THAT(Samples(Take("b{job=\"x\",exported_job=\"y\",exported_exported_job=\"z\"} 1\n")),
              IsSupersetOf({"b{env=\"prod\", exported_exported_exported_job=\"x\", "
                            "exported_exported_job=\"z\", exported_job=\"y\", } 1 @2"}));
  // An empty label is none, so there is no conflict.
  EXPECT_THAT(Samples(Take("c{job=\"\",env=\"\"} 1\n")), IsSupersetOf({"c{env=\"prod\", } 1 @3"}));
}

TEST_F(ScrapeTargetTest, AnExportedLabelOfTheTargetTakesItsName) {
  config_.labels = {{"job", "j"}, {"exported_job", "mine"}};
  const ScrapeSamples scrape = Take("a{job=\"x\",exported_job=\"y\"} 1\n");
  EXPECT_THAT(
      sink_.LinesOf(scrape.batch),
      testing::Contains("a{exported_exported_exported_job=\"y\", exported_exported_job=\"x\", "
                        "exported_job=\"mine\", job=\"j\"} 1 @1000001000"));
}

TEST_F(ScrapeTargetTest, HonoredLabelsWin) {
  config_.honor_labels = true;
  const ScrapeSamples scrape = Take("a{job=\"x\"} 1\nb{instance=\"\"} 2\nc 3\n");
  EXPECT_THAT(sink_.LinesOf(scrape.batch),
              IsSupersetOf({"a{instance=\"h:1\", job=\"x\"} 1 @1000001000",
                            "b{job=\"j\"} 2 @1000001000",  // shown as empty: without
                            "c{instance=\"h:1\", job=\"j\"} 3 @1000001000"}));
}

TEST_F(ScrapeTargetTest, OwnTimestampsAreKeptAndSuchSeriesNeverEnd) {
  EXPECT_THAT(Samples(Take("a 1 999999000\nb 2\n")), ElementsAre("a 1 @-1", "b 2 @1"));
  EXPECT_THAT(Samples(Take("")), ElementsAre("b stale @2"));
  Take("a 1 1000003000\n");
  EXPECT_THAT(Samples(Fail()), IsEmpty());
}

TEST_F(ScrapeTargetTest, ASeriesThatGetsTimestampsOfItsOwnEnds) {
  Take("a 1\n");
  EXPECT_THAT(Samples(Take("a 2 1000001500\n")), UnorderedElementsAre("a 2 @1", "a stale @2"));
  EXPECT_THAT(Samples(Take("")), IsEmpty());
}

TEST_F(ScrapeTargetTest, OwnTimestampsThatDoNotGoOnAreDropped) {
  ScrapeSamples scrape = Take("a 1 1000000000\na 2 1000000500\na 3 1000000500\na 4 1000000100\n");
  EXPECT_THAT(Samples(scrape), ElementsAre("a 1 @0", "a 2 @0"));
  EXPECT_EQ(scrape.duplicates, 2u);
  scrape = Take("a 2 1000000500\n");
  EXPECT_THAT(Samples(scrape), IsEmpty());
  EXPECT_EQ(scrape.duplicates, 1u);
  EXPECT_THAT(Reports(scrape), IsSupersetOf({"up 1 @2", "scrape_samples_scraped 1 @2"}));
}

TEST_F(ScrapeTargetTest, OwnTimestampsAreNotHonouredWhereSo) {
  config_.honor_timestamps = false;
  EXPECT_THAT(Samples(Take("a 1 5\n")), ElementsAre("a 1 @1"));
  EXPECT_THAT(Samples(Take("")), ElementsAre("a stale @2"));
}

TEST_F(ScrapeTargetTest, TimestampsTooFarAwayAreRejectedAlone) {
  const ScrapeSamples scrape = Take("old 1 5\nnew 2 1000700000\na 3\n");
  EXPECT_THAT(Samples(scrape), ElementsAre("a 3 @1"));
  EXPECT_EQ(scrape.outcome, ScrapeOutcome::kOk);
  EXPECT_EQ(scrape.rejected.count(ingest::RejectReason::kTooOld), 1u);
  EXPECT_EQ(scrape.rejected.count(ingest::RejectReason::kTooNew), 1u);
  EXPECT_THAT(scrape.rejected.Describe(), HasSubstr("past_ms_max"));
}

TEST_F(ScrapeTargetTest, OfTwoSamplesOfOneSeriesTheFirstCounts) {
  ScrapeSamples scrape = Take("a{x=\"1\",y=\"2\"} 1\na{x=\"1\",y=\"2\"} 2\na{y=\"2\",x=\"1\"} 3\n");
  EXPECT_THAT(Samples(scrape), ElementsAre("a{x=\"1\", y=\"2\"} 1 @1"));
  EXPECT_EQ(scrape.duplicates, 2u);
  EXPECT_THAT(Reports(scrape),
              IsSupersetOf({"scrape_samples_scraped 3 @1", "scrape_series_added 1 @1"}));
  // The other way to write it is the same series: it does not end.
  EXPECT_THAT(Samples(Take("a{y=\"2\",x=\"1\"} 4\n")), ElementsAre("a{x=\"1\", y=\"2\"} 4 @2"));
}

TEST_F(ScrapeTargetTest, SeriesBeyondLimitsAreRejectedAlone) {
  for (int i = 0; i < 2; ++i) {
    const ScrapeSamples scrape =
        Take(absl::StrCat("a{x=\"", ingest::FakeSink::kTooLong, "\"} 1\na{x=\"",
                          ingest::FakeSink::kOneTooMany, "\"} 2\nb 3\n"));
    EXPECT_EQ(scrape.outcome, ScrapeOutcome::kOk);
    EXPECT_THAT(Samples(scrape), ElementsAre(absl::StrCat("b 3 @", i + 1)));
    EXPECT_EQ(scrape.rejected.count(ingest::RejectReason::kLabelLimit), 1u);
    EXPECT_EQ(scrape.rejected.count(ingest::RejectReason::kSeriesLimit), 1u);
    EXPECT_THAT(Reports(scrape), IsSupersetOf({absl::StrCat("scrape_samples_scraped 3 @", i + 1)}));
  }
}

TEST_F(ScrapeTargetTest, AReportThatIsRejectedCostsNoSample) {
  config_.labels = {{"job", ingest::FakeSink::kTooLong}};
  config_.honor_labels = true;
  const ScrapeSamples scrape = Take("a{job=\"x\"} 1\n");
  EXPECT_THAT(sink_.LinesOf(scrape.batch), ElementsAre("a{job=\"x\"} 1 @1000001000"));
  EXPECT_EQ(scrape.rejected.count(ingest::RejectReason::kLabelLimit), 5u);
}

TEST_F(ScrapeTargetTest, ATargetThatIsGoneEndsAllOfIt) {
  Take("a 1\nb 2 1000000000\n");
  now_ms_ += 500;
  const Lines lines = All(target().End(Timestamp::FromMillis(now_ms_)).batch);
  EXPECT_THAT(lines,
              UnorderedElementsAre("a stale @1", "up stale @1", "scrape_duration_seconds stale @1",
                                   "scrape_samples_scraped stale @1",
                                   "scrape_samples_post_metric_relabeling stale @1",
                                   "scrape_series_added stale @1"));
}

TEST_F(ScrapeTargetTest, EndsThatWereNotTakenComeAgain) {
  Take("a 1\nb 2\nc 3\n");
  const ScrapeSamples lost = Take("a 4\n");
  target().NotTaken(lost.batch);
  EXPECT_THAT(Samples(Take("a 5\nc 6\n")), UnorderedElementsAre("a 5 @3", "c 6 @3", "b stale @3"));
  target().NotTaken(lost.batch);  // c is back, and ends only when it is gone
  EXPECT_THAT(Samples(Take("a 5\nc 6\n")), UnorderedElementsAre("a 5 @4", "c 6 @4", "b stale @4"));
  EXPECT_THAT(Samples(Take("a 5\nc 6\n")), UnorderedElementsAre("a 5 @5", "c 6 @5"));
}

TEST_F(ScrapeTargetTest, OtherSettingsKeepItsSeries) {
  Take("a{job=\"x\"} 1\nb 2\n");
  TargetConfig other = config_;
  other.honor_labels = true;
  target().SetConfig(other);
  const Lines lines = sink_.LinesOf(Take("a{job=\"x\"} 3\n").batch);
  EXPECT_THAT(lines,
              IsSupersetOf({"a{instance=\"h:1\", job=\"x\"} 3 @1000002000",
                            "a{exported_job=\"x\", instance=\"h:1\", job=\"j\"} stale @1000002000",
                            "b{instance=\"h:1\", job=\"j\"} stale @1000002000"}));
}

TEST_F(ScrapeTargetTest, OpenMetricsWithExemplarsAndCreated) {
  EXPECT_THAT(Samples(Take("# TYPE a counter\na_total 1 # {t=\"x\"} 1\na_created 5\n# EOF\n",
                           ExpositionFormat::kOpenMetrics)),
              ElementsAre("a_total 1 @1", "a_created 5 @1"));
}

TEST(TargetsOfTest, AddressesLabelsAndUrls) {
  ScrapeJob job;
  job.job_name = "node";
  job.params = {{"m", {"a b", "c&d"}}, {"t", {"http://x"}}};
  job.static_configs = {{{"h:9100", "h", "[::1]"}, {{"env", "prod"}}},
                        {{"p:1"}, {{"instance", "web"}, {"job", "other"}}}};
  std::vector<std::string> all;
  for (const TargetConfig& target : TargetsOf(job)) {
    all.push_back(absl::StrCat(target.labels.ToString(), " ", target.url));
  }
  const std::string rest = "/metrics?m=a%20b&m=c%26d&t=http%3A%2F%2Fx";
  EXPECT_THAT(
      all, ElementsAre("{env=\"prod\", instance=\"h:9100\", job=\"node\"} http://h:9100" + rest,
                       "{env=\"prod\", instance=\"h:80\", job=\"node\"} http://h:80" + rest,
                       "{env=\"prod\", instance=\"[::1]:80\", job=\"node\"} http://[::1]:80" + rest,
                       "{instance=\"web\", job=\"other\"} http://p:1" + rest));
  job.scheme = "https";
  EXPECT_EQ(TargetsOf(job)[1].url, "https://h:443" + rest);
}

}  // namespace
}  // namespace tocsin::scrape
