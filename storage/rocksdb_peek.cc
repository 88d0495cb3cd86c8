#include "storage/rocksdb_peek.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "storage/format.h"
#include "storage/keys.h"
#include "storage/rocksdb_status.h"

namespace tocsin::storage {
namespace {

using rocksdb::WALRecoveryMode;

// Writes nothing: looking into a database must not even rotate its info log. Keeps what RocksDB
// says of the first part of a write-ahead log that it leaves out: "FILE: dropping N bytes; WHY".
class DroppedBytes : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    std::array<char, 1024> line;
    std::vsnprintf(line.data(), line.size(), format, arguments);
    if (said_.empty() && absl::StrContains(line.data(), ": dropping ")) said_ = line.data();
  }
  const std::string& said() const { return said_; }

 private:
  std::string said_;
};

class ReadOnlyDatabase {
 public:
  // Fails with the status of RocksDB.
  rocksdb::Status Open(const std::string& path, rocksdb::DBOptions options,
                       const rocksdb::ColumnFamilyOptions& family_options, WALRecoveryMode mode) {
    options.wal_recovery_mode = mode;
    options.info_log = dropped_;
    options.info_log_level = rocksdb::WARN_LEVEL;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : {rocksdb::kDefaultColumnFamilyName, std::string("meta")}) {
      families.emplace_back(name, family_options);
    }
    rocksdb::DB* raw = nullptr;
    const rocksdb::Status opened =
        rocksdb::DB::OpenForReadOnly(options, path, families, &handles_, &raw);
    db_.reset(raw);
    return opened;
  }
  ~ReadOnlyDatabase() {
    for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  }

  absl::StatusOr<std::optional<std::string>> Format() const {
    std::string value;
    const rocksdb::Status got = db_->Get({}, handles_[1], kMetaFormat, &value);
    if (got.IsNotFound()) return std::optional<std::string>();
    TOCSIN_RETURN_IF_ERROR(FromRocksdb(got, "cannot read meta \"format\""));
    return std::optional<std::string>(std::move(value));
  }
  const std::string& dropped() const { return dropped_->said(); }

 private:
  const std::shared_ptr<DroppedBytes> dropped_ = std::make_shared<DroppedBytes>();
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

// `path` opens, but not with all of its write-ahead log: says what is left out.
void ReportDamagedLog(const std::string& path, const rocksdb::DBOptions& options,
                      const rocksdb::ColumnFamilyOptions& family_options,
                      const std::string& dropped) {
  ReadOnlyDatabase db;
  const rocksdb::Status opened =
      db.Open(path, options, family_options, WALRecoveryMode::kTolerateCorruptedTailRecords);
  if (opened.IsCorruption()) {
    Log(LogLevel::kError,
        "the write-ahead log is damaged: what was written after the damage is lost, acknowledged "
        "samples included",
        {{"what", dropped.empty() ? opened.ToString() : dropped}});
  } else {
    Log(LogLevel::kWarning,
        "the write-ahead log ends in an unfinished record: a crash of the machine came before it "
        "was synced, or the disk lost some of it",
        {{"what", dropped}});
  }
}

// RocksDB would take a directory without CURRENT for a new one and remove what else is in it.
absl::Status CheckIsNew(const std::string& path, const rocksdb::DBOptions& options) {
  std::vector<std::string> names;
  const rocksdb::Status listed = options.env->GetChildren(path, &names);
  if (listed.IsNotFound()) return absl::OkStatus();  // not even the directory is there
  TOCSIN_RETURN_IF_ERROR(FromRocksdb(listed, "cannot list " + path));
  for (const std::string& name : names) {
    if (absl::EndsWith(name, ".sst") || absl::EndsWith(name, ".log")) {
      return absl::DataLossError(absl::StrCat(path, "/CURRENT is missing, but there is ", name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PeekIntoDatabase(const std::string& path, const rocksdb::DBOptions& options,
                              const rocksdb::ColumnFamilyOptions& family_options) {
  if (options.env->FileExists(path + "/CURRENT").IsNotFound()) return CheckIsNew(path, options);
  auto db = std::make_unique<ReadOnlyDatabase>();
  rocksdb::Status opened =
      db->Open(path, options, family_options, WALRecoveryMode::kAbsoluteConsistency);
  if (opened.IsCorruption()) {
    const std::string dropped = db->dropped();
    db = std::make_unique<ReadOnlyDatabase>();
    opened = db->Open(path, options, family_options, options.wal_recovery_mode);
    if (opened.ok()) ReportDamagedLog(path, options, family_options, dropped);
  }
  // A creation that was interrupted before its families existed: nothing was promised yet.
  if (opened.IsInvalidArgument()) return absl::OkStatus();
  TOCSIN_RETURN_IF_ERROR(FromRocksdb(opened, absl::StrCat("cannot read ", path)));
  TOCSIN_ASSIGN_OR_RETURN(const std::optional<std::string> format, db->Format());
  return CheckFormat(format);
}

}  // namespace tocsin::storage
