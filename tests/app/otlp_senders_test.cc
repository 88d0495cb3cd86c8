#include "app/otlp_senders.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <iostream>

#include "app/senders_gate.h"
#include "integrations/ingest/log_decode.h"
#include "proto/opentelemetry/proto/collector/logs/v1/logs_service.pb.h"
#include "rules/promql/parser.h"
#include "rules/rule_file.h"
#include "storage/memory_store.h"
#include "tests/app/eventually.h"
#include "tests/ingest/otlp_text.h"

namespace tocsin::app {
namespace {

using ingest::BytesOfRequest;
using ingest::PointAt;
using ingest::TextAttribute;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kStartMs = 1'700'000'000'000;
constexpr int64_t kMinuteMs = 60'000;

class HandClock : public Clock {
 public:
  Timestamp Now() const override { return Timestamp::FromMillis(now_ms); }
  absl::Duration Monotonic() const override { return absl::Milliseconds(now_ms.load()); }

  std::atomic<int64_t> now_ms = kStartMs;
};

// An engine that runs, over a store that outlives it. Times are made up, their thread is
// real.
class OtlpSendersTest : public ::testing::Test {
 protected:
  // What runs between a start and a stop.
  struct Service {
    Service(storage::Store& store, const Clock& clock, const ingest::OtlpOptions& options)
        : outbox(store, 10),
          log(*storage::OpenSampleLog(store)),
          engine({}, store, outbox, *log, clock, metrics) {
      EXPECT_TRUE(engine.Recover(std::make_shared<rules::RuleSet>()).ok());
      engine.Start();
      otlp_senders = std::make_unique<OtlpSenders>(
          OtlpSenders::Parts{engine, limits, clock, metrics}, options);
    }
    ~Service() {
      otlp_senders.reset();
      engine.Stop();
    }

    Limits limits;
    Metrics metrics;
    storage::Outbox outbox;
    std::unique_ptr<storage::SampleLog> log;
    engine::Engine engine;
    std::unique_ptr<OtlpSenders> otlp_senders;
  };

  void Start() {
    service_.reset();
    service_ = std::make_unique<Service>(store_, clock_, options_);
  }
  void Commit(SampleBatch batch) {
    std::promise<absl::Status> done;
    service_->engine.Submit(std::move(batch),
                            [&done](const absl::Status& status) { done.set_value(status); });
    EXPECT_TRUE(done.get_future().get().ok());
  }
  // The metrics of one resource, at the clock's time.
  void Send(const std::string& metrics) {
    auto samples = service_->otlp_senders->otlp().Decode(
        BytesOfRequest("resource_metrics { resource { " + TextAttribute("service.name", "shop") +
                       "} scope_metrics { " + metrics + " } }"),
        clock_.Now());
    ASSERT_TRUE(samples.ok()) << samples.status();
    EXPECT_EQ(samples->rejected.Describe(), "");
    Commit(std::move(samples->batch));
  }
  // "value" of the only row; "" if there is none.
  std::string Query(const std::string& text) {
    const promql::ParseResult parsed = promql::ParseExpr(text);
    const auto result = service_->engine.Query(*parsed.expr, clock_.Now(), [] { return false; });
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok() || result->rows.empty()) return "";
    EXPECT_EQ(result->rows.size(), 1u);
    return absl::StrCat(result->rows[0].second);
  }

  HandClock clock_;
  storage::MemoryStore store_;
  ingest::OtlpOptions options_;
  std::unique_ptr<Service> service_;
};

// A counter of an SDK that appears with 5 has counted 5, not 0.
TEST_F(OtlpSendersTest, FirstValueOfACounterIsAnIncrease) {
  Start();
  const int64_t start_ms = kStartMs - 2 * kMinuteMs;
  Send("metrics { name: 'orders' sum { aggregation_temporality: 2 is_monotonic: true " +
       PointAt(start_ms, kStartMs, "as_int: 5") + "} }");
  EXPECT_NEAR(std::stod(Query("increase(orders_total[4m])")), 5, 0.01);
}

TEST_F(OtlpSendersTest, DeltasCountFromTheFirstOn) {
  Start();
  for (int i = 0; i < 4; ++i) {
    clock_.now_ms = kStartMs + i * kMinuteMs;
    Send("metrics { name: 'orders' sum { aggregation_temporality: 1 is_monotonic: true " +
         PointAt(clock_.now_ms - kMinuteMs, clock_.now_ms, "as_int: 5") + "} }");
  }
  EXPECT_EQ(Query("orders_total"), "20");
  EXPECT_NEAR(std::stod(Query("increase(orders_total[5m])")), 20, 3);
}

// What was added up is gone with a restart; the counter begins anew, which increase() knows.
TEST_F(OtlpSendersTest, DeltasAfterARestartAreAnOrdinaryReset) {
  Start();
  const auto send = [this](int64_t end_ms) {
    clock_.now_ms = end_ms;
    Send("metrics { name: 'orders' sum { aggregation_temporality: 1 is_monotonic: true " +
         PointAt(end_ms - kMinuteMs, end_ms, "as_int: 5") + "} }");
  };
  send(kStartMs);
  send(kStartMs + kMinuteMs);
  EXPECT_EQ(Query("orders_total"), "10");
  Start();
  // One interval was missed while we were down, which nobody can know.
  send(kStartMs + 3 * kMinuteMs);
  EXPECT_EQ(Query("orders_total"), "5");
  EXPECT_EQ(Query("resets(orders_total[10m])"), "1");
  // From 0 at the first interval's start over 10 and the reset to 5.
  EXPECT_NEAR(std::stod(Query("increase(orders_total[4m1s])")), 15, 0.2);
}

TEST_F(OtlpSendersTest, ResourcesAreUpUntilTheyAreSilent) {
  Start();
  const std::string gauge =
      "metrics { name: 'load' gauge { " + PointAt(0, kStartMs, "as_int: 1") + "} }";
  Send(gauge);
  EXPECT_EQ(Query("tocsin_resource_up{job=\"shop\"}"), "1");
  clock_.now_ms += 4 * kMinuteMs;
  EXPECT_TRUE(Eventually([this] {
    return Query("timestamp(tocsin_resource_up)") == absl::StrCat(clock_.now_ms / 1000.0);
  }));
  EXPECT_EQ(Query("tocsin_resource_up"), "1");
  clock_.now_ms += kMinuteMs;
  EXPECT_TRUE(Eventually([this] { return Query("tocsin_resource_up") == "0"; }));
}

// It went while we were down, for longer than queries look back.
TEST_F(OtlpSendersTest, ResourcesThatWentDuringDowntimeTurnZero) {
  Start();
  Send("metrics { name: 'load' gauge { " + PointAt(0, kStartMs, "as_int: 1") + "} }");
  service_.reset();
  clock_.now_ms += 3 * 60 * kMinuteMs;
  Start();
  EXPECT_TRUE(Eventually([this] { return Query("tocsin_resource_up") == "1"; }));
  clock_.now_ms += 5 * kMinuteMs;
  EXPECT_TRUE(Eventually([this] { return Query("tocsin_resource_up") == "0"; }));
}

TEST_F(OtlpSendersTest, NoTimeoutMeansNobodyIsWatched) {
  options_.resource_timeout = absl::ZeroDuration();
  Start();
  Send("metrics { name: 'load' gauge { " + PointAt(0, kStartMs, "as_int: 1") + "} }");
  EXPECT_EQ(Query("tocsin_resource_up"), "");
}

TEST_F(OtlpSendersTest, ExemplarsOfAHistogramAreNotesOfItsSeries) {
  Start();
  Send("metrics { name: 'd' histogram { aggregation_temporality: 2 " +
       PointAt(0, kStartMs,
               "count: 1 sum: 2 bucket_counts: [0, 1] explicit_bounds: [1] exemplars { "
               "time_unix_nano: 1699999999000000000 as_double: 2 trace_id: '0123456789abcdef' }") +
       "} }");
  for (const Labels& series : {Labels{{"__name__", "d_bucket"}, {"job", "shop"}, {"le", "1"}},
                               Labels{{"__name__", "d_sum"}, {"job", "shop"}},
                               Labels{{"__name__", "d_count"}, {"job", "shop"}}}) {
    const auto notes = service_->otlp_senders->NotesOf(series);
    ASSERT_EQ(notes.size(), 1u) << series.ToString();
    EXPECT_EQ(notes[0].text, "2");
    EXPECT_EQ(notes[0].trace_id, "30313233343536373839616263646566");
  }
}

// "text trace" of what a page is told whose rule has this query and whose row has these labels.
class EvidenceTest : public OtlpSendersTest {
 protected:
  std::vector<std::string> Ask(const std::string& query, const Labels& row = Labels(),
                               absl::Duration later = absl::ZeroDuration()) {
    const promql::ParseResult parsed = promql::ParseExpr(query);
    return Ask(engine::EvidenceQuery{parsed.expr.get(), {}, {}, {}}, row, later);
  }
  std::vector<std::string> Ask(const engine::EvidenceQuery& query, const Labels& row,
                               absl::Duration later = absl::ZeroDuration()) {
    const auto question = engine::MakeEvidenceQuestion({query}, row, clock_.Now() + later, {});
    size_t series_left = 1000;
    std::vector<std::string> told;
    for (const auto& one : service_->otlp_senders->EvidenceOf(question, series_left)) {
      told.push_back(absl::StrCat(one.text(), " ", one.trace_id()));
    }
    return told;
  }
  // An exemplar as remote write brings it.
  void Keep(const Labels& series, const std::string& trace, int64_t ago_ms = 0) {
    service_->otlp_senders->exemplars().Add(*service_->engine.Resolve(series),
                                            {.time = clock_.Now() - absl::Milliseconds(ago_ms),
                                             .value = 2,
                                             .trace_id = trace,
                                             .span_id = ""});
  }
};

TEST_F(EvidenceTest, ExemplarsOfTheSeriesThatAgreeWithTheRow) {
  Start();
  Keep({{"__name__", "d"}, {"route", "/a"}, {"pod", "1"}}, "a1", 3);
  Keep({{"__name__", "d"}, {"route", "/a"}, {"pod", "2"}}, "a2", 2);
  Keep({{"__name__", "d"}, {"route", "/b"}, {"pod", "1"}}, "b1", 1);
  Keep({{"__name__", "e"}, {"route", "/a"}}, "e1");
  EXPECT_THAT(Ask("avg by (route) (d)", {{"route", "/a"}}), ElementsAre("2 a2", "2 a1"));
  EXPECT_THAT(Ask("avg(d)"), ElementsAre("2 b1", "2 a2", "2 a1"));
  EXPECT_THAT(Ask("avg by (route) (d{pod='1'})", {{"route", "/a"}}), ElementsAre("2 a1"));
  EXPECT_THAT(Ask("d / on (route) e", {{"route", "/a"}, {"team", "x"}}),
              ElementsAre("2 e1", "2 a2", "2 a1"));
  EXPECT_THAT(Ask("{__name__=~'d|e', route='/a'}", {{"__name__", "d"}, {"route", "/a"}}),
              ElementsAre("2 e1", "2 a2", "2 a1"));
  EXPECT_THAT(Ask("d", {{"route", "/c"}}), IsEmpty());
  EXPECT_THAT(Ask("vector(1)"), IsEmpty());
}

TEST_F(EvidenceTest, WhatIsSelectedOfARecordedSeriesHoldsWhereASeriesHasTheLabel) {
  Start();
  Keep({{"__name__", "d"}, {"route", "/a"}, {"pod", "1"}}, "a1", 3);
  Keep({{"__name__", "d"}, {"route", "/a"}, {"pod", "2"}}, "a2", 2);
  Keep({{"__name__", "d"}, {"route", "/b"}}, "b", 1);
  const promql::ParseResult parsed = promql::ParseExpr("sum by (route) (d)");
  const promql::ParseResult recorded = promql::ParseExpr("r{pod='1'}");
  engine::EvidenceQuery query{parsed.expr.get(), {}, {}, {}};
  const auto selected = engine::QueryEngine::Needs(*recorded.expr, {});
  for (const auto& matcher : selected.at(0).matchers) {
    if (matcher.name != kMetricName) query.matchers.push_back(matcher);
  }
  EXPECT_THAT(Ask(query, Labels()), ElementsAre("2 b", "2 a1"));
  EXPECT_THAT(Ask(query, {{"route", "/a"}}), ElementsAre("2 a1"));
  query.matchers.at(0).op = promql::MatchOp::kNotEqual;
  EXPECT_THAT(Ask(query, {{"route", "/a"}}), ElementsAre("2 a2"));
}

TEST_F(EvidenceTest, ExemplarsOfAHistogramAreOfAllItsSeries) {
  Start();
  Keep({{"__name__", "d_bucket"}, {"le", "1"}, {"route", "/a"}}, "bucket", 1);
  Keep({{"__name__", "d_count"}, {"route", "/a"}}, "count", 2);
  for (const char* query : {"histogram_quantile(0.9, sum by (le, route) (rate(d_bucket[5m])))",
                            "rate(d_sum{route=~'/a.*'}[5m])", "d_bucket{le='0.5', route='/a'}"}) {
    EXPECT_THAT(Ask(query, {{"route", "/a"}}), ElementsAre("2 bucket", "2 count")) << query;
    EXPECT_THAT(Ask(query, {{"route", "/b"}}), IsEmpty()) << query;
  }
  EXPECT_THAT(Ask("rate(d_sum{route='/b'}[5m])"), IsEmpty());
  EXPECT_THAT(
      service_->otlp_senders->NotesOf({{"__name__", "d_bucket"}, {"le", "1"}, {"route", "/a"}}),
      SizeIs(1));
}

TEST_F(EvidenceTest, WhatIsOldIsNone) {
  Start();
  Keep({{"__name__", "d"}}, "a", 50 * kMinuteMs);
  EXPECT_THAT(Ask("d"), ElementsAre("2 a"));
  EXPECT_THAT(Ask("d", {}, absl::Minutes(11)), IsEmpty());
  EXPECT_THAT(Ask("rate(d[2h])", {}, absl::Minutes(11)), ElementsAre("2 a")) << "it is looked at";
}

TEST_F(EvidenceTest, RecordsThatWereCounted) {
  Start();
  const auto loaded = rules::LoadRules({{"f.yaml", R"(
log_metrics:
  - {name: timeouts, match: {body: {regex: ".*timed out.*"}}, labels: {route: attributes.route}}
  - {name: quiet, match: {body: {regex: ".*timed out.*"}}, evidence: false}
)"}});
  ASSERT_TRUE(loaded.ok());
  service_->otlp_senders->SetRules(loaded.rules);
  std::string records;
  for (int i = 0; i < 7; ++i) {
    absl::StrAppend(
        &records, "log_records { severity_number: 17 time_unix_nano: ", kStartMs - 1000 + i,
        "000000 trace_id: '0123456789abcdef' ", TextAttribute("route", i % 2 == 0 ? "/a" : "/b"),
        "body { string_value: 'pay\\n", i, " timed out' } } ");
  }
  opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest request;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "resource_logs { scope_logs { " + records + "} }", &request));
  ingest::LogDecoder decoder(service_->limits, service_->otlp_senders->logs());
  ASSERT_TRUE(decoder.Decode(request.SerializeAsString(), clock_.Now()).ok());
  const std::string trace = "30313233343536373839616263646566";
  EXPECT_THAT(Ask("sum by (route) (rate(timeouts[5m]))", {{"route", "/b"}}),
              ElementsAre("error: pay 5 timed out " + trace, "error: pay 3 timed out " + trace,
                          "error: pay 1 timed out " + trace));
  EXPECT_THAT(Ask("sum(timeouts) / sum(timeouts)"), SizeIs(5)) << "each once, of both selectors";
  EXPECT_THAT(Ask("quiet"), IsEmpty());
}

TEST_F(EvidenceTest, TheGateAnswersBeforeThereAreSendersAndAfter) {
  Start();
  Keep({{"__name__", "d"}}, "a");
  SendersGate gate;
  const promql::ParseResult parsed = promql::ParseExpr("d");
  const auto question = engine::MakeEvidenceQuestion(
      {engine::EvidenceQuery{parsed.expr.get(), {}, {}, {}}}, Labels(), clock_.Now(), {});
  size_t series_left = 10;
  EXPECT_THAT(gate.Find(question, series_left), IsEmpty());
  EXPECT_THAT(gate.NotesOf({{"__name__", "d"}}), IsEmpty());
  gate.Set(service_->otlp_senders.get());
  EXPECT_THAT(gate.Find(question, series_left), SizeIs(1));
  EXPECT_THAT(gate.NotesOf({{"__name__", "d"}}), SizeIs(1));
  gate.Set(nullptr);
  EXPECT_THAT(gate.Find(question, series_left), IsEmpty());
}

// What the shard waits for: a storm of pages over one metric that has all exemplars, each of a row
// of its own; and rows without labels, for which all of them have to be looked at.
TEST_F(EvidenceTest, CostOfAThousandPages) {
  Start();
  constexpr size_t kSeries = 20'000;
  for (size_t i = 0; i < kSeries; ++i) {
    Keep({{"__name__", "http_request_duration_seconds_bucket"},
          {"instance", absl::StrCat("checkout-", i % 100)},
          {"job", "shop/checkout"},
          {"le", "0.5"},
          {"method", "GET"},
          {"route", absl::StrCat("/route/", i)}},
         absl::StrCat("t", i));
  }
  const promql::ParseResult parsed = promql::ParseExpr(
      "histogram_quantile(0.9, sum by (le, route) "
      "(rate(http_request_duration_seconds_bucket[5m])))");
  const auto ask = [&](const std::vector<Labels>& rows, size_t told_each) {
    const absl::Duration begin = SystemClock().Monotonic();
    size_t looked_at = 0;
    for (const Labels& row : rows) {
      size_t series_left = kSeries;
      const auto told = service_->otlp_senders->EvidenceOf(
          engine::MakeEvidenceQuestion({engine::EvidenceQuery{parsed.expr.get(), {}, {}, {}}}, row,
                                       clock_.Now(), {}),
          series_left);
      EXPECT_EQ(told.size(), told_each);
      looked_at += kSeries - series_left;
    }
    const absl::Duration took = SystemClock().Monotonic() - begin;
    std::cout << rows.size() << " pages, " << looked_at << " of " << kSeries
              << " series looked at: " << absl::ToDoubleMilliseconds(took) << " ms\n";
    return looked_at;
  };
  std::vector<Labels> rows;
  for (int i = 0; i < 1000; ++i) rows.push_back({{"route", absl::StrCat("/route/", i)}});
  EXPECT_EQ(ask(rows, 1), 1000u);
  EXPECT_EQ(ask(std::vector<Labels>(3), 3), 3 * kSeries);
}

TEST_F(OtlpSendersTest, LogRecordsAreCountedByRules) {
  Start();
  const auto loaded = rules::LoadRules({{"f.yaml", R"(
log_metrics:
  - name: timeouts_total
    match: {severity: {at_least: error}, body: {regex: ".*timed out.*"}}
)"}});
  ASSERT_TRUE(loaded.ok());
  service_->otlp_senders->SetRules(loaded.rules);
  EXPECT_TRUE(Eventually([this] { return Query("timeouts_total") == "0"; }));
  opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest request;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "resource_logs { scope_logs { log_records { severity_number: 17 "
      "body { string_value: 'payment timed out' } } } }",
      &request));
  clock_.now_ms += kMinuteMs;
  ingest::LogDecoder decoder(service_->limits, service_->otlp_senders->logs());
  auto counted = decoder.Decode(request.SerializeAsString(), clock_.Now());
  ASSERT_TRUE(counted.ok()) << counted.status();
  Commit(std::move(counted->batch));
  EXPECT_EQ(Query("timeouts_total"), "1");
  const auto notes = service_->otlp_senders->NotesOf({{"__name__", "timeouts_total"}});
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].text, "error: payment timed out");
  EXPECT_EQ(notes[0].at, clock_.Now());
  EXPECT_NEAR(std::stod(Query("increase(timeouts_total[2m])")), 1, 0.5);
}

}  // namespace
}  // namespace tocsin::app
