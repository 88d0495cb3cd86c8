#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/manual_clock.h"
#include "storage/memory_store.h"
#include "tests/opsgenie/delivery_wire.h"
#include "tests/opsgenie_sim/sim_opsgenie.h"
#include "tests/sim/committed.h"
#include "tests/sim/dice.h"
#include "tests/sim/findings.h"
#include "tests/sim/page_ledger.h"
#include "tests/sim/plan.h"
#include "tests/sim/rule_maker.h"
#include "tests/sim/service.h"
#include "tests/sim/shard_oracle.h"
#include "tests/sim/trace.h"
#include "tests/sim/traffic.h"
#include "tests/support/faulty_store.h"

namespace tocsin::simulation {

// One run: senders, the service, its disk, its clock, the receiver, an operator, and what goes
// wrong. Everything happens on one thread in virtual time and follows from the seed.
//
// True time is counted in milliseconds from the start of the run and never jumps; the wall clock of
// the service and its senders may.
class World {
 public:
  World(const Plan& plan, Trace& trace, Findings& findings);
  ~World();

  // Until the faults are over and everything has come to rest, or a check fails.
  void Run();
  int64_t now_ms() const { return now_ms_; }

 private:
  // What happens next (world.cc).
  void Step();
  int64_t NextEvent() const;
  int64_t NextOfService() const;
  void AdvanceTo(int64_t at_ms);
  void SendRequests();
  void CommitSamples();
  void CloseBlock();
  void RunShard(size_t shard);
  void RunDelivery();
  void Converge();
  std::string Unsettled() const;

  // Faults and the operator (world_faults.cc).
  void Act();
  void Calm();
  void ChangeReceiver();
  void ChangeDisk();
  void Stall();
  void StepClock();
  void Reload();
  void Restart();
  // A call of the service, which may die before it or in it. False if it did.
  template <typename Fn>
  bool Call(const char* what, Fn&& fn);
  bool DieBefore(const char* what);
  bool DiedIn(const char* what);
  void Arm();
  void Die(const char* what);
  void Start();
  void BeginOracles(ShardAlerts alerts, Timestamp evaluated, Timestamp hold_until);

  Timestamp TrueNow() const;
  bool Up() const { return service_ != nullptr && now_ms_ >= stalled_until_ms_; }
  void Note(const std::string& event) { trace_.Add(now_ms_, event); }

  const Plan& plan_;
  Trace& trace_;
  Findings& findings_;
  Dice dice_;
  SeededRandom delivery_random_;
  int64_t now_ms_ = 0;
  ManualClock clock_;

  storage::MemoryStore disk_;
  storage::FaultyStore store_{disk_};
  sim::SimOpsgenie receiver_;
  delivery::DeliveryWire wire_{receiver_};
  Traffic traffic_;
  RuleMaker rule_maker_;
  std::shared_ptr<const rules::RuleSet> rules_;

  size_t shards_;
  std::unique_ptr<Service> service_;
  std::map<uint64_t, Request> asked_;  // requests without an answer yet
  std::vector<int64_t> shard_ran_ms_, shard_pause_ms_;

  Committed committed_;
  std::vector<ShardOracle> oracles_;
  PageLedger ledger_{findings_};

  bool calm_ = false;
  uint64_t disk_bytes_max_ = UINT64_MAX;
  size_t outbox_entries_max_ = 0;
  int64_t next_act_ms_ = 0;
  int64_t up_at_ms_ = 0;
  int64_t stalled_until_ms_ = 0;
  int64_t commit_at_ms_ = 0;
};

}  // namespace tocsin::simulation
