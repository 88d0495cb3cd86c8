#include "storage/block_index.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::storage {
namespace {

state::v1::BlockRecord ToRecord(const Block& block) {
  state::v1::BlockRecord record;
  record.set_first_offset(block.first_offset);
  record.set_end_offset(block.end_offset);
  record.set_first_committed_ms(block.first_committed.millis());
  record.set_last_committed_ms(block.last_committed.millis());
  record.set_oldest_ms(block.oldest.millis());
  record.set_newest_ms(block.newest.millis());
  record.set_samples(block.samples);
  record.set_chunks(block.chunks);
  record.set_bytes(block.bytes);
  return record;
}

Block FromRecord(const state::v1::BlockRecord& record) {
  Block block;
  block.first_offset = record.first_offset();
  block.end_offset = record.end_offset();
  block.first_committed = Timestamp::FromMillis(record.first_committed_ms());
  block.last_committed = Timestamp::FromMillis(record.last_committed_ms());
  block.oldest = Timestamp::FromMillis(record.oldest_ms());
  block.newest = Timestamp::FromMillis(record.newest_ms());
  block.samples = record.samples();
  block.chunks = record.chunks();
  block.bytes = record.bytes();
  return block;
}

}  // namespace

absl::Status BlockIndex::Recover(Store& store) {
  std::vector<Block> blocks;
  absl::Status status;
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    state::v1::BlockRecord record;
    status = DecodeMessage(value, record);
    if (!status.ok()) return false;
    const Block block = FromRecord(record);
    const bool behind = blocks.empty() || block.first_offset >= blocks.back().end_offset;
    if (BlockKey(block.first_offset) != key || !behind || block.end_offset < block.first_offset) {
      status = absl::DataLossError(
          absl::StrCat("block at offset ", block.first_offset, ": not where it belongs"));
      return false;
    }
    blocks.push_back(block);
    return true;
  };
  TOCSIN_RETURN_IF_ERROR(
      store.Scan(Family::kMeta, kMetaBlockPrefix, PrefixEnd(kMetaBlockPrefix), visit));
  TOCSIN_RETURN_IF_ERROR(status);
  MutexLock lock(mutex_);
  blocks_ = std::move(blocks);
  return absl::OkStatus();
}

std::vector<Block> BlockIndex::List() const {
  MutexLock lock(mutex_);
  return blocks_;
}

void BlockIndex::PutAdded(const Block& block, WriteBatch& batch) {
  batch.Put(Family::kMeta, BlockKey(block.first_offset), EncodeMessage(ToRecord(block)));
}

void BlockIndex::PutRemoved(const Block& block, WriteBatch& batch) {
  batch.Delete(Family::kMeta, BlockKey(block.first_offset));
  batch.DeleteRange(Family::kChunks, ChunkPrefix(block.first_offset),
                    ChunkPrefix(block.end_offset));
}

void BlockIndex::Add(const Block& block) {
  MutexLock lock(mutex_);
  blocks_.push_back(block);
}

void BlockIndex::RemoveBefore(uint64_t end_offset) {
  MutexLock lock(mutex_);
  std::erase_if(blocks_, [&](const Block& block) { return block.end_offset <= end_offset; });
}

}  // namespace tocsin::storage
