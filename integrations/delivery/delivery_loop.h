#pragma once

#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "integrations/delivery/delivery.h"
#include "integrations/http/http_client.h"
#include "storage/outbox.h"

namespace tocsin::delivery {

// The threads around Delivery: each worker takes a request, sends it, brings the answer back. A
// change in the outbox wakes one at once.
//
// Thread: Start and Stop from one. Borrows everything, which outlives it. Registers itself as the
// outbox' listener, so Start comes before any shard publishes and the outbox must not publish after
// this object is gone.
class DeliveryLoop {
 public:
  DeliveryLoop(Delivery& delivery, storage::Outbox& outbox, http_client::HttpTransport& transport,
               const Clock& clock, int workers = 8);
  ~DeliveryLoop();

  // Adopts what the outbox holds and starts the workers.
  void Start();
  // Returns when requests under way have been answered (or have met their deadline) and recorded.
  void Stop();
  // Delivery may have something to do that it did not know of when a worker went to sleep.
  void Wake();

 private:
  // `keeper`: the worker that also looks after gauges, once a second.
  void Run(bool keeper);
  void Keep();
  // The wall clock. Delivery learns that it was set before it is told the new time.
  Timestamp Now();

  Delivery& delivery_;
  storage::Outbox& outbox_;
  http_client::HttpTransport& transport_;
  const Clock& clock_;
  const int workers_max_;
  std::vector<std::thread> workers_;

  absl::Duration kept_monotonic_;  // the keeper's own: when it last looked

  // Before delivery's.
  Mutex clock_mutex_;
  std::optional<absl::Duration> wall_ahead_
      ABSL_GUARDED_BY(clock_mutex_);  // of the monotonic clock

  Mutex mutex_;
  CondVar changed_;
  uint64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin::delivery
