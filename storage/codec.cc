#include "storage/codec.h"

#include <google/protobuf/message_lite.h>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace tocsin::storage {
namespace {

constexpr uint8_t kMessageVersion = 1;
constexpr uint8_t kLabelsVersion = 1;
constexpr uint8_t kNumberVersion = 1;

}  // namespace

void AppendVarint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

bool TakeVarint(absl::string_view& in, uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (in.empty()) return false;
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;  // does not fit 64 bits
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

absl::Status TakeVersion(absl::string_view& value, uint8_t newest, const char* what) {
  if (value.empty()) return absl::DataLossError(absl::StrCat(what, ": the value is empty"));
  const auto version = static_cast<uint8_t>(value.front());
  if (version == 0) return absl::DataLossError(absl::StrCat(what, ": format version 0"));
  if (version > newest) {
    return absl::FailedPreconditionError(absl::StrCat(what, ": written in format version ", version,
                                                      ", this program knows up to ", newest));
  }
  value.remove_prefix(1);
  return absl::OkStatus();
}

std::string EncodeMessage(const google::protobuf::MessageLite& message) {
  std::string value;
  value.reserve(1 + message.ByteSizeLong());
  value.push_back(static_cast<char>(kMessageVersion));
  TOCSIN_CHECK(message.AppendToString(&value)) << message.GetTypeName();
  return value;
}

absl::Status DecodeMessage(absl::string_view value, google::protobuf::MessageLite& message) {
  TOCSIN_RETURN_IF_ERROR(TakeVersion(value, kMessageVersion, message.GetTypeName().c_str()));
  if (!message.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return absl::DataLossError(absl::StrCat(message.GetTypeName(), ": does not parse"));
  }
  return absl::OkStatus();
}

std::string EncodeLabels(const Labels& labels) {
  std::string value(1, static_cast<char>(kLabelsVersion));
  absl::StrAppend(&value, labels.canonical());
  return value;
}

absl::StatusOr<Labels> DecodeLabels(absl::string_view value) {
  TOCSIN_RETURN_IF_ERROR(TakeVersion(value, kLabelsVersion, "labels of a series"));
  return Labels::FromCanonical(value);
}

std::string EncodeNumber(uint64_t number) {
  std::string value(1, static_cast<char>(kNumberVersion));
  AppendVarint(value, number);
  return value;
}

absl::StatusOr<uint64_t> DecodeNumber(absl::string_view value) {
  TOCSIN_RETURN_IF_ERROR(TakeVersion(value, kNumberVersion, "number"));
  uint64_t number = 0;
  if (!TakeVarint(value, number) || !value.empty()) {
    return absl::DataLossError("number: not one varint");
  }
  return number;
}

}  // namespace tocsin::storage
