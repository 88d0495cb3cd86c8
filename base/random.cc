#include "base/random.h"

#include "absl/strings/str_format.h"

namespace tocsin {

uint64_t SystemSeed() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) ^ device();
}

std::string MakeUuid(Random& random) {
  const uint64_t a = (random.Next() & ~uint64_t{0xf000}) | 0x4000;
  const uint64_t b = (random.Next() & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", a >> 32, (a >> 16) & 0xffff, a & 0xffff,
                         b >> 48, b & 0xffffffffffff);
}

}  // namespace tocsin
