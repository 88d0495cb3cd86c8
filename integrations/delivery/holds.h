#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "integrations/routing/suppressor.h"

namespace tocsin::delivery {

// Which alerts nobody is to be told of just now, and when to ask again.
//
// An alert that others might inhibit waits kInhibitionWait after its beginning, so that it never
// races out before the alert that inhibits it: the two are seldom evaluated at the very same time.
//
// Thread: one at a time, but for Sources(). Borrows the suppressor, which may be null: then nothing
// is ever held.
class Holds {
 public:
  static constexpr absl::Duration kInhibitionWait = absl::Seconds(1);

  explicit Holds(routing::Suppressor* suppressor) : suppressor_(suppressor) {}

  // An alert that is to be told, as it is now. `begins`: it was not before.
  void Follow(const std::string& alias, const Labels& labels, bool begins, Timestamp now);
  // It is over.
  void Forget(const std::string& alias);

  bool Held(const std::string& alias, const Labels& labels,
            const routing::RouteIntervals& intervals, Timestamp now) const;

  // By a silence, whatever else holds it.
  bool Silenced(const Labels& labels, Timestamp now) const;

  // Followed alerts that those whose sources changed may concern.
  std::vector<std::string> Concerned(const std::vector<routing::Inhibitor::Slot>& slots) const;
  // Followed alerts whose wait is over.
  std::vector<std::string> TakeWaited(Timestamp now);

  // True once after each time at which all answers may change: a silence or an interval begins or
  // ends.
  bool TimeChanged(Timestamp now);
  // Silences or the configuration changed.
  void AskAll() { next_change_ = Timestamp(); }

  Timestamp NextDue() const;  // Max(): nothing waits for a time
  void ClockStepped(absl::Duration step);

 private:
  struct Followed {
    std::vector<routing::Inhibitor::Slot> slots;
    Timestamp waits_until;
  };

  routing::Suppressor* const suppressor_;
  absl::flat_hash_map<std::string, Followed> followed_;
  std::map<routing::Inhibitor::Slot, std::set<std::string>> by_slot_;
  std::set<std::pair<Timestamp, std::string>> waiting_;
  Timestamp next_change_;
};

}  // namespace tocsin::delivery
