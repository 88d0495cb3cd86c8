#include "app/journal_loop.h"

#include "base/log.h"

namespace tocsin::app {

JournalLoop::JournalLoop(storage::DeliveryJournal& journal, Metrics& metrics)
    : journal_(journal),
      dropped_(metrics.Counter("tocsin_delivery_notes_dropped_total",
                               "Attempts of delivery of which no evidence could be kept.")),
      thread_([this] { Run(); }) {}

JournalLoop::~JournalLoop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
  Write();
}

void JournalLoop::Run() {
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!stopping_) changed_.WaitFor(mutex_, absl::Seconds(1));
      if (stopping_) return;
    }
    Write();
  }
}

void JournalLoop::Write() {
  const absl::Status status = journal_.Flush();
  if (!status.ok() && !failing_) {
    Log(LogLevel::kWarning, "evidence of deliveries cannot be written",
        {{"error", status.ToString()}});
  }
  failing_ = !status.ok();
  const uint64_t dropped = journal_.dropped();
  dropped_.Increment(static_cast<double>(dropped - dropped_before_));
  dropped_before_ = dropped;
}

}  // namespace tocsin::app
