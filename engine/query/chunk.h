#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "base/decimal.h"

namespace tocsin::engine {

// Up to 64 consecutive samples of a series, compressed, immutable, each readable by itself.
//
// Times are first + i * step + residual, residuals packed in as few bits as the widest needs: none
// for a regular step. Values that are decimals (the same power of ten makes all of them whole
// numbers, and dividing gives back each bit) are packed likewise around a line; all others as
// their IEEE 754 bits above the smallest. So a counter or a gauge of few digits takes one to two
// bytes a sample, full-precision noise about eight, and nothing has to be read in order: windows
// look at their edges only.
//
// Immutable: reads from any thread.
class Chunk {
 public:
  static constexpr size_t kMaxSize = 64;

  // `times` ascend and span less than 2^32 ms; 1 <= n <= kMaxSize. `first` is the position of the
  // first sample in its series.
  static Chunk Encode(const int64_t* times, const double* values, size_t n, uint32_t first);

  Chunk() = default;

  size_t size() const { return header().size; }
  uint32_t first() const { return header().first; }
  uint32_t end() const { return header().first + header().size; }
  // 0 <= i < size().
  [[gnu::always_inline]] int64_t time(size_t i) const {
    const Header& h = header();
    return h.time_base + static_cast<int64_t>(h.time_step) * static_cast<int64_t>(i) +
           static_cast<int64_t>(Bits(times_at(), h.time_width, i));
  }
  [[gnu::always_inline]] double value(size_t i) const { return ToValue(header(), i); }
  int64_t newest_time() const { return time(size() - 1); }
  // Samples [begin, end) into arrays.
  void Read(size_t begin, size_t end, int64_t* times, double* values) const;

  // Where the samples are, for who knows that they will be needed.
  const uint8_t* block() const { return block_.get(); }

  // What the block takes, without the allocator's share.
  size_t bytes() const { return BlockSize(header()); }

 private:
  static constexpr uint8_t kRaw = 0xff;  // scale of values kept as bits
  struct Header {
    int64_t time_base = 0;
    int64_t value_base = 0;
    uint32_t time_step = 0;
    int32_t value_step = 0;
    uint32_t first = 0;
    uint8_t size = 0;
    uint8_t scale = 0;        // values are whole numbers / 10^scale, or kRaw
    uint8_t time_width = 0;   // bits: 0 to 57
    uint8_t value_width = 0;  // bits: 0 to 57, or 64
  };
  static_assert(sizeof(Header) == 32);

  const Header& header() const { return *reinterpret_cast<const Header*>(block_.get()); }
  const uint8_t* times_at() const { return block_.get() + sizeof(Header); }
  static size_t PackedSize(size_t n, size_t width) { return (n * width + 7) / 8; }
  static size_t BlockSize(const Header& h);
  static uint8_t ToIntegers(const double* values, size_t n, int64_t* out);
  static uint64_t Bits(const uint8_t* packed, size_t width, size_t i) {
    if (width == 0) return 0;
    const size_t bit = i * width;
    uint64_t word = 0;
    std::memcpy(&word, packed + bit / 8, sizeof(word));
    return word >> (bit % 8) << (64 - width) >> (64 - width);
  }
  [[gnu::always_inline]] double ToValue(const Header& h, size_t i) const {
    const uint8_t* packed = times_at();
    if (h.time_width > 0) packed += PackedSize(h.size, h.time_width);
    const uint64_t whole = static_cast<uint64_t>(h.value_base) +
                           static_cast<uint64_t>(int64_t{h.value_step}) * i +
                           Bits(packed, h.value_width, i);
    if (h.scale == 0) return static_cast<double>(static_cast<int64_t>(whole));
    if (h.scale == kRaw) return std::bit_cast<double>(whole);
    return FromDecimal(static_cast<int64_t>(whole), h.scale);
  }

  std::unique_ptr<uint8_t[]> block_;  // header, times, values, room for reading 8 bytes at once
};

}  // namespace tocsin::engine
