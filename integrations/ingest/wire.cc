#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

constexpr int kGroupDepthMax = 100;  // protobuf's own limit

}  // namespace

uint64_t WireReader::LongVarint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (at_ == end_) return Fail();
    const auto byte = static_cast<unsigned char>(*at_++);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return Fail();
}

void WireReader::Skip() {
  SkipValue(tag_, 0);
}

void WireReader::SkipValue(uint32_t tag, int depth) {
  switch (static_cast<WireType>(tag & 7)) {
    case WireType::kVarint:
      Varint();
      return;
    case WireType::kFixed64:
      Fixed64();
      return;
    case WireType::kBytes:
      Bytes();
      return;
    case WireType::kFixed32:
      if (end_ - at_ < 4) {
        Fail();
      } else {
        at_ += 4;
      }
      return;
    case WireType::kGroupStart:
      SkipGroup(tag >> 3, depth);
      return;
    default:  // an end without its start, or a type that does not exist
      Fail();
  }
}

void WireReader::SkipGroup(uint32_t field, int depth) {
  if (depth >= kGroupDepthMax) {
    Fail();
    return;
  }
  while (ok_) {
    if (at_ == end_) {
      Fail();
      return;
    }
    const uint64_t tag = Varint();
    if (!ok_ || tag > UINT32_MAX || tag >> 3 == 0) {
      Fail();
      return;
    }
    if (tag == Tag(field, WireType::kGroupEnd)) return;
    SkipValue(static_cast<uint32_t>(tag), depth + 1);
  }
}

}  // namespace tocsin::ingest
