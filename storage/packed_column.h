#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tocsin::storage {

// A column of 64-bit integers that are alike in one of three ways: near one number, growing by
// about the same each time, or growing by steps that change little. What is left when that is taken
// off (the numbers themselves, their differences, or the differences of these, about a middle one)
// is packed in groups of 16, each in as few bits as its widest needs; a column whose groups need
// the same says so once. So one odd number widens its own group only, and regular times cost
// nothing. FORMAT.md shows the bytes. Numbers wrap around; no checksum: the record has one. Pure
// functions, any thread.

void AppendPackedColumn(std::string& out, const int64_t* numbers, size_t count);
// Takes `count` numbers off the front of `in`; false if the bytes are none.
bool TakePackedColumn(absl::string_view& in, size_t count, int64_t* numbers);

}  // namespace tocsin::storage
