#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace tocsin::delivery {

// Which target is to be served next: those that are due, the most urgent first, as far as their
// account takes requests. An account (URL and key) is what the remote side throttles, blocks and
// fails as a whole, so pauses and the number of requests in flight belong to it; a slow account
// cannot take all workers.
//
// Thread: one at a time. Times in milliseconds.
class ReadyQueue {
 public:
  using Task = uint64_t;
  static constexpr int kUrgencies = 6;  // 0 is the most urgent

  explicit ReadyQueue(int in_flight_max) : in_flight_max_(in_flight_max) {}

  // Puts the task in, or moves it. Must not be called for a task in flight.
  void Put(Task task, const std::string& account, int urgency, int64_t due_ms);
  void Drop(Task task);

  // The next task, which is in flight until Finish.
  std::optional<Task> Take(int64_t now_ms);
  void Finish(Task task);

  // No request of the account leaves before then, nor before the end of a pause it has already.
  void Pause(const std::string& account, int64_t until_ms);
  // One request at a time: the account is in trouble.
  void SetProbing(const std::string& account, bool probing);
  // Lifts the account's pause, or all pauses.
  void Resume(const std::string& account) { accounts_[account].paused_until_ms = 0; }
  void Resume();
  // The clock was set: pauses end as much later (or earlier).
  void ShiftPauses(int64_t ms);

  // When Take may next give a task, if nothing else happens; nullopt: never.
  std::optional<int64_t> NextDue(int64_t now_ms) const;
  bool Contains(Task task) const { return places_.count(task) > 0; }

 private:
  struct Account {
    int64_t paused_until_ms = 0;
    bool probing = false;
    int in_flight = 0;
    // In order of arrival.
    std::array<std::map<uint64_t, Task>, kUrgencies> ready;
  };
  struct Place {
    Account* account = nullptr;
    int urgency = 0;
    int64_t due_ms = 0;
    uint64_t arrival = 0;
    bool ready = false;
    bool in_flight = false;
  };

  void Wake(int64_t now_ms);
  bool Takes(const Account& account) const {
    return account.in_flight < (account.probing ? 1 : in_flight_max_);
  }
  static int BestUrgency(const Account& account);  // kUrgencies if nothing is ready

  const int in_flight_max_;
  std::map<std::string, Account> accounts_;
  std::unordered_map<Task, Place> places_;
  std::set<std::pair<int64_t, Task>> waiting_;  // by due time
  uint64_t arrivals_ = 0;
};

}  // namespace tocsin::delivery
