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
// of the first. With more than one thread no owner has all of them at a time: whoever else comes
// waits for no task of his.
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

  void Work();
  // Waits for a task; null: there will be none any more.
  Owner* Begin(Task& task);
  void End(Owner& owner);
  // Puts the owner into the turn if it may run one more; forgets it if it has nothing.
  void Queue(Owner& owner) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t running_max_;  // of one owner

  Mutex mutex_;
  CondVar work_;
  absl::flat_hash_map<std::string, std::unique_ptr<Owner>> owners_ ABSL_GUARDED_BY(mutex_);
  std::deque<Owner*> turn_ ABSL_GUARDED_BY(mutex_);
  bool joining_ ABSL_GUARDED_BY(mutex_) = false;

  std::vector<std::thread> threads_;
};

}  // namespace tocsin
