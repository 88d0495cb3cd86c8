#include "integrations/ingest/remote_write_histogram_message.h"

#include <algorithm>

#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

int64_t FromZigZag(uint64_t bits) {
  return static_cast<int64_t>((bits >> 1) ^ (0 - (bits & 1)));
}

bool AddSpan(absl::string_view message, uint64_t max, BucketSide& side) {
  BucketSpan span;
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kVarint):
        span.offset = static_cast<int32_t>(FromZigZag(fields.Varint() & UINT32_MAX));
        break;
      case Tag(2, WireType::kVarint):
        span.length = static_cast<uint32_t>(fields.Varint());
        break;
      default:
        fields.Skip();
    }
  }
  side.spans.Add(span, max);
  return fields.ok();
}

bool AddDeltas(absl::string_view packed, uint64_t max, Repeated<int64_t>& deltas) {
  WireReader values(packed);
  while (values.position() != packed.data() + packed.size()) {
    const uint64_t bits = values.Varint();
    if (!values.ok()) return false;
    deltas.Add(FromZigZag(bits), max);
  }
  return true;
}

bool AddDoubles(absl::string_view packed, uint64_t max, Repeated<double>& doubles) {
  if (packed.size() % sizeof(double) != 0) return false;
  WireReader values(packed);
  for (size_t i = 0; i < packed.size() / sizeof(double); ++i) doubles.Add(values.Double(), max);
  return true;
}

// The fields of one sign begin at `first`: 8 for negative, 11 for positive buckets. True if it was
// one of them.
bool ReadSideField(uint32_t first, WireReader& fields, uint64_t max, BucketSide& side,
                   bool& whole) {
  if (fields.tag() == Tag(first, WireType::kBytes)) {
    whole &= AddSpan(fields.Bytes(), max, side);
  } else if (fields.tag() == Tag(first + 1, WireType::kBytes)) {
    whole &= AddDeltas(fields.Bytes(), max, side.deltas);
  } else if (fields.tag() == Tag(first + 1, WireType::kVarint)) {
    side.deltas.Add(FromZigZag(fields.Varint()), max);
  } else if (fields.tag() == Tag(first + 2, WireType::kBytes)) {
    whole &= AddDoubles(fields.Bytes(), max, side.counts);
  } else if (fields.tag() == Tag(first + 2, WireType::kFixed64)) {
    side.counts.Add(fields.Double(), max);
  } else {
    return false;
  }
  return true;
}

// Fields outside the buckets; the last member of a oneof is the one that counts.
bool ReadField(WireReader& fields, uint64_t max, HistogramMessage& out) {
  bool whole = true;
  switch (fields.tag()) {
    case Tag(1, WireType::kVarint):
      out.count_int = fields.Varint();
      out.is_float = false;
      break;
    case Tag(2, WireType::kFixed64):
      out.count_float = fields.Double();
      out.is_float = true;
      break;
    case Tag(3, WireType::kFixed64):
      out.sum = fields.Double();
      break;
    case Tag(4, WireType::kVarint):
      out.schema = static_cast<int32_t>(FromZigZag(fields.Varint() & UINT32_MAX));
      break;
    case Tag(5, WireType::kFixed64):
      out.zero_threshold = fields.Double();
      break;
    case Tag(6, WireType::kVarint):
      out.zero_count_int = fields.Varint();
      break;
    case Tag(7, WireType::kFixed64):
      out.zero_count_float = fields.Double();
      break;
    case Tag(14, WireType::kVarint):
      out.reset_hint = fields.Varint();
      break;
    case Tag(15, WireType::kVarint):
      out.time_ms = static_cast<int64_t>(fields.Varint());
      break;
    case Tag(16, WireType::kBytes):
      whole = AddDoubles(fields.Bytes(), max, out.custom_values);
      break;
    case Tag(16, WireType::kFixed64):
      out.custom_values.Add(fields.Double(), max);
      break;
    case Tag(17, WireType::kVarint):
      out.start_ms = static_cast<int64_t>(fields.Varint());
      break;
    default:
      fields.Skip();
  }
  return whole;
}

}  // namespace

bool ReadHistogramMessage(absl::string_view message, uint64_t max, HistogramMessage& out) {
  bool whole = true;
  WireReader fields(message);
  while (whole && fields.Next()) {
    if (ReadSideField(8, fields, max, out.negative, whole)) continue;
    if (ReadSideField(11, fields, max, out.positive, whole)) continue;
    whole &= ReadField(fields, max, out);
  }
  return whole && fields.ok();
}

uint64_t HistogramMessage::MostListed() const {
  uint64_t buckets = 0;
  uint64_t others = custom_values.sent;
  for (const BucketSide* side : {&positive, &negative}) {
    buckets += side->deltas.sent + side->counts.sent;
    others = std::max(others, side->spans.sent);
  }
  return std::max(buckets, others);
}

}  // namespace tocsin::ingest
