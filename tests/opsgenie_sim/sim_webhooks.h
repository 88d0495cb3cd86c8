#pragma once

#include <map>
#include <vector>

#include "base/random.h"
#include "tests/opsgenie_sim/sim_types.h"

namespace tocsin::sim {

// The outgoing "Webhook" integration: one JSON body for each thing that happens to an alert, with
// times in two units (createdAt in milliseconds, updatedAt in nanoseconds), texts of at most 1000
// characters, and a second Create for each team that is added. Faults repeat, delay or lose them.
// It only makes them; who sends them is SimServer.
//
// Thread: one at a time.
class SimWebhooks {
 public:
  explicit SimWebhooks(uint64_t seed) : random_(seed) {}

  void Add(const SimEvent& event, const FaultPlan& faults);
  // What is due until `now`, in the order it is sent.
  std::vector<SimWebhook> Take(Timestamp now);

 private:
  void Enqueue(SimWebhook webhook, const FaultPlan& faults);
  bool Chance(double probability) { return probability > 0 && random_.Uniform() < probability; }

  SeededRandom random_;
  std::multimap<int64_t, SimWebhook> queue_;  // by due time, ms
};

}  // namespace tocsin::sim
