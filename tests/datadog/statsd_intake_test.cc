// Datagrams as clients send them, and the samples that come out.

#include "integrations/datadog/statsd_intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "storage/memory_store.h"
#include "tests/ingest/fake_sink.h"

namespace tocsin::datadog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class StatsdRig {
 public:
  static constexpr int64_t kBeginS = 1'700'000'000;  // a multiple of 10

  explicit StatsdRig(StatsdIntake::Options options = {.host = "h"})
      : hosts(store, metrics),
        series(limits, sink, hosts, metrics),
        intervals(sink),
        intake({limits, sink, series, intervals, metrics}, std::move(options)) {}

  // At a time, in seconds from the begin.
  void Send(absl::string_view datagram, double at_s = 1) { intake.Datagram(datagram, At(at_s)); }
  // What came out, without the series of intervals.
  std::vector<std::string> Tick(double at_s) {
    intake.Tick(At(at_s));
    return NewLines();
  }
  std::vector<std::string> NewLines() {
    std::vector<std::string> lines = sink.Lines();
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(seen_));
    seen_ += lines.size();
    std::erase_if(
        lines, [](const std::string& line) { return line.find("datadog_metric_interval") == 0; });
    return lines;
  }
  std::string Dropped(const std::string& reason) const {
    const std::string text = metrics.ExpositionText();
    const std::string name =
        absl::StrCat("tocsin_dogstatsd_dropped_total{reason=\"", reason, "\"} ");
    const size_t at = text.find(name);
    return at == std::string::npos
               ? "absent"
               : text.substr(at + name.size(), text.find('\n', at) - at - name.size());
  }
  static Timestamp At(double at_s) {
    return Timestamp::FromMillis(kBeginS * 1000 + static_cast<int64_t>(at_s * 1000));
  }

  const Limits limits{};
  Metrics metrics;
  storage::MemoryStore store;
  ingest::FakeSink sink;
  HostTags hosts;
  SeriesResolver series;
  MetricIntervals intervals;
  StatsdIntake intake;

 private:
  size_t seen_ = 0;
};

TEST(StatsdIntakeTest, GaugesKeepTheLastValueOfABucket) {
  StatsdRig rig;
  rig.Send("fuel:1|g\nfuel:2|g|#a:b\nfuel:3|g\n");
  EXPECT_THAT(rig.Tick(9.9), IsEmpty());
  EXPECT_THAT(rig.Tick(10), UnorderedElementsAre(R"(fuel{host="h"} 3 @1700000000000)",
                                                 R"(fuel{a="b", host="h"} 2 @1700000000000)"));
  EXPECT_THAT(rig.Tick(20), IsEmpty());  // nothing came
}

TEST(StatsdIntakeTest, CountsAddUpWithTheirSampleRateAndGoOnAsZero) {
  StatsdRig rig;
  rig.Send("views:1|c|@0.1\nviews:2:3|c");
  EXPECT_THAT(rig.Tick(10), ElementsAre(R"(views{host="h"} 15 @1700000000000)"));
  rig.Send("views:7|c", 11);
  EXPECT_THAT(rig.Tick(20), ElementsAre(R"(views{host="h"} 7 @1700000010000)"));
  int zeros = 0;
  for (int at = 30; at <= 400; at += 10) {
    const auto lines = rig.Tick(at);
    if (lines.empty()) continue;
    ++zeros;
    EXPECT_THAT(lines, ElementsAre(absl::StrCat(R"(views{host="h"} 0 @)",
                                                (StatsdRig::kBeginS + at - 10) * 1000)));
  }
  EXPECT_EQ(zeros, 30);
}

TEST(StatsdIntakeTest, ManySmallCountsAreWholeNumbers) {
  for (const int n : {1, 3, 7, 23, 29, 57, 12345}) {
    StatsdRig rig;
    for (int i = 0; i < n; ++i) rig.Send("views:1|c");
    EXPECT_THAT(rig.Tick(10),
                ElementsAre(absl::StrCat(R"(views{host="h"} )", n, " @1700000000000")));
  }
}

TEST(StatsdIntakeTest, HistogramsAndTimingsAsTheAgentHasThem) {
  StatsdRig rig;
  std::string values;
  for (int i = 1; i <= 20; ++i) absl::StrAppend(&values, i == 1 ? "" : ":", 21 - i);
  rig.Send(absl::StrCat("size:", values, "|h\ntook:5|ms|@0.5\ntook:1|ms"));
  EXPECT_THAT(rig.Tick(10), UnorderedElementsAre(R"(size_max{host="h"} 20 @1700000000000)",
                                                 R"(size_median{host="h"} 10 @1700000000000)",
                                                 R"(size_avg{host="h"} 10.5 @1700000000000)",
                                                 R"(size_95percentile{host="h"} 19 @1700000000000)",
                                                 R"(size_count{host="h"} 20 @1700000000000)",
                                                 R"(took_max{host="h"} 5 @1700000000000)",
                                                 R"(took_median{host="h"} 5 @1700000000000)",
                                                 R"(took_avg{host="h"} 3.66667 @1700000000000)",
                                                 R"(took_95percentile{host="h"} 5 @1700000000000)",
                                                 R"(took_count{host="h"} 3 @1700000000000)"));
  EXPECT_THAT(rig.Tick(20), IsEmpty());
}

TEST(StatsdIntakeTest, SetsAndDistributions) {
  StatsdRig rig;
  rig.Send("users:a|s\nusers:b|s\nusers:a|s\nlatency:1:2|d|@0.5");
  const auto lines = rig.Tick(10);
  EXPECT_THAT(lines, UnorderedElementsAre(
                         R"(users{host="h"} 2 @1700000000000)",
                         testing::StartsWith(R"(latency{host="h"} {{schema:8 count:4 sum:6)")));
}

TEST(StatsdIntakeTest, TagsInAnyOrderAreOneSeries) {
  StatsdRig rig({.host = "h", .tags = {"env:prod"}});
  rig.Send("v:1|c|#a,b\nv:1|c|#b,a,a\nv:1|c|#host:other,a,b\nv:1|c|#host:");
  EXPECT_THAT(
      rig.Tick(10),
      UnorderedElementsAre(R"(v{a="true", b="true", env="prod", host="h"} 2 @1700000000000)",
                           R"(v{a="true", b="true", env="prod", host="other"} 1 @1700000000000)",
                           R"(v{env="prod"} 1 @1700000000000)"));
}

TEST(StatsdIntakeTest, TheHostsTagsJoin) {
  StatsdRig rig;
  ASSERT_TRUE(rig.hosts.Update("h", {"team:sre"}, StatsdRig::At(0)).ok());
  rig.Send("v:1|g");
  EXPECT_THAT(rig.Tick(10), ElementsAre(R"(v{host="h", team="sre"} 1 @1700000000000)"));
}

TEST(StatsdIntakeTest, WhatHasATimeIsNotAggregated) {
  StatsdRig rig;
  rig.Send("a:1|g|T1699999000\na:2|g|T1699999001\nb:5:6|c|@0.5|T1699999000", 1);
  EXPECT_THAT(rig.Tick(2),
              ElementsAre(R"(a{host="h"} 1 @1699999000000)", R"(a{host="h"} 2 @1699999001000)",
                          R"(b{host="h"} 22 @1699999000000)"));
  rig.Send("a:1|g|T1600000000", 3);  // beyond past_ms_max
  EXPECT_THAT(rig.Tick(4), IsEmpty());
  EXPECT_THAT(
      rig.metrics.ExpositionText(),
      HasSubstr(
          R"(tocsin_ingest_rejected_samples_total{protocol="dogstatsd",reason="too_old"} 1)"));
}

TEST(StatsdIntakeTest, ChecksAndEventsAreTakenAtOnce) {
  StatsdRig rig;
  rig.Send(
      "_sc|app.up|1|#x:y|m:slow\n_sc|app.up|0|h:other|d:1699999999\n_e{1,1}:a|b|t:error|s:deploy|#"
      "v:1",
      1.5);
  EXPECT_THAT(
      rig.Tick(2),
      ElementsAre(
          R"(datadog_service_check{check="app.up", host="h", x="y"} 1 @1700000001500)",
          R"(datadog_service_check{check="app.up", host="other"} 0 @1699999999000)",
          R"(datadog_events{alert_type="error", host="h", priority="normal", source="deploy", v="1"} 1 @1700000001500)"));
}

TEST(StatsdIntakeTest, AMalformedLineCostsNoOther) {
  StatsdRig rig;
  rig.Send("garbage\na:1|g\r\n\n\na:x|g\nb:1|g|T0\n_sc|x\n_e{x\nc:1|q\nd:1|c|@7");
  EXPECT_THAT(rig.Tick(10), ElementsAre(R"(a{host="h"} 1 @1700000000000)"));
  for (const char* reason :
       {"format", "value", "timestamp", "service_check", "event", "type", "sample_rate"}) {
    EXPECT_EQ(rig.Dropped(reason), "1") << reason;
  }
  for (const std::string& reason : StatsdIntake::DropReasons())
    EXPECT_EQ(rig.Dropped(reason), "0") << reason;
  EXPECT_THAT(rig.metrics.ExpositionText(),
              HasSubstr(R"(tocsin_dogstatsd_messages_total{kind="metric"} 1)"));
}

TEST(StatsdIntakeTest, NamesAndTagsThatAreNotUtf8AreRejected) {
  StatsdRig rig;
  rig.Send("a\xff:1|g\nb:1|g|#\xff\n...:1|g\nc:1|g");
  EXPECT_THAT(rig.Tick(10), ElementsAre(R"(c{host="h"} 1 @1700000000000)"));
  EXPECT_THAT(
      rig.metrics.ExpositionText(),
      HasSubstr(
          R"(tocsin_ingest_rejected_samples_total{protocol="dogstatsd",reason="invalid_utf8"} 2)"));
}

TEST(StatsdIntakeTest, ContextsAreLimited) {
  StatsdRig rig({.host = "h", .limits = {.contexts_max = 2}});
  rig.Send("a:1|g\nb:1|g\nc:1|g\na:2|g");
  EXPECT_EQ(rig.Tick(10).size(), 2u);
  EXPECT_EQ(rig.Dropped("contexts_max"), "1");
  rig.Send("c:1|g", 11);
  EXPECT_EQ(rig.Tick(20).size(), 1u);
}

TEST(StatsdIntakeTest, MemoryIsLimited) {
  StatsdRig rig({.host = "h", .limits = {.bytes_max = 20'000}});
  for (int i = 0; i < 10'000; ++i) rig.Send(absl::StrCat("u:", i, "|s\nl:1:2:3|h"));
  EXPECT_EQ(rig.Tick(10).size(), 6u);
  EXPECT_NE(rig.Dropped("bytes_max"), "0");
  rig.Send("a:1|g", 11);  // there is room again
  EXPECT_EQ(rig.Tick(20).size(), 1u);
}

TEST(StatsdIntakeTest, WhatTheSinkDoesNotTakeIsOfferedAgain) {
  StatsdRig rig;
  rig.sink.AnswerWith(absl::UnavailableError("queue full"));
  rig.Send("a:1|g");
  EXPECT_THAT(rig.Tick(10), IsEmpty());
  rig.Send("a:2|g", 11);
  EXPECT_THAT(rig.Tick(20), IsEmpty());
  rig.sink.AnswerWith(absl::OkStatus());
  EXPECT_THAT(rig.Tick(21), UnorderedElementsAre(R"(a{host="h"} 1 @1700000000000)",
                                                 R"(a{host="h"} 2 @1700000010000)"));
  EXPECT_THAT(rig.Tick(22), IsEmpty());
}

TEST(StatsdIntakeTest, OnlyTheNewestMinuteIsOfferedAgain) {
  StatsdRig rig;
  rig.sink.AnswerWith(absl::UnavailableError("queue full"));
  for (int i = 0; i < 70; ++i) {
    rig.Send(absl::StrCat("a:", i, "|g|T", StatsdRig::kBeginS + i), i);
    rig.Tick(i + 0.5);
  }
  rig.sink.AnswerWith(absl::OkStatus());
  EXPECT_EQ(rig.Tick(71).size(), 60u);
  EXPECT_EQ(rig.Dropped("unavailable"), "10");
}

TEST(StatsdIntakeTest, TheBucketUnderWayIsNotLostAtTheEnd) {
  StatsdRig rig;
  rig.Send("a:1|c");
  rig.intake.Finish(StatsdRig::At(3));
  EXPECT_THAT(rig.NewLines(), ElementsAre(R"(a{host="h"} 1 @1700000000000)"));
}

TEST(StatsdIntakeTest, AClockThatIsSetBackClosesTheBucket) {
  StatsdRig rig;
  rig.Send("a:1|g", 501);
  EXPECT_THAT(rig.Tick(1), ElementsAre(R"(a{host="h"} 1 @1700000500000)"));
}

}  // namespace
}  // namespace tocsin::datadog
