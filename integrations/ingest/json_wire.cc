#include "integrations/ingest/json_wire.h"

#include <bit>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "integrations/ingest/json_values.h"
#include "integrations/ingest/wire_writer.h"

namespace tocsin::ingest {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr size_t kDepthMax = 100;  // as protobuf's own

WireType WireTypeOf(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      return WireType::kFixed64;
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
      return WireType::kFixed32;
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE:
      return WireType::kBytes;
    default:
      return WireType::kVarint;
  }
}

// Follows the parser, which calls it at each token, as its library prescribes; false ends it.
class Transcoder {
 public:
  Transcoder(const Descriptor& root, size_t bytes_max, BudgetLease* room)
      : root_(root), writer_(bytes_max, room) {}

  absl::StatusOr<std::string> Take() {
    if (!status_.ok()) return status_;
    if (!writer_.status().ok()) return writer_.status();
    return writer_.Take();
  }

  bool null();
  bool boolean(bool value);
  bool number_integer(int64_t value) {
    return Number(Integer{static_cast<uint64_t>(value), value < 0}, static_cast<double>(value));
  }
  bool number_unsigned(uint64_t value) {
    return Number(Integer{value, false}, static_cast<double>(value));
  }
  bool number_float(double value, const std::string&) { return Number(IntegerOf(value), value); }
  bool string(std::string& text);
  bool binary(std::vector<uint8_t>&) { return Fail("binary data"); }
  bool start_object(size_t);
  bool key(std::string& name);
  bool end_object() { return Leave(); }
  bool start_array(size_t);
  bool end_array() { return Leave(); }
  bool parse_error(size_t position, const std::string&, const std::exception&) {
    return Fail(absl::StrCat("not well-formed at byte ", position));
  }

 private:
  struct Level {
    const Descriptor* message = nullptr;     // an object
    const FieldDescriptor* field = nullptr;  // whose value is next; null: is passed over
    bool array = false;                      // several values of `field`
    std::optional<size_t> length;            // open, in writer_
  };

  bool Fail(absl::string_view what) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat("JSON: ", what));
    return false;
  }
  bool Mismatch(const FieldDescriptor& field) {
    return Fail(absl::StrCat(field.json_name(), " of ", field.containing_type()->name(),
                             " has a value of another type"));
  }
  bool Enter(Level level) {
    if (levels_.size() >= kDepthMax) return Fail("nested too deeply");
    levels_.push_back(level);
    return writer_.status().ok();
  }
  bool Leave();
  // The field that a scalar is for, its tag written: null if none is wanted, with `ok` saying
  // whether the parser may go on.
  const FieldDescriptor* Scalar(bool& ok);
  void WriteTag(const FieldDescriptor& field, WireType type) {
    writer_.Varint(Tag(static_cast<uint32_t>(field.number()), type));
  }
  bool Number(std::optional<Integer> integer, double value);
  bool WriteNumber(const FieldDescriptor& field, std::optional<Integer> integer, double value);
  bool WriteInteger(const FieldDescriptor& field, Integer integer);

  const Descriptor& root_;
  WireWriter writer_;
  std::vector<Level> levels_;
  absl::Status status_;
};

bool Transcoder::start_object(size_t) {
  if (levels_.empty()) return Enter({.message = &root_});
  const FieldDescriptor* field = levels_.back().field;
  if (field == nullptr) return Enter({});
  const bool fits = field->type() == FieldDescriptor::TYPE_MESSAGE &&
                    field->is_repeated() == levels_.back().array;
  if (!fits) return Mismatch(*field);
  WriteTag(*field, WireType::kBytes);
  return Enter({.message = field->message_type(), .length = writer_.Open()});
}

bool Transcoder::key(std::string& name) {
  Level& level = levels_.back();
  level.field = nullptr;
  if (level.message == nullptr) return true;
  level.field = level.message->FindFieldByCamelcaseName(name);
  if (level.field == nullptr) level.field = level.message->FindFieldByName(name);
  return true;
}

// Numbers stand packed, as every sender writes them.
bool Transcoder::start_array(size_t) {
  if (levels_.empty()) return Fail("a message is an object");
  const FieldDescriptor* field = levels_.back().field;
  if (field == nullptr) return Enter({.array = true});
  if (!field->is_repeated() || levels_.back().array) return Mismatch(*field);
  Level level = {.field = field, .array = true};
  if (field->is_packable()) {
    WriteTag(*field, WireType::kBytes);
    level.length = writer_.Open();
  }
  return Enter(level);
}

bool Transcoder::Leave() {
  if (levels_.back().length) writer_.Close(*levels_.back().length);
  levels_.pop_back();
  return writer_.status().ok();
}

const FieldDescriptor* Transcoder::Scalar(bool& ok) {
  ok = true;
  if (levels_.empty()) {
    ok = Fail("a message is an object");
    return nullptr;
  }
  const FieldDescriptor* field = levels_.back().field;
  if (field == nullptr) return nullptr;
  if (field->type() == FieldDescriptor::TYPE_MESSAGE ||
      field->is_repeated() != levels_.back().array) {
    ok = Mismatch(*field);
    return nullptr;
  }
  if (!levels_.back().length || !levels_.back().array) WriteTag(*field, WireTypeOf(*field));
  return field;
}

// A field that is null is not there.
bool Transcoder::null() {
  if (levels_.empty()) return Fail("a message is an object");
  const Level& level = levels_.back();
  return level.field != nullptr && level.array ? Mismatch(*level.field) : true;
}

bool Transcoder::boolean(bool value) {
  bool ok = true;
  const FieldDescriptor* field = Scalar(ok);
  if (field == nullptr) return ok;
  if (field->type() != FieldDescriptor::TYPE_BOOL) return Mismatch(*field);
  writer_.Varint(value ? 1 : 0);
  return writer_.status().ok();
}

bool Transcoder::string(std::string& text) {
  bool ok = true;
  const FieldDescriptor* field = Scalar(ok);
  if (field == nullptr) return ok;
  if (field->type() == FieldDescriptor::TYPE_STRING) {
    writer_.Bytes(text);
    return writer_.status().ok();
  }
  if (field->type() == FieldDescriptor::TYPE_BYTES) {
    const std::optional<std::string> bytes = BytesOf(*field, text);
    if (!bytes) return Mismatch(*field);
    writer_.Bytes(*bytes);
    return writer_.status().ok();
  }
  if (field->type() == FieldDescriptor::TYPE_ENUM) {
    if (const auto* value = field->enum_type()->FindValueByName(text); value != nullptr) {
      return WriteInteger(*field, {static_cast<uint64_t>(value->number()), false});
    }
  }
  const std::optional<double> value = DoubleOf(text);
  if (!value) return Mismatch(*field);
  return WriteNumber(*field, IntegerOf(text), *value);
}

bool Transcoder::Number(std::optional<Integer> integer, double value) {
  bool ok = true;
  const FieldDescriptor* field = Scalar(ok);
  return field == nullptr ? ok : WriteNumber(*field, integer, value);
}

bool Transcoder::WriteNumber(const FieldDescriptor& field, std::optional<Integer> integer,
                             double value) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_DOUBLE:
      writer_.Fixed64(std::bit_cast<uint64_t>(value));
      return writer_.status().ok();
    case FieldDescriptor::TYPE_FLOAT:
      writer_.Fixed32(std::bit_cast<uint32_t>(static_cast<float>(value)));
      return writer_.status().ok();
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_BOOL:
      return Mismatch(field);
    default:
      return integer ? WriteInteger(field, *integer) : Mismatch(field);
  }
}

bool Transcoder::WriteInteger(const FieldDescriptor& field, Integer integer) {
  const auto value = static_cast<int64_t>(integer.bits);
  const bool too_large = !integer.negative && value < 0;  // for signed fields
  const bool is_int32 = !too_large && value >= INT32_MIN && value <= INT32_MAX;
  const bool is_uint32 = !integer.negative && integer.bits <= UINT32_MAX;
  switch (field.type()) {
    case FieldDescriptor::TYPE_UINT64:
    case FieldDescriptor::TYPE_FIXED64:
      if (integer.negative) return Mismatch(field);
      break;
    case FieldDescriptor::TYPE_UINT32:
    case FieldDescriptor::TYPE_FIXED32:
      if (!is_uint32) return Mismatch(field);
      break;
    case FieldDescriptor::TYPE_INT64:
    case FieldDescriptor::TYPE_SFIXED64:
    case FieldDescriptor::TYPE_SINT64:
      if (too_large) return Mismatch(field);
      break;
    default:
      if (!is_int32) return Mismatch(field);
  }
  switch (WireTypeOf(field)) {
    case WireType::kFixed64:
      writer_.Fixed64(integer.bits);
      break;
    case WireType::kFixed32:
      writer_.Fixed32(static_cast<uint32_t>(integer.bits));
      break;
    default: {
      const bool zigzag = field.type() == FieldDescriptor::TYPE_SINT32 ||
                          field.type() == FieldDescriptor::TYPE_SINT64;
      writer_.Varint(zigzag ? (integer.bits << 1) ^ (integer.negative ? ~uint64_t{0} : 0)
                            : integer.bits);
    }
  }
  return writer_.status().ok();
}

}  // namespace

absl::StatusOr<std::string> WireFromJson(absl::string_view json, const Descriptor& message,
                                         size_t bytes_max, BudgetLease* room) {
  Transcoder transcoder(message, bytes_max, room);
  nlohmann::json::sax_parse(json.begin(), json.end(), &transcoder);
  return transcoder.Take();
}

}  // namespace tocsin::ingest
