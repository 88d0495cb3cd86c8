#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "storage/block_index.h"
#include "storage/sample_log.h"
#include "storage/store.h"

namespace tocsin::storage {

// Reads the same records of the log, in order, each time it is called; returns what the reading
// said.
using ReadRecords = std::function<absl::Status(const std::function<bool(const LogRecord&)>&)>;

// Sorts the samples of these records by series and time and writes them as chunks. Of two samples
// of a series at one time the one that came first stays, as in windows. The result describes what
// was written; it becomes a block by BlockIndex.
//
// Goes over the records once to count and then once for each slice of the series, so memory is
// about 16 bytes for each sample of a slice: a quarter of all, at least four million and at most
// sixteen.
//
// Errors: of the reading and the store; what was written by then is harmless and is written again.
absl::StatusOr<Block> WriteChunks(const ReadRecords& read, uint64_t first_offset,
                                  uint64_t end_offset, Store& store);

}  // namespace tocsin::storage
