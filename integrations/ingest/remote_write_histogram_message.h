#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

// A native histogram of remote write as its message has it; remote_write_histogram.h makes one of
// it.
namespace tocsin::ingest {

// A repeated field of which only so many are kept; all are counted.
template <typename T>
struct Repeated {
  std::vector<T> kept;
  uint64_t sent = 0;

  void Add(T value, uint64_t max) {
    if (++sent <= max) kept.push_back(value);
  }
};

struct BucketSpan {
  int64_t offset = 0;
  uint64_t length = 0;
};

// Buckets of one sign.
struct BucketSide {
  Repeated<BucketSpan> spans;
  Repeated<int64_t> deltas;  // integer histograms
  Repeated<double> counts;   // float histograms
};

struct HistogramMessage {
  uint64_t count_int = 0;
  double count_float = 0;
  bool is_float = false;
  uint64_t zero_count_int = 0;
  double zero_count_float = 0;
  double sum = 0;
  int32_t schema = 0;
  double zero_threshold = 0;
  BucketSide positive, negative;
  Repeated<double> custom_values;
  uint64_t reset_hint = 0;
  int64_t time_ms = 0;
  int64_t start_ms = 0;  // 2.0: when it began to count; 0: not told

  // The longest of what was sent: of all buckets, the spans of a sign, or the bounds.
  uint64_t MostListed() const;
};

// Reads a message, keeping at most `max` values of each repeated field. False if it is malformed.
bool ReadHistogramMessage(absl::string_view message, uint64_t max, HistogramMessage& out);

}  // namespace tocsin::ingest
