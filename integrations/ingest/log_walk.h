#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/log_counters.h"
#include "integrations/ingest/log_record.h"
#include "integrations/ingest/reject.h"

namespace tocsin::ingest {

// What the log records of one request came to.
struct LogSamples {
  SampleBatch batch;     // of the counters that it changed
  RejectTally rejected;  // records that no rule could look at, for good
  uint64_t records = 0;
  uint64_t dropped = 0;  // records that matched and could not be counted
  std::string warning;   // why, for the first of them; "" if there is none

  // What was rejected and dropped, for the sender; "" if nothing was.
  std::string Describe() const;
};

// The walk over one request's log records: each is compared with the rules and then forgotten. It
// goes over OTLP's wire in place; a field is decoded when a rule asks for it. Senders of other
// formats write their records so, one after the other.
//
// Nothing is counted before Count(): a request that fails on the way counts nothing.
//
// Thread: one. Borrows limits and room (may be null).
// Errors: InvalidArgument if the bytes are no such message; ResourceExhausted beyond
// samples_per_request_max records (an empty scope or resource counts as one); what
// BudgetLease::Grow returns, which is asked for the labels of each counter that will change.
class LogWalk {
 public:
  LogWalk(const Limits& limits, LogRules rules, Timestamp now, BudgetLease* room)
      : limits_(limits), rules_(std::move(rules)), now_(now), room_(room) {}

  // An ExportLogsServiceRequest.
  absl::Status Request(absl::string_view message);
  // A ResourceLogs: one resource and its records.
  absl::Status ResourceLogs(absl::string_view message);
  // A record that cannot be looked at, for good.
  absl::Status Reject(RejectReason reason, absl::string_view detail);

  // Counts what was found, once, last. `counters` gave the rules.
  LogSamples Count(LogCounters& counters);

 private:
  absl::Status ScopeLogs(absl::string_view message);
  absl::Status Record(absl::string_view message);
  absl::Status Match(size_t rule, LogRecordView& record);
  absl::Status ReadResource(absl::string_view resource);
  absl::Status CountRecord();
  absl::Status Refuse(AttributeError error);

  const Limits& limits_;
  const LogRules rules_;
  const Timestamp now_;
  BudgetLease* const room_;
  LogSource source_;
  AttributeError resource_error_ = AttributeError::kNone;
  uint64_t counted_ = 0;  // records, and what is empty
  LogSamples result_;
  LogCounts counts_;
};

}  // namespace tocsin::ingest
