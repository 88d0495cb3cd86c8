#pragma once

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/fair_pool.h"
#include "base/limits.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/call_guard.h"
#include "integrations/ingest/sender_rates.h"

namespace tocsin::ingest {

// What the services of one gRPC server have in common. All borrowed.
struct CallParts {
  const Limits& limits;
  engine::SampleSink& sink;
  const Clock& clock;
  Budget& decode_bytes;  // of messages being inflated and decoded
  SenderRates& rates;
  FairPool& workers;  // where messages are decoded: gRPC's few threads only read and write
  const CallGuard& guard;
  absl::Duration retry_after;  // what overloaded senders are told to wait
};

}  // namespace tocsin::ingest
