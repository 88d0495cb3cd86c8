#pragma once

#include <thread>

#include "base/clock.h"
#include "base/log_pause.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "integrations/ingest/reset_watch.h"

namespace tocsin::ingest {

// Ends the connections of the gRPC port `port` whose calls are taken back too fast, see ResetWatch;
// counted by tocsin_ingest_connections_cut_total and logged, at most once in ten seconds. Looks
// fifty times a second whether calls are made at all, and only if they are at each connection: as
// often as a twentieth of a core allows, but at least once a second.
//
// Thread: one of its own, from construction to destruction. Borrows the clock and the metrics.
class ResetGuard {
 public:
  ResetGuard(int port, int streams_per_connection_max, const Clock& clock, Metrics& metrics);
  ~ResetGuard();

 private:
  void Run();
  // False once it is to end.
  bool Wait(absl::Duration time);
  void Look();

  const int port_;
  const Clock& clock_;
  prometheus::Counter& cut_;
  ResetWatch watch_;
  LogPause log_pause_;

  Mutex mutex_;
  CondVar ending_changed_;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: uses the others
};

}  // namespace tocsin::ingest
