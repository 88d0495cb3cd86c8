#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/rocksdb_status.h"
#include "storage/rocksdb_store.h"

namespace rocksdb {
class Cache;
class ColumnFamilyHandle;
class DB;
class Slice;
struct ColumnFamilyDescriptor;
struct DBOptions;
}  // namespace rocksdb

namespace tocsin::storage {

// What opening the database to write and opening it to read have in common. Internal to the folder;
// pure functions, any thread.

// The views live as long as the bytes.
rocksdb::Slice ToSlice(absl::string_view bytes);
absl::string_view ToView(const rocksdb::Slice& slice);

// Store::Get() and Store::Scan() of one family.
absl::StatusOr<std::optional<std::string>> GetFrom(rocksdb::DB& db,
                                                   rocksdb::ColumnFamilyHandle* handle,
                                                   Family family, absl::string_view key);
absl::Status ScanOf(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle, Family family,
                    absl::string_view begin, absl::string_view end, const Store::Visitor& fn);

rocksdb::DBOptions MakeDbOptions(const RocksdbOptions& options);
// One for each name, in that order; they share a cache of `block_cache_bytes`.
std::vector<rocksdb::ColumnFamilyDescriptor> MakeDescriptors(const std::vector<std::string>& names,
                                                             uint64_t block_cache_bytes);

}  // namespace tocsin::storage
