#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/sample.h"
#include "engine/stepped_engine.h"
#include "tests/sim/traffic.h"
#include "tests/support/naive/storage.h"

namespace tocsin::simulation {

// What was acknowledged, in order: the samples that must never be missing again.
//
// Beside them may stand one of the batches whose write failed since then, or was said to: the
// senders were told to try again, and after a crash the disk decides whether it is there.
class Committed {
 public:
  using Batch = std::vector<Point>;

  // A batch was acknowledged.
  void Add(Batch batch);
  // A write of samples failed with these in it.
  void Doubt(Batch batch) { doubtful_.push_back(std::move(batch)); }

  // Compares with the log of a process that has just started, and takes over a doubtful batch that
  // is in it. Empty, or what is wrong.
  std::string CompareWith(const engine::SteppedEngine& engine);

  // Gives `storage` all of it that is dated after `after_ms`, in the order of commits.
  void Load(int64_t after_ms, naive::Storage& storage) const;

  size_t batches() const { return batches_.size(); }

 private:
  std::string CompareBlocks(const engine::SteppedEngine& engine) const;
  std::vector<Batch> batches_;
  std::vector<Batch> doubtful_;  // all for the same place in the log
};

// Samples with the labels of their series.
Committed::Batch WithLabels(const SampleBatch& samples, const engine::SeriesRegistry& registry);

}  // namespace tocsin::simulation
