#include "storage/codec.h"

#include <gtest/gtest.h>

#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/format.h"
#include "storage/keys.h"
#include "storage/memory_store.h"

namespace tocsin::storage {
namespace {

using absl::StatusCode;

TEST(VarintTest, RoundTripsAtEveryLength) {
  for (unsigned shift = 0; shift < 64; ++shift) {
    for (const uint64_t value :
         {uint64_t{1} << shift, (uint64_t{1} << shift) - 1, ~uint64_t{0} >> shift}) {
      std::string bytes;
      AppendVarint(bytes, value);
      EXPECT_LE(bytes.size(), kVarintBytesMax);
      absl::string_view rest(bytes);
      uint64_t read = 0;
      ASSERT_TRUE(TakeVarint(rest, read)) << value;
      EXPECT_EQ(read, value);
      EXPECT_TRUE(rest.empty());
    }
  }
}

TEST(VarintTest, RefusesWhatIsNone) {
  struct Case {
    const char* name;
    std::string bytes;
  };
  const Case cases[] = {
      {"nothing", ""},
      {"cut short", "\x80"},
      {"65 bits", std::string(9, '\xff') + "\x02"},
      {"eleven bytes", std::string(10, '\x80') + "\x01"},
  };
  for (const Case& c : cases) {
    absl::string_view rest(c.bytes);
    uint64_t value = 0;
    EXPECT_FALSE(TakeVarint(rest, value)) << c.name;
  }
}

TEST(EnvelopeTest, EveryKindRefusesOtherVersions) {
  state::v1::DesiredPage page;
  struct Case {
    const char* name;
    std::string bytes;
    StatusCode code;
  };
  const Case cases[] = {
      {"empty", "", StatusCode::kDataLoss},
      {"version 0", std::string("\0", 1), StatusCode::kDataLoss},
      {"version 2", "\x02", StatusCode::kFailedPrecondition},
      {"version 255", "\xff", StatusCode::kFailedPrecondition},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(DecodeMessage(c.bytes, page).code(), c.code) << c.name;
    EXPECT_EQ(DecodeLabels(c.bytes).status().code(), c.code) << c.name;
    EXPECT_EQ(DecodeNumber(c.bytes).status().code(), c.code) << c.name;
  }
}

TEST(EnvelopeTest, MessageThatDoesNotParseIsDataLoss) {
  state::v1::DesiredPage page;
  EXPECT_EQ(DecodeMessage("\x01\xff\xff", page).code(), StatusCode::kDataLoss);
}

TEST(EnvelopeTest, LabelsRoundTrip) {
  const Labels labels{{"__name__", "up"}, {"job", "node"}};
  const auto read = DecodeLabels(EncodeLabels(labels));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, labels);
  EXPECT_EQ(DecodeLabels("\x01\x05job").status().code(), StatusCode::kDataLoss);
}

TEST(EnvelopeTest, NumberRefusesTrailingBytes) {
  EXPECT_EQ(*DecodeNumber(EncodeNumber(300)), 300u);
  EXPECT_EQ(DecodeNumber(EncodeNumber(300) + "x").status().code(), StatusCode::kDataLoss);
}

TEST(KeysTest, OrderOfKeysIsOrderOfNumbers) {
  EXPECT_LT(LogKey(255), LogKey(256));
  EXPECT_EQ(ParseLogKey(LogKey(~uint64_t{0} - 1)), ~uint64_t{0} - 1);
  EXPECT_EQ(ParseLogKey("short"), std::nullopt);
  EXPECT_EQ(ParseSeriesKey(SeriesKey(77)), 77u);

  const Labels labels{{"host", "a"}};
  const auto at = [&](int64_t ms, uint64_t sequence) {
    return HistoryKey("rule", labels, Timestamp::FromMillis(ms), sequence);
  };
  EXPECT_LT(at(-1, 9), at(0, 0));
  EXPECT_LT(at(0, 1), at(0, 2));
  EXPECT_LT(at(0, 2), at(1, 0));
  EXPECT_EQ(ParseHistoryTime(at(-5, 1))->millis(), -5);
  EXPECT_EQ(ParseHistoryTime("short"), std::nullopt);
}

TEST(KeysTest, AlertsAreGroupedByRuleAndTheirHistoryByAlert) {
  const Labels labels{{"host", "a"}};
  const std::string alert = AlertKey("rule", labels);
  EXPECT_EQ(alert.size(), 32u);
  EXPECT_EQ(alert.rfind(RulePrefix("rule"), 0), 0u);
  EXPECT_EQ(HistoryKey("rule", labels, Timestamp(), 0).rfind(alert, 0), 0u);
  EXPECT_NE(RulePrefix("rule"), RulePrefix("rule2"));
  EXPECT_NE(alert, AlertKey("rule", Labels{{"host", "b"}}));
}

TEST(KeysTest, PrefixEndIsTheNextPrefix) {
  EXPECT_EQ(PrefixEnd("ab"), "ac");
  EXPECT_EQ(PrefixEnd("a\xff\xff"), "b");
  EXPECT_EQ(PrefixEnd("\xff"), "");
  EXPECT_EQ(PrefixEnd(""), "");
}

TEST(FormatTest, IsWrittenAnOlderOneRaisedAndANewerOneRefused) {
  MemoryStore store;
  ASSERT_TRUE(EnsureFormat(store).ok());
  EXPECT_EQ(store.Get(Family::kMeta, kMetaFormat)->value(), EncodeNumber(kFormatNumber));
  ASSERT_TRUE(EnsureFormat(store).ok());

  WriteBatch older;
  older.Put(Family::kMeta, kMetaFormat, EncodeNumber(kFormatNumber - 1));
  ASSERT_TRUE(store.Write(older, Durability::kSynced).ok());
  ASSERT_TRUE(EnsureFormat(store).ok());
  EXPECT_EQ(store.Get(Family::kMeta, kMetaFormat)->value(), EncodeNumber(kFormatNumber))
      << "an older program must not open what this one writes from now on";

  WriteBatch newer;
  newer.Put(Family::kMeta, kMetaFormat, EncodeNumber(kFormatNumber + 1));
  ASSERT_TRUE(store.Write(newer, Durability::kSynced).ok());
  EXPECT_EQ(EnsureFormat(store).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(CheckFormat("junk").code(), StatusCode::kFailedPrecondition);  // version byte 'j'
  EXPECT_EQ(CheckFormat("").code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tocsin::storage
