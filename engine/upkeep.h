#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "base/metrics.h"
#include "base/timestamp.h"
#include "storage/history_sweep.h"
#include "storage/sample_log.h"
#include "storage/store.h"

namespace tocsin::engine {

struct UpkeepOptions {
  absl::Duration retention = absl::Hours(48);       // of recorded samples
  uint64_t recorded_bytes_max = uint64_t{1} << 40;  // of blocks; the oldest go first
  absl::Duration history = absl::Hours(24 * 7);     // of transitions
  // What is recorded in so much of the commit clock becomes a block. Long enough for chunks that
  // compress well at usual intervals; short enough that what a start reads sample by sample is
  // little.
  absl::Duration block_span = absl::Minutes(30);
};

// What storage needs now and then: records that are old enough become blocks, what is older than
// its retention goes. None of it is ever needed at once: what fails is told and tried again with
// the next step.
//
// Thread: one at a time. Borrows the store and the log.
class Upkeep {
 public:
  Upkeep(UpkeepOptions options, storage::Store& store, storage::SampleLog& log, Metrics& metrics);

  // Spans of the commit clock become blocks once they are over, what came at a high rate
  // earlier. `reach`: how far back windows look; so much stays whatever the options say.
  void Step(Timestamp now, absl::Duration reach);

 private:
  void CloseBlocks(Timestamp now);
  absl::StatusOr<bool> CloseBlock(Timestamp now);
  void Cut(Timestamp now, absl::Duration reach);
  void UpdateGauges();

  const UpkeepOptions options_;
  storage::SampleLog& log_;
  storage::HistorySweep history_sweep_;
  prometheus::Counter& blocks_closed_;
  prometheus::Counter& failures_;
  prometheus::Gauge& blocks_;
  prometheus::Gauge& block_bytes_;
  prometheus::Gauge& block_samples_;
};

}  // namespace tocsin::engine
