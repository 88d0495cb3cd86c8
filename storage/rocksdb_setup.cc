#include "storage/rocksdb_setup.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tocsin::storage {
namespace {

constexpr size_t kLogMemtableBytes = 32 << 20;
constexpr size_t kMemtableBytes = 8 << 20;
constexpr size_t kInfoLogBytes = 2 << 20;
constexpr size_t kInfoLogFiles = 4;

// RocksDB would recover from a full disk by itself, but looks only every 5 s, and refuses Resume()
// meanwhile.
class NoAutoRecovery : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

rocksdb::ColumnFamilyOptions MakeFamilyOptions(const std::string& name,
                                               const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 << 10;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // Samples are packed already, and are moved between levels without being rewritten.
  const bool log = name == FamilyName(Family::kLog);
  const bool packed = log || name == FamilyName(Family::kChunks);
  family.write_buffer_size = log ? kLogMemtableBytes : kMemtableBytes;
  family.compression = packed ? rocksdb::kNoCompression : rocksdb::kLZ4Compression;
  return family;
}

}  // namespace

rocksdb::Slice ToSlice(absl::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
absl::string_view ToView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

absl::StatusOr<std::optional<std::string>> GetFrom(rocksdb::DB& db,
                                                   rocksdb::ColumnFamilyHandle* handle,
                                                   Family family, absl::string_view key) {
  std::string value;
  const rocksdb::Status status = db.Get({}, handle, ToSlice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  TOCSIN_RETURN_IF_ERROR(FromRocksdb(status, absl::StrCat("cannot read ", FamilyName(family))));
  return std::optional<std::string>(std::move(value));
}

absl::Status ScanOf(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle, Family family,
                    absl::string_view begin, absl::string_view end, const Store::Visitor& fn) {
  rocksdb::ReadOptions read;
  read.fill_cache = false;
  const rocksdb::Slice bound = ToSlice(end);
  if (!end.empty()) read.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator(read, handle));
  for (it->Seek(ToSlice(begin)); it->Valid(); it->Next()) {
    if (!fn(ToView(it->key()), ToView(it->value()))) break;
  }
  return FromRocksdb(it->status(), absl::StrCat("cannot scan ", FamilyName(family)));
}

rocksdb::DBOptions MakeDbOptions(const RocksdbOptions& options) {
  rocksdb::DBOptions db;
  if (options.env != nullptr) db.env = options.env;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  db.track_and_verify_wals_in_manifest = true;
  // A torn tail is cut back to the last whole batch; anything that was synced is before it.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.max_total_wal_size = options.wal_bytes_max;
  db.db_write_buffer_size = options.memtable_bytes_max;
  db.listeners.push_back(std::make_shared<NoAutoRecovery>());
  db.max_background_jobs = 2;
  db.bytes_per_sync = 1 << 20;
  db.max_open_files = 512;
  db.max_manifest_file_size = 16 << 20;
  // RocksDB's own log: enough to understand a failure, never what fills the disk.
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  db.max_log_file_size = kInfoLogBytes;
  db.keep_log_file_num = kInfoLogFiles;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

std::vector<rocksdb::ColumnFamilyDescriptor> MakeDescriptors(const std::vector<std::string>& names,
                                                             uint64_t block_cache_bytes) {
  const auto cache = rocksdb::NewLRUCache(block_cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) {
    descriptors.emplace_back(name, MakeFamilyOptions(name, cache));
  }
  return descriptors;
}

}  // namespace tocsin::storage
