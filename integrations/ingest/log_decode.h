#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "base/timestamp.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/log_counters.h"
#include "integrations/ingest/log_walk.h"

namespace tocsin::ingest {

// OTLP logs -> counters: LogWalk over one ExportLogsServiceRequest.
//
// Thread: any. Borrows both, which outlive it.
// Errors of Decode (nothing was counted): InvalidArgument if the bytes are not such a request;
// ResourceExhausted beyond limits.request_bytes_max; those of LogWalk.
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
