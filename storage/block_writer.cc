#include "storage/block_writer.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "storage/chunk_codec.h"
#include "storage/keys.h"

namespace tocsin::storage {
namespace {

constexpr uint64_t kSliceMin = 4'000'000;
constexpr uint64_t kSliceMax = 16'000'000;
constexpr uint64_t kSlices = 4;
constexpr size_t kEntriesAtOnce = 100'000;
constexpr SeriesRef kRefMax = UINT32_MAX;

// What the first reading finds out.
struct Counts {
  Block block;
  std::vector<uint32_t> of_ref;

  // False: these cannot be ours.
  bool Add(const LogRecord& record) {
    const SampleBatch& samples = record.samples;
    if (record.offset == block.first_offset) block.first_committed = record.committed;
    block.last_committed = record.committed;
    for (size_t i = 0; i < samples.size(); ++i) {
      const SeriesRef ref = samples.refs[i];
      if (ref > kRefMax) return false;
      if (ref >= of_ref.size()) of_ref.resize(ref + 1 + ref / 8);
      ++of_ref[ref];
      const Timestamp time = Timestamp::FromMillis(samples.times_ms[i]);
      block.oldest = block.samples == 0 ? time : std::min(block.oldest, time);
      block.newest = block.samples == 0 ? time : std::max(block.newest, time);
      ++block.samples;
    }
    return true;
  }
};

// The samples of series [begin, end), each series' together.
class Slice {
 public:
  Slice(const Counts& counts, SeriesRef begin, SeriesRef end) : begin_(begin) {
    size_t at = 0;
    for (SeriesRef ref = begin; ref < end; ++ref) {
      next_.push_back(at);
      at += counts.of_ref[ref];
    }
    starts_ = next_;
    starts_.push_back(at);
    samples_.times_ms.resize(at);
    samples_.values.resize(at);
  }

  void Add(const SampleBatch& samples) {
    for (size_t i = 0; i < samples.size(); ++i) {
      const SeriesRef number = samples.refs[i] - begin_;
      if (number >= next_.size()) continue;
      const size_t at = next_[number]++;
      samples_.times_ms[at] = samples.times_ms[i];
      // A mark without a histogram is an ordinary NaN of an old log.
      const bool histogram = samples.histogram(i) != nullptr;
      const bool bare_mark = !histogram && IsHistogramMark(samples.values[i]);
      samples_.values[at] =
          bare_mark ? std::numeric_limits<double>::quiet_NaN() : samples.values[i];
      if (histogram) samples_.SetHistogram(at, samples.histograms[i]);
    }
  }

  size_t series() const { return next_.size(); }
  // Puts the samples of a series into order of time, one of each time. Where they are then.
  std::pair<size_t, size_t> Settle(size_t number) {
    const size_t begin = starts_[number], end = next_[number];
    const auto times = samples_.times_ms.begin();
    const auto later_or_equal = [](int64_t a, int64_t b) { return a >= b; };
    const bool in_order = std::adjacent_find(times + static_cast<ptrdiff_t>(begin),
                                             times + static_cast<ptrdiff_t>(end),
                                             later_or_equal) == times + static_cast<ptrdiff_t>(end);
    return {begin, in_order ? end : Sort(begin, end)};
  }
  size_t given(size_t number) const { return next_[number] - starts_[number]; }
  SeriesRef ref(size_t number) const { return begin_ + number; }
  const SampleBatch& samples() const { return samples_; }

 private:
  // Returns the end of what is left.
  size_t Sort(size_t begin, size_t end) {
    std::vector<size_t> order(end - begin);
    std::iota(order.begin(), order.end(), begin);
    const std::vector<int64_t>& times = samples_.times_ms;
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return times[a] < times[b]; });
    const auto same = [&](size_t a, size_t b) { return times[a] == times[b]; };
    order.erase(std::unique(order.begin(), order.end(), same), order.end());
    SampleBatch sorted;
    for (size_t i : order) {
      if (samples_.histogram(i) != nullptr) {
        sorted.Add(0, times[i], samples_.histograms[i]);
      } else {
        sorted.Add(0, times[i], samples_.values[i]);
      }
    }
    for (size_t i = 0; i < sorted.size(); ++i) {
      samples_.times_ms[begin + i] = sorted.times_ms[i];
      samples_.values[begin + i] = sorted.values[i];
      const bool histogram = sorted.histogram(i) != nullptr;
      if (histogram || begin + i < samples_.histograms.size()) {
        samples_.SetHistogram(begin + i, histogram ? sorted.histograms[i] : nullptr);
      }
    }
    return begin + sorted.size();
  }

  const SeriesRef begin_;
  std::vector<size_t> starts_;  // by series; then the end
  std::vector<size_t> next_;    // where a series' next sample goes
  SampleBatch samples_;         // without references
};

absl::Status WriteSlice(Slice& slice, Block& block, Store& store) {
  Store::Entries entries;
  const auto write = [&] {
    const absl::Status written = store.BulkLoad(Family::kChunks, entries);
    entries.clear();
    return written;
  };
  for (size_t number = 0; number < slice.series(); ++number) {
    const auto [begin, end] = slice.Settle(number);
    block.samples -= slice.given(number) - (end - begin);
    uint16_t part = 0;
    for (size_t from = begin; from < end; ++part) {
      const size_t to = std::min(end, from + kChunkSamplesMax);
      entries.emplace_back(EncodeChunkKey({block.first_offset, slice.ref(number), part}),
                           EncodeChunk(slice.samples(), from, to));
      block.bytes += entries.back().first.size() + entries.back().second.size();
      ++block.chunks;
      from = to;
    }
    if (entries.size() >= kEntriesAtOnce) TOCSIN_RETURN_IF_ERROR(write());
  }
  return write();
}

// Up to which series a slice that begins at `begin` goes.
SeriesRef SliceEnd(const Counts& counts, SeriesRef begin) {
  const uint64_t most = std::clamp(counts.block.samples / kSlices, kSliceMin, kSliceMax);
  uint64_t samples = counts.of_ref[begin];
  SeriesRef end = begin + 1;
  while (end < counts.of_ref.size() && samples + counts.of_ref[end] <= most) {
    samples += counts.of_ref[end++];
  }
  return end;
}

}  // namespace

absl::StatusOr<Block> WriteChunks(const ReadRecords& read, uint64_t first_offset,
                                  uint64_t end_offset, Store& store) {
  Counts counts;
  counts.block.first_offset = first_offset;
  counts.block.end_offset = end_offset;
  bool sound = true;
  TOCSIN_RETURN_IF_ERROR(read([&](const LogRecord& record) {
    sound = counts.Add(record);
    return sound;
  }));
  if (!sound) return absl::DataLossError("log: a reference to a series is out of range");
  for (SeriesRef begin = 0; begin < counts.of_ref.size();) {
    const SeriesRef end = SliceEnd(counts, begin);
    Slice slice(counts, begin, end);
    TOCSIN_RETURN_IF_ERROR(read([&](const LogRecord& record) {
      slice.Add(record.samples);
      return true;
    }));
    TOCSIN_RETURN_IF_ERROR(WriteSlice(slice, counts.block, store));
    begin = end;
  }
  return counts.block;
}

}  // namespace tocsin::storage
