#include "integrations/ingest/json_values.h"

#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace tocsin::ingest {
namespace {

using google::protobuf::FieldDescriptor;

// Trace and span ids, which OTLP writes as hexadecimal digits.
bool IsHexadecimal(const FieldDescriptor& field) {
  return absl::EndsWith(field.name(), "trace_id") || absl::EndsWith(field.name(), "span_id");
}

}  // namespace

std::optional<std::string> BytesOf(const FieldDescriptor& field, const std::string& text) {
  std::string bytes;
  if (IsHexadecimal(field)) {
    for (const char c : text) {
      if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return std::nullopt;
    }
    if (text.size() % 2 != 0) return std::nullopt;
    return absl::HexStringToBytes(text);
  }
  if (absl::Base64Unescape(text, &bytes) || absl::WebSafeBase64Unescape(text, &bytes)) return bytes;
  return std::nullopt;
}

std::optional<double> DoubleOf(const std::string& text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<Integer> IntegerOf(const std::string& text) {
  uint64_t positive = 0;
  int64_t any = 0;
  if (absl::SimpleAtoi(text, &positive)) return Integer{positive, false};
  if (absl::SimpleAtoi(text, &any)) return Integer{static_cast<uint64_t>(any), any < 0};
  return std::nullopt;
}

std::optional<Integer> IntegerOf(double value) {
  constexpr double kTwoTo64 = 18446744073709551616.0;
  if (value != std::floor(value) || value >= kTwoTo64 || value < -kTwoTo64 / 2) return std::nullopt;
  if (value < 0) return Integer{static_cast<uint64_t>(static_cast<int64_t>(value)), true};
  return Integer{static_cast<uint64_t>(value), false};
}

}  // namespace tocsin::ingest
