#include "integrations/delivery/delivery_loop.h"

#include "base/kill_point.h"

#include <algorithm>

namespace tocsin::delivery {
namespace {

// Wakes up at least so often: the wall clock may jump, and the gauges are to be fresh.
constexpr absl::Duration kWaitMax = absl::Seconds(1);

constexpr absl::Duration kClockStepMin = absl::Seconds(5);

}  // namespace

DeliveryLoop::DeliveryLoop(Delivery& delivery, storage::Outbox& outbox,
                           http_client::HttpTransport& transport, const Clock& clock, int workers)
    : delivery_(delivery),
      outbox_(outbox),
      transport_(transport),
      clock_(clock),
      workers_max_(workers) {}

DeliveryLoop::~DeliveryLoop() {
  Stop();
}

void DeliveryLoop::Start() {
  outbox_.SetListener([this](const std::string& alias) {
    delivery_.Notify(alias);
    Wake();
  });
  delivery_.Start(Now());
  for (int i = 0; i < workers_max_; ++i) {
    workers_.emplace_back([this, i] { Run(/*keeper=*/i == 0); });
  }
}

void DeliveryLoop::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void DeliveryLoop::Wake() {
  {
    MutexLock lock(mutex_);
    ++changes_;
  }
  changed_.NotifyOne();
}

void DeliveryLoop::Keep() {
  const absl::Duration monotonic = clock_.Monotonic();
  if (monotonic - kept_monotonic_ < kWaitMax) return;
  kept_monotonic_ = monotonic;
  delivery_.UpdateGauges(Now());
}

Timestamp DeliveryLoop::Now() {
  MutexLock lock(clock_mutex_);
  const Timestamp now = clock_.Now();
  const absl::Duration ahead = (now - Timestamp()) - clock_.Monotonic();
  const absl::Duration step = wall_ahead_ ? ahead - *wall_ahead_ : absl::ZeroDuration();
  wall_ahead_ = ahead;  // it drifts
  if (absl::AbsDuration(step) >= kClockStepMin) delivery_.ClockStepped(step);
  return now;
}

void DeliveryLoop::Run(bool keeper) {
  for (;;) {
    uint64_t seen = 0;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      seen = changes_;
    }
    if (keeper) Keep();
    if (const auto work = delivery_.Take(Now())) {
      changed_.NotifyOne();  // there may be more, and the next one due may be sooner than sleepers
                             // think
      KillPoint("delivery.before_request");
      const auto answer = transport_.Send(work->request());
      KillPoint("delivery.after_reply");
      delivery_.Complete(*work, answer, Now());
      KillPoint("delivery.after_record");
      continue;
    }
    const Timestamp now = Now();
    const Timestamp due = delivery_.NextDue(now);
    if (due <= now) continue;
    const absl::Duration wait = std::min(kWaitMax, due == Timestamp::Max() ? kWaitMax : due - now);
    MutexLock lock(mutex_);
    if (stopping_) return;
    if (changes_ == seen) changed_.WaitFor(mutex_, wait);
  }
}

}  // namespace tocsin::delivery
