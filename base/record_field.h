#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tocsin {

// A field of a log record (OTLP's data model), as rules name it and ingest reads it.
struct RecordField {
  enum class Kind {
    kSeverity,  // the word for severity_number: "trace", "debug", "info", "warn", "error", "fatal"
    kSeverityText,  // as the source wrote it
    kBody,
    kEventName,
    kScope,      // name of the instrumentation scope
    kAttribute,  // of the record
    kResource,   // attribute of the resource
  };
  Kind kind = Kind::kBody;
  std::string key;  // of an attribute

  friend bool operator==(const RecordField&, const RecordField&) = default;
};

// "severity", "severity_text", "body", "event_name", "scope", "attributes.KEY", "resource.KEY".
// nullopt for anything else.
std::optional<RecordField> ParseRecordField(absl::string_view text);
std::string RecordFieldText(const RecordField& field);

// "error" for 17 to 20; "" for numbers outside 1 to 24.
const char* LogSeverityWord(int number);
// The least number of a severity; 0 for a word that is none.
int LogSeverityNumber(absl::string_view word);

}  // namespace tocsin
