#include "app/file_watch.h"

#include <utility>

namespace tocsin::app {

FileWatch::FileWatch(uint64_t loaded, std::function<uint64_t()> fingerprint,
                     std::function<void()> changed, absl::Duration interval)
    : loaded_(loaded),
      fingerprint_(std::move(fingerprint)),
      changed_(std::move(changed)),
      interval_(interval),
      thread_([this] { Loop(); }) {}

FileWatch::~FileWatch() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  stop_signal_.NotifyAll();
  thread_.join();
}

bool FileWatch::Pause() {
  MutexLock lock(mutex_);
  if (!stopping_) stop_signal_.WaitFor(mutex_, interval_);
  return !stopping_;
}

void FileWatch::Loop() {
  uint64_t loaded = loaded_;
  uint64_t last = loaded;
  while (Pause()) {
    const uint64_t seen = fingerprint_();
    if (seen != loaded && seen == last) {
      loaded = seen;
      changed_();
    }
    last = seen;
  }
}

}  // namespace tocsin::app
