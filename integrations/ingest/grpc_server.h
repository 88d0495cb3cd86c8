#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "engine/sample_sink.h"
#include "integrations/access/access.h"
#include "integrations/access/tls_files.h"

namespace tocsin::ingest {

class LogCounters;
class OtlpDecoder;
class SenderRates;

struct GrpcServerOptions {
  std::string listen = "127.0.0.1:4317";  // host:port; port 0 takes a free one
  // Connections older than this are asked to reconnect, so that load balancers spread them;
  // infinite: never.
  absl::Duration connection_age_max = absl::InfiniteDuration();
  absl::Duration retry_after = absl::Seconds(1);  // what overloaded senders are told to wait
  size_t memory_bytes_max = 512 << 20;            // gRPC's own buffers, messages as they come in
  int streams_per_connection_max = 100;           // requests under way on one connection
  size_t unanswered_per_stream_max = 64;          // requests under way on one native stream
  access::TlsFiles tls;                           // off without files
  absl::Duration tls_look = absl::Seconds(10);    // how often they are looked at, whole seconds
  access::Access* access = nullptr;               // who may push; null: everybody. Borrowed
  SenderRates* rates = nullptr;  // shared with other ports; null: one of its own. Borrowed
  // Shared with other ports, and outliving the server; null: one of its own, with defaults.
  OtlpDecoder* otlp = nullptr;
  LogCounters* logs = nullptr;  // null: counts nothing
};

// The gRPC port: OTLP metrics and logs, the native stream, grpc.health.v1 and reflection.
//
// Passive: gRPC's threads run only between Start() and Stop(). Not serving (health) until
// SetServing(true).
//
// Thread: one caller. Borrows: limits, sink, clock and metrics, which outlive it.
// Limits: limits.request_bytes_max per message before and after inflation, streams_max,
// ingest_decode_bytes_max for all messages being inflated and decoded (one alone always fits), and
// those of the options. gRPC inflates messages without a bound, so inflation is done here; gzip and
// deflate are understood.
class GrpcServer {
 public:
  GrpcServer(GrpcServerOptions options, const Limits& limits, engine::SampleSink& sink,
             const Clock& clock, Metrics& metrics);
  ~GrpcServer();  // stops

  // Unavailable if the address cannot be listened on.
  absl::Status Start();
  // The port listened on; 0 before Start().
  int port() const { return port_; }

  // What grpc.health.v1 answers for "", "ingest" and the OTLP services.
  void SetServing(bool serving);

  // Not serving any more; requests under way are finished, later ones are answered UNAVAILABLE.
  // Returns when all are answered, or after `grace`, when the rest is cancelled. The port is closed
  // then.
  void Drain(absl::Duration grace);
  // Drain() without grace. Harmless after Drain().
  void Stop();

 private:
  struct Running;
  void AwaitAnswers(absl::Duration grace) const;

  const GrpcServerOptions options_;
  const Limits& limits_;
  engine::SampleSink& sink_;
  const Clock& clock_;
  Metrics& metrics_;
  int port_ = 0;
  std::unique_ptr<Running> running_;  // null unless started
};

// Keeps the allocator from returning large blocks to the system and mapping them again for each
// request, which costs several times the decoding. For the whole process; call once at start-up.
void KeepLargeBlocksMapped();

}  // namespace tocsin::ingest
