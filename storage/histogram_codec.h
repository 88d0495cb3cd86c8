#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "base/native_histogram.h"

namespace tocsin::storage {

// A native histogram inside a log record; FORMAT.md shows the bytes. Buckets are runs of
// neighbouring numbers; counts are differences to the one before where all are integers, as they
// are in what is measured. The histogram comes back as it was, listed empty buckets included. No
// checksum: the record has one. Pure functions, any thread.

// Of a histogram that Validate() takes.
void AppendHistogram(std::string& out, const NativeHistogram& histogram);

// Takes one off the front of `in`; null if the bytes are none. Keeps no more memory than 16 times
// what is in `in`, and takes three times that while it reads.
HistogramPtr TakeHistogram(absl::string_view& in);

}  // namespace tocsin::storage
