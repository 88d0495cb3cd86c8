#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/record_field.h"

namespace tocsin::ingest {

// What one field of a log record must be. `holds` gets the field's text, "" if the record has none;
// of a severity its word. It is called from any thread.
struct LogTest {
  RecordField field;
  std::function<bool(absl::string_view)> holds;
};

// Which log records a counter counts, and what its labels are: see `log_metrics:` of rule files.
struct LogCounterRule {
  std::string name;
  std::vector<LogTest> tests;  // all must hold; asked in this order
  std::vector<std::pair<std::string, RecordField>> labels;
  bool evidence = true;  // pages may quote records that were counted
};

}  // namespace tocsin::ingest
