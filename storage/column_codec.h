#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace tocsin::storage {

// The columns inside a log record. Encoders write to a buffer with room for the stated maximum and
// return the end; decoders take their bytes off the front of `in` and return false if they are
// malformed. No checksum: the record has one. Pure functions, any thread.

// 64-bit integers as zigzag differences to the predecessor, the first one to `base`. Signed columns
// are passed by their bits. At most 1 + 10 bytes a number.
size_t IntegerColumnBytesMax(size_t count);
char* PutIntegerColumn(const uint64_t* numbers, size_t count, uint64_t base, char* out);
bool TakeIntegerColumn(absl::string_view& in, size_t count, uint64_t base, uint64_t* numbers);

// Doubles, bit for bit (any NaN). At most 1 + 8.5 bytes a number, and up to 8 bytes beyond the end
// are scratch.
size_t DoubleColumnBytesMax(size_t count);
// The fewest bytes a column of this length can have: bounds what a decoder allocates for a claimed
// count.
size_t DoubleColumnBytesMin(size_t count);
char* PutDoubleColumn(const double* values, size_t count, char* out);
bool TakeDoubleColumn(absl::string_view& in, size_t count, double* values);

}  // namespace tocsin::storage
