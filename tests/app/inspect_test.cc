// `tocsin inspect` on what is not as it should be; tests/storage/state_directories_test.cc shows it
// on whole directories.

#include "app/inspect/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "app/commands/inspect.h"
#include "app/commands/restore.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"
#include "storage/format.h"
#include "storage/keys.h"
#include "storage/log_record.h"
#include "storage/memory_store.h"
#include "storage/rocksdb_store.h"
#include "storage/sample_log.h"
#include "tests/storage/temp_dir.h"

namespace tocsin::app::inspect {
namespace {

using storage::Family;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class InspectTest : public ::testing::Test {
 protected:
  void Put(Family family, const std::string& key, const std::string& value) {
    storage::WriteBatch batch;
    batch.Put(family, key, value);
    ASSERT_TRUE(store_.Write(batch, storage::Durability::kSynced).ok());
  }
  void PutAlert(const std::string& rule, const Labels& labels) {
    state::v1::AlertRecord alert;
    alert.set_rule(rule);
    alert.set_labels(std::string(labels.canonical()));
    alert.set_phase(2);
    Put(Family::kAlerts, storage::AlertKey(rule, labels), storage::EncodeMessage(alert));
  }
  void Append(storage::SampleLog& log, SeriesRef ref, int64_t time_ms) {
    SampleBatch batch;
    batch.Add(ref, time_ms, 1.5);
    ASSERT_TRUE(
        log.Append(batch, {{ref, Labels{{"__name__", "m"}}}}, Timestamp::FromMillis(time_ms)).ok());
  }
  Report Look(const std::string& noun, uint64_t rows_max = 0) {
    auto report = Inspect(store_, noun, rows_max);
    EXPECT_TRUE(report.ok()) << report.status();
    return *std::move(report);
  }
  // "where: error" of each problem.
  std::vector<std::string> Problems(const std::string& noun) {
    std::vector<std::string> problems;
    for (const Problem& problem : Look(noun).problems) {
      problems.push_back(problem.where + ": " + problem.error);
    }
    return problems;
  }

  storage::MemoryStore store_;
};

TEST_F(InspectTest, AnEmptyStoreIsFine) {
  for (const std::string& noun : Nouns()) EXPECT_THAT(Problems(noun), ElementsAre()) << noun;
}

// Each kind of record, broken: named by the summary and by the noun that shows it.
TEST_F(InspectTest, NamesWhatDoesNotDecode) {
  Put(Family::kLog, storage::LogKey(17), "\x01rubbish");
  Put(Family::kSeries, storage::SeriesKey(3), "");
  Put(Family::kAlerts, std::string(32, '\xab'), std::string("\x01\xff", 2));
  Put(Family::kOutbox, storage::DesiredKey("page-1"), std::string("\x07", 1));
  Put(Family::kHistory, "short", std::string("\x01\xff", 2));
  Put(Family::kMeta, storage::ClockKey(2), std::string("\x01\xff", 2));
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"meta", "meta clock/2: tocsin.state.v1.ClockRecord: does not parse"},
      {"log", "log 17: "},
      {"series", "series 3: labels of a series: the value is empty"},
      {"alerts", "alerts abababab"},
      {"outbox", "outbox dpage-1: tocsin.state.v1.DesiredPage: written in format version 7"},
      {"history", "history 73686f7274: tocsin.state.v1.HistoryRecord: does not parse"},
  };
  const std::vector<std::string> all = Problems("summary");
  ASSERT_EQ(all.size(), expected.size()) << ::testing::PrintToString(all);
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto& [noun, text] = expected[i];
    EXPECT_THAT(all[i], HasSubstr(text));
    EXPECT_THAT(Problems(noun), ::testing::Contains(HasSubstr(text))) << noun;
  }
}

// There may be very many: they are counted, and only what is broken is named.
TEST_F(InspectTest, CountsHostsOfDatadog) {
  Put(Family::kMeta, storage::DatadogHostKey("web-1"),
      storage::EncodeMessage(state::v1::DatadogHostRecord()));
  EXPECT_THAT(Problems("meta"), ElementsAre());
  Put(Family::kMeta, storage::DatadogHostKey("web-2"), std::string("\x01\xff", 2));
  EXPECT_THAT(Problems("meta"),
              ElementsAre(HasSubstr("datadog_host/web-2: tocsin.state.v1.DatadogHostRecord")));
  const Section meta = Look("meta").sections.at(0);
  EXPECT_THAT(meta.facts, ::testing::Contains(::testing::Pair("datadog_hosts", 2)));
  EXPECT_THAT(meta.facts, ::testing::Not(::testing::Contains(::testing::Key("other_keys"))));
}

TEST_F(InspectTest, NamesOffsetsThatAreMissing) {
  for (uint64_t offset : {4, 5, 8}) {
    Put(Family::kLog, storage::LogKey(offset), storage::EncodeLogRecord({}, Timestamp()));
  }
  EXPECT_THAT(Problems("log"), ElementsAre("log 8: follows 5"));
}

TEST_F(InspectTest, NamesBlocksThatLackSamplesAndSeriesWithoutAName) {
  auto log = *storage::OpenSampleLog(store_);
  Append(*log, 1, 1000);
  Append(*log, 2, 2000);
  ASSERT_TRUE(log->CloseBlock(Timestamp::Max()).ok());
  Append(*log, 1, 3000);
  EXPECT_THAT(Problems("summary"), ElementsAre());
  storage::WriteBatch batch;
  batch.Delete(Family::kChunks, storage::EncodeChunkKey({0, 2, 0}));
  batch.Delete(Family::kSeries, storage::SeriesKey(1));
  ASSERT_TRUE(store_.Write(batch, storage::Durability::kSynced).ok());
  EXPECT_THAT(Problems("summary"), ElementsAre("block 0: has 1 samples in 1 chunks, not 2 in 2",
                                               "series 1: has 2 samples and no record"));
}

TEST_F(InspectTest, NamesAlertsUnderAnotherKey) {
  PutAlert("monitor/a", {{"x", "1"}});
  EXPECT_THAT(Problems("alerts"), ElementsAre());
  const std::string key = storage::AlertKey("monitor/a", {{"x", "1"}});
  const std::string value = store_.Get(Family::kAlerts, key)->value();
  Put(Family::kAlerts, storage::AlertKey("monitor/b", {{"x", "1"}}), value);
  Put(Family::kAlerts, storage::AlertKey("monitor/a", {{"x", "2"}}), value);
  EXPECT_EQ(Problems("alerts").size(), 2u);
}

TEST_F(InspectTest, LimitsRowsAndCountsAll) {
  for (int i = 0; i < 5; ++i) PutAlert("monitor/a", {{"x", std::to_string(i)}});
  auto log = *storage::OpenSampleLog(store_);
  for (int i = 1; i <= 5; ++i) Append(*log, 1, 1000 * i);
  const Section alerts = Look("alerts", 2).sections[0];
  EXPECT_EQ(alerts.rows.size(), 2u);
  EXPECT_EQ(alerts.rows_total, 5u);
  EXPECT_EQ(alerts.rows[0][1], "{x=\"0\"}");
  const Section records = Look("log", 2).sections[0];
  ASSERT_EQ(records.rows.size(), 2u);
  EXPECT_EQ(records.rows[1][0], 4) << "the newest of the log";
  std::ostringstream out;
  PrintText(Look("log", 2), out);
  EXPECT_THAT(out.str(), HasSubstr("(2 of 5; see --limit)\n"));
}

TEST_F(InspectTest, JsonHasTheSameWhateverBytesAreInIt) {
  Put(Family::kOutbox, std::string("d\xff\x01", 3), std::string("\x01\xff", 2));
  PutAlert("monitor/a", {{"x", "\xff"}});
  std::ostringstream alerts, out;
  PrintJson(Look("alerts"), alerts);
  EXPECT_EQ(Json::parse(alerts.str())["alerts"]["rows"][0]["rule"], "monitor/a");
  PrintJson(Look("summary"), out);
  const Json json = Json::parse(out.str());
  EXPECT_EQ(json["summary"]["alerts"], "1 firing");
  EXPECT_EQ(json["families"]["rows"][2]["family"], "alerts");
  EXPECT_EQ(json["problems_total"], 1);
  EXPECT_EQ(json["problems"][0]["record"], R"(outbox d\xff\x01)");
}

// The exit code tells scripts.
TEST(InspectCommandTest, ExitCodeIsOneIfARecordIsWrong) {
  storage::TempDir dir;
  const std::string data = dir.path() + "/data";
  {
    auto store = *storage::OpenRocksdbStore(data);
    std::ostringstream out, err;
    EXPECT_EQ(RunInspect({.data_dir = data}, out, err), 0) << "beside who has it open" << err.str();
    EXPECT_THAT(out.str(), HasSubstr("series:             0\n"));
    storage::WriteBatch batch;
    batch.Put(Family::kSeries, "x", "y");
    ASSERT_TRUE(store->Write(batch, storage::Durability::kSynced).ok());
  }
  std::ostringstream out, err;
  EXPECT_EQ(RunInspect({.data_dir = data}, out, err), 1);
  EXPECT_THAT(out.str(), HasSubstr("1 records are not what they should be"));
  EXPECT_EQ(RunRestore({.backup = data, .data_dir = dir.path() + "/copy"}, out, err), 1);
  EXPECT_EQ(RunInspect({.data_dir = dir.path()}, out, err), 2) << "no data directory";
}

}  // namespace
}  // namespace tocsin::app::inspect
