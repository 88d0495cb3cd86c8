#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "base/mutex.h"

namespace tocsin {

// Threads that run the tasks of many owners in turn: one of each owner that has some, then the next
// of the first. With more than one thread no owner has all of them at a time, and the first is for
// owners of whom no other task runs, so whoever comes waits for nobody who has many. The others
// have a lower priority than all else in the process, so that bulk makes nothing wait.
//
// Owners are known while they have tasks, so nobody need bound them; whoever gives tasks bounds
// those.
//
// Thread: any.
class FairPool {
 public:
  using Task = absl::AnyInvocable<void()>;

  explicit FairPool(size_t threads);  // at least one
  ~FairPool();                        // Join()
  FairPool(const FairPool&) = delete;
  FairPool& operator=(const FairPool&) = delete;

  // Not after Join(). Tasks may give tasks.
  void Run(const std::string& owner, Task task);

  // Returns when all tasks were run and the threads have ended. Once is enough; not from a task.
  void Join();

 private:
  struct Owner {
    std::string name;
    std::deque<Task> waiting;
    size_t running = 0;
    bool in_turn = false;
  };

  void Work(bool first);
  // Waits for a task; null: there will be none any more.
  Owner* Begin(bool first, Task& task);
  // The next owner that such a thread may serve, out of the turn; null: there is none.
  Owner* Next(bool first) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(Owner& owner);
  // Puts the owner into the turn if it may run one more; forgets it if it has nothing.
  void Queue(Owner& owner) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Wakes a thread that may serve an owner in the turn, if one waits.
  void Wake(const Owner& owner) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeAll();

  const size_t running_max_;  // of one owner

  Mutex mutex_;
  CondVar first_work_;  // for the first thread
  CondVar bulk_work_;   // for one of the others
  bool first_waits_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<std::string, std::unique_ptr<Owner>> owners_ ABSL_GUARDED_BY(mutex_);
  std::deque<Owner*> turn_ ABSL_GUARDED_BY(mutex_);
  bool joining_ ABSL_GUARDED_BY(mutex_) = false;

  std::vector<std::thread> threads_;
};

}  // namespace tocsin
