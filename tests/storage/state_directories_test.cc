// Data directories that programs of earlier formats (and of this one) left behind keep opening,
// with everything in them. directories/format-N was made by directories/make.py with the program of
// format N; expected.txt beside it is what `tocsin inspect` says of it, and all its samples.
//
// TOCSIN_DIRECTORIES_WRITE=1 writes the expected.txt anew, for a new directory or when the text of
// `tocsin inspect` changes: read the difference before it is committed.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "app/commands/backup.h"
#include "app/commands/inspect.h"
#include "app/commands/restore.h"
#include "app/inspect/inspect.h"
#include "base/histogram/text.h"
#include "integrations/http/http_client.h"
#include "storage/codec.h"
#include "storage/format.h"
#include "storage/keys.h"
#include "storage/outbox.h"
#include "storage/rocksdb_store.h"
#include "storage/sample_log.h"
#include "tests/storage/directory_contents.h"
#include "tests/storage/temp_dir.h"

namespace tocsin::storage {
namespace {

std::string Folder(uint64_t format) {
  return absl::StrCat(std::getenv("TOCSIN_SOURCE_DIR"), "/tests/storage/directories/format-",
                      format);
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// All that `tocsin inspect` can say.
std::string InspectAll(const std::string& data_dir) {
  std::ostringstream out, err;
  for (const std::string& noun : app::inspect::Nouns()) {
    out << "== " << noun << "\n";
    EXPECT_EQ(app::RunInspect({.data_dir = data_dir, .noun = noun, .limit = 0}, out, err), 0)
        << noun << err.str();
  }
  EXPECT_EQ(err.str(), "");
  return out.str();
}

std::string WithoutFormat(const std::string& text) {
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  std::erase_if(lines, [](const std::string& line) { return absl::StartsWith(line, "format:"); });
  return absl::StrJoin(lines, "\n");
}

void AddSamples(const SampleBatch& batch, std::map<SeriesRef, std::string>& samples) {
  for (size_t i = 0; i < batch.size(); ++i) {
    const NativeHistogram* histogram = batch.histogram(i);
    absl::StrAppend(
        &samples[batch.refs[i]], " ",
        histogram != nullptr ? HistogramNotation(*histogram) : HistogramNumber(batch.values[i]),
        "@", batch.times_ms[i]);
  }
}

// A line for each series, as the service would read them.
std::string AllSamples(Store& store) {
  auto log = OpenSampleLog(store);
  EXPECT_TRUE(log.ok()) << log.status();
  if (!log.ok()) return "";
  std::map<SeriesRef, std::string> samples;
  const auto add = [&](const SampleBatch& batch) { return AddSamples(batch, samples), true; };
  EXPECT_TRUE((*log)->ReadBlocks({}, add).ok());
  EXPECT_TRUE((*log)
                  ->ReadFrom((*log)->first_offset(),
                             [&](const LogRecord& record) { return add(record.samples); })
                  .ok());
  std::string text = "== samples\n";
  EXPECT_TRUE((*log)
                  ->ReadSeries([&](SeriesRef ref, const Labels& labels) {
                    absl::StrAppend(&text, labels.ToString(), samples[ref], "\n");
                    samples.erase(ref);
                  })
                  .ok());
  EXPECT_TRUE(samples.empty()) << "of series without a name";
  return text;
}

void WriteExpected(const std::string& folder) {
  TempDir dir;
  std::filesystem::copy(folder + "/db", dir.path() + "/db");
  std::string text = InspectAll(dir.path());
  auto store = OpenRocksdbStore(dir.path());
  ASSERT_TRUE(store.ok()) << store.status();
  std::ofstream(folder + "/expected.txt", std::ios::binary) << text << AllSamples(**store);
}

class StateDirectories : public ::testing::TestWithParam<uint64_t> {
 protected:
  void SetUp() override {
    if (std::getenv("TOCSIN_DIRECTORIES_WRITE") != nullptr) WriteExpected(Folder(GetParam()));
    expected_ = ReadFile(Folder(GetParam()) + "/expected.txt");
    ASSERT_NE(expected_, "") << Folder(GetParam());
    std::filesystem::copy(Folder(GetParam()) + "/db", path_ + "/db");
  }

  TempDir dir_;
  const std::string path_ = dir_.path();
  std::string expected_;
};

TEST_P(StateDirectories, CanBeLookedIntoWithoutAChange) {
  const auto before = DirectoryContents(path_);
  const std::string text = InspectAll(path_);
  EXPECT_EQ(text, expected_.substr(0, text.size()));
  EXPECT_EQ(DirectoryContents(path_), before);
}

// Opened by this program everything is as it was, and the format is this program's.
TEST_P(StateDirectories, OpensWithEverythingInIt) {
  {
    auto store = OpenRocksdbStore(path_);
    ASSERT_TRUE(store.ok()) << store.status();
    const std::string samples = AllSamples(**store);
    EXPECT_EQ(samples, expected_.substr(expected_.find("== samples")));
    Outbox outbox(**store, 100);
    const auto aside = outbox.Recover();
    ASSERT_TRUE(aside.ok()) << aside.status();
    EXPECT_EQ(*aside, 0u);
    EXPECT_NE(outbox.OldestUnsettledMillis(), std::nullopt) << "a page is owed";
    EXPECT_EQ((*store)->Get(Family::kMeta, kMetaFormat)->value(), EncodeNumber(kFormatNumber));
  }
  const std::string all = expected_.substr(0, expected_.find("== samples"));
  EXPECT_EQ(WithoutFormat(InspectAll(path_)), WithoutFormat(all));
}

TEST_P(StateDirectories, OfANewerFormatAreRefusedWithNoByteChanged) {
  {
    auto store = OpenRocksdbStore(path_);
    ASSERT_TRUE(store.ok()) << store.status();
    WriteBatch batch;
    batch.Put(Family::kMeta, kMetaFormat, EncodeNumber(kFormatNumber + 1));
    ASSERT_TRUE((*store)->Write(batch, Durability::kSynced).ok());
  }
  std::ofstream(path_ + "/lock") << "12345\n";  // of the process that wrote it
  const auto before = DirectoryContents(path_);
  const std::string refusal = absl::StrCat("the data was written in format ", kFormatNumber + 1);

  const auto opened = OpenRocksdbStore(path_);
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(opened.status().ToString().find(refusal), std::string::npos) << opened.status();

  http_client::CurlTransport unused;
  const std::string target = dir_.path() + "-target";
  std::ostringstream out, err;
  EXPECT_EQ(app::RunInspect({.data_dir = path_}, out, err), 2);
  EXPECT_EQ(app::RunRestore({.backup = path_, .data_dir = target}, out, err), 2);
  EXPECT_EQ(app::RunBackup({.data_dir = path_, .target = target}, unused, out, err), 2);
  std::string messages = err.str();
  for (const char* command : {"inspect", "restore", "backup"}) {
    const std::string line = absl::StrCat("tocsin ", command, ": ", refusal);
    EXPECT_NE(messages.find(line), std::string::npos) << messages;
  }
  EXPECT_EQ(DirectoryContents(path_), before);
  EXPECT_FALSE(std::filesystem::exists(target));
}

INSTANTIATE_TEST_SUITE_P(Format, StateDirectories, ::testing::Range(uint64_t{2}, kFormatNumber + 1),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace tocsin::storage
