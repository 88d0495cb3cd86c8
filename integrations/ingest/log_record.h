#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "base/record_field.h"
#include "base/timestamp.h"
#include "integrations/ingest/otlp_attributes.h"

namespace tocsin::ingest {

// What log records of one scope share.
struct LogSource {
  Attributes resource;
  std::string scope;
};

// One LogRecord of OTLP as it stands on the wire. Texts are made when they are asked for.
//
// Borrows the bytes and the source. Thread: one.
class LogRecordView {
 public:
  // Bytes of a body that are looked at; the rest is not there for tests.
  static constexpr size_t kBodyBytesMax = 16 << 10;
  // A record of more has none that can be asked for.
  static constexpr size_t kAttributesMax = 1024;

  LogRecordView(absl::string_view record, const LogSource& source, size_t text_bytes_max);

  // kMalformed: not protobuf. kInvalidUtf8: some text is none. Others of attributes.
  AttributeError error() const { return error_; }

  // "" if there is none. Lives as long as this. After an error in an attribute or the body, which
  // are decoded at the first question for one, error() says so and what is given means nothing.
  absl::string_view Text(const RecordField& field);

  Timestamp time() const { return time_; }                  // zero: not said
  absl::string_view trace_id() const { return trace_id_; }  // 16 bytes; "": none

 private:
  void Read();
  void DecodeBody();
  void DecodeRecordAttributes();

  const absl::string_view bytes_;
  const LogSource& source_;
  const size_t text_bytes_max_;
  AttributeError error_ = AttributeError::kNone;

  Timestamp time_;
  int severity_ = 0;
  absl::string_view severity_text_, event_name_, trace_id_, body_bytes_;
  bool body_decoded_ = false, attributes_decoded_ = false;
  std::string body_;
  Attributes attributes_;
};

}  // namespace tocsin::ingest
