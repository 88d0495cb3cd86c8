// How records become blocks, and blocks are read and dropped.
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/kill_point.h"
#include "base/status_macros.h"
#include "storage/block_writer.h"
#include "storage/chunk_codec.h"
#include "storage/codec.h"
#include "storage/keys.h"
#include "storage/store_sample_log.h"

namespace tocsin::storage {

// A block of records that are still there is none: the next attempt may end elsewhere.
absl::Status StoreSampleLog::RemoveUnfinishedBlock() {
  const std::string begin = ChunkPrefix(start_);
  bool any = false;
  TOCSIN_RETURN_IF_ERROR(
      store_.Scan(Family::kChunks, begin, "", [&](absl::string_view, absl::string_view) {
        any = true;
        return false;
      }));
  if (!any) return absl::OkStatus();
  WriteBatch batch;
  batch.DeleteRange(Family::kChunks, begin, std::string(begin.size(), '\xff'));
  KillPoint("log_open.before_unfinished_block_goes");
  return store_.Write(batch, Durability::kSynced);
}

absl::Status StoreSampleLog::ReadBlocks(const BlockRead& read,
                                        const std::function<bool(const SampleBatch&)>& fn) const {
  absl::Status status;
  SampleBatch samples;
  bool stopped = false;
  const auto visit = [&](absl::string_view bytes, absl::string_view value) {
    const std::optional<ChunkKey> key = ParseChunkKey(bytes);
    if (!key) {
      status = absl::DataLossError("family chunks: a key is not that of a chunk");
      return false;
    }
    if (read.wanted != nullptr && !read.wanted(key->ref)) return true;
    samples = {};
    status = DecodeChunk(value, key->ref, samples);
    if (!status.ok()) {
      status = absl::Status(status.code(), absl::StrCat("block at offset ", key->block, ", series ",
                                                        key->ref, ": ", status.message()));
      return false;
    }
    stopped = !fn(samples);
    return !stopped;
  };
  for (const Block& block : index_.List()) {
    if (block.end_offset <= read.from_offset || !block.Overlaps(read.oldest, read.newest)) continue;
    TOCSIN_RETURN_IF_ERROR(store_.Scan(Family::kChunks, ChunkPrefix(block.first_offset),
                                       ChunkPrefix(block.end_offset), visit));
    if (!status.ok() || stopped) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<Block> StoreSampleLog::WriteBlock(uint64_t end) {
  const uint64_t begin = start_;
  const auto read = [&](const std::function<bool(const LogRecord&)>& fn) -> absl::Status {
    uint64_t next = begin;
    bool stopped = false;
    TOCSIN_RETURN_IF_ERROR(ReadFrom(begin, [&](const LogRecord& record) {
      if (interrupted_ || record.offset != next || next == end) return false;
      ++next;
      stopped = !fn(record);
      return !stopped;
    }));
    if (interrupted_) return absl::CancelledError("the block was given up: the log is closing");
    return next == end || stopped ? absl::OkStatus() : MissingRecord(next);
  };
  return WriteChunks(read, begin, end, store_);
}

// The chunks are on disk already.
absl::Status StoreSampleLog::CommitBlock(const Block& block) {
  WriteBatch batch;
  BlockIndex::PutAdded(block, batch);
  batch.DeleteRange(Family::kLog, LogKey(start_), LogKey(block.end_offset));
  batch.Put(Family::kMeta, kMetaLogStart, EncodeNumber(block.end_offset));
  const std::unique_lock<std::shared_mutex> alone(hold_);
  cut_ = block.end_offset;
  const absl::Status written = store_.Write(batch, Durability::kSynced);
  KillPoint("block.after_commit");
  if (!written.ok()) {
    // It may have happened nevertheless; then the records are gone.
    const auto stored = store_.Get(Family::kMeta, kMetaLogStart);
    const bool happened =
        stored.ok() && stored->has_value() && **stored == EncodeNumber(block.end_offset);
    if (!happened) {
      cut_ = start_.load();
      return written;
    }
  }
  start_ = block.end_offset;
  index_.Add(block);
  record_bytes_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<bool> StoreSampleLog::CloseBlock(Timestamp time) {
  TOCSIN_ASSIGN_OR_RETURN(const uint64_t end, SeekToTime(time));
  if (end == start_) return false;
  TOCSIN_RETURN_IF_ERROR(RemoveUnfinishedBlock());  // of an attempt that failed
  KillPoint("block.before_chunks");
  TOCSIN_ASSIGN_OR_RETURN(const Block block, WriteBlock(end));
  KillPoint("block.before_commit");
  TOCSIN_RETURN_IF_ERROR(CommitBlock(block));
  return true;
}

// With what else is in the batch. Nothing is there twice if it has to be done again.
absl::Status StoreSampleLog::RemoveBlocks(const std::vector<Block>& blocks, WriteBatch batch) {
  for (const Block& block : blocks) BlockIndex::PutRemoved(block, batch);
  if (batch.empty()) return absl::OkStatus();
  KillPoint("log_cut.before_write");
  TOCSIN_RETURN_IF_ERROR(store_.Write(batch, Durability::kSynced));
  KillPoint("log_cut.after_write");
  if (!blocks.empty()) index_.RemoveBefore(blocks.back().end_offset);
  return absl::OkStatus();
}

// The new start is stored with the deletion: should nothing be left of the log, the next open still
// goes on after it.
absl::Status StoreSampleLog::CutBefore(Timestamp time) {
  std::vector<Block> old;
  for (const Block& block : index_.List()) {
    if (block.last_committed >= time) return RemoveBlocks(old, {});
    old.push_back(block);
  }
  TOCSIN_ASSIGN_OR_RETURN(const uint64_t keep_from, SeekToTime(time));
  WriteBatch batch;
  if (keep_from != start_) {
    batch.DeleteRange(Family::kLog, LogKey(start_), LogKey(keep_from));
    batch.Put(Family::kMeta, kMetaLogStart, EncodeNumber(keep_from));
    cut_ = keep_from;
  }
  TOCSIN_RETURN_IF_ERROR(RemoveBlocks(old, std::move(batch)));
  start_ = keep_from;
  return absl::OkStatus();
}

absl::Status StoreSampleLog::CutToBytes(uint64_t bytes, Timestamp keep_from) {
  const std::vector<Block> all = index_.List();
  uint64_t total = 0;
  for (const Block& block : all) total += block.bytes;
  std::vector<Block> old;
  for (const Block& block : all) {
    if (total <= bytes || block.last_committed >= keep_from) break;
    total -= block.bytes;
    old.push_back(block);
  }
  return RemoveBlocks(old, {});
}

}  // namespace tocsin::storage
