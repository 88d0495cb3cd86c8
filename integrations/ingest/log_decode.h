#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/log_counters.h"
#include "integrations/ingest/reject.h"

namespace tocsin::ingest {

// What one ExportLogsServiceRequest came to.
struct LogSamples {
  SampleBatch batch;     // of the counters that it changed
  RejectTally rejected;  // records that no rule could look at, for good
  uint64_t records = 0;
  uint64_t dropped = 0;  // records that matched and could not be counted
  std::string warning;   // why, for the first of them; "" if there is none
};

// OTLP logs -> counters: each record is compared with the rules of `counters` and then forgotten.
// Walks the wire in place; a field is decoded when a rule asks for it.
//
// Thread: any. Borrows both, which outlive it.
// Errors of Decode (nothing was counted): InvalidArgument if the bytes are not such a request;
// ResourceExhausted beyond limits.request_bytes_max or samples_per_request_max records (an empty
// scope or resource counts as one); what BudgetLease::Grow returns, which is asked for the labels
// of each counter that the request changes.
class LogDecoder {
 public:
  LogDecoder(const Limits& limits, LogCounters& counters) : limits_(limits), counters_(counters) {}

  absl::StatusOr<LogSamples> Decode(absl::string_view request, Timestamp now,
                                    BudgetLease* room = nullptr);

 private:
  const Limits& limits_;
  LogCounters& counters_;
};

}  // namespace tocsin::ingest
