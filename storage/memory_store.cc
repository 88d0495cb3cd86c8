#include "storage/memory_store.h"

namespace tocsin::storage {
namespace {

size_t IndexOf(Family family) {
  return static_cast<size_t>(family);
}

}  // namespace

MemoryStore::MemoryStore() {
  for (auto& map : maps_) map = std::make_shared<Map>();
}
MemoryStore::~MemoryStore() = default;

MemoryStore::Map& MemoryStore::Writable(Family family) {
  std::shared_ptr<Map>& map = maps_[IndexOf(family)];
  if (map.use_count() > 1) map = std::make_shared<Map>(*map);
  return *map;
}

void MemoryStore::Apply(const WriteBatch::Operation& operation) {
  Map& map = Writable(operation.family);
  switch (operation.kind) {
    case WriteBatch::Kind::kPut:
      map[operation.key] = operation.value;
      return;
    case WriteBatch::Kind::kDelete:
      map.erase(operation.key);
      return;
    case WriteBatch::Kind::kDeleteRange:
      if (operation.key < operation.value) {
        map.erase(map.lower_bound(operation.key), map.lower_bound(operation.value));
      }
      return;
  }
}

absl::Status MemoryStore::Write(const WriteBatch& batch, Durability /*durability*/) {
  MutexLock lock(mutex_);
  for (const WriteBatch::Operation& operation : batch.operations()) Apply(operation);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> MemoryStore::Get(Family family,
                                                            absl::string_view key) const {
  MutexLock lock(mutex_);
  const Map& map = *maps_[IndexOf(family)];
  const auto found = map.find(std::string(key));
  if (found == map.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

absl::Status MemoryStore::Scan(Family family, absl::string_view begin, absl::string_view end,
                               const Visitor& fn) const {
  std::shared_ptr<Map> map;
  {
    MutexLock lock(mutex_);
    map = maps_[IndexOf(family)];
  }
  const std::string end_key(end);
  for (auto it = map->lower_bound(std::string(begin)); it != map->end(); ++it) {
    if (!end_key.empty() && it->first >= end_key) break;
    if (!fn(it->first, it->second)) break;
  }
  // Under the mutex, so that a writer that finds itself the only owner has seen this reader leave.
  MutexLock lock(mutex_);
  map.reset();
  return absl::OkStatus();
}

}  // namespace tocsin::storage
