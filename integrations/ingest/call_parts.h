#pragma once

#include <string>
#include <utility>

#include <grpcpp/support/byte_buffer.h>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/fair_pool.h"
#include "base/limits.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/call_guard.h"
#include "integrations/ingest/rpc.h"
#include "integrations/ingest/sender_rates.h"

namespace tocsin::ingest {

// What the services of one gRPC server have in common. All borrowed.
struct CallParts {
  const Limits& limits;
  engine::SampleSink& sink;
  const Clock& clock;
  Budget& decode_bytes;  // of messages being inflated and decoded
  SenderRates& rates;
  FairPool& workers;  // where messages are decoded that take long: gRPC has few threads
  const CallGuard& guard;
  absl::Duration retry_after;  // what overloaded senders are told to wait

  // Runs what decodes a message, on a worker if it may take longer than a change of threads.
  template <typename Task>
  void Decode(const std::string& sender, const grpc::ByteBuffer& message, Task task) const {
    constexpr size_t kQuickBytes = 16 << 10;
    if (IsPlainUpTo(message, kQuickBytes)) {
      task();
    } else {
      workers.Run(sender, std::move(task));
    }
  }
};

}  // namespace tocsin::ingest
