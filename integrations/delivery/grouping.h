#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "proto/tocsin/state/v1/state.pb.h"

namespace tocsin::delivery {

// Which page at one receiver an alert shares with others.
struct GroupId {
  std::string receiver;
  std::string route;   // place in the routing tree, such as "0/2"
  Labels labels;       // those it is grouped by; of a storm the rule's name
  bool storm = false;  // see StormWatch

  // Of the group's page. Stable over restarts and reloads that leave the route in its place.
  std::string Alias() const;
};

// Alertmanager's group_wait and group_interval.
struct GroupTiming {
  absl::Duration wait = absl::Seconds(30);
  absl::Duration interval = absl::Minutes(5);
};

// Alerts that share a page: collects what the alerts want, and says when the page is to change and
// to what.
//
// A new group waits for `wait`, so that alerts which begin together are told together; an alert
// that is older than that already does not wait (Alertmanager does the same). Later changes are
// told together once per `interval`, the first after a quiet time at once. The page is open while
// any member fires. An alert's change is settled when a page that includes it is stored: from then
// on the group's page owes it.
//
// Passive and without I/O. The caller flushes: Flush() says what the page is to be, the caller
// stores that, then Flushed() tells which alerts are settled. Between the two no other Flush() of
// that group. Thread: none of its own, not thread-safe. Limits: a group holds as many members as
// the outbox has entries; its page names the first kListedMax.
class Grouping {
 public:
  using Page = state::v1::DesiredPage;

  static constexpr size_t kListedMax = 50;

  struct Settled {
    std::string alias;
    uint64_t sequence = 0;
  };

  // The alert wants `member`. False if nothing is owed for it: its group tells it already, or it
  // ended before anybody was told.
  bool Put(const GroupId& id, const GroupTiming& timing, const Page& member, Timestamp now);
  // The alert left the group by other means (another route): as if it had ended.
  void Remove(const std::string& group, const std::string& member, Timestamp now);

  // The group's page as stored before a restart. Its members are known by alias and sequence until
  // they are put again; those that are not by the time of EndRestore() have ended meanwhile.
  void Restore(const Page& page);
  void EndRestore(Timestamp now);

  // A group whose page may change now, the longest due first; nullopt: none.
  std::optional<std::string> NextToFlush(Timestamp now) const;
  Timestamp NextDue() const;  // Max(): nothing waits

  // What the page of a group to flush is to be; nullopt if nobody need be told anything, then those
  // who waited are in `settled`.
  std::optional<Page> Flush(const std::string& group, Timestamp now, std::vector<Settled>& settled);
  // The page of Flush() was stored; its sequence may have been raised.
  std::vector<Settled> Flushed(const Page& page);
  // It was not: again at `retry`.
  void FlushFailed(const std::string& group, Timestamp retry);

  // The wall clock was set by `step`.
  void ClockStepped(absl::Duration step);

  struct Place {
    GroupId id;
    GroupTiming timing;
  };
  std::optional<Place> Find(const std::string& group) const;

  size_t size() const { return groups_.size(); }

 private:
  struct Member {
    Page page;              // no labels: known from a stored page only
    uint64_t told = 0;      // sequence that the stored page includes; 0: none
    uint64_t in_flush = 0;  // of the page being stored
    bool open() const { return page.open(); }
  };
  struct Group {
    GroupId id;
    GroupTiming timing;
    Page page;  // as stored
    bool being_stored = false;
    std::map<std::string, Member> members;
    std::optional<Timestamp> flushed;  // last time
    std::optional<Timestamp> due;      // as in due_
  };

  void Wake(const std::string& alias, Group& group, Timestamp now, std::optional<Timestamp> since);
  void SetDue(const std::string& alias, Group& group, std::optional<Timestamp> due);
  void Forget(const std::string& alias);
  static bool Changed(const Group& group);

  std::map<std::string, Group> groups_;  // by alias
  std::set<std::pair<Timestamp, std::string>> due_;
};

}  // namespace tocsin::delivery
