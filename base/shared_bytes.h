#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace tocsin {

// Immutable bytes that copies share: one pointer to one allocation with a count of its owners.
// Thread: any.
class SharedBytes {
 public:
  SharedBytes() = default;
  explicit SharedBytes(absl::string_view bytes);
  SharedBytes(const SharedBytes& other) : block_(other.block_) {
    if (block_ != nullptr) block_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  SharedBytes(SharedBytes&& other) noexcept : block_(other.block_) { other.block_ = nullptr; }
  SharedBytes& operator=(SharedBytes other) noexcept {
    Block* mine = block_;
    block_ = other.block_;
    other.block_ = mine;
    return *this;
  }
  ~SharedBytes() {
    if (block_ != nullptr) Release();
  }

  absl::string_view view() const {
    if (block_ == nullptr) return {};
    return {reinterpret_cast<const char*>(block_ + 1), block_->size};
  }

 private:
  struct Block {  // the bytes follow it
    std::atomic<uint32_t> owners;
    uint32_t size;
  };
  void Release();

  Block* block_ = nullptr;  // null: no bytes
};

}  // namespace tocsin
