#include "app/inspect/samples.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/chunk_codec.h"
#include "storage/codec.h"
#include "storage/keys.h"
#include "storage/log_record.h"

namespace tocsin::app::inspect {
namespace {

using storage::Block;
using storage::Family;

Json BytesASample(uint64_t bytes, uint64_t samples) {
  if (samples == 0) return "";
  return std::round(static_cast<double>(bytes) / static_cast<double>(samples) * 100) / 100;
}

void AddAll(const SampleBatch& samples, SampleTotals& all, SampleContents& contents) {
  for (size_t i = 0; i < samples.size(); ++i) {
    const Timestamp time = Timestamp::FromMillis(samples.times_ms[i]);
    const bool histogram = samples.histogram(i) != nullptr;
    all.Add(time, histogram);
    contents.by_series[samples.refs[i]].Add(time, histogram);
  }
}

Json Oldest(const SampleTotals& totals) {
  return totals.samples == 0 ? Json("") : TimeCell(totals.oldest);
}
Json Newest(const SampleTotals& totals) {
  return totals.samples == 0 ? Json("") : TimeCell(totals.newest);
}

std::vector<Json> LogRow(uint64_t offset, const storage::DecodedLogRecord& record, size_t bytes) {
  SampleTotals totals;
  for (size_t i = 0; i < record.samples.size(); ++i) {
    totals.Add(Timestamp::FromMillis(record.samples.times_ms[i]),
               record.samples.histogram(i) != nullptr);
  }
  return {offset,         TimeCell(record.committed),
          totals.samples, totals.histograms,
          Oldest(totals), Newest(totals),
          bytes,          BytesASample(bytes, totals.samples)};
}

// Of the chunks of one block.
struct Found {
  uint64_t chunks = 0;
  uint64_t samples = 0;
  bool operator==(const Found&) const = default;
};

absl::StatusOr<std::vector<Block>> RecordedBlocks(Records& records) {
  std::vector<Block> blocks;
  const std::string prefix = storage::kMetaBlockPrefix;
  const auto visit = [&](absl::string_view /*key*/, absl::string_view value) {
    state::v1::BlockRecord record;
    if (!storage::DecodeMessage(value, record).ok()) return true;  // a problem of `meta`
    blocks.push_back({record.first_offset(), record.end_offset(),
                      Timestamp::FromMillis(record.first_committed_ms()),
                      Timestamp::FromMillis(record.last_committed_ms()),
                      Timestamp::FromMillis(record.oldest_ms()),
                      Timestamp::FromMillis(record.newest_ms()), record.samples(), record.chunks(),
                      record.bytes()});
    return true;
  };
  TOCSIN_RETURN_IF_ERROR(
      records.store().Scan(Family::kMeta, prefix, storage::PrefixEnd(prefix), visit));
  return blocks;
}

}  // namespace

void SampleTotals::Add(Timestamp time, bool histogram) {
  ++samples;
  histograms += histogram ? 1 : 0;
  oldest = std::min(oldest, time);
  newest = std::max(newest, time);
}

absl::Status ReadLog(Records& records, SampleContents& contents, Section& log) {
  log.name = "log";
  log.columns = {"offset", "committed", "samples", "histograms",
                 "oldest", "newest",    "bytes",   "bytes_a_sample"};
  return records.ForEach(Family::kLog, [&](absl::string_view key, absl::string_view value) {
    const std::optional<uint64_t> offset = storage::ParseLogKey(key);
    if (!offset) return absl::DataLossError("the key is no offset");
    if (contents.last_offset && *offset != *contents.last_offset + 1) {
      records.AddProblem(absl::StrCat("log ", *offset),
                         absl::DataLossError(absl::StrCat("follows ", *contents.last_offset)));
    }
    if (!contents.first_offset) contents.first_offset = offset;
    contents.last_offset = offset;
    TOCSIN_ASSIGN_OR_RETURN(const storage::DecodedLogRecord record,
                            storage::DecodeLogRecord(value));
    if (!contents.first_committed) contents.first_committed = record.committed;
    contents.last_committed = record.committed;
    AddAll(record.samples, contents.in_log, contents);
    records.AddLastRow(log, LogRow(*offset, record, value.size()));
    return absl::OkStatus();
  });
}

absl::Status ReadBlocks(Records& records, SampleContents& contents) {
  TOCSIN_ASSIGN_OR_RETURN(contents.blocks, RecordedBlocks(records));
  std::map<uint64_t, Found> found;
  for (const Block& block : contents.blocks) found[block.first_offset];
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    const std::optional<storage::ChunkKey> chunk = storage::ParseChunkKey(key);
    if (!chunk) return absl::DataLossError("the key is none of a chunk");
    const auto block = found.find(chunk->block);
    if (block == found.end()) {
      ++contents.unfinished_chunks;
      return absl::OkStatus();
    }
    ++block->second.chunks;
    SampleBatch samples;
    TOCSIN_RETURN_IF_ERROR(storage::DecodeChunk(value, chunk->ref, samples));
    block->second.samples += samples.size();
    AddAll(samples, contents.in_blocks, contents);
    return absl::OkStatus();
  };
  TOCSIN_RETURN_IF_ERROR(records.ForEach(Family::kChunks, visit));
  for (const Block& block : contents.blocks) {
    const Found& there = found[block.first_offset];
    if (there == Found{block.chunks, block.samples}) continue;
    records.AddProblem(
        absl::StrCat("block ", block.first_offset),
        absl::DataLossError(absl::StrCat("has ", there.samples, " samples in ", there.chunks,
                                         " chunks, not ", block.samples, " in ", block.chunks)));
  }
  return absl::OkStatus();
}

Section BlocksSection(const Records& records, const SampleContents& contents) {
  Section section;
  section.name = "blocks";
  section.columns = {"first_offset", "end_offset",    "committed_from", "committed_to",
                     "oldest",       "newest",        "samples",        "chunks",
                     "bytes",        "bytes_a_sample"};
  for (const Block& block : contents.blocks) {
    records.AddLastRow(
        section,
        {block.first_offset, block.end_offset, TimeCell(block.first_committed),
         TimeCell(block.last_committed), TimeCell(block.oldest), TimeCell(block.newest),
         block.samples, block.chunks, block.bytes, BytesASample(block.bytes, block.samples)});
  }
  if (contents.unfinished_chunks > 0) {
    section.facts.emplace_back("chunks_of_unfinished_blocks", contents.unfinished_chunks);
  }
  return section;
}

absl::StatusOr<Section> SeriesSection(Records& records, const SampleContents& contents) {
  Section section;
  section.name = "series";
  section.columns = {"ref", "samples", "histograms", "oldest", "newest", "series"};
  std::map<SeriesRef, SampleTotals> unknown = contents.by_series;
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    const std::optional<SeriesRef> ref = storage::ParseSeriesKey(key);
    if (!ref) return absl::DataLossError("the key is no reference");
    unknown.erase(*ref);
    TOCSIN_ASSIGN_OR_RETURN(const Labels labels, storage::DecodeLabels(value));
    const auto found = contents.by_series.find(*ref);
    const SampleTotals totals = found == contents.by_series.end() ? SampleTotals() : found->second;
    records.AddRow(section, {*ref, totals.samples, totals.histograms, Oldest(totals),
                             Newest(totals), labels.ToString()});
    return absl::OkStatus();
  };
  TOCSIN_RETURN_IF_ERROR(records.ForEach(Family::kSeries, visit));
  for (const auto& [ref, totals] : unknown) {
    records.AddProblem(
        absl::StrCat("series ", ref),
        absl::DataLossError(absl::StrCat("has ", totals.samples, " samples and no record")));
  }
  return section;
}

}  // namespace tocsin::app::inspect
