#include "base/shared_bytes.h"

#include <cstring>
#include <new>

#include "base/check.h"

namespace tocsin {

SharedBytes::SharedBytes(absl::string_view bytes) {
  if (bytes.empty()) return;
  TOCSIN_CHECK(bytes.size() <= UINT32_MAX) << bytes.size() << " bytes";
  void* memory = ::operator new(sizeof(Block) + bytes.size());
  block_ = new (memory) Block{{1}, static_cast<uint32_t>(bytes.size())};
  std::memcpy(static_cast<void*>(block_ + 1), bytes.data(), bytes.size());
}

void SharedBytes::Release() {
  if (block_->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  block_->~Block();
  ::operator delete(block_);
}

}  // namespace tocsin
