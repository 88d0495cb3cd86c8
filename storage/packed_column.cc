#include "storage/packed_column.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "storage/codec.h"

namespace tocsin::storage {
namespace {

constexpr size_t kGroup = 16;
constexpr size_t kOrderMax = 2;  // 0: numbers, 1: differences, 2: differences of differences
constexpr uint8_t kUniform = 4;  // flag beside the order: one width for all groups

using Words = std::vector<uint64_t>;

// From the second on each number becomes the difference to the one before.
void Differ(Words& words, size_t from) {
  for (size_t i = words.size(); i-- > from;) words[i] -= words[i - 1];
}

// A number in the middle of what follows `from`, of a few spread over it.
uint64_t Middle(const Words& words, size_t from) {
  constexpr size_t kLookAt = 63;
  if (from >= words.size()) return 0;
  int64_t some[kLookAt];
  const size_t step = (words.size() - from + kLookAt - 1) / kLookAt;
  size_t n = 0;
  for (size_t i = from; i < words.size(); i += step) some[n++] = static_cast<int64_t>(words[i]);
  std::nth_element(some, some + n / 2, some + n);
  return static_cast<uint64_t>(some[n / 2]);
}

// What is kept of a column: `order` first numbers, the middle, and the rest about it.
struct Residuals {
  size_t order = 0;
  uint64_t middle = 0;
  Words words;  // the first `order` as they are, the others zigzag about the middle
  size_t bits = 0;
};

size_t WidthOf(uint64_t word) {
  return static_cast<size_t>(std::bit_width(word));
}

// The widest of the group that begins at `i`.
size_t GroupWidth(const Words& words, size_t i) {
  uint64_t all = 0;
  for (const size_t end = std::min(words.size(), i + kGroup); i < end; ++i) all |= words[i];
  return WidthOf(all);
}

void Measure(Residuals& r) {
  r.middle = Middle(r.words, r.order);
  for (size_t i = r.order; i < r.words.size(); ++i) r.words[i] = ZigZag(r.words[i] - r.middle);
  for (size_t i = r.order; i < r.words.size(); i += kGroup) {
    r.bits += kGroup * GroupWidth(r.words, i);
  }
}

Residuals Best(const int64_t* numbers, size_t count) {
  Words words(count);
  for (size_t i = 0; i < count; ++i) words[i] = static_cast<uint64_t>(numbers[i]);
  Residuals best;
  for (size_t order = 0; order <= kOrderMax && order < std::max<size_t>(count, 1); ++order) {
    if (order > 0) Differ(words, order);
    Residuals r;
    r.order = order;
    r.words = words;
    Measure(r);
    if (order == 0 || r.bits < best.bits) best = std::move(r);
  }
  return best;
}

class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}
  void Put(uint64_t word, size_t width) {
    for (size_t left = width; left > 0;) {
      const size_t take = std::min<size_t>(left, 8 - used_);
      const uint64_t low = word & ((uint64_t{1} << take) - 1);
      if (used_ == 0) out_.push_back(0);
      out_.back() = static_cast<char>(static_cast<uint8_t>(out_.back()) | low << used_);
      used_ = (used_ + take) % 8;
      word = take == 64 ? 0 : word >> take;
      left -= take;
    }
  }
  // What follows begins at a byte.
  void Align() { used_ = 0; }

 private:
  std::string& out_;
  size_t used_ = 0;  // bits of the last byte
};

class BitReader {
 public:
  explicit BitReader(absl::string_view& in) : in_(in) {}
  // There must be that many bits; see Has().
  uint64_t Take(size_t width) {
    uint64_t word = 0;
    for (size_t got = 0; got < width;) {
      const size_t take = std::min<size_t>(width - got, 8 - used_);
      const uint64_t bits = static_cast<uint8_t>(in_.front()) >> used_ & ((1u << take) - 1);
      word |= bits << got;
      got += take;
      used_ += take;
      if (used_ == 8) Align();
    }
    return word;
  }
  bool Has(size_t bits) const { return bits <= in_.size() * 8 - used_; }
  void Align() {
    if (used_ > 0) in_.remove_prefix(1);
    used_ = 0;
  }

 private:
  absl::string_view& in_;
  size_t used_ = 0;
};

bool TakeByte(absl::string_view& in, uint8_t& byte) {
  if (in.empty()) return false;
  byte = static_cast<uint8_t>(in.front());
  in.remove_prefix(1);
  return true;
}

// Undoes Differ() up to `order` times.
void AddUp(uint64_t* words, size_t count, size_t order) {
  for (size_t from = order; from > 0; --from) {
    for (size_t i = from; i < count; ++i) words[i] += words[i - 1];
  }
}

}  // namespace

void AppendPackedColumn(std::string& out, const int64_t* numbers, size_t count) {
  const Residuals r = Best(numbers, count);
  size_t widest = 0, groups = 0;
  for (size_t i = r.order; i < count; i += kGroup, ++groups) {
    widest = std::max(widest, GroupWidth(r.words, i));
  }
  // Widths take a byte each.
  const bool uniform = (count - std::min(count, r.order)) * widest <= r.bits + 8 * groups;
  out.push_back(static_cast<char>(r.order | (uniform ? kUniform : 0)));
  for (size_t i = 0; i < r.order; ++i) AppendVarint(out, ZigZag(r.words[i]));
  AppendVarint(out, ZigZag(r.middle));
  if (uniform) out.push_back(static_cast<char>(widest));
  BitWriter bits(out);
  for (size_t i = r.order; i < count; i += kGroup) {
    const size_t width = uniform ? widest : GroupWidth(r.words, i);
    if (!uniform) bits.Align(), out.push_back(static_cast<char>(width));
    for (size_t k = i; k < std::min(count, i + kGroup); ++k) bits.Put(r.words[k], width);
  }
}

bool TakePackedColumn(absl::string_view& in, size_t count, int64_t* numbers) {
  auto* words = reinterpret_cast<uint64_t*>(numbers);
  uint8_t head = 0, width = 0;
  if (!TakeByte(in, head)) return false;
  const size_t order = head & ~kUniform;
  if (order > kOrderMax || order > count) return false;
  uint64_t coded = 0;
  for (size_t i = 0; i < order; ++i) {
    if (!TakeVarint(in, coded)) return false;
    words[i] = UnZigZag(coded);
  }
  if (!TakeVarint(in, coded)) return false;
  const uint64_t middle = UnZigZag(coded);
  const bool uniform = (head & kUniform) != 0;
  if (uniform && !TakeByte(in, width)) return false;
  BitReader bits(in);
  for (size_t i = order; i < count; i += kGroup) {
    const size_t end = std::min(count, i + kGroup);
    if (!uniform) {
      bits.Align();
      if (!TakeByte(in, width)) return false;
    }
    if (width > 64 || !bits.Has((end - i) * width)) return false;
    for (size_t k = i; k < end; ++k) words[k] = UnZigZag(bits.Take(width)) + middle;
  }
  bits.Align();
  AddUp(words, count, order);
  return true;
}

}  // namespace tocsin::storage
