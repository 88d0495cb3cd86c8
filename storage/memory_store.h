#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "storage/store.h"

namespace tocsin::storage {

// A Store without a disk: for tests, simulation, replay and `tocsin test`. What is written stays as
// long as the object; both durabilities are the same.
//
// Thread: any. A scan holds on to the maps it reads; a write meanwhile copies them.
class MemoryStore : public Store {
 public:
  MemoryStore();
  ~MemoryStore() override;

  absl::Status Write(const WriteBatch& batch, Durability durability) override;
  absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                 absl::string_view key) const override;
  absl::Status Scan(Family family, absl::string_view begin, absl::string_view end,
                    const Visitor& fn) const override;

 private:
  using Map = std::map<std::string, std::string, std::less<>>;
  static constexpr size_t kFamilies = std::size(kAllFamilies);

  Map& Writable(Family family) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(const WriteBatch::Operation& operation) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Guarded by mutex_. A map that a scan holds as well is never changed.
  mutable Mutex mutex_;
  std::array<std::shared_ptr<Map>, kFamilies> maps_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::storage
