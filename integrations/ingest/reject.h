#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tocsin::ingest {

// Why a sample was not taken. The word is the metric's label and part of the answer.
enum class RejectReason {
  kDeltaTemporality,
  kDeltaOutOfOrder,
  kDeltaOverlap,
  kDeltaLimit,
  kUnknownTemporality,
  kInvalidName,
  kInvalidLabel,
  kDuplicateLabel,
  kInvalidUtf8,
  kNoValue,
  kHistogramScale,
  kBucketLimit,
  kInvalidHistogram,
  kTooNew,
  kTooOld,
  kLabelLimit,
  kSeriesLimit,
  kSampleLimit,
  kUnknownReference,
};
inline constexpr size_t kRejectReasons = 19;

const char* RejectReasonName(RejectReason reason);

// The reason for which SampleSink::Resolve() refused a series. Only for InvalidArgument and
// ResourceExhausted.
RejectReason ReasonOfResolve(const absl::Status& status);

// What one request had rejected: a count per reason, and what was wrong with the first sample of
// each.
class RejectTally {
 public:
  // `detail` says in a sentence what is wrong; kept for the first sample of a reason, cut at 200
  // bytes.
  void Add(RejectReason reason, uint64_t samples, absl::string_view detail);

  // One sample; `detail` makes the sentence, and is only called for the first sample of a reason.
  template <typename MakeDetail>
  void AddOne(RejectReason reason, MakeDetail detail) {
    if (count(reason) == 0) {
      Add(reason, 1, detail());
    } else {
      Add(reason, 1, {});
    }
  }

  uint64_t total() const { return total_; }
  uint64_t count(RejectReason reason) const { return counts_[static_cast<size_t>(reason)]; }

  // "2 too_old: sample at .. ; 1 histogram: .."; "" if nothing was rejected.
  std::string Describe() const;

 private:
  uint64_t total_ = 0;
  std::array<uint64_t, kRejectReasons> counts_{};
  std::array<std::string, kRejectReasons> details_;
};

}  // namespace tocsin::ingest
