#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/sample.h"

namespace tocsin::storage {

// The value of one record of family `chunks`: samples of one series in order of time. FORMAT.md
// shows the bytes.
//
// Times and values are columns on their own: regular times cost next to nothing, values that are
// decimals of few digits are packed as whole numbers, others as their bits XOR those before. A
// counter or gauge of few digits takes one to two bytes a sample.
//
// Pure functions, any thread.
inline constexpr size_t kChunkSamplesMax = 1 << 16;

// Samples [begin, end) of columns where all are of one series, in order of time, no time twice;
// 1 <= end - begin <= kChunkSamplesMax. The references are not looked at.
std::string EncodeChunk(const SampleBatch& samples, size_t begin, size_t end);

// Appends what is in the chunk to `out`, with reference `ref`. Errors: DataLoss (checksum,
// malformed; then `out` is unspecified), FailedPrecondition (newer version).
absl::Status DecodeChunk(absl::string_view value, SeriesRef ref, SampleBatch& out);

}  // namespace tocsin::storage
