// A write-ahead log that the disk damaged: what is left, and what is said about the rest.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "storage/rocksdb_store.h"
#include "tests/storage/temp_dir.h"

namespace tocsin::storage {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Matcher;

constexpr size_t kValueBytes = 1000;

std::string NewestLog(const std::string& path) {
  std::string newest;
  for (const auto& entry : std::filesystem::directory_iterator(path + "/db")) {
    if (entry.path().extension() == ".log") newest = std::max(newest, entry.path().string());
  }
  return newest;
}

void FlipByte(const std::string& path, size_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char old = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(old ^ 0x20));
}

struct Case {
  const char* name;
  void (*damage)(const std::string& path, size_t bytes);
  std::string kept;  // of the keys a, b, c, which were written in this order
  Matcher<std::string> said;
};

// Four records of a good kilobyte: the format, then a, b and c, each synced.
const Case kCases[] = {
    {"sound", [](const std::string&, size_t) {}, "abc", IsEmpty()},
    {"a byte of b changed",
     [](const std::string& path, size_t bytes) { FlipByte(path, bytes - kValueBytes * 3 / 2); },
     "a",
     AllOf(HasSubstr("\"level\":\"error\""), HasSubstr("the write-ahead log is damaged"),
           HasSubstr(".log: dropping "))},
    {"a byte of c changed",
     [](const std::string& path, size_t bytes) { FlipByte(path, bytes - kValueBytes / 2); }, "ab",
     HasSubstr("the write-ahead log is damaged")},
    {"cut within c",
     [](const std::string& path, size_t bytes) {
       std::filesystem::resize_file(path, bytes - kValueBytes / 2);
     },
     "ab",
     AllOf(HasSubstr("\"level\":\"warning\""), HasSubstr("ends in an unfinished record"),
           HasSubstr(".log: dropping "))},
};

TEST(RocksdbDamageTest, WhatPrecedesTheDamageIsKeptAndTheRestIsReported) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    TempDir dir;
    {
      auto store = OpenRocksdbStore(dir.path());
      ASSERT_TRUE(store.ok()) << store.status();
      for (const char* key : {"a", "b", "c"}) {
        WriteBatch batch;
        batch.Put(Family::kAlerts, key, std::string(kValueBytes, *key));
        ASSERT_TRUE((*store)->Write(batch, Durability::kSynced).ok());
      }
    }
    const std::string log = NewestLog(dir.path());
    c.damage(log, std::filesystem::file_size(log));
    testing::internal::CaptureStderr();
    auto store = OpenRocksdbStore(dir.path());
    EXPECT_THAT(testing::internal::GetCapturedStderr(), c.said);
    ASSERT_TRUE(store.ok()) << store.status();
    std::string kept;
    for (const char* key : {"a", "b", "c"}) {
      if ((*(*store)->Get(Family::kAlerts, key)).has_value()) kept += key;
    }
    EXPECT_EQ(kept, c.kept);
  }
}

TEST(RocksdbDamageTest, DirectoryThatLostItsCurrentFileIsNotTakenForANewOne) {
  TempDir dir;
  { ASSERT_TRUE(OpenRocksdbStore(dir.path()).ok()); }
  std::filesystem::remove(dir.path() + "/db/CURRENT");
  const auto opened = OpenRocksdbStore(dir.path());
  EXPECT_TRUE(absl::IsDataLoss(opened.status())) << opened.status();
  EXPECT_THAT(std::string(opened.status().message()), HasSubstr("/db/CURRENT is missing"));
}

TEST(RocksdbDamageTest, MissingFileIsDataLoss) {
  TempDir dir;
  { ASSERT_TRUE(OpenRocksdbStore(dir.path()).ok()); }
  std::ofstream(dir.path() + "/db/CURRENT") << "MANIFEST-999999\n";
  const auto opened = OpenRocksdbStore(dir.path());
  EXPECT_TRUE(absl::IsDataLoss(opened.status())) << opened.status();
  EXPECT_THAT(std::string(opened.status().message()), HasSubstr("MANIFEST-999999"));
}

}  // namespace
}  // namespace tocsin::storage
