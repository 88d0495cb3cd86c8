// Copies of a data directory: of one in use (backups) and of one that is not, and the way back.

#include "storage/backups.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/codec.h"
#include "storage/data_directory.h"
#include "storage/directory_lock.h"
#include "storage/format.h"
#include "storage/keys.h"
#include "storage/rocksdb_reader.h"
#include "storage/sample_log.h"
#include "tests/storage/directory_contents.h"
#include "tests/storage/temp_dir.h"

namespace tocsin::storage {
namespace {

using absl::StatusCode;

std::unique_ptr<DiskStore> Open(const std::string& path) {
  auto opened = OpenRocksdbStore(path);
  EXPECT_TRUE(opened.ok()) << opened.status();
  return opened.ok() ? *std::move(opened) : nullptr;
}

absl::Status Put(Store& store, const std::string& key, const std::string& value,
                 Durability durability = Durability::kSynced) {
  WriteBatch batch;
  batch.Put(Family::kAlerts, key, value);
  return store.Write(batch, durability);
}

std::string Get(const Store& store, const std::string& key) {
  return store.Get(Family::kAlerts, key)->value_or("(none)");
}

unsigned Mode(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

void SetFormat(const std::string& path, uint64_t number) {
  auto store = Open(path);
  WriteBatch batch;
  batch.Put(Family::kMeta, kMetaFormat, EncodeNumber(number));
  ASSERT_TRUE(store->Write(batch, Durability::kSynced).ok());
}

TEST(BackupsTest, NamesThatLeadElsewhereAreRefused) {
  for (const char* name : {"a", "2026-11-26T10.00", "Nightly_7", "0"}) {
    EXPECT_TRUE(CheckBackupName(name).ok()) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("../a"), std::string("a/b"),
        std::string("/a"), std::string(".incoming"), std::string("-a"), std::string("a b"),
        std::string("a\0b", 3), std::string("ä"), std::string(101, 'a')}) {
    EXPECT_EQ(CheckBackupName(name).code(), StatusCode::kInvalidArgument) << name;
  }
}

TEST(BackupsTest, HoldsWhatWasWrittenBeforeItAndNothingLater) {
  TempDir dir;
  auto store = Open(dir.path());
  Backups backups(*store, dir.path());
  EXPECT_EQ(backups.Newest(), std::nullopt);
  ASSERT_TRUE(Put(*store, "synced", "1").ok());
  ASSERT_TRUE(Put(*store, "buffered", "2", Durability::kBuffered).ok());
  const auto made = backups.Make("first");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->path, dir.path() + "/backups/first");
  EXPECT_GT(made->bytes, 100u);
  EXPECT_NE(backups.Newest(), std::nullopt);
  ASSERT_TRUE(Put(*store, "synced", "changed").ok());
  ASSERT_TRUE(Put(*store, "later", "3").ok());
  EXPECT_EQ(Get(*store, "synced"), "changed") << "the service goes on";

  // A backup is a data directory, also while the original is in use.
  auto copy = Open(made->path);
  EXPECT_EQ(Get(*copy, "synced"), "1");
  EXPECT_EQ(Get(*copy, "buffered"), "2");
  EXPECT_EQ(Get(*copy, "later"), "(none)");
}

TEST(BackupsTest, AreForTheOwnerAlone) {
  TempDir dir;
  auto store = Open(dir.path());
  ASSERT_TRUE(Backups(*store, dir.path()).Make("one").ok());
  for (const char* made : {"/backups", "/backups/one", "/backups/one/db"}) {
    EXPECT_EQ(Mode(dir.path() + made), 0700u) << made;
  }
}

TEST(BackupsTest, ATakenNameStaysAsItIs) {
  TempDir dir;
  auto store = Open(dir.path());
  Backups backups(*store, dir.path());
  ASSERT_TRUE(backups.Make("one").ok());
  ASSERT_TRUE(Put(*store, "later", "1").ok());
  const auto before = DirectoryContents(dir.path() + "/backups");
  EXPECT_EQ(backups.Make("one").status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(DirectoryContents(dir.path() + "/backups"), before);
}

TEST(BackupsTest, WhatACrashLeftGoesWithTheNext) {
  TempDir dir;
  auto store = Open(dir.path());
  std::filesystem::create_directories(dir.path() + "/backups/.incoming/db.tmp");
  std::ofstream(dir.path() + "/backups/.incoming/db.tmp/000007.sst") << "half";
  Backups backups(*store, dir.path());
  EXPECT_EQ(backups.Newest(), std::nullopt) << "no backup";
  ASSERT_TRUE(backups.Make("one").ok());
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/backups/.incoming"));
}

// Each batch holds two keys of the same value; a backup that split one would show.
TEST(BackupsTest, BatchesAreWholeWhileWritingGoesOn) {
  TempDir dir;
  auto store = Open(dir.path());
  Backups backups(*store, dir.path());
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    for (int i = 1; !stop; ++i) {
      WriteBatch batch;
      batch.Put(Family::kAlerts, "a", std::to_string(i));
      batch.Put(Family::kOutbox, "b", std::to_string(i));
      EXPECT_TRUE(store->Write(batch, Durability::kBuffered).ok());
      written = i;
    }
  });
  for (int round = 0; round < 5; ++round) {
    while (written < 1) std::this_thread::yield();
    const int before = written;
    const auto made = backups.Make(absl::StrCat("b", round));
    ASSERT_TRUE(made.ok()) << made.status();
    auto copy = OpenRocksdbReader(made->path);
    ASSERT_TRUE(copy.ok()) << copy.status();
    const std::string value = Get(**copy, "a");
    EXPECT_EQ((*copy)->Get(Family::kOutbox, "b")->value_or("(none)"), value);
    EXPECT_GE(std::stoi(value), before);
  }
  stop = true;
  writer.join();
}

TEST(BackupsTest, RestoreMakesADirectoryToStartOn) {
  TempDir dir;
  const std::string data = dir.path() + "/data";
  const std::string kept = dir.path() + "/kept";
  std::string backup;
  {
    auto store = Open(data);
    ASSERT_TRUE(Put(*store, "a", "1").ok());
    backup = Backups(*store, data).Make("one")->path;
    std::filesystem::rename(backup, kept);
  }
  std::filesystem::remove_all(data);
  const auto before = DirectoryContents(kept);
  const auto restored = RestoreBackup(kept, data);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->path, data);
  EXPECT_EQ(Get(*Open(data), "a"), "1");
  EXPECT_EQ(DirectoryContents(kept), before) << "the backup stays as it is";
  EXPECT_EQ(Mode(data + "/db"), 0700u);
}

TEST(BackupsTest, RestoreRefusesWhatIsNotEmptyAndTouchesNothing) {
  TempDir dir;
  const std::string data = dir.path() + "/data";
  const std::string other = dir.path() + "/other";
  { ASSERT_TRUE(Put(*Open(data), "a", "1").ok()); }
  { ASSERT_TRUE(Put(*Open(other), "a", "2").ok()); }
  const auto before = DirectoryContents(other + "/db");
  const auto restored = RestoreBackup(data, other);
  EXPECT_EQ(restored.status().code(), StatusCode::kAlreadyExists) << restored.status();
  EXPECT_EQ(DirectoryContents(other + "/db"), before);
}

TEST(BackupsTest, NothingToRestoreIsAnError) {
  TempDir dir;
  const auto restored = RestoreBackup(dir.path() + "/none", dir.path() + "/data");
  EXPECT_EQ(restored.status().code(), StatusCode::kNotFound) << restored.status();
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/data"));
}

// A service on half a copy would begin with nothing, and page nobody.
TEST(BackupsTest, NoServiceStartsOnAnInterruptedRestoreAndARepeatFinishesIt) {
  TempDir dir;
  const std::string backup = dir.path() + "/backup";
  const std::string data = dir.path() + "/data";
  { ASSERT_TRUE(Put(*Open(backup), "a", "1").ok()); }
  std::filesystem::create_directories(data + "/db.incoming");
  std::ofstream(data + "/db.incoming/CURRENT") << "half";
  EXPECT_EQ(OpenRocksdbStore(data).status().code(), StatusCode::kFailedPrecondition);
  ASSERT_TRUE(RestoreBackup(backup, data).ok());
  EXPECT_EQ(Get(*Open(data), "a"), "1");
}

TEST(BackupsTest, StoppedDirectoryIsCopiedInItsOwnFormat) {
  TempDir dir;
  const std::string data = dir.path() + "/data";
  const std::string copy = dir.path() + "/copy";
  { ASSERT_TRUE(Put(*Open(data), "a", "1").ok()); }
  SetFormat(data, kFormatNumber - 1);
  const auto made = BackUpStopped(data, copy);
  ASSERT_TRUE(made.ok()) << made.status();
  auto reader = OpenRocksdbReader(copy);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(Get(**reader, "a"), "1");
  EXPECT_EQ((*reader)->Get(Family::kMeta, kMetaFormat)->value(), EncodeNumber(kFormatNumber - 1));
  EXPECT_EQ(BackUpStopped(data, copy).status().code(), StatusCode::kAlreadyExists);
}

TEST(BackupsTest, DirectoriesInUseAreNotCopiedAsIfTheyWereNot) {
  TempDir dir;
  const std::string data = dir.path() + "/data";
  auto store = Open(data);
  ASSERT_TRUE(Put(*store, "a", "1").ok());
  EXPECT_EQ(BackUpStopped(data, dir.path() + "/b").status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(RestoreBackup(data, dir.path() + "/c").status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/b"));
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/c"));
}

TEST(BackupsTest, NewerFormatIsNotRestored) {
  TempDir dir;
  const std::string backup = dir.path() + "/backup";
  SetFormat(backup, kFormatNumber + 1);
  const auto restored = RestoreBackup(backup, dir.path() + "/data");
  EXPECT_EQ(restored.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(restored.status().ToString(), "newer program"));
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/data"));
}

TEST(RocksdbReaderTest, SeesARunningStoreWithoutTouchingIt) {
  TempDir dir;
  auto store = Open(dir.path());
  ASSERT_TRUE(Put(*store, "synced", "1").ok());
  ASSERT_TRUE(Put(*store, "buffered", "2", Durability::kBuffered).ok());
  const auto before = DirectoryContents(dir.path());
  auto reader = OpenRocksdbReader(dir.path());
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(Get(**reader, "synced"), "1");
  EXPECT_EQ(Get(**reader, "buffered"), "2");
  EXPECT_EQ(Put(**reader, "b", "2").code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(DirectoryContents(dir.path()), before);
  ASSERT_TRUE(Put(*store, "later", "3").ok());
  EXPECT_EQ(Get(**reader, "later"), "(none)") << "the state at the time of the call";
}

// The service moves records from memory and log to table files all the time; none is missed
// between.
TEST(RocksdbReaderTest, MissesNothingWhileFilesChange) {
  TempDir dir;
  auto store = Open(dir.path() + "/data");
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::thread service([&] {
    // Far more often than in earnest, but with pauses in which a slow disk can be read.
    for (int i = 1, pause = 500, next = pause; !stop; ++i) {
      EXPECT_TRUE(Put(*store, absl::StrCat("k", i), "1", Durability::kBuffered).ok());
      written = i;
      if (i != next) continue;
      pause = pause < 8000 ? pause * 2 : 500;
      next += pause;
      const std::string copy = absl::StrCat(dir.path(), "/copy", i);
      EXPECT_TRUE(store->Checkpoint(copy).ok());  // writes the memtables to files
      std::filesystem::remove_all(copy);
    }
  });
  int opened = 0;
  for (int round = 0; round < 100 && opened < 10; ++round) {
    const int before = written;
    auto reader = OpenRocksdbReader(dir.path() + "/data");
    if (!reader.ok()) {
      EXPECT_EQ(reader.status().code(), StatusCode::kUnavailable) << reader.status();
      continue;
    }
    ++opened;
    int found = 0;
    EXPECT_TRUE((*reader)
                    ->Scan(Family::kAlerts, "", "",
                           [&](absl::string_view, absl::string_view) { return ++found, true; })
                    .ok());
    EXPECT_GE(found, before);
  }
  stop = true;
  service.join();
  EXPECT_GT(opened, 0);
}

TEST(RocksdbReaderTest, NoDatabaseAndNewerFormatsAreRefused) {
  TempDir dir;
  EXPECT_EQ(OpenRocksdbReader(dir.path()).status().code(), StatusCode::kNotFound);
  SetFormat(dir.path(), kFormatNumber + 1);
  const auto before = DirectoryContents(dir.path());
  EXPECT_EQ(OpenRocksdbReader(dir.path()).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(DirectoryContents(dir.path()), before);
}

}  // namespace
}  // namespace tocsin::storage
