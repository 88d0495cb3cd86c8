#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "integrations/delivery/target.h"
#include "integrations/opsgenie/heartbeat_pings.h"
#include "integrations/opsgenie/probe.h"

namespace tocsin::app {

// What the watches of OpsGenie's accounts say, for operators: lines in the log and the metrics
//   tocsin_receiver_probe_findings{receiver,code}   what is wrong with a receiver's targets now
//   tocsin_heartbeats_total{receiver,outcome}       pings
//   tocsin_receiver_open_alerts{receiver}           open alerts of ours, as last listed
// A finding, a heartbeat that stops or goes on, and a list that cannot be had are each told once.
//
// Thread: one at a time. Borrows the metrics.
class AccountWatchReport {
 public:
  explicit AccountWatchReport(Metrics& metrics) : metrics_(metrics) {}

  struct Watched {
    delivery::TargetKey target;
    bool has_heartbeat = false;
  };
  // All targets from now on, which are looked at anew. What was found about one counts until then,
  // of one that is gone no more.
  void Configure(const std::vector<Watched>& all);

  void Checked(const delivery::TargetKey& target,
               const std::vector<opsgenie::ProbeFinding>& findings);
  void Pinged(const delivery::TargetKey& target, opsgenie::PingOutcome outcome,
              const std::string& why);
  void Listed(const delivery::TargetKey& target, size_t open);
  // "" once it works again.
  void ListingFailed(const delivery::TargetKey& target, const std::string& error);

 private:
  struct Target {
    std::map<std::string, int> findings;  // by code
    std::set<std::string> told;           // texts of findings
    std::optional<opsgenie::PingOutcome> last_ping;
    bool listing_failed = false;
    std::optional<size_t> open;
  };
  prometheus::Counter& Heartbeats(const std::string& receiver, opsgenie::PingOutcome outcome);
  void ShowFindings(const std::string& receiver);
  void ShowOpen(const std::string& receiver);

  Metrics& metrics_;
  std::map<delivery::TargetKey, Target> targets_;
  std::set<std::pair<std::string, std::string>> shown_;  // receiver and code of each gauge
};

}  // namespace tocsin::app
