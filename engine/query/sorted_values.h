#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tocsin::engine {

// The values of a window in the order of QuantileOrder(). They lie in blocks of at most 32, so that
// putting one in or taking one out moves a quarter of a kilobyte at most, however many there are.
class SortedValues {
 public:
  size_t size() const { return size_; }
  // Asks for what a search needs to be near soon.
  void Prefetch() const {
    constexpr size_t kLine = 64 / sizeof(Head);
    for (size_t i = 0; i < heads_.size(); i += kLine) __builtin_prefetch(heads_.data() + i);
  }
  void Insert(double value);
  // Takes out one value that is equal; there must be one.
  void Erase(double value);
  // 0 <= rank < size().
  double At(size_t rank) const;

 private:
  static constexpr uint32_t kBlockMax = 32;
  using Block = std::array<double, kBlockMax>;
  // What searching looks at lies apart, so that it touches few lines of memory.
  struct Head {
    double first = 0;
    uint32_t size = 0;   // not 0
    uint32_t block = 0;  // in blocks_
  };

  // The head of the block that `value` is or belongs in.
  size_t HeadOf(double value) const;
  uint32_t NewBlock();
  void Split(size_t head);
  void JoinIfSmall(size_t head);
  void Drop(size_t head);

  std::vector<Head> heads_;  // in order
  std::vector<Block> blocks_;
  std::vector<uint32_t> free_;  // of blocks_
  size_t size_ = 0;
};

}  // namespace tocsin::engine
