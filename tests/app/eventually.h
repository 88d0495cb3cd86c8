#pragma once

#include <functional>

#include "base/mutex.h"

namespace tocsin {

// Waits for something another thread does. The time limit only ends a failing test.
inline bool Eventually(const std::function<bool()>& condition) {
  Mutex mutex;
  CondVar never;
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    MutexLock lock(mutex);
    never.WaitFor(mutex, absl::Milliseconds(5));
  }
  return false;
}

}  // namespace tocsin
