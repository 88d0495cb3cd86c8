#include "tests/fuzz/message_input.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "base/check.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t bytes_max);

namespace tocsin::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kFrameBytesMax = 0xffff;
constexpr int kDepthMax = 12;

// A broken text in the corpus is a mistake of ours, a mutated one is just bytes.
class Silent : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
};

std::string MutateBytes(std::string bytes, size_t bytes_max) {
  const size_t size = bytes.size();
  bytes.resize(std::max<size_t>({bytes_max, size, 1}));
  bytes.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(bytes.data()), size, bytes.size()));
  return bytes;
}

// Changes one field somewhere in a message.
class FieldMutator {
 public:
  explicit FieldMutator(uint32_t seed) : state_(seed * 2654435769u + 1) {}

  void Change(Message& message, int depth = 0) {
    const auto* descriptor = message.GetDescriptor();
    if (descriptor->field_count() == 0) return;
    // Rather where there is something already: most of a deep tree is empty.
    std::vector<const FieldDescriptor*> set;
    message.GetReflection()->ListFields(message, &set);
    const FieldDescriptor* field =
        !set.empty() && Below(4) > 0 ? set[Below(set.size())]
                                     : descriptor->field(static_cast<int>(
                                           Below(static_cast<size_t>(descriptor->field_count()))));
    field->is_repeated() ? ChangeRepeated(message, *field, depth)
                         : ChangeSingle(message, *field, depth);
  }

 private:
  size_t Below(size_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>(state_ >> 33) % n;
  }
  int64_t Number() {
    constexpr int64_t kNumbers[] = {0,
                                    1,
                                    -1,
                                    2,
                                    127,
                                    128,
                                    1000,
                                    INT32_MAX,
                                    INT32_MIN,
                                    INT64_MAX,
                                    INT64_MIN,
                                    1'700'000'000'000,
                                    1'700'000'000'000'000'000};
    const int64_t number = kNumbers[Below(std::size(kNumbers))];
    return static_cast<int64_t>(static_cast<uint64_t>(number) + Below(3));
  }
  double Real() {
    constexpr double kReals[] = {0.0,
                                 -0.0,
                                 1.5,
                                 -1e300,
                                 1e-310,
                                 std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::quiet_NaN()};
    return kReals[Below(std::size(kReals))];
  }
  std::string Bytes(std::string now) {
    constexpr size_t kGrowthMax = 16;
    return MutateBytes(now, now.size() + kGrowthMax);
  }

  void ChangeSingle(Message& message, const FieldDescriptor& field, int depth) {
    const auto& reflection = *message.GetReflection();
    if (Below(6) == 0) return reflection.ClearField(&message, &field);
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth < kDepthMax) Change(*reflection.MutableMessage(&message, &field), depth + 1);
        return;
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(&message, &field, Bytes(reflection.GetString(message, &field)));
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.SetInt32(&message, &field, static_cast<int32_t>(Number()));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.SetUInt32(&message, &field, static_cast<uint32_t>(Number()));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.SetInt64(&message, &field, Number());
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.SetUInt64(&message, &field, static_cast<uint64_t>(Number()));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.SetDouble(&message, &field, Real());
      case FieldDescriptor::CPPTYPE_FLOAT:
        return reflection.SetFloat(&message, &field, static_cast<float>(Real()));
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.SetBool(&message, &field, Below(2) == 0);
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection.SetEnumValue(&message, &field, static_cast<int>(Below(6)));
    }
  }

  void ChangeRepeated(Message& message, const FieldDescriptor& field, int depth) {
    const auto& reflection = *message.GetReflection();
    const int size = reflection.FieldSize(message, &field);
    if (size > 0 && Below(8) == 0) return reflection.RemoveLast(&message, &field);
    if (size > 1 && Below(8) == 0) {
      const int other = static_cast<int>(Below(static_cast<size_t>(size)));
      return reflection.SwapElements(&message, &field, other, size - 1);
    }
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth >= kDepthMax) return;
        if (size > 0 && Below(4) > 0) {
          const int which = static_cast<int>(Below(static_cast<size_t>(size)));
          return Change(*reflection.MutableRepeatedMessage(&message, &field, which), depth + 1);
        }
        Change(*reflection.AddMessage(&message, &field), depth + 1);
        return;
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.AddString(&message, &field, Bytes(""));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.AddUInt32(&message, &field, static_cast<uint32_t>(Below(4)));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.AddInt64(&message, &field, Number());
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.AddUInt64(&message, &field, static_cast<uint64_t>(Number()));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.AddDouble(&message, &field, Real());
      default:
        return;  // our messages have no others
    }
  }

  uint64_t state_;
};

std::unique_ptr<Message> FromWire(const std::string& wire, const Message& prototype) {
  std::unique_ptr<Message> message(prototype.New());
  // Broken UTF-8 in a string is reported and then taken.
  const google::protobuf::LogSilencer silent;
  return message->ParseFromString(wire) ? std::move(message) : nullptr;
}

}  // namespace

std::string ToWire(absl::string_view input, const Message& prototype) {
  if (!absl::StartsWith(input, "#")) return std::string(input);
  std::unique_ptr<Message> message(prototype.New());
  google::protobuf::TextFormat::Parser parser;
  Silent silent;
  parser.RecordErrorsTo(&silent);
  if (!parser.ParseFromString(std::string(input), message.get())) return std::string(input);
  return message->SerializeAsString();
}

std::string Mutate(const std::string& wire, size_t bytes_max, uint32_t seed,
                   const Message& prototype) {
  if (seed % 4 != 0) {
    if (const auto message = FromWire(wire, prototype)) {
      FieldMutator(seed).Change(*message);
      std::string changed = message->SerializePartialAsString();
      if (changed.size() <= bytes_max) return changed;
    }
  }
  std::string changed = MutateBytes(wire, bytes_max);
  changed.resize(std::min(changed.size(), bytes_max));
  return changed;
}

std::vector<std::string> ToWires(absl::string_view input, const Message& prototype) {
  std::vector<std::string> wires;
  if (absl::StartsWith(input, "#")) {
    for (absl::string_view text : absl::StrSplit(input, "\n---\n")) {
      wires.push_back(ToWire(text, prototype));
    }
    return wires;
  }
  while (input.size() >= 2) {
    const size_t claimed = static_cast<uint8_t>(input[0]) | static_cast<uint8_t>(input[1]) << 8;
    input.remove_prefix(2);
    const size_t size = std::min(claimed, input.size());
    wires.emplace_back(input.substr(0, size));
    input.remove_prefix(size);
  }
  return wires;
}

std::string Join(const std::vector<std::string>& wires) {
  std::string joined;
  for (const std::string& wire : wires) {
    const size_t size = std::min(wire.size(), kFrameBytesMax);
    joined.push_back(static_cast<char>(size & 0xff));
    joined.push_back(static_cast<char>(size >> 8));
    joined.append(wire, 0, size);
  }
  return joined;
}

}  // namespace tocsin::fuzz
