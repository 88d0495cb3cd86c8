#include "integrations/ingest/utf8.h"

#include <cstddef>
#include <cstdint>

namespace tocsin::ingest {
namespace {

// Bytes of the sequence that starts `rest`; 0 if it is malformed.
size_t SequenceLength(absl::string_view rest) {
  const auto byte = [rest](size_t i) -> uint32_t {
    return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0;
  };
  const auto continues = [&byte](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return continues(1) ? 2 : 0;
  if (lead < 0xf0) {
    if (!continues(1) || !continues(2)) return 0;
    const uint32_t code = (lead & 0xf) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    return code >= 0x800 && (code < 0xd800 || code > 0xdfff) ? 3 : 0;
  }
  if (lead > 0xf4 || !continues(1) || !continues(2) || !continues(3)) return 0;
  const uint32_t code = (lead & 7) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6;
  return code >= 0x10000 && code <= 0x10ffff ? 4 : 0;
}

}  // namespace

bool IsUtf8(absl::string_view bytes) {
  while (!bytes.empty()) {
    const size_t length = SequenceLength(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace tocsin::ingest
