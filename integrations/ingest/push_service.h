#pragma once

#include <memory>
#include <set>

#include "base/mutex.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/call_parts.h"
#include "integrations/ingest/ingest_metrics.h"
#include "proto/tocsin/v1/ingest.grpc.pb.h"

namespace tocsin::ingest {

class PushStream;

// What all streams of one server share. Lives as long as the last of them, which may be longer than
// the server: the sink keeps a stream until it has answered its samples.
struct PushContext {
  const CallParts parts;        // what is the server's: touched only while a stream is being read
  const size_t unanswered_max;  // requests of one stream under way; beyond, the stream is not read

  // Safe from any thread.
  IngestMetrics metrics;
  Budget declarations;  // kept by all streams
};

// tocsin.v1.Ingest: the native stream. Each request is answered, in order, when its samples are
// durable; a stream may have `unanswered_max` requests under way, then the client feels HTTP/2's
// flow control.
//
// Thread: gRPC's callback threads, many at once.
// Borrows: all arguments of the constructor. Must outlive the server it is registered with.
// Answers: overload is said per request (retry_after_ms), also that the sender is too fast; the
// stream lives on. The stream ends with
// INVALID_ARGUMENT if a request does not decode; UNAVAILABLE with RetryInfo when draining, beyond
// limits.streams_max, when all streams together have declared more than thrice limits.series_max
// series, or when too much is being decoded; always after the answers of what was under way. A
// stream refused at its start counts as a request. UNAUTHENTICATED and PERMISSION_DENIED for who
// may not.
class PushService final
    : public tocsin::v1::Ingest::WithRawCallbackMethod_Push<tocsin::v1::Ingest::Service> {
 public:
  PushService(const CallParts& parts, Metrics& metrics, size_t unanswered_max);
  ~PushService() override;

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Push(
      grpc::CallbackServerContext* context) override;

  size_t streams() const;

  // Stops reading from all streams; each ends when what it has under way is answered. New streams
  // are refused.
  void Drain();

 private:
  friend class PushStream;
  absl::Status Admit(const std::shared_ptr<PushStream>& stream);
  void Forget(const std::shared_ptr<PushStream>& stream);

  // Constant after construction.
  const std::shared_ptr<PushContext> context_;
  prometheus::Counter& refused_streams_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  std::set<std::shared_ptr<PushStream>> streams_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin::ingest
