#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/reject.h"

namespace tocsin::ingest {

// What one PushRequest came to.
struct PushSamples {
  uint64_t sequence = 0;
  SampleBatch batch;
  RejectTally rejected;
};

// The series one native stream has declared, and the decoder of its requests
// (proto/tocsin/v1/ingest.proto).
//
// A reference is the next free number, or one already declared, which then names the new series. A
// declaration that is refused keeps its number: samples sent under it are rejected with the
// declaration's reason.
//
// Thread: one at a time. Borrows: limits, sink and the budget of declarations, which all sessions
// share; they outlive it.
// Errors of Decode (the stream is to be ended): InvalidArgument if the bytes are not a PushRequest
// or its columns differ in length; what SampleSink::Resolve returns besides InvalidArgument and
// ResourceExhausted; Unavailable if there is no room for more declarations. Limits:
// limits.series_max declarations and what the budget has, samples_per_request_max samples
// (beyond: all of the request is rejected, and no more than that many are ever held).
class PushSession {
 public:
  // `sender`: the host at the other end, whose new series are counted; "": not known.
  PushSession(const Limits& limits, engine::SampleSink& sink, Budget& declarations,
              absl::string_view sender = {})
      : limits_(limits), sink_(sink), sender_(sender), lease_(declarations, sender_) {}

  absl::StatusOr<PushSamples> Decode(absl::string_view request, Timestamp now);

  // The most memory Decode() takes for a request of that size, besides the request and what stays
  // declared.
  uint64_t BytesToDecode(size_t request_bytes) const;

  size_t declared() const { return series_.size(); }

 private:
  // The wire's columns, before references are resolved.
  struct Columns;
  struct Declared {
    SeriesRef ref = 0;  // 0: refused, for `reason`
    RejectReason reason = RejectReason::kUnknownReference;
  };

  absl::Status ReadColumns(absl::string_view request, PushSamples& out, Columns& columns);
  absl::Status Declare(absl::string_view declaration);
  absl::StatusOr<Declared> ResolveDeclared(const std::vector<absl::string_view>& labels);
  void Map(const Columns& columns, Timestamp now, PushSamples& out);

  const Limits& limits_;
  engine::SampleSink& sink_;
  const std::string sender_;
  std::vector<Declared> series_;  // by reference
  BudgetLease lease_;             // for series_
};

}  // namespace tocsin::ingest
