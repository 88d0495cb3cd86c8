#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/labels.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "storage/block_index.h"
#include "storage/store.h"

namespace tocsin::storage {

// A series that appears in the log for the first time.
struct NewSeries {
  SeriesRef ref = 0;
  Labels labels;
};

// One committed batch as read back.
struct LogRecord {
  uint64_t offset = 0;
  Timestamp committed;  // when it was appended; offsets and commit times ascend together
  SampleBatch samples;
};

// Which samples to read from blocks.
struct BlockRead {
  uint64_t from_offset = 0;               // of blocks that hold a record at or behind it
  Timestamp oldest = Timestamp::Min();    // of blocks that have a sample dated from here
  Timestamp newest = Timestamp::Max();    // to here
  std::function<bool(SeriesRef)> wanted;  // null: all
};

// What the service promises to have seen: committed batches of samples in order, and the label sets
// of all series. Everything an acknowledgement promises is behind this interface; a Kafka partition
// can stand behind it later.
//
// What was committed a while ago moves from records into blocks, where samples are sorted by series
// and take a third of the room. Records and blocks follow each other without overlap: a block was
// made of the records from its first offset to its end.
//
// Offsets are contiguous and never given twice, also across restarts and retention.
//
// Thread: Append by one thread (the committer); CloseBlock and the Cut functions by one thread (may
// be another); reads by any. Errors: Unavailable (disk full or stalled: nothing of the batch was
// taken), DataLoss (a record is corrupt or missing; the message names its offset).
class SampleLog {
 public:
  virtual ~SampleLog() = default;

  // Appends samples and new series in one write; durable when it returns. Returns the offset. A
  // `committed` before the last record's (the wall clock went back) is raised to it.
  //
  // After an error the caller declares the same new series again, with the same references, in its
  // next Append: after a crash the disk may turn out to hold the refused write after all.
  virtual absl::StatusOr<uint64_t> Append(const SampleBatch& samples,
                                          const std::vector<NewSeries>& new_series,
                                          Timestamp committed) = 0;

  // As long as the result lives no record becomes a block: who reads blocks and then the records
  // behind them finds each sample once.
  virtual std::shared_lock<std::shared_mutex> HoldRecords() const = 0;
  // The first offset that is a record, not in a block; next_offset() if none.
  virtual uint64_t first_offset() const = 0;
  virtual uint64_t next_offset() const = 0;  // 0 for a new log
  // Records from `offset` on, in order, until fn returns false or the end as of the call.
  virtual absl::Status ReadFrom(uint64_t offset,
                                const std::function<bool(const LogRecord&)>& fn) const = 0;
  // The first offset, of those that are records, whose record was committed at or after `time`;
  // next_offset() if none.
  virtual absl::StatusOr<uint64_t> SeekToTime(Timestamp time) const = 0;
  // When the first record was committed; nullopt if there is none.
  virtual absl::StatusOr<std::optional<Timestamp>> FirstCommitted() const = 0;

  // The samples in blocks, block by block in the order they were committed in, in each by series
  // and time; until fn returns false. Blocks are given as a whole: samples may be older or newer
  // than was asked for.
  virtual absl::Status ReadBlocks(const BlockRead& read,
                                  const std::function<bool(const SampleBatch&)>& fn) const = 0;
  virtual std::vector<Block> blocks() const = 0;

  // All series ever declared, in order of ref.
  virtual absl::Status ReadSeries(const std::function<void(SeriesRef, Labels)>& fn) const = 0;

  // Makes a block of the records committed before `time`; false if there are none. Takes a while
  // for many: meant for the background, commits go on meanwhile.
  virtual absl::StatusOr<bool> CloseBlock(Timestamp time) = 0;
  // A CloseBlock under way ends soon, and later ones at once, with Cancelled: for the end of the
  // process. What was written of the block goes with the next open. Thread: any.
  virtual void Interrupt() = 0;
  // Drops blocks and records committed before `time`, blocks as a whole (retention). Cheap: deletes
  // ranges. Series stay.
  virtual absl::Status CutBefore(Timestamp time) = 0;
  // Drops the oldest blocks until the others take at most `bytes`, but none that has samples
  // committed at or after `keep_from`.
  virtual absl::Status CutToBytes(uint64_t bytes, Timestamp keep_from) = 0;
  // Of records appended since the last block was closed by this process.
  virtual uint64_t record_bytes() const = 0;
};

// The log in a Store (families `log`, `chunks` and `series`, meta "log_start" and "block/"):
// RocksDB in production, memory in tests. Finds the end of the log and removes what a block that
// was never finished left. Borrows the store. DataLoss if records do not decode.
absl::StatusOr<std::unique_ptr<SampleLog>> OpenSampleLog(Store& store);

// The same to read only, of a store that may refuse writes (OpenRocksdbReader): what an unfinished
// block left stays, and is not read. Functions that write must not be called.
absl::StatusOr<std::unique_ptr<SampleLog>> OpenSampleLogToRead(Store& store);

}  // namespace tocsin::storage
