#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "base/limits.h"
#include "base/mutex.h"
#include "base/native_histogram.h"
#include "base/timestamp.h"

namespace tocsin::ingest {

// What was counted in (start, end]; in nanoseconds since the epoch.
struct DeltaInterval {
  uint64_t start_ns = 0;  // 0: not said
  uint64_t end_ns = 0;
};

enum class DeltaVerdict {
  kCounted,
  kRepeated,    // the newest interval once more: counted already, its samples may be written again
  kOutOfOrder,  // ends before or where the newest did: not counted
  kOverlaps,    // begins before the newest ended, so it may hold what is counted: not counted
  kFull,        // no room for another stream: not counted
};

// A count as it stands at the two ends of its newest interval.
template <typename Value>
struct DeltaTotal {
  DeltaVerdict verdict = DeltaVerdict::kCounted;
  Value before{};
  Value total{};
  // No sample says what the count was at the interval's start: it is the first one, or what was
  // between the newest and this one is not known (`gap`).
  bool start_is_new = false;
  bool gap = false;
};

// Deltas added up to the cumulative counts that PromQL expects, by series.
//
// Intervals of a series have to come in order. Time between two of them in which nothing was told
// counts as nothing, since a sender leaves out what did not change.
//
// What is counted lives in memory only. After a restart a series begins anew at 0, an ordinary
// counter reset that rate() and increase() see by the sample of 0 at the first interval's start:
// nothing is lost or counted twice, as long as the sender does not repeat what it sent before. To
// read the last value back would cost a search of the log per series, and would not help gauges,
// whose deltas are refused.
//
// Thread: any. Limits: `streams_max` series of numbers, `histogram_bytes_max` of histograms; room
// is made by forgetting those that told nothing for `idle`, at most once a minute.
struct DeltaLimits {
  size_t streams_max = 0;
  size_t histogram_bytes_max = 0;
  int64_t idle_ms = 0;
  uint64_t buckets_max = 0;  // of a counted histogram; beyond it the resolution is halved
};

class DeltaStreams {
 public:
  explicit DeltaStreams(const DeltaLimits& limits) : limits_(limits) {}

  DeltaTotal<double> Add(absl::uint128 key, const DeltaInterval& interval, double value,
                         Timestamp now);
  DeltaTotal<HistogramPtr> Add(absl::uint128 key, const DeltaInterval& interval,
                               const HistogramPtr& value, Timestamp now);

  size_t streams() const;

 private:
  template <typename Value>
  struct Stream {
    DeltaInterval newest;
    Value before{};
    Value total{};
  };
  struct Identity {  // keys are hashes already
    size_t operator()(absl::uint128 key) const { return absl::Uint128Low64(key); }
  };
  template <typename Value>
  using Map = absl::flat_hash_map<absl::uint128, Stream<Value>, Identity>;

  void ForgetIdle(Timestamp now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  const DeltaLimits limits_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  Map<double> numbers_ ABSL_GUARDED_BY(mutex_);
  Map<HistogramPtr> histograms_ ABSL_GUARDED_BY(mutex_);
  size_t histogram_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t forgot_ms_ ABSL_GUARDED_BY(mutex_) = INT64_MIN;
};

// An empty histogram of the same kind: what a count was when it began.
HistogramPtr EmptyLike(const NativeHistogram& histogram);

}  // namespace tocsin::ingest
