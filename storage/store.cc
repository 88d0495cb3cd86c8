#include "storage/store.h"

#include <utility>

#include "absl/container/flat_hash_set.h"

namespace tocsin::storage {

const char* FamilyName(Family family) {
  switch (family) {
    case Family::kLog:
      return "log";
    case Family::kSeries:
      return "series";
    case Family::kAlerts:
      return "alerts";
    case Family::kOutbox:
      return "outbox";
    case Family::kHistory:
      return "history";
    case Family::kMeta:
      return "meta";
    case Family::kChunks:
      return "chunks";
    case Family::kSilences:
      return "silences";
    case Family::kModels:
      return "models";
  }
  return "unknown";
}

absl::Status Store::BulkLoad(Family family, const Entries& entries) {
  WriteBatch batch;
  for (const auto& [key, value] : entries) batch.Put(family, key, value);
  return batch.empty() ? absl::OkStatus() : Write(batch, Durability::kSynced);
}

void WriteBatch::DropSuperseded() {
  absl::flat_hash_set<std::pair<Family, absl::string_view>> set_later;
  std::vector<bool> keep(operations_.size(), true);
  for (size_t i = operations_.size(); i-- > 0;) {
    const Operation& operation = operations_[i];
    if (operation.kind == Kind::kDeleteRange) {
      set_later.clear();  // what is before it may be inside the range
    } else {
      keep[i] = set_later.insert({operation.family, operation.key}).second;
    }
  }
  std::vector<Operation> kept;
  for (size_t i = 0; i < operations_.size(); ++i) {
    if (keep[i]) kept.push_back(std::move(operations_[i]));
  }
  operations_ = std::move(kept);
}

}  // namespace tocsin::storage
