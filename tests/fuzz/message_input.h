#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// Protobuf messages as inputs of fuzz targets. People write them as text that begins with a comment
// ("# what it shows"); everything else is taken as it is, as wire. Mutations work on the wire or,
// as long as it parses, on the message's fields.
namespace tocsin::fuzz {

// The wire of a text input, of the type of `prototype`; any other input unchanged.
std::string ToWire(absl::string_view input, const google::protobuf::Message& prototype);

// A changed copy of `wire` of at most `bytes_max` bytes.
std::string Mutate(const std::string& wire, size_t bytes_max, uint32_t seed,
                   const google::protobuf::Message& prototype);

// Several messages as one input. Text: separated by lines "---". Otherwise: two bytes of length,
// low byte first, before each.
std::vector<std::string> ToWires(absl::string_view input,
                                 const google::protobuf::Message& prototype);
std::string Join(const std::vector<std::string>& wires);

}  // namespace tocsin::fuzz
