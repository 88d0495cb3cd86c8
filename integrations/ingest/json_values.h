#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <google/protobuf/descriptor.h>

// Values of JSON as protobuf's fields take them; nullopt: they are none.
namespace tocsin::ingest {

// An integer of JSON: what fits either of both.
struct Integer {
  uint64_t bits = 0;
  bool negative = false;  // bits are those of an int64_t
};
std::optional<Integer> IntegerOf(const std::string& text);
std::optional<Integer> IntegerOf(double value);

// Of a text: a number, "NaN", "Infinity" or "-Infinity".
std::optional<double> DoubleOf(const std::string& text);

// Of a text for a field `bytes`: Base64, either alphabet; hexadecimal for trace and span ids.
std::optional<std::string> BytesOf(const google::protobuf::FieldDescriptor& field,
                                   const std::string& text);

}  // namespace tocsin::ingest
