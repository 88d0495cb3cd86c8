#include "base/fair_pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tocsin {
namespace {

constexpr int kBulkNice = 5;

// Of the calling thread; Linux takes a thread for a process here. Where it cannot be, all are
// alike.
void LowerPriority() {
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kBulkNice);
}

}  // namespace

FairPool::FairPool(size_t threads) : running_max_(std::max<size_t>(1, threads - 1)) {
  TOCSIN_CHECK(threads > 0) << "a pool needs a thread";
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, first = i == 0, alone = threads == 1] {
      if (!first) LowerPriority();
      Work(first && !alone);
    });
  }
}

FairPool::~FairPool() {
  Join();
}

void FairPool::Run(const std::string& owner, Task task) {
  MutexLock lock(mutex_);
  std::unique_ptr<Owner>& place = owners_[owner];
  if (place == nullptr) {
    place = std::make_unique<Owner>();
    place->name = owner;
  }
  place->waiting.push_back(std::move(task));
  Queue(*place);
}

void FairPool::Queue(Owner& owner) {
  if (owner.waiting.empty()) {
    if (owner.running == 0) owners_.erase(owners_.find(owner.name));
    return;
  }
  if (!owner.in_turn) {
    if (owner.running >= running_max_) return;
    owner.in_turn = true;
    turn_.push_back(&owner);
  }
  Wake(owner);
}

void FairPool::Wake(const Owner& owner) {
  if (owner.running == 0 && first_waits_) {
    first_work_.NotifyOne();
  } else {
    bulk_work_.NotifyOne();
  }
}

void FairPool::WakeAll() {
  first_work_.NotifyAll();
  bulk_work_.NotifyAll();
}

void FairPool::Work(bool first) {
  Task task;
  while (Owner* owner = Begin(first, task)) {
    task();
    task = nullptr;  // what it holds goes before others are let in
    End(*owner);
  }
}

FairPool::Owner* FairPool::Next(bool first) {
  const auto next = std::find_if(turn_.begin(), turn_.end(), [first](const Owner* owner) {
    return !first || owner->running == 0;
  });
  if (next == turn_.end()) return nullptr;
  Owner* owner = *next;
  turn_.erase(next);
  owner->in_turn = false;
  return owner;
}

FairPool::Owner* FairPool::Begin(bool first, Task& task) {
  MutexLock lock(mutex_);
  Owner* next = nullptr;
  while ((next = Next(first)) == nullptr) {
    if (joining_ && owners_.empty()) return nullptr;
    if (first) {
      first_waits_ = true;
      first_work_.Wait(mutex_);
      first_waits_ = false;
    } else {
      bulk_work_.Wait(mutex_);
    }
  }
  Owner& owner = *next;
  task = std::move(owner.waiting.front());
  owner.waiting.pop_front();
  ++owner.running;
  Queue(owner);
  return &owner;
}

void FairPool::End(Owner& owner) {
  MutexLock lock(mutex_);
  --owner.running;
  Queue(owner);
  if (joining_ && owners_.empty()) WakeAll();
}

void FairPool::Join() {
  {
    MutexLock lock(mutex_);
    joining_ = true;
  }
  WakeAll();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace tocsin
