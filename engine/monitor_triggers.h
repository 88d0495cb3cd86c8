#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/labels.h"
#include "engine/query/query_engine.h"
#include "engine/query/series_table.h"

namespace tocsin::engine {

// Which monitors a sample concerns. Coarse on purpose: by metric name (monitors whose selectors
// name no metric concern every series), so that a sample costs one array access; an evaluation too
// many is cheap, one too few is wrong.
//
// Thread: one at a time.
class MonitorTriggers {
 public:
  // Monitor numbers are the caller's.
  void Watch(uint32_t monitor, const std::vector<SelectorNeed>& needs);
  // Call when a slot is added, or given to another series; slots are dense.
  void SeriesAdded(SeriesTable::Slot slot, const Labels& labels);
  // The series of these slots are gone. Metrics that no monitor names and no series has are
  // forgotten.
  void SeriesRemoved(const std::vector<SeriesTable::Slot>& slots);
  // A sample of this slot was applied.
  void Touch(SeriesTable::Slot slot) { touched_[class_of_slot_[slot]] = true; }
  // The monitors touched since the last call, each once.
  std::vector<uint32_t> TakeTouched();

 private:
  // The series of one metric.
  struct Class {
    std::string metric;
    std::vector<uint32_t> monitors;
    size_t series = 0;
  };
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t ClassOf(const std::string& metric);
  void Leave(SeriesTable::Slot slot);

  absl::flat_hash_map<std::string, uint32_t> class_of_metric_;
  std::vector<Class> classes_;
  std::vector<char> touched_;  // per class
  std::vector<uint32_t> free_classes_;
  std::vector<uint32_t> watches_all_;
  std::vector<uint32_t> class_of_slot_;
};

}  // namespace tocsin::engine
