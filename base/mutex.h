#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace tocsin {

// std::mutex with thread-safety annotations: clang checks them, and TSan sees the lock (the
// packaged abseil mutex carries no TSan hooks).
class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits with a Mutex held. Spurious wake-ups happen: wait in a loop on the condition.
class CondVar {
 public:
  void Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  // False if `span` passed before a signal came.
  bool WaitFor(Mutex& mutex, absl::Duration span) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
#ifdef TOCSIN_TSAN
    // Waiting on the steady clock is not understood by TSan of this compiler.
    const auto deadline = std::chrono::system_clock::now() + absl::ToChronoMicroseconds(span);
    const bool signalled = cv_.wait_until(lock, deadline) == std::cv_status::no_timeout;
#else
    // By the steady clock: a wall clock that is set back must not make anybody oversleep.
    const bool signalled =
        cv_.wait_for(lock, absl::ToChronoMicroseconds(span)) == std::cv_status::no_timeout;
#endif
    lock.release();
    return signalled;
  }
  void NotifyOne() {
    cv_.notify_one();
  }
  void NotifyAll() {
    cv_.notify_all();
  }

 private:
  std::condition_variable cv_;
};

}  // namespace tocsin
