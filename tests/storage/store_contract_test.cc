// What every Store promises, run on each of them.

#include <gtest/gtest.h>

#include <thread>

#include "storage/memory_store.h"
#include "storage/rocksdb_store.h"
#include "storage/store.h"
#include "tests/storage/temp_dir.h"
#include "tests/support/faulty_store.h"

namespace tocsin::storage {
namespace {

// A store under test with all it lives on.
struct Subject {
  std::unique_ptr<TempDir> dir;
  std::unique_ptr<Store> inner;
  std::unique_ptr<Store> store;
};

Subject MakeMemory() {
  Subject subject;
  subject.store = std::make_unique<MemoryStore>();
  return subject;
}

Subject MakeRocksdb() {
  Subject subject;
  subject.dir = std::make_unique<TempDir>();
  auto opened = OpenRocksdbStore(subject.dir->path());
  EXPECT_TRUE(opened.ok()) << opened.status();
  subject.store = *std::move(opened);
  return subject;
}

Subject MakeFaulty() {
  Subject subject;
  subject.inner = std::make_unique<MemoryStore>();
  subject.store = std::make_unique<FaultyStore>(*subject.inner);
  return subject;
}

struct StoreCase {
  const char* name;
  Subject (*make)();
};

class StoreContract : public testing::TestWithParam<StoreCase> {
 protected:
  StoreContract() : subject_(GetParam().make()) {}
  Store& store() { return *subject_.store; }

  void Write(const WriteBatch& batch, Durability durability = Durability::kSynced) {
    ASSERT_TRUE(store().Write(batch, durability).ok());
  }
  std::string Get(Family family, absl::string_view key) {
    const auto value = store().Get(family, key);
    EXPECT_TRUE(value.ok()) << value.status();
    return value->value_or("(none)");
  }
  // "key=value " for each, in the order of the scan.
  std::string Scan(Family family, absl::string_view begin, absl::string_view end,
                   size_t count_max = SIZE_MAX) {
    std::string text;
    size_t count = 0;
    const auto visit = [&](absl::string_view key, absl::string_view value) {
      text += std::string(key) + "=" + std::string(value) + " ";
      return ++count < count_max;
    };
    EXPECT_TRUE(store().Scan(family, begin, end, visit).ok());
    return text;
  }

  Subject subject_;
};

TEST_P(StoreContract, AbsentKeyIsNotAnError) {
  EXPECT_EQ(Get(Family::kAlerts, "a"), "(none)");
  EXPECT_EQ(Scan(Family::kAlerts, "", ""), "");
}

TEST_P(StoreContract, FamiliesAreSeparate) {
  WriteBatch batch;
  for (Family family : kAllFamilies) batch.Put(family, "k", FamilyName(family));
  Write(batch);
  for (Family family : kAllFamilies) EXPECT_EQ(Get(family, "k"), FamilyName(family));
}

TEST_P(StoreContract, BothDurabilitiesAreVisibleAtOnce) {
  WriteBatch first;
  first.Put(Family::kMeta, "k", "buffered");
  Write(first, Durability::kBuffered);
  EXPECT_EQ(Get(Family::kMeta, "k"), "buffered");
  WriteBatch second;
  second.Put(Family::kMeta, "k", "synced");
  Write(second, Durability::kSynced);
  EXPECT_EQ(Get(Family::kMeta, "k"), "synced");
}

TEST_P(StoreContract, OperationsApplyInOrder) {
  WriteBatch batch;
  batch.Put(Family::kAlerts, "a", "1");
  batch.Put(Family::kAlerts, "a", "2");
  batch.Put(Family::kAlerts, "b", "1");
  batch.Delete(Family::kAlerts, "b");
  batch.Put(Family::kAlerts, "c", "1");
  batch.DeleteRange(Family::kAlerts, "c", "d");
  batch.Delete(Family::kAlerts, "e");
  batch.Put(Family::kAlerts, "e", "1");
  batch.DeleteRange(Family::kAlerts, "f", "g");
  batch.Put(Family::kAlerts, "f", "1");
  Write(batch);
  EXPECT_EQ(Scan(Family::kAlerts, "", ""), "a=2 e=1 f=1 ");
}

TEST_P(StoreContract, EmptyBatchIsFine) {
  Write(WriteBatch());
}

TEST_P(StoreContract, DeletingWhatIsNotThereIsFine) {
  WriteBatch batch;
  batch.Delete(Family::kAlerts, "a");
  batch.DeleteRange(Family::kAlerts, "a", "z");
  Write(batch);
}

TEST_P(StoreContract, RangeIsHalfOpenAndAnInvertedOneIsEmpty) {
  WriteBatch batch;
  for (const char* key : {"a", "b", "c", "d"}) batch.Put(Family::kAlerts, key, "1");
  batch.DeleteRange(Family::kAlerts, "d", "a");
  batch.DeleteRange(Family::kAlerts, "b", "b");
  batch.DeleteRange(Family::kAlerts, "b", "d");
  Write(batch);
  EXPECT_EQ(Scan(Family::kAlerts, "", ""), "a=1 d=1 ");
}

TEST_P(StoreContract, ScanBounds) {
  WriteBatch batch;
  for (const char* key : {"a", "b", "ba", "c"}) batch.Put(Family::kAlerts, key, key);
  Write(batch);
  EXPECT_EQ(Scan(Family::kAlerts, "", ""), "a=a b=b ba=ba c=c ");
  EXPECT_EQ(Scan(Family::kAlerts, "b", ""), "b=b ba=ba c=c ");
  EXPECT_EQ(Scan(Family::kAlerts, "b", "c"), "b=b ba=ba ");
  EXPECT_EQ(Scan(Family::kAlerts, "aa", "b"), "");
  EXPECT_EQ(Scan(Family::kAlerts, "c", "a"), "");
  EXPECT_EQ(Scan(Family::kAlerts, "", "", 2), "a=a b=b ");
}

TEST_P(StoreContract, KeysAndValuesAreBytesInUnsignedOrder) {
  const std::string zero("\0", 1);
  const std::string value("\0\xff\n", 3);
  WriteBatch batch;
  batch.Put(Family::kLog, "\xff", value);
  batch.Put(Family::kLog, "\x7f", "");
  batch.Put(Family::kLog, zero, "zero");
  Write(batch);
  EXPECT_EQ(Scan(Family::kLog, "", ""), zero + "=zero \x7f= \xff=" + value + " ");
  EXPECT_EQ(Get(Family::kLog, "\x7f"), "");
}

TEST_P(StoreContract, ScanSeesOneSnapshotWhileItsVisitorWrites) {
  WriteBatch batch;
  batch.Put(Family::kAlerts, "a", "old");
  batch.Put(Family::kAlerts, "c", "old");
  Write(batch);
  std::string seen;
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    WriteBatch change;
    change.Put(Family::kAlerts, "b", "new");
    change.Put(Family::kAlerts, "c", "new");
    EXPECT_TRUE(store().Write(change, Durability::kBuffered).ok());
    seen += std::string(key) + "=" + std::string(value) + " ";
    return true;
  };
  ASSERT_TRUE(store().Scan(Family::kAlerts, "", "", visit).ok());
  EXPECT_EQ(seen, "a=old c=old ");
  EXPECT_EQ(Scan(Family::kAlerts, "", ""), "a=old b=new c=new ");
}

// One thread moves a token from key to key, in one batch each; no reader ever sees none or two.
TEST_P(StoreContract, BatchIsAtomicForReaders) {
  WriteBatch start;
  start.Put(Family::kAlerts, "0", "token");
  Write(start);
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i) {
      WriteBatch batch;
      batch.Delete(Family::kAlerts, std::to_string(i));
      batch.Put(Family::kAlerts, std::to_string(i + 1), "token");
      EXPECT_TRUE(store().Write(batch, Durability::kBuffered).ok());
    }
  });
  for (int i = 0; i < 300; ++i) {
    int tokens = 0;
    const auto count = [&](absl::string_view, absl::string_view) { return ++tokens, true; };
    ASSERT_TRUE(store().Scan(Family::kAlerts, "", "", count).ok());
    ASSERT_EQ(tokens, 1);
  }
  writer.join();
}

INSTANTIATE_TEST_SUITE_P(All, StoreContract,
                         testing::Values(StoreCase{"Memory", MakeMemory},
                                         StoreCase{"Rocksdb", MakeRocksdb},
                                         StoreCase{"Faulty", MakeFaulty}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace tocsin::storage
