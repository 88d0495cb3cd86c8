#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/label_index.h"
#include "base/labels.h"
#include "base/limits.h"
#include "base/mutex.h"
#include "base/sample.h"
#include "storage/sample_log.h"

namespace tocsin::engine {

// All series of the data directory: labels to reference and back. References count up from 1 and
// are given at first sight; the committer makes them durable with the first batch that follows
// (TakeNew).
//
// New series are counted by the sender that brought them first, so that one that floods leaves room
// for others. The counts begin anew with the process.
//
// Thread: any. Memory: the canonical labels once and about 20 bytes of tables per series.
class SeriesRegistry {
 public:
  explicit SeriesRegistry(const Limits& limits) : limits_(limits) {}

  // The reference of these labels. InvalidArgument for labels beyond their limits or without a
  // metric name, ResourceExhausted when limits.series_max is reached, or `sender` has brought
  // limits.series_per_sender_max new ones ("": nobody is counted). Known series are never refused.
  absl::StatusOr<SeriesRef> Resolve(const Labels& labels, absl::string_view sender = {});

  // Puts back what the log says. Before any Resolve; references in ascending order.
  void Restore(SeriesRef ref, Labels labels);

  // Series not yet in the log. Every reference handed out before the call is in the log or in this
  // list, so a batch taken before it may be written with it. On a failed write the list goes back.
  std::vector<storage::NewSeries> TakeNew();
  void GiveBack(std::vector<storage::NewSeries> series);

  Labels Get(SeriesRef ref) const;  // the empty set if unknown
  size_t size() const;
  // Calls fn(ref, labels) for all series; holds the lock in slices, so series added meanwhile may
  // be missed.
  template <typename Fn>
  void ForEach(Fn&& fn) const;

 private:
  struct LabelsOfRef {
    const std::deque<Labels>* labels;
    const Labels& operator()(uint32_t ref) const { return (*labels)[ref - 1]; }
  };

  absl::Status CheckLimits(const Labels& labels) const;
  // Room for one more series of that sender.
  absl::Status CountNew(absl::string_view sender) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;

  mutable Mutex mutex_;
  std::deque<Labels> labels_ ABSL_GUARDED_BY(mutex_);  // [ref - 1]
  LabelIndex<LabelsOfRef> refs_ ABSL_GUARDED_BY(mutex_){LabelsOfRef{&labels_}};
  std::vector<storage::NewSeries> new_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, uint64_t> brought_ ABSL_GUARDED_BY(mutex_);  // by sender
};

template <typename Fn>
void SeriesRegistry::ForEach(Fn&& fn) const {
  constexpr size_t kSlice = 4096;
  std::vector<Labels> slice;
  for (size_t begin = 0;; begin += kSlice) {
    slice.clear();
    {
      MutexLock lock(mutex_);
      for (size_t i = begin; i < labels_.size() && i < begin + kSlice; ++i) {
        slice.push_back(labels_[i]);
      }
    }
    if (slice.empty()) return;
    for (size_t i = 0; i < slice.size(); ++i) fn(static_cast<SeriesRef>(begin + i + 1), slice[i]);
  }
}

}  // namespace tocsin::engine
