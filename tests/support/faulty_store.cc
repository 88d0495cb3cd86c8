#include "tests/support/faulty_store.h"

#include "base/check.h"

namespace tocsin::storage {
namespace {

// A write that puts the keys of `batch` back to what `store` has now. Deletions come first in the
// undo, so that a key in both a range and a put ends with its old value.
WriteBatch MakeUndo(const Store& store, const WriteBatch& batch) {
  WriteBatch deletes;
  WriteBatch puts;
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (operation.kind == WriteBatch::Kind::kDeleteRange) {
      TOCSIN_CHECK(store
                       .Scan(operation.family, operation.key, operation.value,
                             [&](absl::string_view key, absl::string_view value) {
                               puts.Put(operation.family, std::string(key), std::string(value));
                               return true;
                             })
                       .ok());
      continue;
    }
    const auto old = store.Get(operation.family, operation.key);
    TOCSIN_CHECK(old.ok()) << old.status().ToString();
    if (*old) {
      puts.Put(operation.family, operation.key, **old);
    } else {
      deletes.Delete(operation.family, operation.key);
    }
  }
  for (const auto& put : puts.operations()) deletes.Put(put.family, put.key, put.value);
  return deletes;
}

uint64_t BytesOf(const WriteBatch& batch) {
  uint64_t bytes = 0;
  for (const auto& operation : batch.operations()) {
    bytes += operation.key.size() + operation.value.size();
  }
  return bytes;
}

absl::Status Dead() {
  return absl::UnavailableError("injected: the process is dead");
}

}  // namespace

void FaultyStore::FailWrite(uint64_t nth, Fault fault) {
  MutexLock lock(mutex_);
  faults_[writes_ + nth] = fault;
}

void FaultyStore::SetWriteBytesMax(uint64_t bytes) {
  MutexLock lock(mutex_);
  write_bytes_max_ = bytes;
}

void FaultyStore::Corrupt(Family family, const std::string& key, std::string value) {
  MutexLock lock(mutex_);
  corrupt_[{family, key}] = std::move(value);
}

void FaultyStore::Crash(size_t kept) {
  MutexLock lock(mutex_);
  TOCSIN_CHECK(kept <= undo_.size()) << "only " << undo_.size() << " writes are unsynced";
  while (undo_.size() > kept) {
    TOCSIN_CHECK(inner_.Write(undo_.back(), Durability::kSynced).ok());
    undo_.pop_back();
  }
  undo_.clear();  // what a crash left is on disk
  faults_.clear();
  write_bytes_max_ = UINT64_MAX;
  dead_ = false;
}

size_t FaultyStore::unsynced() const {
  MutexLock lock(mutex_);
  return undo_.size();
}

bool FaultyStore::dead() const {
  MutexLock lock(mutex_);
  return dead_;
}

uint64_t FaultyStore::writes() const {
  MutexLock lock(mutex_);
  return writes_;
}

absl::Status FaultyStore::Apply(const WriteBatch& batch, Durability durability) {
  WriteBatch undo = MakeUndo(inner_, batch);
  const absl::Status written = inner_.Write(batch, durability);
  if (!written.ok()) return written;
  if (durability == Durability::kSynced) {
    undo_.clear();  // one log: a synced write takes all before it along
  } else {
    undo_.push_back(std::move(undo));
  }
  return absl::OkStatus();
}

absl::Status FaultyStore::Write(const WriteBatch& batch, Durability durability) {
  MutexLock lock(mutex_);
  const auto fault = faults_.find(++writes_);
  if (dead_) return Dead();
  if (write_bytes_max_ < UINT64_MAX && BytesOf(batch) > write_bytes_max_) {
    return absl::UnavailableError("injected: no space left on device");
  }
  if (fault == faults_.end()) return Apply(batch, durability);
  dead_ = fault->second == Fault::kDies || fault->second == Fault::kDiesTorn;
  if (fault->second == Fault::kTorn || fault->second == Fault::kDiesTorn) {
    // Whether it survives a crash is open, like anything that was not synced.
    const absl::Status applied = Apply(batch, Durability::kBuffered);
    if (!applied.ok()) return applied;
  }
  return absl::UnavailableError("injected: write failed");
}

const std::string* FaultyStore::Replacement(Family family, absl::string_view key) const {
  const auto found = corrupt_.find({family, std::string(key)});
  return found == corrupt_.end() ? nullptr : &found->second;
}

absl::StatusOr<std::optional<std::string>> FaultyStore::Get(Family family,
                                                            absl::string_view key) const {
  {
    MutexLock lock(mutex_);
    if (dead_) return Dead();
    if (const std::string* value = Replacement(family, key)) {
      return std::optional<std::string>(*value);
    }
  }
  return inner_.Get(family, key);
}

absl::Status FaultyStore::Scan(Family family, absl::string_view begin, absl::string_view end,
                               const Visitor& fn) const {
  if (dead()) return Dead();
  return inner_.Scan(family, begin, end, [&](absl::string_view key, absl::string_view value) {
    std::optional<std::string> replaced;
    {
      MutexLock lock(mutex_);
      if (const std::string* other = Replacement(family, key)) replaced = *other;
    }
    return fn(key, replaced ? absl::string_view(*replaced) : value);
  });
}

}  // namespace tocsin::storage
