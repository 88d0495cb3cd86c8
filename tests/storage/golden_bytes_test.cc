// The bytes of each record kind, so that no change of code changes the format unnoticed. A case
// that fails means: raise the version of that record and kFormatNumber, and keep reading the old
// bytes. Each case is also decoded.

#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/escaping.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/block_index.h"
#include "storage/chunk_codec.h"
#include "storage/codec.h"
#include "storage/format.h"
#include "storage/keys.h"
#include "storage/log_record.h"

namespace tocsin::storage {
namespace {

std::string Hex(const std::string& bytes) {
  return absl::BytesToHexString(bytes);
}

const Labels& HostA() {
  static const Labels labels{{"__name__", "up"}, {"host", "a"}};
  return labels;
}

TEST(GoldenBytesTest, Keys) {
  EXPECT_EQ(Hex(LogKey(0x0102030405)), "0000000102030405");
  EXPECT_EQ(Hex(SeriesKey(258)), "0000000000000102");
  EXPECT_EQ(Hex(AlertKey("rule", HostA())),
            "b78c8c11d24f4fb610ec84097d2cef48e6e8be3cf41f873f22cec8da5e906d1f");
  EXPECT_EQ(Hex(HistoryKey("rule", HostA(), Timestamp::FromMillis(1), 2)),
            "b78c8c11d24f4fb610ec84097d2cef48e6e8be3cf41f873f22cec8da5e906d1f8000000000000001000000"
            "0000000002");
  EXPECT_EQ(
      Hex(DeliveryKey("alias", Timestamp::FromMillis(1), 2)),
      "5c60939cdd77bf34034db8ef966ba604f15f598af256d8b5eae295789c825929800000000000000100000000"
      "00000002");
  EXPECT_EQ(DesiredKey("alias"), "dalias");
  EXPECT_EQ(ProgressKey("alias"), "calias");
  EXPECT_EQ(AsideKey("dalias"), "xdalias");
}

TEST(GoldenBytesTest, Series) {
  const std::string bytes = EncodeLabels(HostA());
  EXPECT_EQ(Hex(bytes), "01085f5f6e616d655f5f02757004686f73740161");
  EXPECT_EQ(*DecodeLabels(bytes), HostA());
}

TEST(GoldenBytesTest, Numbers) {
  EXPECT_EQ(Hex(EncodeNumber(kFormatNumber)), "0105");
  EXPECT_EQ(Hex(EncodeNumber(300)), "01ac02");
}

TEST(GoldenBytesTest, ChunkOfDecimals) {
  SampleBatch batch;
  for (int i = 0; i < 5; ++i) batch.Add(7, 1000 + i * 10, i == 3 ? StaleMarker() : 0.5 * i);
  batch.Add(7, 1050, -2.25);
  batch.Add(7, 1061, 9);
  batch.Add(7, 1070, 9);
  const std::string bytes = EncodeChunk(batch, 0, batch.size());
  EXPECT_EQ(Hex(bytes),
            "01"                    // version
            "298c6cf3"              // checksum
            "08"                    // samples
            "06d00f140002"          // times: order 2, one width; 1000, +10, middle 0, 2 bits
            "000e"                  // 0 0 0 0 +1 -2
            "02"                    // values: hundredths
            "0103020000000000f07f"  // one is none: the fourth, a stale marker
            "060064000c"            // order 2, one width; 0, +50, middle 0, 12 bits
            "003006c890411c9c8c");
  SampleBatch back;
  ASSERT_TRUE(DecodeChunk(bytes, 7, back).ok());
  EXPECT_EQ(back.times_ms, batch.times_ms);
}

TEST(GoldenBytesTest, ChunkOfBits) {
  SampleBatch batch;
  batch.Add(7, 1000, 1.0 / 3);
  batch.Add(7, 2000, 2.0 / 3);
  const std::string bytes = EncodeChunk(batch, 0, batch.size());
  EXPECT_EQ(Hex(bytes),
            "01"                        // version
            "4e3e7d11"                  // checksum
            "02"                        // samples
            "05d00fd00f00"              // times: order 1, one width; 1000, middle +1000, 0 bits
            "ff"                        // values: bits
            "0198555555555555d53f30");  // XOR with the one before; codes 8 and 9; their bytes
  SampleBatch back;
  ASSERT_TRUE(DecodeChunk(bytes, 7, back).ok());
  EXPECT_EQ(back.values, batch.values);
}

TEST(GoldenBytesTest, Blocks) {
  EXPECT_EQ(Hex(EncodeChunkKey({258, 5, 3})), "000000000000010200000000000000050003");
  const auto key = ParseChunkKey(EncodeChunkKey({258, 5, 3}));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->block, 258u);
  EXPECT_EQ(key->ref, 5u);
  EXPECT_EQ(key->part, 3u);
  Block block;
  block.first_offset = 2;
  block.end_offset = 9;
  block.first_committed = Timestamp::FromMillis(1000);
  block.last_committed = Timestamp::FromMillis(2000);
  block.oldest = Timestamp::FromMillis(999);
  block.newest = Timestamp::FromMillis(1999);
  block.samples = 40;
  block.chunks = 4;
  block.bytes = 300;
  WriteBatch batch;
  BlockIndex::PutAdded(block, batch);
  EXPECT_EQ(Hex(batch.operations()[0].key), "626c6f636b2f0000000000000002");
  EXPECT_EQ(Hex(batch.operations()[0].value), "010802100918e80720d00f28e70730cf0f3828400448ac02");
}

TEST(GoldenBytesTest, LogRecordOfRuns) {
  SampleBatch batch;
  for (uint64_t ref = 5; ref < 9; ++ref) batch.Add(ref, 1000, static_cast<double>(ref));
  const std::string bytes = EncodeLogRecord(batch, Timestamp::FromMillis(1256));
  EXPECT_EQ(Hex(bytes),
            "01"                // version
            "9219b25e5973c057"  // checksum
            "e804000000000000"  // committed 1256
            "04"                // samples
            "000a000202"        // refs: runs; +5 once, +1 three times
            "00ff03000002"      // times: runs; -256 once, 0 three times
            "019299"            // values: XOR with the one before; codes 2 9 9 9
            "14400c043c");      // their bytes
  EXPECT_EQ(DecodeLogRecord(bytes)->samples.refs, batch.refs);
  EXPECT_EQ(DecodeLogRecord(bytes)->samples.values, batch.values);
}

TEST(GoldenBytesTest, LogRecordOfDeltas) {
  SampleBatch batch;
  batch.Add(9, 1000, 0.1);
  batch.Add(2, 1003, 0.1);
  batch.Add(300, 999, 0.1);
  const std::string bytes = EncodeLogRecord(batch, Timestamp::FromMillis(1000));
  EXPECT_EQ(Hex(bytes),
            "01"
            "616750b4a528a8d6"
            "e803000000000000"
            "03"
            "01120dd404"          // refs: deltas; +9, -7, +298
            "01000607"            // times: deltas; 0, +3, -4
            "010800"              // values: codes 8 0 0
            "9a9999999999b93f");  // 0.1
  EXPECT_EQ(DecodeLogRecord(bytes)->samples.times_ms, batch.times_ms);
  EXPECT_EQ(DecodeLogRecord(bytes)->samples.values, batch.values);
}

TEST(GoldenBytesTest, LogRecordWithHistograms) {
  auto counter = std::make_shared<NativeHistogram>();
  counter->schema = 3;
  counter->zero_threshold = 0.5;
  counter->zero_count = 2;
  counter->count = 12;
  counter->sum = 1;
  counter->positive = {{-2, 1}, {-1, 2}, {5, 3}};
  counter->negative = {{1, 4}};
  auto gauge = std::make_shared<NativeHistogram>();
  gauge->counter_reset = CounterReset::kGauge;
  gauge->schema = NativeHistogram::kCustomSchema;
  gauge->count = 1.5;
  gauge->positive = {{1, 1.5}};
  gauge->custom_bounds = {0.5};
  SampleBatch batch;
  batch.Add(5, 1000, counter);
  batch.Add(6, 1000, 1);
  batch.Add(7, 1000, gauge);
  const std::string bytes = EncodeLogRecord(batch, Timestamp::FromMillis(1000));
  EXPECT_EQ(Hex(bytes),
            "02"
            "bf0a9d76741bfddd"
            "e803000000000000"
            "03"
            "010a0202"  // refs
            "000002"    // times
            "002808"    // values: the mark, 1, the mark
            "050000000000f07f"
            "f03f"
            "050000000000f07f"
            "1c06"              // integers, zero bucket, negative side; schema 3
            "000000000000f03f"  // sum 1
            "18"                // count 12
            "000000000000e03f"  // zero threshold 0.5
            "13"                // zero count 2: -10
            "0203020a01"        // two runs: from -2 two buckets, 5 behind their end one
            "010202"            // 1, 2, 3
            "010201"            // negative: one run
            "02"                // 4
            "2369"              // gauge, custom bounds; schema -53
            "0000000000000000"
            "000000000000f83f"  // count 1.5
            "010201"
            "000000000000f83f"
            "01"
            "000000000000e03f");  // bound 0.5
  const auto read = DecodeLogRecord(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(SameHistogram(*read->samples.histogram(0), *counter));
  EXPECT_EQ(read->samples.histogram(1), nullptr);
  EXPECT_TRUE(SameHistogram(*read->samples.histogram(2), *gauge));
  EXPECT_EQ(read->samples.histogram(2)->counter_reset, CounterReset::kGauge);
}

TEST(GoldenBytesTest, Alert) {
  state::v1::AlertRecord record;
  record.set_labels("L");
  record.set_phase(2);
  record.set_active_at_ms(5);
  record.set_value(1.5);
  record.set_rule("r");
  (*record.mutable_annotations())["summary"] = "s";
  record.set_alias("al");
  const std::string bytes = EncodeMessage(record);
  EXPECT_EQ(Hex(bytes),
            "010a014c1002280551000000000000f83f6a0172720c0a0773756d6d6172791201737a02616c");
  state::v1::AlertRecord read;
  ASSERT_TRUE(DecodeMessage(bytes, read).ok());
  EXPECT_EQ(read.SerializeAsString(), record.SerializeAsString());
}

TEST(GoldenBytesTest, OutboxHalves) {
  state::v1::DesiredPage desired;
  desired.set_alias("al");
  desired.set_sequence(3);
  desired.set_open(true);
  desired.set_severity("critical");
  desired.set_changed_ms(7);
  desired.set_episode(1);
  EXPECT_EQ(Hex(EncodeMessage(desired)), "010a02616c100318013a08637269746963616c58077801");

  state::v1::PageDelivery progress;
  progress.set_alias("al");
  progress.set_routed_episode(1);
  auto* target = progress.add_targets();
  target->set_receiver("team");
  target->set_step(state::v1::TargetDelivery::SENT);
  target->set_operation(state::v1::TargetDelivery::CLOSE);
  target->set_request_id("q");
  EXPECT_EQ(Hex(EncodeMessage(progress)), "010a02616c120d0a047465616d180120023201711801");
}

TEST(GoldenBytesTest, HistoryAndClock) {
  state::v1::HistoryRecord history;
  history.set_rule("r");
  history.set_transition(1);
  history.set_reason(2);
  history.set_value(0.5);
  history.set_evaluated_ms(9);
  EXPECT_EQ(Hex(EncodeMessage(history)), "010a01721801200239000000000000e03f4809");
  state::v1::DeliveryRecord delivery;
  delivery.set_alias("al");
  delivery.set_receiver("team");
  delivery.set_action("create");
  delivery.set_outcome("created");
  delivery.set_first_ms(300);
  delivery.set_last_ms(301);
  delivery.set_attempts(1);
  EXPECT_EQ(Hex(EncodeMessage(delivery)),
            "010a02616c12047465616d22066372656174652a076372656174656438ac0240ad024801");
  state::v1::ClockRecord clock;
  clock.set_evaluated_ms(300);
  EXPECT_EQ(Hex(EncodeMessage(clock)), "0108ac02");
}

}  // namespace
}  // namespace tocsin::storage
