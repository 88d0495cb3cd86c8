#include "integrations/ingest/otlp_point.h"

namespace tocsin::ingest {
namespace {

// Attributes stand together in what every known sender writes; one span then covers them.
class AttributeSpan {
 public:
  void Add(const char* begin, const char* end) {
    if (begin_ == nullptr) {
      begin_ = begin;
    } else if (end_ != begin) {
      apart_ = true;
    }
    end_ = end;
  }
  void Get(PointHead& head) const {
    if (begin_ == nullptr) return;
    head.attributes = absl::string_view(begin_, static_cast<size_t>(end_ - begin_));
    head.attributes_apart = apart_;
  }

 private:
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
  bool apart_ = false;
};

int32_t FromZigZag32(uint64_t bits) {
  const auto low = static_cast<uint32_t>(bits);
  return static_cast<int32_t>((low >> 1) ^ (0 - (low & 1)));
}

}  // namespace

bool ReadNumberPoint(absl::string_view message, NumberPoint& point) {
  AttributeSpan attributes;
  const char* field_start = message.data();
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(kNumberAttributes, WireType::kBytes):
        fields.Bytes();
        attributes.Add(field_start, fields.position());
        break;
      case Tag(3, WireType::kFixed64):
        point.time_ns = fields.Fixed64();
        break;
      case Tag(4, WireType::kFixed64):
        point.value = fields.Double();
        point.has_value = true;
        break;
      case Tag(6, WireType::kFixed64):
        point.value = static_cast<double>(static_cast<int64_t>(fields.Fixed64()));
        point.has_value = true;
        break;
      case Tag(8, WireType::kVarint):
        point.flags = static_cast<uint32_t>(fields.Varint());
        break;
      default:
        fields.Skip();
    }
    field_start = fields.position();
  }
  attributes.Get(point);
  return fields.ok();
}

bool ReadExponentialPoint(absl::string_view message, ExponentialPoint& point) {
  AttributeSpan attributes;
  const char* field_start = message.data();
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(kExponentialAttributes, WireType::kBytes):
        fields.Bytes();
        attributes.Add(field_start, fields.position());
        break;
      case Tag(3, WireType::kFixed64):
        point.time_ns = fields.Fixed64();
        break;
      case Tag(4, WireType::kFixed64):
        point.count = fields.Fixed64();
        break;
      case Tag(5, WireType::kFixed64):
        point.sum = fields.Double();
        break;
      case Tag(6, WireType::kVarint):
        point.scale = FromZigZag32(fields.Varint());
        break;
      case Tag(7, WireType::kFixed64):
        point.zero_count = fields.Fixed64();
        break;
      case Tag(8, WireType::kBytes):
        point.positive.Add(fields.Bytes());
        break;
      case Tag(9, WireType::kBytes):
        point.negative.Add(fields.Bytes());
        break;
      case Tag(10, WireType::kVarint):
        point.flags = static_cast<uint32_t>(fields.Varint());
        break;
      case Tag(14, WireType::kFixed64):
        point.zero_threshold = fields.Double();
        break;
      default:
        fields.Skip();
    }
    field_start = fields.position();
  }
  attributes.Get(point);
  return fields.ok();
}

}  // namespace tocsin::ingest
