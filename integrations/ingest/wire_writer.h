#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {

// Writes the fields of a protobuf message whose parts are not known before they come: a length is
// left open and filled in later.
//
// Once a limit is passed nothing more is written, and status() says which. What it takes is charged
// to `room`, unless null, as it grows.
class WireWriter {
 public:
  WireWriter(size_t bytes_max, BudgetLease* room) : bytes_max_(bytes_max), room_(room) {}

  const absl::Status& status() const { return status_; }
  std::string Take() { return std::move(out_); }
  // What is written, until the next call.
  absl::string_view bytes() const { return out_; }
  // Begins anew and keeps the memory.
  void Clear() { out_.clear(); }

  void Varint(uint64_t value) {
    char bytes[10];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7) bytes[size++] = static_cast<char>(value | 0x80);
    bytes[size++] = static_cast<char>(value);
    Append({bytes, size});
  }
  void Fixed64(uint64_t bits) { AppendBytesOf(bits); }
  void Fixed32(uint32_t bits) { AppendBytesOf(bits); }
  void Bytes(absl::string_view bytes) {
    Varint(bytes.size());
    Append(bytes);
  }
  // An open length; Close() fills in how much has come since.
  size_t Open() {
    const size_t at = out_.size();
    Append({"\0\0\0\0\0", kLengthBytes});
    return at;
  }
  void Close(size_t at) {
    if (!status_.ok()) return;
    uint64_t size = out_.size() - at - kLengthBytes;
    for (size_t i = 0; i < kLengthBytes; ++i, size >>= 7) {
      out_[at + i] = static_cast<char>((size & 0x7f) | (i + 1 < kLengthBytes ? 0x80 : 0));
    }
  }

 private:
  static constexpr size_t kLengthBytes = 5;

  template <typename T>
  void AppendBytesOf(T bits) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &bits, sizeof(T));  // both ends are little-endian
    Append({bytes, sizeof(T)});
  }
  void Append(absl::string_view bytes) {
    if (status_.ok() && out_.size() + bytes.size() > out_.capacity()) Grow(bytes.size());
    if (status_.ok()) out_.append(bytes.data(), bytes.size());
  }
  void Grow(size_t bytes) {
    constexpr size_t kFirstBytes = 16 << 10;
    if (out_.size() + bytes > bytes_max_) {
      status_ = absl::ResourceExhaustedError(
          absl::StrCat("a message of more than ", bytes_max_, " bytes (request_bytes_max)"));
      return;
    }
    const size_t before = out_.capacity();
    const size_t size = std::max({kFirstBytes, 2 * before, out_.size() + bytes});
    if (room_ != nullptr) status_ = room_->Grow(size - before);
    if (status_.ok()) out_.reserve(size);
  }

  const size_t bytes_max_;
  BudgetLease* const room_;
  std::string out_;
  absl::Status status_;
};

}  // namespace tocsin::ingest
