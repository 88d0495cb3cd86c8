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

// Packed numbers of eight bytes; false if they are not whole.
template <typename Number>
bool AppendPacked(absl::string_view packed, std::vector<Number>& numbers) {
  static_assert(sizeof(Number) == 8);
  if (packed.size() % 8 != 0) return false;
  const size_t before = numbers.size();
  numbers.resize(before + packed.size() / 8);
  // Both ends are little-endian.
  if (!packed.empty()) std::memcpy(numbers.data() + before, packed.data(), packed.size());
  return true;
}

bool ReadQuantile(absl::string_view message, std::pair<double, double>& quantile) {
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kFixed64):
        quantile.first = fields.Double();
        break;
      case Tag(2, WireType::kFixed64):
        quantile.second = fields.Double();
        break;
      default:
        fields.Skip();
    }
  }
  return fields.ok();
}

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
      case Tag(2, WireType::kFixed64):
        point.start_ns = fields.Fixed64();
        break;
      case Tag(3, WireType::kFixed64):
        point.time_ns = fields.Fixed64();
        break;
      case Tag(4, WireType::kFixed64):
        point.value = fields.Double();
        point.has_value = true;
        break;
      case Tag(5, WireType::kBytes):
        point.exemplar = fields.Bytes();
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
      case Tag(2, WireType::kFixed64):
        point.start_ns = fields.Fixed64();
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
      case Tag(11, WireType::kBytes):
        point.exemplar = fields.Bytes();
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

bool ReadHistogramPoint(absl::string_view message, HistogramPoint& point) {
  AttributeSpan attributes;
  const char* field_start = message.data();
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(kHistogramAttributes, WireType::kBytes):
        fields.Bytes();
        attributes.Add(field_start, fields.position());
        break;
      case Tag(2, WireType::kFixed64):
        point.start_ns = fields.Fixed64();
        break;
      case Tag(3, WireType::kFixed64):
        point.time_ns = fields.Fixed64();
        break;
      case Tag(4, WireType::kFixed64):
        point.count = fields.Fixed64();
        break;
      case Tag(5, WireType::kFixed64):
        point.sum = fields.Double();
        point.has_sum = true;
        break;
      case Tag(6, WireType::kBytes):
        if (!AppendPacked(fields.Bytes(), point.counts)) return false;
        break;
      case Tag(6, WireType::kFixed64):
        point.counts.push_back(fields.Fixed64());
        break;
      case Tag(7, WireType::kBytes):
        if (!AppendPacked(fields.Bytes(), point.bounds)) return false;
        break;
      case Tag(7, WireType::kFixed64):
        point.bounds.push_back(fields.Double());
        break;
      case Tag(8, WireType::kBytes):
        point.exemplar = fields.Bytes();
        break;
      case Tag(10, WireType::kVarint):
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

bool ReadSummaryPoint(absl::string_view message, SummaryPoint& point) {
  AttributeSpan attributes;
  const char* field_start = message.data();
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(kSummaryAttributes, WireType::kBytes):
        fields.Bytes();
        attributes.Add(field_start, fields.position());
        break;
      case Tag(2, WireType::kFixed64):
        point.start_ns = fields.Fixed64();
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
      case Tag(6, WireType::kBytes):
        if (!ReadQuantile(fields.Bytes(), point.quantiles.emplace_back())) return false;
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

}  // namespace tocsin::ingest
