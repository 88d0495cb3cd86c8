#include "storage/packed_column.h"

#include <algorithm>
#include <bit>

#include "storage/codec.h"

namespace tocsin::storage {
namespace {

constexpr size_t kGroup = 16;
constexpr size_t kOrderMax = 2;  // 0: numbers, 1: differences, 2: differences of differences
constexpr uint8_t kUniform = 4;  // flag beside the order: one width for all groups

// The numbers, their differences, or the differences of these; from number `order` on.
uint64_t Difference(const int64_t* numbers, size_t i, size_t order) {
  const auto at = [&](size_t back) { return static_cast<uint64_t>(numbers[i - back]); };
  if (order == 0) return at(0);
  if (order == 1) return at(0) - at(1);
  return at(0) - 2 * at(1) + at(2);
}

// Of a few differences spread over the column the middle one.
uint64_t Middle(const int64_t* numbers, size_t count, size_t order) {
  constexpr size_t kLookAt = 15;
  if (order >= count) return 0;
  int64_t some[kLookAt];
  const size_t step = (count - order + kLookAt - 1) / kLookAt;
  size_t n = 0;
  for (size_t i = order; i < count; i += step) {
    some[n++] = static_cast<int64_t>(Difference(numbers, i, order));
  }
  std::nth_element(some, some + n / 2, some + n);
  return static_cast<uint64_t>(some[n / 2]);
}

// How a column is written.
struct Plan {
  size_t order = 0;
  uint64_t middle = 0;
  size_t widest = 0;
  size_t bits = 0;  // of all groups, each by its own width
};

// Fills in what is left of a group: zigzag, about the middle. Returns its width.
size_t TakeOff(const int64_t* numbers, size_t begin, size_t end, const Plan& plan,
               uint64_t* words) {
  uint64_t all = 0;
  for (size_t i = begin; i < end; ++i) {
    words[i - begin] = ZigZag(Difference(numbers, i, plan.order) - plan.middle);
    all |= words[i - begin];
  }
  return static_cast<size_t>(std::bit_width(all));
}

template <typename Fn>
void ForEachGroup(size_t count, size_t order, Fn&& fn) {
  for (size_t i = order; i < count; i += kGroup) fn(i, std::min(count, i + kGroup));
}

Plan PlanOf(const int64_t* numbers, size_t count, size_t order) {
  Plan plan;
  plan.order = order;
  plan.middle = Middle(numbers, count, order);
  uint64_t words[kGroup];
  ForEachGroup(count, order, [&](size_t begin, size_t end) {
    const size_t width = TakeOff(numbers, begin, end, plan, words);
    plan.widest = std::max(plan.widest, width);
    plan.bits += width * (end - begin);
  });
  return plan;
}

Plan BestPlan(const int64_t* numbers, size_t count) {
  Plan best = PlanOf(numbers, count, 0);
  for (size_t order = 1; order <= kOrderMax && order < count && best.bits > 0; ++order) {
    const Plan plan = PlanOf(numbers, count, order);
    if (plan.bits < best.bits) best = plan;
  }
  return best;
}

// Numbers of any width one behind the other, lowest bit first.
class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}
  void Put(uint64_t word, size_t width) {
    if (width > 32) {
      Put(word & 0xffffffff, 32);
      word >>= 32;
      width -= 32;
    }
    pending_ |= word << used_;
    used_ += width;
    for (; used_ >= 8; used_ -= 8, pending_ >>= 8) out_.push_back(static_cast<char>(pending_));
  }
  // What follows begins at a byte.
  void Align() {
    if (used_ > 0) out_.push_back(static_cast<char>(pending_));
    pending_ = 0;
    used_ = 0;
  }

 private:
  std::string& out_;
  uint64_t pending_ = 0;
  size_t used_ = 0;  // bits of it, below 8 between calls
};

class BitReader {
 public:
  explicit BitReader(absl::string_view& in) : in_(in) {}
  // There must be that many bits; see Has().
  uint64_t Take(size_t width) {
    if (width > 32) {
      const uint64_t low = Take(32);
      return low | Take(width - 32) << 32;
    }
    for (; used_ < width; used_ += 8) {
      pending_ |= uint64_t{static_cast<uint8_t>(in_.front())} << used_;
      in_.remove_prefix(1);
    }
    const uint64_t word = pending_ & ((uint64_t{1} << width) - 1);
    pending_ >>= width;
    used_ -= width;
    return word;
  }
  bool Has(size_t bits) const { return bits <= in_.size() * 8 + used_; }
  void Align() {
    pending_ = 0;
    used_ = 0;
  }

 private:
  absl::string_view& in_;
  uint64_t pending_ = 0;
  size_t used_ = 0;  // bits of it, below 8 between calls
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
  const Plan plan = BestPlan(numbers, count);
  const size_t left = count - std::min(count, plan.order);
  const size_t groups = (left + kGroup - 1) / kGroup;
  const bool uniform = left * plan.widest <= plan.bits + 8 * groups;  // widths take a byte each
  out.push_back(static_cast<char>(plan.order | (uniform ? kUniform : 0)));
  for (size_t i = 0; i < plan.order; ++i) AppendVarint(out, ZigZag(Difference(numbers, i, i)));
  AppendVarint(out, ZigZag(plan.middle));
  if (uniform) out.push_back(static_cast<char>(plan.widest));
  BitWriter bits(out);
  uint64_t words[kGroup];
  ForEachGroup(count, plan.order, [&](size_t begin, size_t end) {
    const size_t own = TakeOff(numbers, begin, end, plan, words);
    const size_t width = uniform ? plan.widest : own;
    if (!uniform) {
      bits.Align();
      out.push_back(static_cast<char>(width));
    }
    for (size_t i = 0; i < end - begin; ++i) bits.Put(words[i], width);
  });
  bits.Align();
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
