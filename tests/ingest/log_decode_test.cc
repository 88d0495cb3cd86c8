#include "integrations/ingest/log_decode.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "proto/opentelemetry/proto/collector/logs/v1/logs_service.pb.h"
#include "tests/ingest/fake_sink.h"
#include "tests/ingest/otlp_text.h"

namespace tocsin::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kNowMs = 1'000'000'000;

std::string BytesOfLogs(const std::string& text) {
  opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
  return request.SerializeAsString();
}

RecordField Field(const char* text) {
  return *ParseRecordField(text);
}
LogTest Equals(const char* field, std::string text) {
  return {Field(field), [text](absl::string_view value) { return value == text; }};
}

class LogDecodeTest : public testing::Test {
 protected:
  void SetRules(std::vector<LogCounterRule> rules) {
    counters_.SetRules(std::move(rules), Timestamp::FromMillis(kNowMs));
  }
  absl::StatusOr<LogSamples> Decode(const std::string& text, int64_t now_ms = kNowMs + 60'000) {
    return decoder_.Decode(BytesOfLogs(text), Timestamp::FromMillis(now_ms));
  }
  std::vector<std::string> Lines(const std::string& text, int64_t now_ms = kNowMs + 60'000) {
    const auto result = Decode(text, now_ms);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? sink_.LinesOf(result->batch) : std::vector<std::string>();
  }
  std::vector<std::string> StepAt(int64_t now_ms) {
    return sink_.LinesOf(counters_.Step(Timestamp::FromMillis(now_ms)));
  }
  static std::string Record(const std::string& fields) { return "log_records { " + fields + " } "; }
  static std::string Logs(const std::string& records) {
    return "resource_logs { resource { " + TextAttribute("service.name", "shop") +
           "} scope_logs { scope { name: 'lib' } " + records + "} }";
  }

  Limits limits_;
  FakeSink sink_;
  LogCounters counters_{sink_};
  LogDecoder decoder_{limits_, counters_};
};

TEST_F(LogDecodeTest, EveryFieldCanBeAskedFor) {
  const std::string record = Record(
      "severity_number: 18 severity_text: 'E' event_name: 'ev' body { string_value: 'text' } "
      "attributes { key: 'n' value { int_value: 7 } }");
  const std::pair<const char*, const char*> cases[] = {
      {"severity", "error"}, {"severity_text", "E"}, {"event_name", "ev"},
      {"body", "text"},      {"attributes.n", "7"},  {"resource.service.name", "shop"},
      {"scope", "lib"},      {"attributes.x", ""},   {"resource.x", ""},
  };
  for (const auto& [field, value] : cases) {
    SetRules({{.name = "hit", .tests = {Equals(field, value)}, .labels = {}}});
    EXPECT_THAT(Lines(Logs(record)), testing::Contains(HasSubstr("hit "))) << field;
    SetRules({{.name = "hit", .tests = {Equals(field, "else")}, .labels = {}}});
    EXPECT_THAT(Lines(Logs(record)), IsEmpty()) << field;
  }
}

TEST_F(LogDecodeTest, CounterWithoutLabelsIsZeroFromItsRuleOn) {
  SetRules({{.name = "c", .tests = {}, .labels = {}}});
  EXPECT_THAT(StepAt(kNowMs), ElementsAre("c 0 @1000000000"));
  EXPECT_THAT(StepAt(kNowMs + 1000), IsEmpty());
  EXPECT_THAT(Lines(Logs(Record("") + Record("")), kNowMs + 2000), ElementsAre("c 2 @1000002000"));
  EXPECT_THAT(StepAt(kNowMs + 3000), IsEmpty());
  EXPECT_THAT(StepAt(kNowMs + 17'000), ElementsAre("c 2 @1000017000"));
}

TEST_F(LogDecodeTest, RecordsAreFoundByTheirCounter) {
  SetRules({{.name = "c", .tests = {}, .labels = {{"a", Field("attributes.a")}}},
            {.name = "quiet", .tests = {}, .labels = {}, .evidence = false}});
  const auto found = [this](const char* name, const std::function<bool(const Labels&)>& wanted,
                            Timestamp oldest = Timestamp(), size_t left = 100) {
    std::string bodies;
    for (const LogMatch& match : counters_.Find(name, wanted, oldest, 3, left)) {
      bodies += match.body;
    }
    return bodies;
  };
  const auto all = [](const Labels&) { return true; };
  const auto record = [](const char* a, int64_t seconds, const char* body) {
    return Record(TextAttribute("a", a) + " body { string_value: '" + body +
                  "' } time_unix_nano: " + absl::StrCat(seconds) + "000000000");
  };
  ASSERT_TRUE(Decode(Logs(record("x", 1, "p") + record("y", 2, "q") + record("x", 3, "r") +
                          record("x", 4, "s")))
                  .ok());
  EXPECT_EQ(found("c", all), "srq");
  EXPECT_EQ(found("c", [](const Labels& one) { return one.Get("a") == "y"; }), "q");
  EXPECT_EQ(found("c", all, Timestamp::FromMillis(3500)), "s");
  EXPECT_EQ(found("c", all, Timestamp(), 1), "srp") << "one counter";
  EXPECT_EQ(found("quiet", all), "") << "its rule says so";
  EXPECT_EQ(counters_.Newest({{"__name__", "quiet"}}).size(), 4u) << "kept all the same";
  EXPECT_EQ(found("", all), "srq");
  EXPECT_EQ(found("d", all), "");
  // A reload may change its mind.
  SetRules({{.name = "quiet", .tests = {}, .labels = {}}});
  EXPECT_EQ(found("quiet", all), "srq");
  EXPECT_EQ(found("c", all), "");
}

// Its first value would be no increase without a sample before it.
TEST_F(LogDecodeTest, CounterWithLabelsBeginsWithZero) {
  SetRules({{.name = "c", .tests = {}, .labels = {{"a", Field("attributes.a")}}}});
  EXPECT_THAT(StepAt(kNowMs), IsEmpty());
  const std::string record = Record(TextAttribute("a", "x"));
  EXPECT_THAT(Lines(Logs(record), kNowMs + 5000),
              ElementsAre("c{a=\"x\"} 0 @1000000000", "c{a=\"x\"} 1 @1000005000"));
  EXPECT_THAT(Lines(Logs(record + Record(TextAttribute("a", "y"))), kNowMs + 60'000),
              ElementsAre("c{a=\"x\"} 2 @1000060000", "c{a=\"y\"} 0 @1000045000",
                          "c{a=\"y\"} 1 @1000060000"));
}

// Two samples of a millisecond would be one, and the second lost.
TEST_F(LogDecodeTest, RequestsOfAMillisecondHaveTimesOfTheirOwn) {
  SetRules({{.name = "c", .tests = {}, .labels = {}}});
  Lines(Logs(Record("")), kNowMs + 5);
  EXPECT_THAT(Lines(Logs(Record("")), kNowMs + 5), ElementsAre("c 2 @1000000006"));
  for (int i = 0; i < 2000; ++i) Lines(Logs(Record("")), kNowMs + 5);
  // So many that their times would run away: the next one that fits has them all.
  EXPECT_THAT(Lines(Logs(Record("")), kNowMs + 5), IsEmpty());
  EXPECT_THAT(StepAt(kNowMs + 2000), ElementsAre("c 2003 @1000002000"));
}

TEST_F(LogDecodeTest, ReloadKeepsCountersOfRulesThatStay) {
  SetRules(
      {{.name = "stays", .tests = {}, .labels = {}}, {.name = "goes", .tests = {}, .labels = {}}});
  Lines(Logs(Record("")));
  counters_.SetRules({{.name = "stays", .tests = {Equals("body", "x")}, .labels = {}}},
                     Timestamp::FromMillis(kNowMs + 70'000));
  EXPECT_THAT(StepAt(kNowMs + 90'000),
              ElementsAre("goes stale @1000090000", "stays 1 @1000090000"));
  EXPECT_EQ(counters_.counters(), 1u);
}

TEST_F(LogDecodeTest, NewestRecordsAreKeptAsEvidence) {
  SetRules({{.name = "c", .tests = {}, .labels = {{"a", Field("attributes.a")}}}});
  for (int i = 0; i < 4; ++i) {
    Lines(Logs(Record(absl::StrCat("time_unix_nano: ", i + 1, "000000000 body { string_value: 'b",
                                   i, "' } severity_number: 9 trace_id: '0123456789abcdef' ",
                                   TextAttribute("a", "x"))) +
               Record(TextAttribute("a", "y"))));
  }
  Lines(Logs(Record("body { string_value: '" + std::string(2000, 'z') + "' } " +
                    TextAttribute("a", "x"))));
  Lines(Logs(Record("observed_time_unix_nano: 9000000000 " + TextAttribute("a", "x"))));
  const auto newest = counters_.Newest({{"__name__", "c"}, {"a", "x"}});
  ASSERT_EQ(newest.size(), LogCounters::kEvidence);
  EXPECT_EQ(newest[0].time, Timestamp::FromMillis(9000));
  EXPECT_EQ(newest[1].body.size(), LogCounters::kEvidenceBytesMax);
  EXPECT_EQ(newest[1].time, Timestamp::FromMillis(kNowMs + 60'000));  // not said: when it came
  EXPECT_EQ(newest[2].body, "b3");
  EXPECT_EQ(newest[2].severity, "info");
  EXPECT_EQ(newest[2].trace_id, "30313233343536373839616263646566");
  EXPECT_EQ(newest[2].time, Timestamp::FromMillis(4000));
  EXPECT_THAT(counters_.Newest({{"__name__", "c"}, {"a", "z"}}), IsEmpty());
}

TEST_F(LogDecodeTest, CountersOfARuleAreLimited) {
  SetRules({{.name = "c", .tests = {}, .labels = {{"a", Field("attributes.a")}}}});
  std::string records;
  for (size_t i = 0; i < LogCounters::kSeriesPerRule + 3; ++i) {
    records += Record(TextAttribute("a", absl::StrCat(i)));
  }
  const auto result = Decode(Logs(records));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(counters_.counters(), LogCounters::kSeriesPerRule);
  EXPECT_EQ(result->dropped, 3u);
  EXPECT_THAT(result->warning, HasSubstr("c has 1000 counters already"));
  EXPECT_EQ(result->rejected.total(), 0u);
}

TEST_F(LogDecodeTest, SeriesThatAreRefusedAreSaid) {
  SetRules({{.name = "c", .tests = {}, .labels = {{"a", Field("attributes.a")}}}});
  const auto result = Decode(Logs(Record(TextAttribute("a", FakeSink::kTooLong))));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->dropped, 1u);
  EXPECT_THAT(result->warning, HasSubstr("label value too long"));
}

TEST_F(LogDecodeTest, RecordsThatCannotBeReadAreRejected) {
  SetRules({{.name = "c", .tests = {Equals("body", "x")}, .labels = {}}});
  std::string bytes = BytesOfLogs(Logs(Record("body { string_value: 'XX' }") + Record("")));
  bytes.replace(bytes.find("XX"), 2, "\xff\xfe");
  const auto result = decoder_.Decode(bytes, Timestamp::FromMillis(kNowMs));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->rejected.Describe(), "1 invalid_utf8: a text of a log record");
  EXPECT_EQ(result->records, 2u);
}

// Its body is looked at first as evidence of a match, then by another rule.
TEST_F(LogDecodeTest, ARecordIsRejectedOnce) {
  SetRules({{.name = "a", .tests = {}, .labels = {}},
            {.name = "b", .tests = {Equals("body", "x")}, .labels = {}},
            {.name = "c", .tests = {}, .labels = {}}});
  std::string bytes = BytesOfLogs(Logs(Record("body { string_value: 'XX' }")));
  bytes.replace(bytes.find("XX"), 2, "\xff\xfe");
  const auto result = decoder_.Decode(bytes, Timestamp::FromMillis(kNowMs));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->rejected.total(), 1u);
  EXPECT_TRUE(result->batch.empty());
}

TEST_F(LogDecodeTest, LimitsOfARequest) {
  limits_.samples_per_request_max = 2;
  EXPECT_TRUE(Decode(Logs(Record("") + Record(""))).ok());
  EXPECT_TRUE(
      absl::IsResourceExhausted(Decode(Logs(Record("") + Record("") + Record(""))).status()));
  // What is empty costs time, too.
  EXPECT_TRUE(absl::IsResourceExhausted(
      Decode("resource_logs { } resource_logs { } resource_logs { scope_logs { } }").status()));
  limits_.request_bytes_max = 3;
  EXPECT_TRUE(absl::IsResourceExhausted(Decode(Logs("")).status()));
}

TEST_F(LogDecodeTest, RoomIsTakenForEachCounter) {
  SetRules({{.name = "c", .tests = {}, .labels = {{"a", Field("attributes.a")}}}});
  Metrics metrics;
  Budget budget(metrics, {.reason = "decode_bytes", .limit = "a limit", .amount_max = 1 << 20});
  const auto held = [&](const std::string& records) {
    BudgetLease room(budget);
    EXPECT_TRUE(
        decoder_.Decode(BytesOfLogs(Logs(records)), Timestamp::FromMillis(kNowMs), &room).ok());
    return room.held();
  };
  const uint64_t one = held(Record(TextAttribute("a", "1")));
  EXPECT_GE(one, LogCounters::kEvidence * LogCounters::kEvidenceBytesMax);
  EXPECT_EQ(held(Record(TextAttribute("a", "1")) + Record(TextAttribute("a", "1"))), one);
  EXPECT_EQ(held(Record(TextAttribute("a", "1")) + Record(TextAttribute("a", "2"))), 2 * one);
}

TEST_F(LogDecodeTest, DamagedBytesNeverCrash) {
  SetRules({{.name = "c",
             .tests = {Equals("body", "text"), Equals("attributes.a", "x")},
             .labels = {{"s", Field("resource.service.name")}}}});
  const std::string whole = BytesOfLogs(Logs(
      Record("severity_number: 9 body { kvlist_value { values { key: 'k' value { array_value { "
             "values { double_value: 1 } } } } } } " +
             TextAttribute("a", "x")) +
      Record("body { string_value: 'text' } " + TextAttribute("a", "x"))));
  std::mt19937_64 random(7);
  size_t refused = 0, taken = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string bytes = whole;
    if (i % 2 == 0) bytes.resize(random() % bytes.size());
    for (uint64_t flips = random() % 4; flips > 0 && !bytes.empty(); --flips) {
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    }
    const std::vector<char> exact(bytes.begin(), bytes.end());
    const auto result = decoder_.Decode(absl::string_view(exact.data(), exact.size()),
                                        Timestamp::FromMillis(kNowMs));
    ASSERT_TRUE(result.ok() || absl::IsInvalidArgument(result.status())) << result.status();
    ++(result.ok() ? taken : refused);
  }
  EXPECT_GT(refused, 500u);
  EXPECT_GT(taken, 500u);
}

}  // namespace
}  // namespace tocsin::ingest
