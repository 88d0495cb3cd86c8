// What is RocksDB's alone: reopening, the lock, formats, full disks, kill -9.

#include "storage/rocksdb_store.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <memory>

#include "absl/strings/escaping.h"
#include "storage/codec.h"
#include "storage/format.h"
#include "storage/keys.h"
#include "storage/sample_log.h"
#include "tests/storage/directory_contents.h"
#include "tests/storage/temp_dir.h"

namespace tocsin::storage {
namespace {

using absl::StatusCode;

std::unique_ptr<DiskStore> Open(const std::string& path, const RocksdbOptions& options = {}) {
  auto opened = OpenRocksdbStore(path, options);
  EXPECT_TRUE(opened.ok()) << opened.status();
  return opened.ok() ? *std::move(opened) : nullptr;
}

absl::Status Put(Store& store, const std::string& key, const std::string& value,
                 Durability durability = Durability::kSynced) {
  WriteBatch batch;
  batch.Put(Family::kAlerts, key, value);
  return store.Write(batch, durability);
}

std::string Get(Store& store, const std::string& key) {
  return store.Get(Family::kAlerts, key)->value_or("(none)");
}

TEST(RocksdbStoreTest, ReopenKeepsBothDurabilities) {
  TempDir dir;
  {
    auto store = Open(dir.path());
    ASSERT_TRUE(Put(*store, "synced", "1").ok());
    ASSERT_TRUE(Put(*store, "buffered", "2", Durability::kBuffered).ok());
  }
  auto store = Open(dir.path());
  EXPECT_EQ(Get(*store, "synced"), "1");
  EXPECT_EQ(Get(*store, "buffered"), "2");
  EXPECT_EQ(store->Get(Family::kMeta, kMetaFormat)->value(), EncodeNumber(kFormatNumber));
}

TEST(RocksdbStoreTest, DirectoriesThatItMakesArePrivate) {
  TempDir dir;
  const std::string path = dir.path() + "/a/data";
  auto store = Open(path);
  for (const std::string& made : {path, path + "/db"}) {
    struct stat info {};
    ASSERT_EQ(::stat(made.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u) << made;
  }
}

TEST(RocksdbStoreTest, SecondOpeningIsRefusedWithTheHoldersPid) {
  TempDir dir;
  auto store = Open(dir.path());
  const auto second = OpenRocksdbStore(dir.path());
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  const std::string pid = std::to_string(::getpid());
  EXPECT_NE(second.status().ToString().find("is in use by process " + pid), std::string::npos)
      << second.status();
  store.reset();
  EXPECT_NE(Open(dir.path()), nullptr);
}

TEST(RocksdbStoreTest, NewerFormatIsRefusedBeforeAnythingIsTouched) {
  TempDir dir;
  {
    auto store = Open(dir.path());
    WriteBatch newer;
    newer.Put(Family::kMeta, kMetaFormat, EncodeNumber(kFormatNumber + 1));
    ASSERT_TRUE(store->Write(newer, Durability::kSynced).ok());
  }
  const auto before = DirectoryContents(dir.path());
  const auto opened = OpenRocksdbStore(dir.path());
  EXPECT_EQ(opened.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(opened.status().ToString().find("newer program"), std::string::npos) << opened.status();
  EXPECT_EQ(DirectoryContents(dir.path()), before);
}

// What the first format left behind: its number, and a log record without histograms.
TEST(RocksdbStoreTest, DataOfTheFirstFormatIsReadAndGoesOn) {
  TempDir dir;
  const std::string record = absl::HexStringToBytes(
      "019219b25e5973c057e80400000000000004000a00020200ff0300000201929914400c043c");
  {
    auto store = Open(dir.path());
    WriteBatch old;
    old.Put(Family::kMeta, kMetaFormat, EncodeNumber(1));
    old.Put(Family::kLog, LogKey(0), record);
    ASSERT_TRUE(store->Write(old, Durability::kSynced).ok());
  }
  auto store = Open(dir.path());
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->Get(Family::kMeta, kMetaFormat)->value(), EncodeNumber(kFormatNumber));
  auto log = OpenSampleLog(*store);
  ASSERT_TRUE(log.ok()) << log.status();
  SampleBatch batch;
  batch.Add(1, 2000, std::make_shared<NativeHistogram>());
  ASSERT_TRUE((*log)->Append(batch, {}, Timestamp::FromMillis(2000)).ok());
  std::vector<std::string> read;
  ASSERT_TRUE((*log)
                  ->ReadFrom(0,
                             [&](const LogRecord& one) {
                               for (size_t i = 0; i < one.samples.size(); ++i) {
                                 read.push_back(one.samples.histogram(i) != nullptr
                                                    ? "histogram"
                                                    : std::to_string(one.samples.values[i]));
                               }
                               return true;
                             })
                  .ok());
  const std::vector<std::string> want = {"5.000000", "6.000000", "7.000000", "8.000000",
                                         "histogram"};
  EXPECT_EQ(read, want);
}

TEST(RocksdbStoreTest, UnusableDirectoryIsAnErrorThatNamesIt) {
  TempDir dir;
  std::ofstream(dir.path() + "/file") << "x";
  const auto opened = OpenRocksdbStore(dir.path() + "/file");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.status().ToString().find("/file"), std::string::npos) << opened.status();
}

TEST(RocksdbStoreTest, CorruptFileIsDataLoss) {
  TempDir dir;
  { ASSERT_TRUE(Put(*Open(dir.path()), "a", std::string(10'000, 'a')).ok()); }
  { Open(dir.path()); }  // recovery turned the log into tables
  size_t damaged = 0;
  for (const auto& [name, bytes] : DirectoryContents(dir.path())) {
    if (name.size() < 4 || name.substr(name.size() - 4) != ".sst" || bytes.empty()) continue;
    std::fstream file(dir.path() + "/" + name, std::ios::in | std::ios::out | std::ios::binary);
    for (size_t at = 0; at < bytes.size(); at += 16) {
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(bytes[at] ^ 0x55));
    }
    ++damaged;
  }
  ASSERT_GT(damaged, 0u);
  const auto opened = OpenRocksdbStore(dir.path());
  const absl::Status status =
      opened.ok() ? (*opened)->Get(Family::kAlerts, "a").status() : opened.status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
}

// A file system that runs out of space on request: every write to a file fails as a full disk does,
// or only little space is left.
class FullFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FullFile(std::unique_ptr<rocksdb::FSWritableFile> file, const std::atomic<bool>& full)
      : FSWritableFileOwnerWrapper(std::move(file)), full_(full) {}
  using FSWritableFileOwnerWrapper::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    if (full_) return rocksdb::IOStatus::NoSpace("injected");
    return FSWritableFileOwnerWrapper::Append(data, options, context);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& info,
                           rocksdb::IODebugContext* context) override {
    if (full_) return rocksdb::IOStatus::NoSpace("injected");
    return FSWritableFileOwnerWrapper::Append(data, options, info, context);
  }

 private:
  const std::atomic<bool>& full_;
};

class FullFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit FullFileSystem(const std::atomic<bool>& full, const std::atomic<uint64_t>& free_bytes)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), full_(full), free_bytes_(free_bytes) {}
  const char* Name() const override { return "FullFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    const auto status = FileSystemWrapper::NewWritableFile(name, options, &file, context);
    if (status.ok()) *result = std::make_unique<FullFile>(std::move(file), full_);
    return status;
  }

  rocksdb::IOStatus GetFreeSpace(const std::string& /*path*/, const rocksdb::IOOptions& /*options*/,
                                 uint64_t* free, rocksdb::IODebugContext* /*context*/) override {
    *free = free_bytes_;
    return rocksdb::IOStatus::OK();
  }

 private:
  const std::atomic<bool>& full_;
  const std::atomic<uint64_t>& free_bytes_;
};

TEST(RocksdbStoreTest, FullDiskRefusesThenRecoversWithoutReopening) {
  TempDir dir;
  std::atomic<bool> full = false;
  const std::atomic<uint64_t> free_bytes = 1 << 30;
  const auto env = rocksdb::NewCompositeEnv(std::make_shared<FullFileSystem>(full, free_bytes));
  RocksdbOptions options;
  options.env = env.get();
  auto store = Open(dir.path(), options);
  ASSERT_TRUE(Put(*store, "before", "1").ok());
  for (int outage = 0; outage < 2; ++outage) {
    full = true;
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(Put(*store, "during", "1").code(), StatusCode::kUnavailable);
      EXPECT_EQ(Get(*store, "before"), "1") << "reading goes on";
    }
    full = false;
    const absl::Status status = Put(*store, "after" + std::to_string(outage), "1");
    EXPECT_TRUE(status.ok()) << status;
  }
  store.reset();
  store = Open(dir.path());
  EXPECT_EQ(Get(*store, "before"), "1");
  EXPECT_EQ(Get(*store, "after0"), "1");
  EXPECT_EQ(Get(*store, "after1"), "1");
}

TEST(RocksdbStoreTest, LittleSpaceRefusesSamplesAndNothingElse) {
  TempDir dir;
  const std::atomic<bool> full = false;
  std::atomic<uint64_t> free_bytes = 1000;
  const auto env = rocksdb::NewCompositeEnv(std::make_shared<FullFileSystem>(full, free_bytes));
  RocksdbOptions options;
  options.env = env.get();
  options.log_free_bytes_min = 1001;
  auto store = Open(dir.path(), options);
  auto log = *OpenSampleLog(*store);
  EXPECT_EQ(log->Append({}, {}, Timestamp()).status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(Put(*store, "alert", "1").ok());
  free_bytes = 1001;
  EXPECT_TRUE(log->Append({}, {}, Timestamp::FromMillis(1)).ok());
  EXPECT_TRUE(log->Append({}, {}, Timestamp::FromMillis(2)).ok());
  free_bytes = 0;
  EXPECT_TRUE(log->CutBefore(Timestamp::FromMillis(2)).ok()) << "retention makes room";
}

TEST(RocksdbStoreTest, CheckpointThatDoesNotFitIsRefusedAndLeavesNothing) {
  TempDir dir;
  std::atomic<bool> full = false;
  std::atomic<uint64_t> free_bytes = 1 << 20;
  const auto env = rocksdb::NewCompositeEnv(std::make_shared<FullFileSystem>(full, free_bytes));
  RocksdbOptions options;
  options.env = env.get();
  auto store = Open(dir.path() + "/data", options);
  ASSERT_TRUE(Put(*store, "a", "1").ok());
  const std::string copy = dir.path() + "/copy";
  EXPECT_EQ(store->Checkpoint(copy).code(), StatusCode::kUnavailable) << "too little space";
  free_bytes = 1 << 30;
  full = true;
  EXPECT_EQ(store->Checkpoint(copy).code(), StatusCode::kUnavailable) << "no space in the middle";
  EXPECT_FALSE(std::filesystem::exists(copy));
  full = false;
  EXPECT_TRUE(Put(*store, "b", "2").ok()) << "the service goes on";
  const absl::Status made = store->Checkpoint(copy);
  EXPECT_TRUE(made.ok()) << made;
}

// Moves the log below the first level, where it is after a while in any database.
void CompactLog(const std::string& path) {
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, path + "/db", &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, path + "/db", families, &handles, &raw).ok());
  const std::unique_ptr<rocksdb::DB> db(raw);
  for (auto* handle : handles) {
    if (handle->GetName() == FamilyName(Family::kLog)) {
      EXPECT_TRUE(db->CompactRange({}, handle, nullptr, nullptr).ok());
    }
    db->DestroyColumnFamilyHandle(handle);
  }
}

// Records pass through several tables; cutting gives the space back at once.
TEST(RocksdbStoreTest, CuttingTheLogFreesItsFiles) {
  TempDir dir;
  const auto table_bytes = [&] {
    uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(dir.path() + "/db")) {
      if (entry.path().extension() == ".sst") bytes += entry.file_size();
    }
    return bytes;
  };
  SampleBatch batch;
  for (uint64_t i = 0; i < 100'000; ++i)
    batch.Add(i * 7919, 1000, 1.0 / static_cast<double>(i + 1));
  RocksdbOptions options;
  for (int round = 0; round < 6; ++round) {
    auto store = Open(dir.path(), options);
    auto log = *OpenSampleLog(*store);
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(log->Append(batch, {}, Timestamp::FromMillis(round * 100 + i)).ok());
    }
  }
  CompactLog(dir.path());
  const uint64_t before = table_bytes();
  auto store = Open(dir.path(), options);
  auto log = *OpenSampleLog(*store);
  EXPECT_EQ(log->next_offset(), 24u);
  ASSERT_TRUE(log->CutBefore(Timestamp::FromMillis(500)).ok());
  EXPECT_EQ(*log->SeekToTime(Timestamp()), 20u);
  EXPECT_LT(table_bytes(), before / 2);
  store.reset();
  store = Open(dir.path(), options);
  log = *OpenSampleLog(*store);
  int records = 0;
  ASSERT_TRUE(log->ReadFrom(0, [&](const LogRecord&) { return ++records, true; }).ok());
  EXPECT_EQ(records, 4);
  EXPECT_GT(before, 10u << 20);
}

// The child appends and tells each acknowledged offset; it is killed in the middle.
TEST(RocksdbStoreTest, AcknowledgedRecordsSurviveKillNine) {
#ifdef TOCSIN_TSAN
  GTEST_SKIP() << "the thread sanitizer does not let a forked child start threads";
#endif
  TempDir dir;
  int channel[2];
  ASSERT_EQ(::pipe(channel), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto store = OpenRocksdbStore(dir.path());
    auto log = OpenSampleLog(**store);
    for (uint64_t i = 0;; ++i) {
      SampleBatch batch;
      batch.Add(i + 1, 1000, static_cast<double>(i));
      const auto offset =
          (*log)->Append(batch, {{i + 1, Labels{{"n", std::to_string(i)}}}}, Timestamp());
      if (!offset.ok() || ::write(channel[1], &*offset, sizeof(*offset)) < 0) ::_exit(1);
    }
  }
  ::close(channel[1]);
  uint64_t acknowledged = 0;
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(::read(channel[0], &acknowledged, sizeof(acknowledged)),
              static_cast<ssize_t>(sizeof(acknowledged)));
  }
  ::kill(child, SIGKILL);
  uint64_t offset = 0;
  while (::read(channel[0], &offset, sizeof(offset)) == sizeof(offset)) acknowledged = offset;
  ::close(channel[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));

  auto store = Open(dir.path());
  auto log = *OpenSampleLog(*store);
  EXPECT_GT(log->next_offset(), acknowledged);
  uint64_t records = 0;
  ASSERT_TRUE(log->ReadFrom(0,
                            [&](const LogRecord& record) {
                              EXPECT_EQ(record.samples.values.at(0), static_cast<double>(records));
                              return ++records, true;
                            })
                  .ok());
  EXPECT_EQ(records, log->next_offset());
  uint64_t series = 0;
  ASSERT_TRUE(log->ReadSeries([&](SeriesRef, Labels) { ++series; }).ok());
  EXPECT_EQ(series, records);
}

}  // namespace
}  // namespace tocsin::storage
