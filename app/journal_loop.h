#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "base/metrics.h"
#include "base/mutex.h"
#include "storage/delivery_journal.h"

namespace tocsin::app {

// The thread that writes the delivery journal, once a second, so that no page waits for it. Metric:
// tocsin_delivery_notes_dropped_total.
//
// Runs from construction on; ending it writes what is left. Borrows the journal and metrics.
class JournalLoop {
 public:
  JournalLoop(storage::DeliveryJournal& journal, Metrics& metrics);
  ~JournalLoop();

 private:
  void Run();
  void Write();

  storage::DeliveryJournal& journal_;
  prometheus::Counter& dropped_;
  uint64_t dropped_before_ = 0;
  bool failing_ = false;  // told once

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin::app
