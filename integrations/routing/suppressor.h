#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "integrations/routing/inhibitor.h"
#include "integrations/routing/silences.h"
#include "integrations/routing/time_interval.h"

namespace tocsin::routing {

// The names of time intervals that a route mentions.
struct RouteIntervals {
  std::vector<std::string> mute;    // `mute_time_intervals`: nobody is told while inside one
  std::vector<std::string> active;  // `active_time_intervals`: nor, if there are any, outside all
};

// Why nobody is to be told of an alert now. Empty: nothing speaks against it.
struct Verdict {
  std::vector<std::string> silenced_by;   // ids of silences
  std::vector<std::string> inhibited_by;  // keys of alerts that fire
  std::vector<std::string> muted_by;      // names of time intervals
  bool suppressed() const {
    return !silenced_by.empty() || !inhibited_by.empty() || !muted_by.empty();
  }
};

// The rules about who is told when, of one configuration.
struct SuppressorConfig {
  std::vector<InhibitRule> inhibit_rules;
  TimeIntervals time_intervals;
};

// Everything that may hold a page back, asked in one place: silences, inhibition, time intervals.
//
// Thread: any. Owns the inhibitor, borrows the silences.
class Suppressor {
 public:
  Suppressor(Silences& silences, SuppressorConfig config);

  // Takes over another configuration. Everything has to be asked again.
  void SetConfig(SuppressorConfig config);

  // Alerts that fire, by a key that tells them apart, with the labels that pages have. An alert
  // that is restored as firing must be told before the first question. Return the slots whose
  // targets have to be asked again.
  std::vector<Inhibitor::Slot> SetFiring(absl::string_view key, const Labels& labels);
  std::vector<Inhibitor::Slot> Remove(absl::string_view key);
  // The slots of an alert as a target; see Inhibitor.
  std::vector<Inhibitor::Slot> SlotsOf(const Labels& labels) const;
  // The labels of an alert that fires.
  std::optional<Labels> FiringLabels(absl::string_view key) const;

  // A name that is not configured is outside at all times.
  Verdict Ask(const Labels& labels, const RouteIntervals& intervals, Timestamp now) const;

  // The first time after `now` at which an answer may change by time alone: a silence starts or
  // ends, or a configured interval does. nullopt: not within TimeInterval::kHorizonDays.
  std::optional<Timestamp> NextChange(Timestamp now) const;

  Silences& silences() { return silences_; }

 private:
  std::vector<std::string> MutedBy(const RouteIntervals& intervals, Timestamp now) const;

  Silences& silences_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  Inhibitor inhibitor_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const TimeIntervals> time_intervals_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::routing
