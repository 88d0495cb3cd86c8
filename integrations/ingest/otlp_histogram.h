#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/native_histogram.h"
#include "integrations/ingest/otlp_point.h"
#include "integrations/ingest/reject.h"

namespace tocsin::ingest {

// An exponential histogram as Prometheus' OTLP receiver makes it a native one: the scale becomes
// the schema (a finer one than 8 is made 8, buckets joined), bucket i of OTLP, whose lower bound is
// base^i, is bucket i + 1, empty buckets are left out, a missing sum is 0. We take the zero
// threshold that was sent, where Prometheus always takes its default, and the default if it is 0.
struct NativeResult {
  HistogramPtr histogram;  // null: not to be had, for this reason
  // nullopt, and no histogram: the bytes are no message.
  std::optional<RejectReason> reason;
  std::string detail;
};

// Refused: a scale below -4, more than `buckets_max` buckets sent, counts that do not add up,
// buckets beyond all numbers. Pure, any thread; takes memory for populated buckets alone.
NativeResult NativeFromExponential(const ExponentialPoint& point, uint64_t buckets_max);

}  // namespace tocsin::ingest
