#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "base/native_histogram.h"
#include "integrations/ingest/reject.h"

namespace tocsin::ingest {

// A native histogram of remote write 1.0 or 2.0, whose messages are the same on the wire.
struct SentHistogram {
  bool malformed = false;  // the bytes are no message; nothing else is set
  int64_t time_ms = 0;
  int64_t start_ms = 0;                // 2.0: when it began to count; 0: not told
  bool stale = false;                  // the series ended here: there is no histogram
  HistogramPtr histogram;              // null: stale or refused
  std::optional<RejectReason> reason;  // why it is refused
  std::string detail;
};

// Integer and float histograms, with exponential schemas from -4 (those finer than 8 are made 8,
// buckets joined) and custom buckets.
//
// Refused: other schemas; more than `buckets_max` buckets, spans or bounds; spans and counts that
// differ in number; integer counts that do not add up; what base::Validate() calls broken. Of float
// histograms the sum of counts is not compared, since it was rounded on the way.
//
// Pure, any thread; takes memory for at most `buckets_max` buckets.
SentHistogram ReadSentHistogram(absl::string_view message, uint64_t buckets_max);

}  // namespace tocsin::ingest
