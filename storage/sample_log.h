#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/labels.h"
#include "base/sample.h"
#include "base/timestamp.h"
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

// What the service promises to have seen: committed batches of samples in order, and the label sets
// of all series. Everything an acknowledgement promises is behind this interface; a Kafka partition
// can stand behind it later.
//
// Offsets are contiguous and never given twice, also across restarts and retention.
//
// Thread: Append by one thread (the committer), CutBefore by one thread (may be another); reads by
// any. Errors: Unavailable (disk full or stalled: nothing of the batch was taken), DataLoss (a
// record is corrupt or missing; the message names its offset).
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

  // Records from `offset` on, in order, until fn returns false or the end as of the call.
  virtual absl::Status ReadFrom(uint64_t offset,
                                const std::function<bool(const LogRecord&)>& fn) const = 0;
  // The first offset whose record was committed at or after `time`; next_offset() if none.
  virtual absl::StatusOr<uint64_t> SeekToTime(Timestamp time) const = 0;
  virtual uint64_t next_offset() const = 0;  // 0 for a new log

  // All series ever declared, in order of ref.
  virtual absl::Status ReadSeries(const std::function<void(SeriesRef, Labels)>& fn) const = 0;

  // Drops records committed before `time` (retention). Cheap: deletes ranges. Series stay.
  virtual absl::Status CutBefore(Timestamp time) = 0;
};

// The log in a Store (families `log` and `series`, meta "log_start"): RocksDB in production, memory
// in tests. Finds the end of the log. Borrows the store. DataLoss if records do not decode.
absl::StatusOr<std::unique_ptr<SampleLog>> OpenSampleLog(Store& store);

}  // namespace tocsin::storage
