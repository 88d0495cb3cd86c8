#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/secret.h"
#include "integrations/ingest/rpc.h"

namespace tocsin::ingest {

struct OtlpClientOptions {
  std::string target = "127.0.0.1:4317";
  ChannelSecurity security;
  Secret token;  // shown as "authorization: Bearer TOKEN", unless empty
  absl::Duration attempt_timeout = absl::Seconds(10);
  int attempts_max = 5;
  absl::Duration backoff_min = absl::Milliseconds(100);
  absl::Duration backoff_max = absl::Seconds(5);
};

// The answer to a request that was taken.
struct OtlpPushed {
  int64_t rejected_points = 0;
  std::string message;  // why; with 0 rejected points a warning
};

// Sends metrics over OTLP/gRPC, one request at a time, waiting for each answer. Answers that the
// OTLP specification calls retryable are retried after the time the server asks for, or a growing,
// jittered pause.
//
// Thread: one at a time, which it blocks. Borrows: random.
// Errors of Push: that of the last attempt.
class OtlpClient {
 public:
  OtlpClient(OtlpClientOptions options, Random& random);
  ~OtlpClient();

  // `request`: a serialized ExportMetricsServiceRequest (otlp_encode.h).
  absl::StatusOr<OtlpPushed> Push(absl::string_view request);

  // The time before the next attempt that the last answer asked for; zero if it did not.
  absl::Duration asked_to_wait() const { return asked_to_wait_; }

 private:
  struct Connection;

  absl::StatusOr<OtlpPushed> Attempt(absl::string_view request, absl::Duration& retry_after);
  absl::Duration Pause(int attempt, absl::Duration retry_after);
  void Wait(absl::Duration span);

  const OtlpClientOptions options_;
  Random& random_;
  std::unique_ptr<Connection> connection_;
  absl::Duration asked_to_wait_;
  Mutex wait_mutex_;
  CondVar wait_;
};

}  // namespace tocsin::ingest
