#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace tocsin::ingest {

// Attribute keys and their values as text, in the sender's order; keys may repeat.
using Attributes = std::vector<std::pair<std::string, std::string>>;

enum class AttributeError {
  kNone,
  kMalformed,  // not protobuf: the whole request is refused
  kInvalidUtf8,
  kTooDeep,  // arrays and lists nested beyond kAttributeDepthMax
  kTooMany,  // more than AttributeLimits::count_max
};
inline constexpr int kAttributeDepthMax = 32;

// How much of what a sender wrote is copied.
struct AttributeLimits {
  size_t count_max = 0;
  size_t text_bytes_max = 0;  // a longer text may be cut, but remains longer than this
};

// Reads every KeyValue in field `field` of `message` and appends it. Values become text as
// Prometheus' receiver does it (pdata's AsString): numbers in their shortest form, bytes in base64,
// arrays and lists as JSON with sorted keys, a value that is not set as "".
//
// On an error the content of `out` means nothing.
AttributeError DecodeAttributes(absl::string_view message, uint32_t field,
                                const AttributeLimits& limits, Attributes& out);

// One AnyValue as text, as above. A text longer than `bytes_max` may be cut.
AttributeError DecodeValue(absl::string_view any_value, size_t bytes_max, std::string& out);

}  // namespace tocsin::ingest
