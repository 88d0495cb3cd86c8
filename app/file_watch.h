#pragma once

#include <functional>
#include <thread>

#include "absl/time/time.h"
#include "base/mutex.h"

namespace tocsin::app {

// Looks at a fingerprint of files every `interval` and calls `changed` once a new one has stood for
// a whole interval, so that a half-written set of files is not loaded. Polling needs no inotify and
// sees through swapped symbolic links.
class FileWatch {
 public:
  // `loaded`: the fingerprint of what runs now.
  FileWatch(uint64_t loaded, std::function<uint64_t()> fingerprint, std::function<void()> changed,
            absl::Duration interval = absl::Seconds(2));
  ~FileWatch();  // stops

 private:
  void Loop();
  bool Pause();  // false when stopping

  const uint64_t loaded_;
  const std::function<uint64_t()> fingerprint_;
  const std::function<void()> changed_;
  const absl::Duration interval_;

  Mutex mutex_;
  CondVar stop_signal_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin::app
