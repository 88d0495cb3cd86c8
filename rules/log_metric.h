#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/record_field.h"
#include "rules/diagnostic.h"

namespace re2 {
class RE2;
}

namespace tocsin::rules {

// What one field of a log record must be.
struct LogCondition {
  enum class Op { kEqual, kNotEqual, kRegex, kNotRegex, kAtLeast };
  RecordField field;
  Op op = Op::kEqual;
  std::string text;                         // to compare with; of kAtLeast a severity
  std::shared_ptr<const re2::RE2> pattern;  // of the regexes; they match the whole field

  // `value` is the field's text, "" if the record has none; a severity is its word.
  bool Holds(absl::string_view value) const;
};

// An entry of `log_metrics:`: log records that match are counted by a series `name`, with the
// values of the fields in `labels` as its labels.
struct LogMetric {
  std::string name;                 // of the counter; unique over all files
  std::vector<LogCondition> match;  // all must hold; what is quick to tell first
  std::vector<std::pair<std::string, RecordField>> labels;
  bool evidence = true;  // pages may quote records that were counted
  size_t regex_instructions = 0;
  SourcePosition position;
};

}  // namespace tocsin::rules
