#include "integrations/ingest/reset_guard.h"

#include <algorithm>
#include <string>

#include "base/log.h"
#include "integrations/ingest/connection_calls.h"
#include "integrations/ingest/cut_connections.h"

namespace tocsin::ingest {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(20);
constexpr absl::Duration kPauseMax = absl::Seconds(1);
// After a look, as many times as long as it took.
constexpr int kPauses = 19;
// As few calls in a pause need no look.
constexpr uint64_t kFewCalls = 20;

}  // namespace

ResetGuard::ResetGuard(int port, int streams_per_connection_max, const Clock& clock,
                       Metrics& metrics)
    : port_(port),
      clock_(clock),
      cut_(metrics.Counter("tocsin_ingest_connections_cut_total",
                           "Connections that were ended because their client took back too many of "
                           "its calls.")),
      watch_(streams_per_connection_max),
      thread_([this] { Run(); }) {}

ResetGuard::~ResetGuard() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    ending_changed_.NotifyAll();
  }
  thread_.join();
}

void ResetGuard::Run() {
  uint64_t seen = CallsMade();
  absl::Duration pause = kPause;
  while (Wait(pause)) {
    pause = kPause;
    const uint64_t made = CallsMade();
    seen = std::min(seen, made);            // another server of this process is gone
    if (made < seen + kFewCalls) continue;  // those of several pauses add up
    seen = made;
    const absl::Duration start = clock_.Monotonic();
    Look();
    pause = std::clamp(kPauses * (clock_.Monotonic() - start), kPause, kPauseMax);
  }
}

bool ResetGuard::Wait(absl::Duration time) {
  MutexLock lock(mutex_);
  if (!ending_) ending_changed_.WaitFor(mutex_, time);
  return !ending_;
}

void ResetGuard::Look() {
  const auto offenders = watch_.Look(CallsOfConnections(), clock_.Monotonic());
  for (const std::string& peer : CutConnections(port_, offenders)) {
    cut_.Increment();
    if (const auto left_out = log_pause_.Take(clock_.Monotonic())) {
      Log(LogLevel::kWarning, "a connection was ended: its client takes back its calls",
          {{"listener", "grpc"}, {"peer", peer}, {"others_not_logged", *left_out}});
    }
  }
}

}  // namespace tocsin::ingest
