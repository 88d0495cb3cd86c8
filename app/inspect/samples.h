#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "app/inspect/records.h"
#include "app/inspect/report.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "storage/block_index.h"

namespace tocsin::app::inspect {

// Samples as they lie there: those a series has twice count twice.
struct SampleTotals {
  uint64_t samples = 0;
  uint64_t histograms = 0;  // of these
  Timestamp oldest = Timestamp::Max();
  Timestamp newest = Timestamp::Min();

  void Add(Timestamp time, bool histogram);
};

// What families `log` and `chunks` hold, from one pass over each.
struct SampleContents {
  // Of the log's records.
  std::optional<uint64_t> first_offset, last_offset;
  std::optional<Timestamp> first_committed, last_committed;
  SampleTotals in_log;

  std::vector<storage::Block> blocks;  // as recorded
  SampleTotals in_blocks;
  uint64_t unfinished_chunks = 0;  // of no block: the next start removes them

  std::map<SeriesRef, SampleTotals> by_series;
};

// Decodes all of both families and adds to `log` a row for each of the newest records. Problems:
// offsets with gaps, blocks that do not hold what their record says.
absl::Status ReadLog(Records& records, SampleContents& contents, Section& log);
absl::Status ReadBlocks(Records& records, SampleContents& contents);

// `records` and `contents` after the above.
Section BlocksSection(const Records& records, const SampleContents& contents);
// All series with what they have; reads family `series`.
absl::StatusOr<Section> SeriesSection(Records& records, const SampleContents& contents);

}  // namespace tocsin::app::inspect
