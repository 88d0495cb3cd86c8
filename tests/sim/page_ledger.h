#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "storage/outbox.h"
#include "tests/opsgenie_sim/sim_opsgenie.h"
#include "tests/sim/findings.h"
#include "tests/sim/shard_oracle.h"

namespace tocsin::simulation {

// Who has to be paged: which alerts fire, by alias, against what the outbox owes and what the
// receiver shows.
//
// True time in milliseconds.
class PageLedger {
 public:
  explicit PageLedger(Findings& findings) : findings_(findings) {}

  // A shard finished a round: what fires is owed as open, the rest as closed.
  void AfterRound(const ShardOracle& shard, const storage::Outbox& outbox, const Round& round,
                  int64_t now_ms);
  // Rules were taken away: their pages are to be closed.
  void KeepRules(const std::set<std::string>& rule_ids);
  // The process died, and these alerts are what the disk remembers.
  void AfterCrash(const ShardAlerts& alerts, int64_t now_ms);

  // Looks at the requests that came in since the last call, and at what became of stray pages.
  void ReadJournal(const sim::SimOpsgenie& receiver, int64_t now_ms);
  // A create leaves now: its page must be owed.
  void CheckCreate(const std::string& alias, const storage::Outbox& outbox);

  // Empty if the receiver's open alerts are those that fire; else the difference.
  std::string Difference(const sim::SimOpsgenie& receiver, int64_t start_ms) const;
  size_t open() const;

 private:
  struct Page {
    std::string rule_id;
    Labels identity;
    bool open = false;
    int64_t opened_ms = 0;   // the receiver's page must not be older
    bool unwritten = false;  // the alert changed since the last state that is known to be on disk
    // That change was lost in a crash: nobody knows what is open at the receiver.
    bool stray = false;
    int64_t stray_since_ms = 0;
  };

  void Open(const RuleOracle& rule, const Labels& identity, const AlertModel& model,
            const storage::Outbox& outbox, bool outbox_full, int64_t now_ms,
            std::set<std::string>& open_now);

  void FollowStray(const sim::SimOpsgenie& receiver, int64_t now_ms);

  Findings& findings_;
  std::map<std::string, Page> pages_;  // by alias
  std::set<std::string> created_;      // aliases the receiver was ever asked to open
  uint64_t journal_read_ = 0;
  bool any_stray_ = false;
};

}  // namespace tocsin::simulation
