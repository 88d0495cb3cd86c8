#include "integrations/datadog/payload_wire.h"

namespace tocsin::datadog {
namespace {

// In Origin: written by Agents for what is not to be indexed.
constexpr uint64_t kHiddenMetricType = 9;

using ingest::MergedField;
using ingest::Tag;
using ingest::WireReader;
using ingest::WireType;

}  // namespace

bool ReadHidden(absl::string_view metadata, bool* hidden) {
  uint64_t metric_type = 0;
  MergedField origin;
  WireReader fields(metadata);
  while (fields.Next()) {
    if (fields.tag() == Tag(1, WireType::kBytes)) {
      origin.Add(fields.Bytes());
    } else {
      fields.Skip();
    }
  }
  if (!fields.ok()) return false;
  WireReader numbers(origin.bytes());
  while (numbers.Next()) {
    if (numbers.tag() == Tag(3, WireType::kVarint)) {
      metric_type = static_cast<uint32_t>(numbers.Varint());
    } else {
      numbers.Skip();
    }
  }
  *hidden = metric_type == kHiddenMetricType;
  return numbers.ok();
}

}  // namespace tocsin::datadog
