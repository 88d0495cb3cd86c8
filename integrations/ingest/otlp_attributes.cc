#include "integrations/ingest/otlp_attributes.h"

#include <cmath>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "integrations/ingest/number_text.h"
#include "integrations/ingest/utf8.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

enum class ValueKind { kNone, kString, kBool, kInt, kDouble, kArray, kList, kBytes };

// One AnyValue: the member of its oneof that counts (the last one on the wire).
struct AnyValue {
  ValueKind kind = ValueKind::kNone;
  uint64_t bits = 0;  // bool, int, double
  MergedField bytes;  // the others

  void Take(ValueKind next, absl::string_view piece) {
    const bool merges = next == kind && (next == ValueKind::kArray || next == ValueKind::kList);
    if (!merges) bytes.Clear();
    kind = next;
    bytes.Add(piece);
  }
  void Take(ValueKind next, uint64_t value) {
    kind = next;
    bits = value;
  }
  double number() const {
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
};

AttributeError ReadAnyValue(absl::string_view message, AnyValue& value) {
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kBytes):
        value.Take(ValueKind::kString, fields.Bytes());
        break;
      case Tag(2, WireType::kVarint):
        value.Take(ValueKind::kBool, fields.Varint() != 0);
        break;
      case Tag(3, WireType::kVarint):
        value.Take(ValueKind::kInt, fields.Varint());
        break;
      case Tag(4, WireType::kFixed64):
        value.Take(ValueKind::kDouble, fields.Fixed64());
        break;
      case Tag(5, WireType::kBytes):
        value.Take(ValueKind::kArray, fields.Bytes());
        break;
      case Tag(6, WireType::kBytes):
        value.Take(ValueKind::kList, fields.Bytes());
        break;
      case Tag(7, WireType::kBytes):
        value.Take(ValueKind::kBytes, fields.Bytes());
        break;
      default:
        fields.Skip();
    }
  }
  if (!fields.ok()) return AttributeError::kMalformed;
  if (value.kind == ValueKind::kString && !IsUtf8(value.bytes.bytes())) {
    return AttributeError::kInvalidUtf8;
  }
  return AttributeError::kNone;
}

struct KeyValue {
  absl::string_view key;
  MergedField value;
};

AttributeError ReadKeyValue(absl::string_view message, KeyValue& out) {
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kBytes):
        out.key = fields.Bytes();
        break;
      case Tag(2, WireType::kBytes):
        out.value.Add(fields.Bytes());
        break;
      default:
        fields.Skip();
    }
  }
  if (!fields.ok()) return AttributeError::kMalformed;
  return IsUtf8(out.key) ? AttributeError::kNone : AttributeError::kInvalidUtf8;
}

// Enough of a text to see that it is too long.
absl::string_view Cut(absl::string_view text, size_t bytes_max) {
  return text.size() > bytes_max ? text.substr(0, bytes_max + 1) : text;
}

// JSON text as Go's encoder writes it, which escapes HTML's special characters too.
void AppendJsonString(absl::string_view text, std::string& out) {
  out.push_back('"');
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    switch (c) {
      case '"':
      case '\\':
        out.push_back('\\');
        out.push_back(c);
        continue;
      case '\b':
        out += "\\b";
        continue;
      case '\f':
        out += "\\f";
        continue;
      case '\n':
        out += "\\n";
        continue;
      case '\r':
        out += "\\r";
        continue;
      case '\t':
        out += "\\t";
        continue;
      default:
        break;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == '<' || c == '>' || c == '&') {
      absl::StrAppend(&out, absl::StrFormat("\\u%04x", static_cast<unsigned>(c)));
    } else if (text.substr(i, 3) == "\xe2\x80\xa8" || text.substr(i, 3) == "\xe2\x80\xa9") {
      out += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

// Writes nested values as JSON. `finite` becomes false at a NaN or an infinity, which JSON cannot
// say: the whole text is then "". Writes little more than `bytes_max`: what goes beyond is cut,
// since a few bytes of the sender's can make many of JSON.
class JsonWriter {
 public:
  explicit JsonWriter(size_t bytes_max) : bytes_max_(bytes_max) {}

  AttributeError Append(const AnyValue& value, int depth, std::string& out) {
    if (depth > kAttributeDepthMax) return AttributeError::kTooDeep;
    switch (value.kind) {
      case ValueKind::kNone:
        out += "null";
        return AttributeError::kNone;
      case ValueKind::kString:
        AppendJsonString(Cut(value.bytes.bytes(), bytes_max_), out);
        return AttributeError::kNone;
      case ValueKind::kBool:
        out += value.bits != 0 ? "true" : "false";
        return AttributeError::kNone;
      case ValueKind::kInt:
        absl::StrAppend(&out, static_cast<int64_t>(value.bits));
        return AttributeError::kNone;
      case ValueKind::kDouble:
        AppendNumber(value.number(), out);
        return AttributeError::kNone;
      case ValueKind::kBytes:
        absl::StrAppend(&out, "\"", absl::Base64Escape(Cut(value.bytes.bytes(), bytes_max_)), "\"");
        return AttributeError::kNone;
      case ValueKind::kArray:
        return AppendArray(value.bytes.bytes(), depth, out);
      case ValueKind::kList:
        return AppendList(value.bytes.bytes(), depth, out);
    }
    return AttributeError::kNone;
  }
  bool finite() const { return finite_; }

 private:
  void AppendNumber(double number, std::string& out) {
    if (!std::isfinite(number)) {
      finite_ = false;
    } else {
      out += ShortestNumber(number);
    }
  }

  AttributeError AppendArray(absl::string_view message, int depth, std::string& out) {
    out.push_back('[');
    bool first = true;
    WireReader fields(message);
    while (out.size() <= bytes_max_ && fields.Next()) {
      if (fields.tag() != Tag(1, WireType::kBytes)) {
        fields.Skip();
        continue;
      }
      AnyValue value;
      AttributeError error = ReadAnyValue(fields.Bytes(), value);
      if (!first) out.push_back(',');
      first = false;
      if (error == AttributeError::kNone) error = Append(value, depth + 1, out);
      if (error != AttributeError::kNone) return error;
    }
    out.push_back(']');
    return fields.ok() ? AttributeError::kNone : AttributeError::kMalformed;
  }

  // A later key replaces an earlier equal one.
  AttributeError AppendList(absl::string_view message, int depth, std::string& out) {
    std::map<std::string, std::string> members;
    size_t bytes = 0;  // of members
    WireReader fields(message);
    while (bytes <= bytes_max_ && fields.Next()) {
      if (fields.tag() != Tag(1, WireType::kBytes)) {
        fields.Skip();
        continue;
      }
      KeyValue member;
      AnyValue value;
      AttributeError error = ReadKeyValue(fields.Bytes(), member);
      if (error == AttributeError::kNone) error = ReadAnyValue(member.value.bytes(), value);
      std::string json;
      if (error == AttributeError::kNone) error = Append(value, depth + 1, json);
      if (error != AttributeError::kNone) return error;
      const auto [slot, added] = members.try_emplace(std::string(Cut(member.key, bytes_max_)));
      bytes += (added ? slot->first.size() : 0) + json.size() - slot->second.size();
      slot->second = std::move(json);
    }
    if (!fields.ok()) return AttributeError::kMalformed;
    out.push_back('{');
    for (const auto& [key, json] : members) {
      if (out.back() != '{') out.push_back(',');
      AppendJsonString(key, out);
      absl::StrAppend(&out, ":", json);
    }
    out.push_back('}');
    return AttributeError::kNone;
  }

  const size_t bytes_max_;
  bool finite_ = true;
};

std::string UnsupportedNumber(double value) {
  const char* text = std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  return absl::StrCat("json: unsupported value: ", text);  // what pdata writes
}

AttributeError ToText(const AnyValue& value, size_t bytes_max, std::string& out) {
  switch (value.kind) {
    case ValueKind::kNone:
      return AttributeError::kNone;
    case ValueKind::kString:
      out = std::string(Cut(value.bytes.bytes(), bytes_max));
      return AttributeError::kNone;
    case ValueKind::kDouble:
      out = std::isfinite(value.number()) ? ShortestNumber(value.number())
                                          : UnsupportedNumber(value.number());
      return AttributeError::kNone;
    case ValueKind::kBytes:
      out = absl::Base64Escape(Cut(value.bytes.bytes(), bytes_max));
      return AttributeError::kNone;
    default: {
      JsonWriter json(bytes_max);
      const AttributeError error = json.Append(value, 1, out);
      if (!json.finite()) out.clear();
      return error;
    }
  }
}

}  // namespace

AttributeError DecodeAttributes(absl::string_view message, uint32_t field,
                                const AttributeLimits& limits, Attributes& out) {
  constexpr size_t kUsual = 8;
  out.reserve(kUsual);
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() != Tag(field, WireType::kBytes)) {
      fields.Skip();
      continue;
    }
    if (out.size() >= limits.count_max) return AttributeError::kTooMany;
    KeyValue attribute;
    AnyValue value;
    std::string text;
    AttributeError error = ReadKeyValue(fields.Bytes(), attribute);
    if (error == AttributeError::kNone) error = ReadAnyValue(attribute.value.bytes(), value);
    if (error == AttributeError::kNone) error = ToText(value, limits.text_bytes_max, text);
    if (error != AttributeError::kNone) return error;
    out.emplace_back(std::string(attribute.key), std::move(text));
  }
  return fields.ok() ? AttributeError::kNone : AttributeError::kMalformed;
}

AttributeError DecodeValue(absl::string_view any_value, size_t bytes_max, std::string& out) {
  AnyValue value;
  const AttributeError error = ReadAnyValue(any_value, value);
  return error == AttributeError::kNone ? ToText(value, bytes_max, out) : error;
}

}  // namespace tocsin::ingest
