#include "integrations/datadog/log_value.h"

#include <bit>
#include <string>

#include <nlohmann/json.hpp>

namespace tocsin::datadog {
namespace {

using Json = nlohmann::json;
using ingest::Tag;
using ingest::WireType;
using ingest::WireWriter;

// Fields of AnyValue.
constexpr uint32_t kString = 1, kBool = 2, kInt = 3, kDouble = 4, kArray = 5, kList = 6;
constexpr uint32_t kValues = 1;  // of ArrayValue and of KeyValueList
constexpr uint32_t kKey = 1, kValue = 2;

void WriteString(absl::string_view text, WireWriter& wire) {
  wire.Varint(Tag(kString, WireType::kBytes));
  wire.Bytes(text);
}

void WriteDouble(double value, WireWriter& wire) {
  wire.Varint(Tag(kDouble, WireType::kFixed64));
  wire.Fixed64(std::bit_cast<uint64_t>(value));
}

void WriteInteger(const Json& value, WireWriter& wire) {
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) {
    return WriteDouble(value.get<double>(), wire);
  }
  wire.Varint(Tag(kInt, WireType::kVarint));
  wire.Varint(static_cast<uint64_t>(value.get<int64_t>()));
}

void WriteArray(const Json& array, WireWriter& wire) {
  wire.Varint(Tag(kArray, WireType::kBytes));
  const size_t all = wire.Open();
  for (const Json& item : array) {
    wire.Varint(Tag(kValues, WireType::kBytes));
    const size_t one = wire.Open();
    WriteAnyValue(item, wire);
    wire.Close(one);
  }
  wire.Close(all);
}

void WriteList(const Json& object, WireWriter& wire) {
  wire.Varint(Tag(kList, WireType::kBytes));
  const size_t all = wire.Open();
  for (const auto& [key, value] : object.items()) WriteKeyValue(kValues, key, value, wire);
  wire.Close(all);
}

template <typename WriteValue>
void WriteKeyAnd(uint32_t field, absl::string_view key, WireWriter& wire, WriteValue write) {
  wire.Varint(Tag(field, WireType::kBytes));
  const size_t pair = wire.Open();
  wire.Varint(Tag(kKey, WireType::kBytes));
  wire.Bytes(key);
  wire.Varint(Tag(kValue, WireType::kBytes));
  const size_t value = wire.Open();
  write();
  wire.Close(value);
  wire.Close(pair);
}

}  // namespace

// Its depth is what the reader of the JSON allowed.
void WriteAnyValue(const Json& value, WireWriter& wire) {
  switch (value.type()) {
    case Json::value_t::string:
      return WriteString(value.get_ref<const std::string&>(), wire);
    case Json::value_t::boolean:
      wire.Varint(Tag(kBool, WireType::kVarint));
      return wire.Varint(value.get<bool>() ? 1 : 0);
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return WriteInteger(value, wire);
    case Json::value_t::number_float:
      return WriteDouble(value.get<double>(), wire);
    case Json::value_t::array:
      return WriteArray(value, wire);
    case Json::value_t::object:
      return WriteList(value, wire);
    default:
      return;  // null: a value that is not set
  }
}

void WriteKeyValue(uint32_t field, absl::string_view key, const Json& value, WireWriter& wire) {
  WriteKeyAnd(field, key, wire, [&] { WriteAnyValue(value, wire); });
}

void WriteKeyValue(uint32_t field, absl::string_view key, absl::string_view text,
                   WireWriter& wire) {
  WriteKeyAnd(field, key, wire, [&] { WriteString(text, wire); });
}

}  // namespace tocsin::datadog
