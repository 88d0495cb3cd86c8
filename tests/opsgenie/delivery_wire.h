#pragma once

#include <cstdint>
#include <map>

#include "absl/status/statusor.h"
#include "integrations/delivery/delivery.h"
#include "integrations/http/http_client.h"
#include "tests/opsgenie_sim/sim_opsgenie.h"

namespace tocsin::delivery {

// The network between a Delivery and the simulator, in virtual time: what is sent arrives at once,
// answers come after a latency, or not at all.
//
// Two clocks: `now` is what our machine takes for the time, `true_now` what it is.
class DeliveryWire {
 public:
  explicit DeliveryWire(sim::SimOpsgenie& sim) : sim_(sim) {}

  absl::Duration latency = absl::Milliseconds(5);
  size_t in_flight_max = SIZE_MAX;

  // Sends the next request that may leave. False: there is none, or too many are under way.
  bool SendOne(Delivery& delivery, Timestamp now, Timestamp true_now);
  // Brings back the oldest answer that is due. False: none is.
  bool CompleteOne(Delivery& delivery, Timestamp now, Timestamp true_now);
  // True time of the next answer; Max if nothing is under way.
  Timestamp NextAnswer() const;
  bool Takes() const { return answers_.size() < in_flight_max; }
  bool idle() const { return answers_.empty(); }
  // Our process died: nobody waits for the answers any more.
  void Cut() { answers_.clear(); }

 private:
  struct Answer {
    Delivery::Work work;
    absl::StatusOr<http_client::HttpResponse> response;
  };

  sim::SimOpsgenie& sim_;
  std::multimap<int64_t, Answer> answers_;  // by true time
};

}  // namespace tocsin::delivery
