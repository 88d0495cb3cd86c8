#include "storage/column_codec.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "storage/codec.h"

namespace tocsin::storage {
namespace {

static_assert(std::endian::native == std::endian::little, "columns are copied as little-endian");

// First byte of an integer column.
enum class IntegerMode : char {
  kRuns = 0,    // pairs: difference, how many more times it follows
  kDeltas = 1,  // one difference a number
};

// First byte of a double column: what a value is XORed with before its zero bytes are dropped.
enum class DoubleMode : char {
  kPlain = 0,     // nothing: small integers and round fractions have many zero bytes
  kPrevious = 1,  // the value before: equal or close neighbours
};

inline char* PutVarint(uint64_t value, char* out) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}

size_t CountRuns(const uint64_t* numbers, size_t count, uint64_t base) {
  size_t runs = 0;
  uint64_t previous = base;
  uint64_t run_delta = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t delta = numbers[i] - previous;
    runs += (i == 0 || delta != run_delta) ? 1 : 0;
    run_delta = delta;
    previous = numbers[i];
  }
  return runs;
}

char* PutRuns(const uint64_t* numbers, size_t count, uint64_t base, char* out) {
  uint64_t previous = base;
  for (size_t i = 0; i < count;) {
    const uint64_t delta = numbers[i] - previous;
    size_t end = i + 1;
    while (end < count && numbers[end] - numbers[end - 1] == delta) ++end;
    out = PutVarint(ZigZag(delta), out);
    out = PutVarint(end - i - 1, out);
    previous = numbers[end - 1];
    i = end;
  }
  return out;
}

char* PutDeltas(const uint64_t* numbers, size_t count, uint64_t base, char* out) {
  uint64_t previous = base;
  for (size_t i = 0; i < count; ++i) {
    out = PutVarint(ZigZag(numbers[i] - previous), out);
    previous = numbers[i];
  }
  return out;
}

bool TakeRuns(absl::string_view& in, size_t count, uint64_t number, uint64_t* numbers) {
  for (size_t i = 0; i < count;) {
    uint64_t coded = 0;
    uint64_t more = 0;
    if (!TakeVarint(in, coded) || !TakeVarint(in, more) || more >= count - i) return false;
    const uint64_t delta = UnZigZag(coded);
    for (const size_t end = i + more + 1; i < end; ++i) numbers[i] = number += delta;
  }
  return true;
}

bool TakeDeltas(absl::string_view& in, size_t count, uint64_t number, uint64_t* numbers) {
  for (size_t i = 0; i < count; ++i) {
    uint64_t coded = 0;
    if (!TakeVarint(in, coded)) return false;
    numbers[i] = number += UnZigZag(coded);
  }
  return true;
}

// How the bytes of a 64-bit word are kept: trailing zero bytes go, and so does a zero top byte.
// Four bits say it all: code 0..8: that many top bytes; code 9..15: code - 8 bytes below a zero top
// byte.
struct Trimmed {
  unsigned code;
  unsigned bytes;
  unsigned shift;  // bits below the kept bytes
};

inline Trimmed Trim(uint64_t word) {
  if (word == 0) return {0, 0, 0};
  const unsigned low_zeros = static_cast<unsigned>(std::countr_zero(word)) / 8;
  const unsigned top_zero = (word >> 56) == 0 ? 1 : 0;
  const unsigned bytes = 8 - low_zeros - top_zero;
  return {bytes + 8 * top_zero, bytes, 8 * low_zeros};
}

// Looks at some values spread over the column: measuring all would cost as much as encoding.
DoubleMode ChooseMode(const double* values, size_t count) {
  const size_t step = std::max<size_t>(1, count / 64);
  size_t plain = 0;
  size_t previous = 0;
  for (size_t i = 1; i < count; i += step) {
    const auto bits = std::bit_cast<uint64_t>(values[i]);
    plain += Trim(bits).bytes;
    previous += Trim(bits ^ std::bit_cast<uint64_t>(values[i - 1])).bytes;
  }
  return previous < plain ? DoubleMode::kPrevious : DoubleMode::kPlain;
}

uint64_t LoadBytes(absl::string_view in, unsigned bytes) {
  uint64_t word = 0;
  if (in.size() >= sizeof(word)) [[likely]] {
    std::memcpy(&word, in.data(), sizeof(word));
    return bytes == 8 ? word : word & ((uint64_t{1} << (8 * bytes)) - 1);
  }
  std::memcpy(&word, in.data(), bytes);
  return word;
}

}  // namespace

size_t IntegerColumnBytesMax(size_t count) {
  return 1 + kVarintBytesMax * count;
}

char* PutIntegerColumn(const uint64_t* numbers, size_t count, uint64_t base, char* out) {
  // A run costs two varints, so runs never exceed the maximum when there are at most half as many.
  if (CountRuns(numbers, count, base) * 2 <= count) {
    *out++ = static_cast<char>(IntegerMode::kRuns);
    return PutRuns(numbers, count, base, out);
  }
  *out++ = static_cast<char>(IntegerMode::kDeltas);
  return PutDeltas(numbers, count, base, out);
}

bool TakeIntegerColumn(absl::string_view& in, size_t count, uint64_t base, uint64_t* numbers) {
  if (in.empty()) return false;
  const char mode = in.front();
  in.remove_prefix(1);
  switch (static_cast<IntegerMode>(mode)) {
    case IntegerMode::kRuns:
      return TakeRuns(in, count, base, numbers);
    case IntegerMode::kDeltas:
      return TakeDeltas(in, count, base, numbers);
  }
  return false;
}

size_t DoubleColumnBytesMin(size_t count) {
  return 1 + count / 2 + count % 2;
}
size_t DoubleColumnBytesMax(size_t count) {
  return DoubleColumnBytesMin(count) + 8 * count;
}

char* PutDoubleColumn(const double* values, size_t count, char* out) {
  const DoubleMode mode = ChooseMode(values, count);
  const uint64_t keep_previous = mode == DoubleMode::kPrevious ? ~uint64_t{0} : 0;
  *out++ = static_cast<char>(mode);
  auto* codes = reinterpret_cast<unsigned char*>(out);
  std::memset(codes, 0, (count + 1) / 2);
  char* bytes = out + (count + 1) / 2;
  uint64_t previous = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<uint64_t>(values[i]);
    const uint64_t word = bits ^ previous;
    previous = bits & keep_previous;
    const Trimmed trimmed = Trim(word);
    codes[i / 2] |= static_cast<unsigned char>(trimmed.code << (4 * (i % 2)));
    const uint64_t kept = word >> trimmed.shift;
    std::memcpy(bytes, &kept, sizeof(kept));  // the next value overwrites what is too much
    bytes += trimmed.bytes;
  }
  return bytes;
}

bool TakeDoubleColumn(absl::string_view& in, size_t count, double* values) {
  if (in.size() < DoubleColumnBytesMin(count)) return false;
  const char mode = in.front();
  if (mode != static_cast<char>(DoubleMode::kPlain) &&
      mode != static_cast<char>(DoubleMode::kPrevious)) {
    return false;
  }
  const uint64_t keep_previous =
      mode == static_cast<char>(DoubleMode::kPrevious) ? ~uint64_t{0} : 0;
  const absl::string_view codes = in.substr(1, DoubleColumnBytesMin(count) - 1);
  in.remove_prefix(DoubleColumnBytesMin(count));
  uint64_t previous = 0;
  for (size_t i = 0; i < count; ++i) {
    const unsigned code = (static_cast<unsigned char>(codes[i / 2]) >> (4 * (i % 2))) & 0xf;
    const unsigned top_zero = code > 8 ? 1 : 0;
    const unsigned bytes = code - 8 * top_zero;
    if (in.size() < bytes) return false;
    const uint64_t word = bytes == 0 ? 0 : LoadBytes(in, bytes) << (8 * (8 - bytes - top_zero));
    in.remove_prefix(bytes);
    const uint64_t bits = word ^ previous;
    previous = bits & keep_previous;
    values[i] = std::bit_cast<double>(bits);
  }
  return true;
}

}  // namespace tocsin::storage
