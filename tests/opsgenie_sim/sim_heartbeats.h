#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/opsgenie_sim/sim_answer.h"
#include "tests/opsgenie_sim/sim_route.h"

namespace tocsin::sim {

// The heartbeats of all accounts. One that was pinged once and then not for its interval expires;
// the next ping brings it back. Thread: one at a time.
class SimHeartbeats {
 public:
  explicit SimHeartbeats(const std::vector<SimHeartbeat>& of_main_account);

  // All requests on heartbeats. A ping is answered alike whether or not there is such a heartbeat.
  SimAnswer Handle(const Routed& routed, const SimKey& key, const Json& body, Timestamp now);

  struct Change {
    std::string account;
    SimHeartbeat heartbeat;  // after it
  };
  // What expired until `now`, and what came back since the last call.
  std::vector<Change> TakeChanges(Timestamp now);

  const std::map<std::pair<std::string, std::string>, SimHeartbeat>& all() const {
    return heartbeats_;  // by account and name
  }
  int64_t lost_pings() const { return lost_pings_; }  // of heartbeats that do not exist

 private:
  SimAnswer Create(const SimKey& key, const Json& body);
  SimAnswer Ping(const std::string& account, const std::string& name, Timestamp now);

  std::map<std::pair<std::string, std::string>, SimHeartbeat> heartbeats_;
  std::vector<Change> changes_;
  int64_t lost_pings_ = 0;
};

Json HeartbeatJson(const SimHeartbeat& heartbeat);

}  // namespace tocsin::sim
