#include "storage/rocksdb_store.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>

#include "absl/strings/str_cat.h"
#include "base/kill_point.h"
#include "base/status_macros.h"
#include "storage/data_directory.h"
#include "storage/directory_lock.h"
#include "storage/disk_reserve.h"
#include "storage/files.h"
#include "storage/format.h"
#include "storage/rocksdb_peek.h"
#include "storage/rocksdb_setup.h"

namespace tocsin::storage {
namespace {

// What BulkLoad() writes before RocksDB takes it in; a crash may leave it behind.
constexpr char kIncomingFile[] = "incoming.sst";
constexpr uint64_t kPeekCacheBytes = 1 << 20;

class RocksdbStore : public DiskStore {
 public:
  static absl::StatusOr<std::unique_ptr<DiskStore>> Open(const std::string& path,
                                                         DirectoryLock lock,
                                                         const RocksdbOptions& options);
  RocksdbStore(DirectoryLock lock, std::unique_ptr<rocksdb::DB> db,
               const std::vector<rocksdb::ColumnFamilyHandle*>& handles,
               uint64_t log_free_bytes_min)
      : lock_(std::move(lock)),
        db_(std::move(db)),
        handles_(handles),
        log_free_bytes_min_(log_free_bytes_min) {}
  ~RocksdbStore() override;

  absl::Status Write(const WriteBatch& batch, Durability durability) override;
  absl::Status BulkLoad(Family family, const Entries& entries) override;
  absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                 absl::string_view key) const override;
  absl::Status Scan(Family family, absl::string_view begin, absl::string_view end,
                    const Visitor& fn) const override;
  absl::Status Checkpoint(const std::string& path) override;

 private:
  rocksdb::ColumnFamilyHandle* Handle(Family family) const {
    return handles_[static_cast<size_t>(family)];
  }
  rocksdb::Status Translate(const WriteBatch& batch, rocksdb::WriteBatch& out) const;
  absl::Status CheckSpace(const WriteBatch& batch) const;
  absl::Status CheckSpaceFor(uint64_t bytes) const;
  void TryResume();
  void FreeDeleted(const WriteBatch& batch);
  rocksdb::Status WriteTableFile(Family family, const Entries& entries, const std::string& path);

  // Constant after construction. The lock is given back last.
  const DirectoryLock lock_;
  const std::unique_ptr<rocksdb::DB> db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // by Family, then "default"
  const uint64_t log_free_bytes_min_;

  std::atomic<bool> failing_ = false;  // the last write failed, or a checkpoint since
};

absl::StatusOr<std::unique_ptr<DiskStore>> RocksdbStore::Open(const std::string& path,
                                                              DirectoryLock lock,
                                                              const RocksdbOptions& options) {
  std::vector<std::string> names;
  for (Family family : kAllFamilies) names.emplace_back(FamilyName(family));
  names.push_back(rocksdb::kDefaultColumnFamilyName);  // RocksDB insists on it; always empty
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      rocksdb::DB::Open(MakeDbOptions(options), path,
                        MakeDescriptors(names, options.block_cache_bytes), &handles, &db);
  TOCSIN_RETURN_IF_ERROR(FromRocksdb(opened, absl::StrCat("cannot open ", path)));
  db->GetEnv()->DeleteFile(absl::StrCat(path, "/", kIncomingFile)).PermitUncheckedError();
  auto store = std::make_unique<RocksdbStore>(std::move(lock), std::unique_ptr<rocksdb::DB>(db),
                                              handles, options.log_free_bytes_min);
  TOCSIN_RETURN_IF_ERROR(EnsureFormat(*store));
  return store;
}

RocksdbStore::~RocksdbStore() {
  KillPoint("store_close.before");
  for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  db_->Close();
  KillPoint("store_close.after");
}

rocksdb::Status RocksdbStore::Translate(const WriteBatch& batch, rocksdb::WriteBatch& out) const {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    auto* handle = Handle(operation.family);
    rocksdb::Status status;
    switch (operation.kind) {
      case WriteBatch::Kind::kPut:
        status = out.Put(handle, operation.key, operation.value);
        break;
      case WriteBatch::Kind::kDelete:
        status = out.Delete(handle, operation.key);
        break;
      case WriteBatch::Kind::kDeleteRange:
        if (operation.key < operation.value) {
          status = out.DeleteRange(handle, operation.key, operation.value);
        }
        break;
    }
    if (!status.ok()) return status;
  }
  return rocksdb::Status::OK();
}

// Samples can be asked for again, an alert's transition cannot: they leave the last of the disk to
// it. Asking costs a microsecond, against the hundreds of a synced write.
absl::Status RocksdbStore::CheckSpace(const WriteBatch& batch) const {
  const auto& operations = batch.operations();
  const bool grows = std::any_of(operations.begin(), operations.end(), [](const auto& operation) {
    return operation.family == Family::kLog && operation.kind == WriteBatch::Kind::kPut;
  });
  if (!grows || log_free_bytes_min_ == 0) return absl::OkStatus();
  uint64_t free = 0;
  if (!db_->GetEnv()->GetFreeSpace(db_->GetName(), &free).ok()) return absl::OkStatus();
  if (free >= log_free_bytes_min_) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("disk almost full: ", free >> 20,
                                             " MiB free, samples are refused below ",
                                             log_free_bytes_min_ >> 20, " MiB"));
}

// RocksDB turns read-only after an I/O error. It comes back by itself in some cases only, and late;
// asking costs nothing when there is no error. What Resume() says does not matter: the write that
// follows tells.
void RocksdbStore::TryResume() {
  if (failing_.load(std::memory_order_relaxed)) db_->Resume().PermitUncheckedError();
}

// A range that was deleted keeps its space until compaction comes by, which for the log and chunks
// may be never. Whole files inside the range can go at once. Only of these two: what was cut is
// never looked at again.
void RocksdbStore::FreeDeleted(const WriteBatch& batch) {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    const bool samples = operation.family == Family::kLog || operation.family == Family::kChunks;
    if (operation.kind != WriteBatch::Kind::kDeleteRange || !samples) continue;
    KillPoint("store.before_files_are_freed");
    const rocksdb::Slice begin(operation.key);
    const rocksdb::Slice end(operation.value);
    rocksdb::DeleteFilesInRange(db_.get(), Handle(operation.family), &begin, &end, false)
        .PermitUncheckedError();
    KillPoint("store.after_files_are_freed");
  }
}

absl::Status RocksdbStore::Write(const WriteBatch& batch, Durability durability) {
  TOCSIN_RETURN_IF_ERROR(CheckSpace(batch));
  rocksdb::WriteBatch translated;
  TOCSIN_RETURN_IF_ERROR(FromRocksdb(Translate(batch, translated), "write batch"));
  TryResume();
  rocksdb::WriteOptions write;
  write.sync = durability == Durability::kSynced;
  const rocksdb::Status status = db_->Write(write, &translated);
  failing_.store(!status.ok(), std::memory_order_relaxed);
  TOCSIN_RETURN_IF_ERROR(FromRocksdb(status, "cannot write"));
  // Not before the deletion is certain: files do not come back when an unsynced deletion is lost.
  if (write.sync) FreeDeleted(batch);
  return absl::OkStatus();
}

absl::Status RocksdbStore::CheckSpaceFor(uint64_t bytes) const {
  uint64_t free = 0;
  if (log_free_bytes_min_ == 0 || !db_->GetEnv()->GetFreeSpace(db_->GetName(), &free).ok()) {
    return absl::OkStatus();
  }
  // What is loaded makes room in the log afterwards, so it may take of what samples must leave.
  if (free >= bytes + log_free_bytes_min_ / 2) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("disk almost full: ", free >> 20, " MiB free"));
}

rocksdb::Status RocksdbStore::WriteTableFile(Family family, const Entries& entries,
                                             const std::string& path) {
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), db_->GetOptions(Handle(family)),
                                Handle(family));
  rocksdb::Status status = writer.Open(path);
  for (auto entry = entries.begin(); status.ok() && entry != entries.end(); ++entry) {
    status = writer.Put(entry->first, entry->second);
  }
  if (status.ok()) status = writer.Finish();
  return status;
}

// As a table file of its own, which RocksDB takes in where it belongs: neither its log nor a
// memtable sees the data.
absl::Status RocksdbStore::BulkLoad(Family family, const Entries& entries) {
  if (entries.empty()) return absl::OkStatus();
  uint64_t bytes = 0;
  for (const auto& [key, value] : entries) bytes += key.size() + value.size();
  TOCSIN_RETURN_IF_ERROR(CheckSpaceFor(bytes));
  TryResume();
  const std::string path = absl::StrCat(db_->GetName(), "/", kIncomingFile);
  rocksdb::Status status = WriteTableFile(family, entries, path);
  KillPoint("bulk_load.after_file");
  if (status.ok()) {
    rocksdb::IngestExternalFileOptions ingest;
    ingest.move_files = true;
    status = db_->IngestExternalFile(Handle(family), {path}, ingest);
    KillPoint("bulk_load.after_ingestion");
  }
  if (!status.ok()) db_->GetEnv()->DeleteFile(path).PermitUncheckedError();
  return FromRocksdb(status, absl::StrCat("cannot load ", FamilyName(family)));
}

absl::StatusOr<std::optional<std::string>> RocksdbStore::Get(Family family,
                                                             absl::string_view key) const {
  return GetFrom(*db_, Handle(family), family, key);
}

absl::Status RocksdbStore::Scan(Family family, absl::string_view begin, absl::string_view end,
                                const Visitor& fn) const {
  return ScanOf(*db_, Handle(family), family, begin, end, fn);
}

// What is in memory only is written to table files first, then the rest of the write-ahead log is
// copied: as much room as the log may take at most. What samples need is left to them.
absl::Status RocksdbStore::Checkpoint(const std::string& path) {
  const uint64_t copied_max = db_->GetDBOptions().max_total_wal_size;
  TOCSIN_RETURN_IF_ERROR(CheckSpaceFor(copied_max + log_free_bytes_min_ / 2));
  TryResume();
  rocksdb::Checkpoint* raw = nullptr;
  const rocksdb::Status created = rocksdb::Checkpoint::Create(db_.get(), &raw);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  const std::string what = absl::StrCat("cannot copy the database to ", path);
  TOCSIN_RETURN_IF_ERROR(FromRocksdb(created, what));
  const rocksdb::Status copied = checkpoint->CreateCheckpoint(path);
  // The memtables could not be written, perhaps: then RocksDB refuses writes until it is resumed.
  if (!copied.ok()) failing_.store(true, std::memory_order_relaxed);
  return FromRocksdb(copied, what);
}

// What refuses a directory does so before anything in it changes, be it the lock file. The lock is
// held meanwhile if there is one: another program that raises the format just then is found at the
// real open.
absl::Status CheckUntouched(const std::string& path, const RocksdbOptions& options) {
  TOCSIN_ASSIGN_OR_RETURN(const std::optional<DirectoryLock> lock,
                          DirectoryLock::AcquireIfThere(path));
  TOCSIN_RETURN_IF_ERROR(CheckRestored(path));
  const auto meta = MakeDescriptors({FamilyName(Family::kMeta)}, kPeekCacheBytes);
  return PeekIntoDatabase(path + "/db", MakeDbOptions(options), meta.front().options);
}

}  // namespace

absl::StatusOr<std::unique_ptr<DiskStore>> OpenRocksdbStore(const std::string& path,
                                                            const RocksdbOptions& options) {
  const std::string db_path = path + "/db";
  TOCSIN_RETURN_IF_ERROR(CheckUntouched(path, options));
  TOCSIN_ASSIGN_OR_RETURN(DirectoryLock lock, DirectoryLock::Acquire(path));
  KillPoint("store_open.after_lock");
  TOCSIN_RETURN_IF_ERROR(MakePrivateDirectory(db_path));
  TOCSIN_RETURN_IF_ERROR(DiskReserve::ReleaseIfNeeded(path));
  KillPoint("store_open.before_database");
  TOCSIN_ASSIGN_OR_RETURN(auto store, RocksdbStore::Open(db_path, std::move(lock), options));
  KillPoint("store_open.after_database");
  DiskReserve::Restore(path);
  return store;
}

}  // namespace tocsin::storage
