#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/timestamp.h"

namespace tocsin::templates {

// A log record or a trace that a page quotes.
struct EvidenceItem {
  Timestamp time;               // .Time
  std::string text;             // .Text: severity and body of a record, the value of an exemplar
  std::string trace_id;         // .TraceID; "": none
  std::optional<double> value;  // .Value, of an exemplar
};

// What senders told besides samples, newest first of each kind.
struct Evidence {
  std::vector<EvidenceItem> logs;    // .Logs
  std::vector<EvidenceItem> traces;  // .Traces
  std::string trace_id;              // .TraceID: the newest of both; "": none

  bool empty() const { return logs.empty() && traces.empty(); }
};

}  // namespace tocsin::templates
