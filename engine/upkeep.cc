#include "engine/upkeep.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "base/status_macros.h"

namespace tocsin::engine {
namespace {

// So many bytes of records are closed earlier, except for the last minute.
constexpr uint64_t kRecordBytesMax = 256 << 20;
constexpr absl::Duration kYoung = absl::Minutes(1);
// With each step, when there is a backlog.
constexpr int kBlocksPerStep = 4;

// The end of the span that `time` lies in.
Timestamp SpanEnd(Timestamp time, absl::Duration block_span) {
  const int64_t span = absl::ToInt64Milliseconds(block_span);
  const int64_t ms = time.millis();
  const int64_t before = ms >= 0 ? ms / span : (ms - span + 1) / span;
  return Timestamp::FromMillis((before + 1) * span);
}

}  // namespace

Upkeep::Upkeep(UpkeepOptions options, storage::Store& store, storage::SampleLog& log,
               Metrics& metrics)
    : options_(options),
      log_(log),
      history_sweep_(store, options.history),
      blocks_closed_(metrics.Counter("tocsin_blocks_closed_total",
                                     "Blocks made of records of the sample log.")),
      failures_(metrics.Counter("tocsin_upkeep_failures_total",
                                "Steps of the upkeep of storage that failed; they are repeated.")),
      blocks_(metrics.Gauge("tocsin_blocks", "Blocks of recorded samples.")),
      block_bytes_(metrics.Gauge("tocsin_block_bytes", "Bytes of recorded samples in blocks.")),
      block_samples_(metrics.Gauge("tocsin_block_samples", "Recorded samples in blocks.")) {}

void Upkeep::Step(Timestamp now, absl::Duration reach) {
  CloseBlocks(now);
  Cut(now, reach);
  UpdateGauges();
}

void Upkeep::CloseBlocks(Timestamp now) {
  for (int i = 0; i < kBlocksPerStep; ++i) {
    const absl::StatusOr<bool> closed = CloseBlock(now);
    if (absl::IsCancelled(closed.status())) return;
    if (!closed.ok()) {
      failures_.Increment();
      Log(LogLevel::kWarning, "block could not be closed", {{"error", closed.status().ToString()}});
    }
    if (!closed.ok() || !*closed) return;
    blocks_closed_.Increment();
  }
}

absl::StatusOr<bool> Upkeep::CloseBlock(Timestamp now) {
  TOCSIN_ASSIGN_OR_RETURN(const std::optional<Timestamp> first, log_.FirstCommitted());
  if (!first) return false;
  if (const Timestamp end = SpanEnd(*first, options_.block_span); end <= now)
    return log_.CloseBlock(end);
  if (log_.record_bytes() >= kRecordBytesMax) return log_.CloseBlock(now - kYoung);
  return false;
}

void Upkeep::Cut(Timestamp now, absl::Duration reach) {
  const Timestamp needed = now - reach;
  absl::Status cut = log_.CutBefore(std::min(now - options_.retention, needed));
  cut.Update(log_.CutToBytes(options_.recorded_bytes_max, needed));
  if (!cut.ok()) {
    failures_.Increment();
    Log(LogLevel::kWarning, "recorded samples could not be cut", {{"error", cut.ToString()}});
  }
  if (const auto swept = history_sweep_.Step(now); !swept.ok()) {
    failures_.Increment();
    Log(LogLevel::kWarning, "history could not be cut", {{"error", swept.status().ToString()}});
  }
}

void Upkeep::UpdateGauges() {
  const std::vector<storage::Block> blocks = log_.blocks();
  uint64_t bytes = 0, samples = 0;
  for (const storage::Block& block : blocks) {
    bytes += block.bytes;
    samples += block.samples;
  }
  blocks_.Set(static_cast<double>(blocks.size()));
  block_bytes_.Set(static_cast<double>(bytes));
  block_samples_.Set(static_cast<double>(samples));
}

}  // namespace tocsin::engine
