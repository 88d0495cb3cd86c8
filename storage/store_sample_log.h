#pragma once

#include <atomic>
#include <cstdint>
#include <shared_mutex>

#include "base/mutex.h"
#include "storage/block_index.h"
#include "storage/sample_log.h"

namespace tocsin::storage {

// Offsets kept are start_ .. next_ - 1, without gaps. That is what makes searching cheap: a time is
// found by halving the range of offsets, and the end of the log, at open, by doubling and halving
// steps.
class StoreSampleLog : public SampleLog {
 public:
  explicit StoreSampleLog(Store& store) : store_(store) {}

  // Writes nothing if `read_only`.
  absl::Status Recover(bool read_only);

  absl::StatusOr<uint64_t> Append(const SampleBatch& samples,
                                  const std::vector<NewSeries>& new_series,
                                  Timestamp committed) override;
  std::shared_lock<std::shared_mutex> HoldRecords() const override {
    return std::shared_lock(hold_);
  }
  uint64_t first_offset() const override { return start_; }
  uint64_t next_offset() const override { return next_; }
  absl::Status ReadFrom(uint64_t offset,
                        const std::function<bool(const LogRecord&)>& fn) const override;
  absl::StatusOr<uint64_t> SeekToTime(Timestamp time) const override;
  absl::StatusOr<std::optional<Timestamp>> FirstCommitted() const override;
  absl::Status ReadBlocks(const BlockRead& read,
                          const std::function<bool(const SampleBatch&)>& fn) const override;
  std::vector<Block> blocks() const override { return index_.List(); }
  absl::Status ReadSeries(const std::function<void(SeriesRef, Labels)>& fn) const override;
  absl::StatusOr<bool> CloseBlock(Timestamp time) override;
  void Interrupt() override { interrupted_ = true; }
  absl::Status CutBefore(Timestamp time) override;
  absl::Status CutToBytes(uint64_t bytes, Timestamp keep_from) override;
  uint64_t record_bytes() const override { return record_bytes_; }

 private:
  absl::Status RemoveUnfinishedBlock();
  absl::StatusOr<Block> WriteBlock(uint64_t end);
  absl::Status CommitBlock(const Block& block);
  absl::Status RemoveBlocks(const std::vector<Block>& blocks, WriteBatch batch);
  absl::StatusOr<bool> AnyFrom(uint64_t offset) const;
  absl::StatusOr<uint64_t> FindEnd(uint64_t start) const;
  absl::StatusOr<std::optional<Timestamp>> CommitTime(uint64_t offset) const;
  absl::StatusOr<bool> CommittedBefore(uint64_t offset, Timestamp time) const;

  // Constant after construction.
  Store& store_;

  // Written by the committer, read by any.
  std::atomic<uint64_t> next_ = 0;
  // Written by who cuts, read by any. Records before cut_ may be gone at any moment, those before
  // start_ are.
  std::atomic<uint64_t> start_ = 0;
  std::atomic<uint64_t> cut_ = 0;

  std::atomic<uint64_t> record_bytes_ = 0;
  std::atomic<bool> interrupted_ = false;
  BlockIndex index_;
  // Shared by who reads blocks and then records; held alone while records become a block.
  mutable std::shared_mutex hold_;

  // The committer's own.
  Timestamp last_committed_ = Timestamp::Min();
};

// For offsets whose record should be there.
absl::Status MissingRecord(uint64_t offset);

}  // namespace tocsin::storage
