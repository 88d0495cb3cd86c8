#include "integrations/ingest/push_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "proto/tocsin/v1/ingest.pb.h"
#include "tests/ingest/fake_sink.h"
#include "tests/ingest/peak_memory.h"

namespace tocsin::ingest {
namespace {

using testing::ElementsAre;

constexpr int64_t kNowMs = 1'700'000'000'000;

void Declare(v1::PushRequest& request, uint32_t reference,
             const std::vector<std::pair<std::string, std::string>>& labels) {
  auto* declaration = request.add_declare();
  declaration->set_reference(reference);
  for (const auto& [name, value] : labels) {
    auto* label = declaration->add_labels();
    label->set_name(name);
    label->set_value(value);
  }
}

void Add(v1::PushRequest& request, uint32_t reference, int64_t delta_ms, double value) {
  request.add_references(reference);
  request.add_times_delta_ms(delta_ms);
  request.add_values(value);
}

class PushSessionTest : public testing::Test {
 protected:
  absl::StatusOr<PushSamples> Decode(const v1::PushRequest& request) {
    return session_.Decode(request.SerializeAsString(), Timestamp::FromMillis(kNowMs));
  }

  Limits limits_;
  FakeSink sink_;
  tocsin::Metrics metrics_;
  Budget declarations_{metrics_, {.reason = "declarations", .amount_max = 1000}};
  PushSession session_{limits_, sink_, declarations_};
};

TEST_F(PushSessionTest, DeclaresOnceThenSendsNumbers) {
  v1::PushRequest first;
  first.set_sequence(41);
  Declare(first, 0, {{"b", "2"}, {"__name__", "m"}, {"a", "1"}});
  Declare(first, 1, {{"__name__", "n"}});
  Add(first, 1, kNowMs, 1.5);
  Add(first, 0, -10, 2);
  auto result = Decode(first);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->sequence, 41u);
  EXPECT_EQ(result->rejected.total(), 0u);
  EXPECT_THAT(sink_.LinesOf(result->batch),
              ElementsAre("n 1.5 @1700000000000", "m{a=\"1\", b=\"2\"} 2 @1699999999990"));

  v1::PushRequest second;
  Add(second, 0, kNowMs, StaleMarker());
  result = Decode(second);
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(sink_.LinesOf(result->batch),
              ElementsAre("m{a=\"1\", b=\"2\"} stale @1700000000000"));
}

TEST_F(PushSessionTest, ARepeatedReferenceNamesTheNewSeries) {
  v1::PushRequest request;
  Declare(request, 0, {{"__name__", "m"}});
  Declare(request, 0, {{"__name__", "n"}});
  Add(request, 0, kNowMs, 1);
  const auto result = Decode(request);
  EXPECT_THAT(sink_.LinesOf(result->batch), ElementsAre("n 1 @1700000000000"));
}

TEST_F(PushSessionTest, BadDeclarationsRejectTheirSamplesOnly) {
  struct Case {
    const char* why;
    uint32_t reference;
    std::vector<std::pair<std::string, std::string>> labels;
    RejectReason reason;
  };
  const Case cases[] = {
      {"duplicate label",
       1,
       {{"__name__", "m"}, {"a", "1"}, {"a", "1"}},
       RejectReason::kDuplicateLabel},
      {"no name", 1, {{"a", "1"}}, RejectReason::kInvalidName},
      {"empty label name", 1, {{"__name__", "m"}, {"", "1"}}, RejectReason::kInvalidLabel},
      {"label limit", 1, {{"__name__", "m"}, {"a", FakeSink::kTooLong}}, RejectReason::kLabelLimit},
      {"series limit",
       1,
       {{"__name__", "m"}, {"a", FakeSink::kOneTooMany}},
       RejectReason::kSeriesLimit},
      {"out of turn", 7, {{"__name__", "m"}}, RejectReason::kUnknownReference},
  };
  for (const Case& c : cases) {
    PushSession session(limits_, sink_, declarations_);
    v1::PushRequest request;
    Declare(request, 0, {{"__name__", "good"}});
    Declare(request, c.reference, c.labels);
    Add(request, 0, kNowMs, 1);
    Add(request, c.reference, 0, 2);
    const auto result = session.Decode(request.SerializeAsString(), Timestamp::FromMillis(kNowMs));
    ASSERT_TRUE(result.ok()) << c.why;
    EXPECT_THAT(sink_.LinesOf(result->batch), ElementsAre("good 1 @1700000000000")) << c.why;
    EXPECT_EQ(result->rejected.count(c.reason), 1u) << c.why << ": " << result->rejected.Describe();
  }
}

TEST_F(PushSessionTest, UnknownReferencesAndTimesAreRejected) {
  v1::PushRequest request;
  Declare(request, 0, {{"__name__", "m"}});
  Add(request, UINT32_MAX, kNowMs, 1);
  Add(request, 0, static_cast<int64_t>(limits_.future_ms_max) + 1, 1);
  Add(request, 0, -2 * static_cast<int64_t>(limits_.past_ms_max), 1);
  Add(request, 0, INT64_MAX, 1);
  Add(request, 0, INT64_MAX, 1);
  const auto result = Decode(request);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->batch.empty());
  EXPECT_EQ(result->rejected.count(RejectReason::kUnknownReference), 1u);
  EXPECT_EQ(result->rejected.total(), 5u);
}

TEST_F(PushSessionTest, Limits) {
  limits_.samples_per_request_max = 1;
  limits_.series_max = 1;
  v1::PushRequest request;
  Declare(request, 0, {{"__name__", "m"}});
  Declare(request, 1, {{"__name__", "n"}});
  Add(request, 0, kNowMs, 1);
  Add(request, 1, 0, 1);
  const auto result = Decode(request);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->rejected.count(RejectReason::kSampleLimit), 2u);
  EXPECT_EQ(session_.declared(), 1u);
}

// A field of a message: its tag, its length as five bytes, its content.
std::string Field(char tag, const std::string& content) {
  std::string out(1, tag);
  for (int i = 0; i < 5; ++i) {
    out.push_back(static_cast<char>((content.size() >> (7 * i) & 0x7f) | (i < 4 ? 0x80 : 0)));
  }
  return out + content;
}

TEST_F(PushSessionTest, ColumnsBeyondTheLimitAreCountedNotKept) {
  constexpr size_t kSamples = 6'000'000;
  v1::PushRequest last;
  last.set_sequence(7);
  Declare(last, 0, {{"__name__", "m"}});
  const std::string request =
      Field('\x1a', std::string(kSamples, '\0')) + Field('\x22', std::string(kSamples, '\0')) +
      Field('\x2a', std::string(8 * kSamples, '\0')) + last.SerializeAsString();
  const std::string one_column = Field('\x1a', std::string(60 << 20, '\0'));
  const PeakMemory memory;
  const auto result = session_.Decode(request, Timestamp::FromMillis(kNowMs));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rejected.count(RejectReason::kSampleLimit), kSamples);
  EXPECT_TRUE(
      absl::IsInvalidArgument(session_.Decode(one_column, Timestamp::FromMillis(kNowMs)).status()));
  EXPECT_LT(memory.grown_kib(), 48u << 10);
  // What follows the columns on the wire is read all the same.
  EXPECT_EQ(result->sequence, 7u);
  EXPECT_EQ(session_.declared(), 1u);
}

TEST_F(PushSessionTest, LabelsBeyondTheLimitAreNotKept) {
  std::string labels;
  labels.reserve(60 << 20);
  while (labels.size() < 60 << 20) labels.append("\x12\x00", 2);
  v1::PushRequest samples;
  Add(samples, 0, kNowMs, 1);
  const std::string request = Field('\x12', labels) + samples.SerializeAsString();
  const PeakMemory memory;
  const auto result = session_.Decode(request, Timestamp::FromMillis(kNowMs));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rejected.count(RejectReason::kLabelLimit), 1u);
  EXPECT_LT(memory.grown_kib(), 16u << 10);
}

TEST_F(PushSessionTest, DeclarationsOfAllSessionsAreLimited) {
  Budget budget(metrics_, {.reason = "few", .amount_max = 3});
  auto first = std::make_unique<PushSession>(limits_, sink_, budget);
  PushSession second(limits_, sink_, budget);
  v1::PushRequest two, again;
  Declare(two, 0, {{"__name__", "m"}});
  Declare(two, 1, {{"__name__", "n"}});
  Declare(again, 0, {{"__name__", "o"}});
  const auto decode = [](PushSession& session, const v1::PushRequest& request) {
    return session.Decode(request.SerializeAsString(), Timestamp::FromMillis(kNowMs)).status();
  };
  EXPECT_TRUE(decode(*first, two).ok());
  EXPECT_TRUE(absl::IsUnavailable(decode(second, two)));
  EXPECT_EQ(second.declared(), 1u);
  EXPECT_TRUE(decode(second, again).ok());  // takes a number over: no more room than before
  EXPECT_EQ(budget.used(), 3u);
  first.reset();
  EXPECT_EQ(budget.used(), 1u);
}

TEST_F(PushSessionTest, ColumnsOfDifferentLengthAreInvalid) {
  v1::PushRequest request;
  request.add_references(0);
  EXPECT_TRUE(absl::IsInvalidArgument(Decode(request).status()));
}

TEST_F(PushSessionTest, UnpackedColumnsAreRead) {
  v1::PushRequest request;
  Declare(request, 0, {{"__name__", "m"}});
  std::string bytes = request.SerializeAsString();
  bytes += std::string("\x18\x00\x20", 3);  // reference 0; a time, zigzag
  uint64_t zigzag = static_cast<uint64_t>(kNowMs) << 1;
  for (; zigzag >= 0x80; zigzag >>= 7) bytes.push_back(static_cast<char>(zigzag | 0x80));
  bytes.push_back(static_cast<char>(zigzag));
  bytes += std::string("\x29\x00\x00\x00\x00\x00\x00\xf0\x3f", 9);  // value 1.0
  const auto result = session_.Decode(bytes, Timestamp::FromMillis(kNowMs));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(sink_.LinesOf(result->batch), ElementsAre("m 1 @1700000000000"));
}

TEST_F(PushSessionTest, DamagedBytesNeverCrash) {
  v1::PushRequest request;
  for (uint32_t i = 0; i < 5; ++i)
    Declare(request, i, {{"__name__", "m"}, {"i", std::to_string(i)}});
  for (uint32_t i = 0; i < 20; ++i) Add(request, i % 6, i == 0 ? kNowMs : 1, i);
  const std::string whole = request.SerializeAsString();
  std::mt19937_64 random(3);
  size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = whole;
    if (i % 3 == 0) bytes.resize(random() % bytes.size());
    for (int flips = i % 4; flips > 0 && !bytes.empty(); --flips) {
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    }
    const std::vector<char> exact(bytes.begin(), bytes.end());
    if (!session_
             .Decode(absl::string_view(exact.data(), exact.size()), Timestamp::FromMillis(kNowMs))
             .ok()) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace tocsin::ingest
