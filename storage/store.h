#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tocsin::storage {

// The column families of the one database. Numbers are for code only; the names on disk are in
// FORMAT.md.
enum class Family { kLog, kSeries, kAlerts, kOutbox, kHistory, kMeta, kChunks, kSilences, kModels };
inline constexpr Family kAllFamilies[] = {Family::kLog,    Family::kSeries,   Family::kAlerts,
                                          Family::kOutbox, Family::kHistory,  Family::kMeta,
                                          Family::kChunks, Family::kSilences, Family::kModels};
const char* FamilyName(Family family);

// Changes that become visible and durable together, or not at all. Applied in order.
class WriteBatch {
 public:
  enum class Kind { kPut, kDelete, kDeleteRange };
  struct Operation {
    Kind kind;
    Family family;
    std::string key;
    std::string value;  // kDeleteRange: the end of the range, exclusive
  };
  void Put(Family family, std::string key, std::string value) {
    operations_.push_back({Kind::kPut, family, std::move(key), std::move(value)});
  }
  void Delete(Family family, std::string key) {
    operations_.push_back({Kind::kDelete, family, std::move(key), {}});
  }
  void DeleteRange(Family family, std::string begin, std::string end) {
    operations_.push_back({Kind::kDeleteRange, family, std::move(begin), std::move(end)});
  }
  bool empty() const { return operations_.empty(); }
  size_t size() const { return operations_.size(); }
  const std::vector<Operation>& operations() const { return operations_; }
  void Clear() { operations_.clear(); }
  // Leaves out puts and deletions of keys that a later put or deletion sets anyway. Range deletions
  // keep their place.
  void DropSuperseded();

 private:
  std::vector<Operation> operations_;
};

enum class Durability {
  kSynced,    // on disk when Write returns
  kBuffered,  // survives a crash of the process, not of the machine, until a later synced write
};

// An ordered key-value database with column families. One contract, two backs: RocksDB and memory
// (tests and simulation); tests/storage runs the same suite on both.
//
// Thread: any. Errors: Unavailable (disk full, write stall: try again), DataLoss (checksum,
// corruption), FailedPrecondition (closed, or a format that is newer than this program).
class Store {
 public:
  virtual ~Store() = default;

  virtual absl::Status Write(const WriteBatch& batch, Durability durability) = 0;
  // Puts in many entries, in ascending order of key, at once; on disk when it returns. For much
  // data that can be made again: it goes around the write-ahead log where that saves writing it
  // twice, so it is durable by itself, before writes that were only buffered. Nothing is there yet
  // between the first key and the last. On error some of them may be there.
  using Entries = std::vector<std::pair<std::string, std::string>>;
  virtual absl::Status BulkLoad(Family family, const Entries& entries);
  virtual absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                         absl::string_view key) const = 0;
  // Calls fn(key, value) in order of key for begin <= key < end (end "" = no end), until fn returns
  // false. Sees one consistent snapshot. The views are valid during the call only.
  using Visitor = std::function<bool(absl::string_view key, absl::string_view value)>;
  virtual absl::Status Scan(Family family, absl::string_view begin, absl::string_view end,
                            const Visitor& fn) const = 0;
};

}  // namespace tocsin::storage
