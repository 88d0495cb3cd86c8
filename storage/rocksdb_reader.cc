#include "storage/rocksdb_reader.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/format.h"
#include "storage/keys.h"
#include "storage/rocksdb_setup.h"

namespace tocsin::storage {
namespace {

// Each fails only if the service wrote a table file just then.
constexpr int kAttemptsMax = 20;
constexpr uint64_t kCacheBytes = 8 << 20;

// Says nothing: looking into a database must not even rotate its info log.
class SilentLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

rocksdb::DBOptions ReaderOptions(const RocksdbOptions& options) {
  rocksdb::DBOptions db = MakeDbOptions(options);
  db.info_log = std::make_shared<SilentLogger>();
  db.create_if_missing = false;
  db.create_missing_column_families = false;
  db.max_open_files = -1;  // all at once: one that is deleted later stays readable
  return db;
}

class RocksdbReader : public Store {
 public:
  // `names`: families to open, "default" among them.
  static absl::StatusOr<std::unique_ptr<RocksdbReader>> Open(const std::string& db_path,
                                                             const std::vector<std::string>& names,
                                                             const RocksdbOptions& options);
  ~RocksdbReader() override {
    for (auto* handle : owned_) db_->DestroyColumnFamilyHandle(handle);
  }

  absl::Status Write(const WriteBatch& /*batch*/, Durability /*durability*/) override {
    return absl::FailedPreconditionError("the database was opened to read");
  }
  absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                 absl::string_view key) const override;
  absl::Status Scan(Family family, absl::string_view begin, absl::string_view end,
                    const Visitor& fn) const override;

 private:
  RocksdbReader(std::unique_ptr<rocksdb::DB> db, std::vector<rocksdb::ColumnFamilyHandle*> handles);

  const std::unique_ptr<rocksdb::DB> db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> owned_;
  std::array<rocksdb::ColumnFamilyHandle*, std::size(kAllFamilies)> handles_ = {};  // or null
};

RocksdbReader::RocksdbReader(std::unique_ptr<rocksdb::DB> db,
                             std::vector<rocksdb::ColumnFamilyHandle*> handles)
    : db_(std::move(db)), owned_(std::move(handles)) {
  for (auto* handle : owned_) {
    for (Family family : kAllFamilies) {
      if (handle->GetName() == FamilyName(family)) handles_[static_cast<size_t>(family)] = handle;
    }
  }
}

absl::StatusOr<std::unique_ptr<RocksdbReader>> RocksdbReader::Open(
    const std::string& db_path, const std::vector<std::string>& names,
    const RocksdbOptions& options) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::OpenForReadOnly(
      ReaderOptions(options), db_path, MakeDescriptors(names, kCacheBytes), &handles, &db);
  TOCSIN_RETURN_IF_ERROR(FromRocksdb(opened, absl::StrCat("cannot read ", db_path)));
  return std::unique_ptr<RocksdbReader>(
      new RocksdbReader(std::unique_ptr<rocksdb::DB>(db), std::move(handles)));
}

absl::StatusOr<std::optional<std::string>> RocksdbReader::Get(Family family,
                                                              absl::string_view key) const {
  auto* handle = handles_[static_cast<size_t>(family)];
  if (handle == nullptr) return std::optional<std::string>();
  return GetFrom(*db_, handle, family, key);
}

absl::Status RocksdbReader::Scan(Family family, absl::string_view begin, absl::string_view end,
                                 const Visitor& fn) const {
  auto* handle = handles_[static_cast<size_t>(family)];
  if (handle == nullptr) return absl::OkStatus();
  return ScanOf(*db_, handle, family, begin, end, fn);
}

absl::StatusOr<std::vector<std::string>> FamiliesIn(const std::string& db_path,
                                                    const RocksdbOptions& options) {
  std::vector<std::string> names;
  const rocksdb::Status listed =
      rocksdb::DB::ListColumnFamilies(ReaderOptions(options), db_path, &names);
  TOCSIN_RETURN_IF_ERROR(FromRocksdb(listed, absl::StrCat("cannot read ", db_path)));
  return names;
}

// What a service beside us changes when it moves records from one file to another: the names of
// files, and the length of the manifest. A write to the write-ahead log alone changes neither.
std::string FilesFingerprint(const std::string& db_path) {
  rocksdb::Env* env = rocksdb::Env::Default();
  std::vector<std::string> names;
  env->GetChildren(db_path, &names).PermitUncheckedError();
  std::sort(names.begin(), names.end());
  std::string fingerprint;
  for (const std::string& name : names) {
    uint64_t bytes = 0;
    if (absl::StartsWith(name, "MANIFEST")) {
      env->GetFileSize(db_path + "/" + name, &bytes).PermitUncheckedError();
    }
    absl::StrAppend(&fingerprint, name, ":", bytes, "\n");
  }
  return fingerprint;
}

absl::StatusOr<std::unique_ptr<Store>> OpenOnce(const std::string& db_path) {
  TOCSIN_RETURN_IF_ERROR(PeekFormat(db_path, {}));
  TOCSIN_ASSIGN_OR_RETURN(const std::vector<std::string> names, FamiliesIn(db_path, {}));
  return RocksdbReader::Open(db_path, names, {});
}

}  // namespace

// Recovery at a real open would already write files, so this comes before it; it costs one more
// reading of the write-ahead log, which is bounded.
absl::Status PeekFormat(const std::string& db_path, const RocksdbOptions& options) {
  const rocksdb::DBOptions db = ReaderOptions(options);
  if (db.env->FileExists(db_path + "/CURRENT").IsNotFound()) return absl::OkStatus();
  TOCSIN_ASSIGN_OR_RETURN(const std::vector<std::string> names, FamiliesIn(db_path, options));
  // A creation that was interrupted before its families existed: nothing was promised yet.
  const std::string meta = FamilyName(Family::kMeta);
  if (std::find(names.begin(), names.end(), meta) == names.end()) return absl::OkStatus();
  TOCSIN_ASSIGN_OR_RETURN(
      const auto reader,
      RocksdbReader::Open(db_path, {rocksdb::kDefaultColumnFamilyName, meta}, options));
  TOCSIN_ASSIGN_OR_RETURN(const auto format, reader->Get(Family::kMeta, kMetaFormat));
  return CheckFormat(format);
}

absl::StatusOr<std::unique_ptr<Store>> OpenRocksdbReader(const std::string& path) {
  const std::string db_path = path + "/db";
  if (rocksdb::Env::Default()->FileExists(db_path + "/CURRENT").IsNotFound()) {
    return absl::NotFoundError(absl::StrCat(path, " is no data directory: there is no ", db_path));
  }
  absl::StatusOr<std::unique_ptr<Store>> reader;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const std::string before = FilesFingerprint(db_path);
    reader = OpenOnce(db_path);
    // Between two states of the files records could be missing without an error.
    if (FilesFingerprint(db_path) == before) return reader;
  }
  const std::string last = reader.ok() ? "" : std::string(reader.status().message());
  return absl::UnavailableError(absl::StrCat(db_path, " keeps changing; try again. ", last));
}

}  // namespace tocsin::storage
