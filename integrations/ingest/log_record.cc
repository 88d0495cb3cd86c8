#include "integrations/ingest/log_record.h"

#include "integrations/ingest/utf8.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

constexpr uint32_t kRecordAttributes = 6;  // field number
constexpr size_t kTraceIdBytes = 16;

// The first attribute of that key counts, as in pdata.
absl::string_view Find(const Attributes& attributes, absl::string_view key) {
  for (const auto& [name, value] : attributes) {
    if (name == key) return value;
  }
  return "";
}

}  // namespace

LogRecordView::LogRecordView(absl::string_view record, const LogSource& source,
                             size_t text_bytes_max)
    : bytes_(record), source_(source), text_bytes_max_(text_bytes_max) {
  Read();
}

void LogRecordView::Read() {
  uint64_t time_ns = 0, observed_ns = 0;
  WireReader fields(bytes_);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kFixed64):
        time_ns = fields.Fixed64();
        break;
      case Tag(2, WireType::kVarint):
        severity_ = static_cast<int>(static_cast<uint32_t>(fields.Varint()));
        break;
      case Tag(3, WireType::kBytes):
        severity_text_ = fields.Bytes();
        break;
      case Tag(5, WireType::kBytes):
        body_bytes_ = fields.Bytes();
        break;
      case Tag(9, WireType::kBytes):
        trace_id_ = fields.Bytes();
        break;
      case Tag(11, WireType::kFixed64):
        observed_ns = fields.Fixed64();
        break;
      case Tag(12, WireType::kBytes):
        event_name_ = fields.Bytes();
        break;
      default:
        fields.Skip();
    }
  }
  time_ = Timestamp::FromNanos(time_ns != 0 ? time_ns : observed_ns);
  if (trace_id_.size() != kTraceIdBytes) trace_id_ = "";
  if (!fields.ok()) {
    error_ = AttributeError::kMalformed;
  } else if (!IsUtf8(severity_text_) || !IsUtf8(event_name_)) {
    error_ = AttributeError::kInvalidUtf8;
  }
}

absl::string_view LogRecordView::Text(const RecordField& field) {
  switch (field.kind) {
    case RecordField::Kind::kSeverity:
      return LogSeverityWord(severity_);
    case RecordField::Kind::kSeverityText:
      return severity_text_;
    case RecordField::Kind::kBody:
      DecodeBody();
      return body_;
    case RecordField::Kind::kEventName:
      return event_name_;
    case RecordField::Kind::kScope:
      return source_.scope;
    case RecordField::Kind::kAttribute:
      DecodeRecordAttributes();
      return Find(attributes_, field.key);
    case RecordField::Kind::kResource:
      return Find(source_.resource, field.key);
  }
  return "";
}

void LogRecordView::DecodeBody() {
  if (body_decoded_) return;
  body_decoded_ = true;
  const AttributeError error = DecodeValue(body_bytes_, kBodyBytesMax, body_);
  if (error != AttributeError::kNone) error_ = error;
}

void LogRecordView::DecodeRecordAttributes() {
  if (attributes_decoded_) return;
  attributes_decoded_ = true;
  const AttributeError error = DecodeAttributes(
      bytes_, kRecordAttributes, {.count_max = kAttributesMax, .text_bytes_max = text_bytes_max_},
      attributes_);
  if (error != AttributeError::kNone) error_ = error;
}

}  // namespace tocsin::ingest
