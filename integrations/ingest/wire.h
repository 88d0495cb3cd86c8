#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"

namespace tocsin::ingest {

enum class WireType : uint32_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroupStart = 3,
  kGroupEnd = 4,
  kFixed32 = 5,
};

// A field's number and type as one value, as they stand on the wire: `switch (reader.tag())` then
// matches only the expected type, and a known number with another type falls to Skip(), as protobuf
// has it.
constexpr uint32_t Tag(uint32_t field, WireType type) {
  return field << 3 | static_cast<uint32_t>(type);
}

// Walks the fields of one protobuf message in place, without message objects (20 to 50 times
// cheaper than parsing into them). After Next() exactly one of the readers below or Skip() must be
// called.
//
//   WireReader fields(bytes);
//   while (fields.Next()) {
//     switch (fields.tag()) {
//       case Tag(1, WireType::kBytes): name = fields.Bytes(); break;
//       default: fields.Skip();
//     }
//   }
//   if (!fields.ok()) ...   // malformed
//
// Reading beyond the end never happens: a short or malformed field makes ok() false and ends the
// walk.
class WireReader {
 public:
  explicit WireReader(absl::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool Next() {
    if (at_ == end_) return false;
    const uint64_t tag = Varint();
    if (!ok_ || tag > UINT32_MAX || tag >> 3 == 0) return Fail();
    tag_ = static_cast<uint32_t>(tag);
    return true;
  }
  bool ok() const { return ok_; }
  uint32_t tag() const { return tag_; }
  // Where the walk stands, for callers that remember a span of fields.
  const char* position() const { return at_; }

  uint64_t Varint() {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) [[likely]] {
      return static_cast<unsigned char>(*at_++);
    }
    return LongVarint();
  }
  uint64_t Fixed64() {
    uint64_t value = 0;
    if (end_ - at_ < 8) return Fail();
    std::memcpy(&value, at_, 8);  // both ends are little-endian
    at_ += 8;
    return value;
  }
  double Double() {
    const uint64_t bits = Fixed64();
    double value;
    std::memcpy(&value, &bits, 8);
    return value;
  }
  absl::string_view Bytes() {
    const uint64_t size = Varint();
    if (!ok_ || size > static_cast<uint64_t>(end_ - at_)) {
      Fail();
      return {};
    }
    const absl::string_view bytes(at_, size);
    at_ += size;
    return bytes;
  }
  void Skip();

 private:
  bool Fail() {
    ok_ = false;
    at_ = end_;
    return false;
  }
  uint64_t LongVarint();
  void SkipGroup(uint32_t field, int depth);
  void SkipValue(uint32_t tag, int depth);

  const char* at_;
  const char* end_;
  uint32_t tag_ = 0;
  bool ok_ = true;
};

// The bytes of a singular message field. Should it occur several times, its occurrences are joined:
// that is how protobuf merges them.
class MergedField {
 public:
  void Add(absl::string_view piece) {
    if (pieces_++ == 0) {
      first_ = piece;
      return;
    }
    if (pieces_ == 2) joined_ = std::string(first_);
    joined_.append(piece.data(), piece.size());
  }
  void Clear() { pieces_ = 0; }
  // Whether bytes() lives in this object rather than in the message.
  bool joined() const { return pieces_ > 1; }
  // Lives as long as the message and this object.
  absl::string_view bytes() const {
    if (pieces_ == 0) return {};
    return pieces_ == 1 ? first_ : absl::string_view(joined_);
  }

 private:
  int pieces_ = 0;
  absl::string_view first_;
  std::string joined_;
};

}  // namespace tocsin::ingest
