#include "engine/query/chunk.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace tocsin::engine {
namespace {

// Packed numbers are read as 8 bytes at the byte they begin in, so up to 7 bits are lost.
constexpr size_t kWidthMax = 57;
constexpr size_t kRoomToRead = 8;

size_t WidthOf(uint64_t residual) {
  const size_t width = static_cast<size_t>(std::bit_width(residual));
  return width > kWidthMax ? 64 : width;
}

// Numbers as base + i * step + residual.
struct Line {
  int64_t base = 0;
  int64_t step = 0;
  size_t width = 0;
};

// Differences wrap around, so that all of int64 can be packed.
Line FitWith(const int64_t* numbers, size_t n, int64_t step) {
  const auto off_line = [&](size_t i) {
    return static_cast<int64_t>(static_cast<uint64_t>(numbers[i]) -
                                static_cast<uint64_t>(step) * static_cast<uint64_t>(i));
  };
  int64_t low = off_line(0), high = low;
  for (size_t i = 1; i < n; ++i) {
    low = std::min(low, off_line(i));
    high = std::max(high, off_line(i));
  }
  return {low, step, WidthOf(static_cast<uint64_t>(high) - static_cast<uint64_t>(low))};
}

int64_t MeanStep(const int64_t* numbers, size_t n) {
  if (n < 2) return 0;
  return (numbers[n - 1] - numbers[0]) / static_cast<int64_t>(n - 1);
}

void Pack(const int64_t* numbers, size_t n, const Line& line, uint8_t* out) {
  if (line.width == 0) return;
  uint64_t word = 0;
  size_t filled = 0;  // bits of the word, < 64
  for (size_t i = 0; i < n; ++i) {
    const uint64_t residual = static_cast<uint64_t>(numbers[i]) - static_cast<uint64_t>(line.base) -
                              static_cast<uint64_t>(line.step) * static_cast<uint64_t>(i);
    word |= residual << filled;
    filled += line.width;
    if (filled < 64) continue;
    std::memcpy(out, &word, sizeof(word));
    out += sizeof(word);
    filled -= 64;
    word = filled == 0 ? 0 : residual >> (line.width - filled);
  }
  std::memcpy(out, &word, (filled + 7) / 8);
}

// Numbers [begin, begin + n) of what Pack() made.
void Unpack(const uint8_t* packed, const Line& line, size_t begin, size_t n, int64_t* out) {
  const auto step = static_cast<uint64_t>(line.step);
  uint64_t on_line = static_cast<uint64_t>(line.base) + step * begin;
  if (line.width == 0) {
    for (size_t i = 0; i < n; ++i, on_line += step) out[i] = static_cast<int64_t>(on_line);
    return;
  }
  const size_t unused = 64 - line.width;
  size_t bit = begin * line.width;
  for (size_t i = 0; i < n; ++i, on_line += step, bit += line.width) {
    uint64_t word = 0;
    std::memcpy(&word, packed + bit / 8, sizeof(word));
    out[i] = static_cast<int64_t>(on_line + (word >> (bit % 8) << unused >> unused));
  }
}

}  // namespace

// The values as integers to pack, and how to get back.
uint8_t Chunk::ToIntegers(const double* values, size_t n, int64_t* out) {
  size_t scale = 0;
  for (size_t i = 0; i < n; ++i) {
    while (scale <= kDecimalScaleMax && !ToDecimal(values[i], scale, out[i])) ++scale;
    if (scale > kDecimalScaleMax) break;
  }
  // A larger scale may have come up on the way.
  for (size_t i = 0; i < n && scale <= kDecimalScaleMax; ++i) {
    if (!ToDecimal(values[i], scale, out[i])) scale = kDecimalScaleMax + 1;
  }
  if (scale <= kDecimalScaleMax) return static_cast<uint8_t>(scale);
  for (size_t i = 0; i < n; ++i) out[i] = std::bit_cast<int64_t>(values[i]);
  return kRaw;
}

size_t Chunk::BlockSize(const Header& h) {
  const size_t packed = PackedSize(h.size, h.time_width) + PackedSize(h.size, h.value_width);
  return sizeof(Header) + (packed == 0 ? 0 : packed + kRoomToRead);
}

Chunk Chunk::Encode(const int64_t* times, const double* values, size_t n, uint32_t first) {
  TOCSIN_CHECK(n >= 1 && n <= kMaxSize) << n << " samples";
  int64_t integers[kMaxSize];
  Header h;
  h.scale = ToIntegers(values, n, integers);
  Line value_line = FitWith(integers, n, 0);
  if (h.scale != kRaw) {
    const int64_t step = MeanStep(integers, n);
    const Line sloped = FitWith(integers, n, step);
    const bool fits = step == static_cast<int32_t>(step);
    if (fits && sloped.width < value_line.width) value_line = sloped;
  }
  const Line time_line = FitWith(times, n, MeanStep(times, n));
  h.time_base = time_line.base;
  h.time_step = static_cast<uint32_t>(time_line.step);
  h.time_width = static_cast<uint8_t>(time_line.width);
  h.value_base = value_line.base;
  h.value_step = static_cast<int32_t>(value_line.step);
  h.value_width = static_cast<uint8_t>(value_line.width);
  h.first = first;
  h.size = static_cast<uint8_t>(n);

  Chunk chunk;
  chunk.block_ = std::make_unique<uint8_t[]>(BlockSize(h));
  std::memcpy(chunk.block_.get(), &h, sizeof(h));
  uint8_t* packed = chunk.block_.get() + sizeof(Header);
  Pack(times, n, time_line, packed);
  Pack(integers, n, value_line, packed + PackedSize(n, h.time_width));
  return chunk;
}

void Chunk::Read(size_t begin, size_t end, int64_t* times, double* values) const {
  const Header& h = header();
  const size_t n = end - begin;
  Unpack(times_at(), {h.time_base, h.time_step, h.time_width}, begin, n, times);
  int64_t whole[kMaxSize];
  const uint8_t* packed = times_at() + PackedSize(h.size, h.time_width);
  Unpack(packed, {h.value_base, h.value_step, h.value_width}, begin, n, whole);
  if (h.scale == kRaw) {
    std::memcpy(values, whole, n * sizeof(double));
  } else if (h.scale == 0) {
    for (size_t i = 0; i < n; ++i) values[i] = static_cast<double>(whole[i]);
  } else {
    for (size_t i = 0; i < n; ++i) values[i] = FromDecimal(whole[i], h.scale);
  }
}

}  // namespace tocsin::engine
