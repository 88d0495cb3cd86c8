#include "integrations/routing/suppressor.h"

#include <utility>

namespace tocsin::routing {

Suppressor::Suppressor(Silences& silences, SuppressorConfig config)
    : silences_(silences),
      inhibitor_(std::move(config.inhibit_rules)),
      time_intervals_(std::make_shared<const TimeIntervals>(std::move(config.time_intervals))) {}

void Suppressor::SetConfig(SuppressorConfig config) {
  auto intervals = std::make_shared<const TimeIntervals>(std::move(config.time_intervals));
  MutexLock lock(mutex_);
  inhibitor_.SetRules(std::move(config.inhibit_rules));
  time_intervals_ = std::move(intervals);
}

std::vector<Inhibitor::Slot> Suppressor::SetFiring(absl::string_view key, const Labels& labels) {
  MutexLock lock(mutex_);
  return inhibitor_.SetFiring(key, labels);
}

std::vector<Inhibitor::Slot> Suppressor::Remove(absl::string_view key) {
  MutexLock lock(mutex_);
  return inhibitor_.Remove(key);
}

std::vector<Inhibitor::Slot> Suppressor::SlotsOf(const Labels& labels) const {
  MutexLock lock(mutex_);
  return inhibitor_.SlotsOf(labels);
}

std::optional<Labels> Suppressor::FiringLabels(absl::string_view key) const {
  MutexLock lock(mutex_);
  const Labels* labels = inhibitor_.FindFiring(key);
  if (labels == nullptr) return std::nullopt;
  return *labels;
}

Verdict Suppressor::Ask(const Labels& labels, const RouteIntervals& intervals,
                        Timestamp now) const {
  Verdict verdict;
  verdict.silenced_by = silences_.SilencedBy(labels, now);
  verdict.muted_by = MutedBy(intervals, now);
  MutexLock lock(mutex_);
  verdict.inhibited_by = inhibitor_.InhibitedBy(labels);
  return verdict;
}

std::vector<std::string> Suppressor::MutedBy(const RouteIntervals& intervals, Timestamp now) const {
  std::vector<std::string> names;
  if (intervals.mute.empty() && intervals.active.empty()) return names;
  std::shared_ptr<const TimeIntervals> known;
  {
    MutexLock lock(mutex_);
    known = time_intervals_;
  }
  const auto inside = [&](const std::string& name) {
    const auto found = known->find(name);
    return found != known->end() && found->second.Contains(now);
  };
  for (const std::string& name : intervals.mute) {
    if (inside(name)) names.push_back(name);
  }
  bool active = intervals.active.empty();
  for (const std::string& name : intervals.active) active = active || inside(name);
  // Outside of all of them, each is a reason.
  if (!active) names.insert(names.end(), intervals.active.begin(), intervals.active.end());
  return names;
}

std::optional<Timestamp> Suppressor::NextChange(Timestamp now) const {
  std::optional<Timestamp> next = silences_.NextChange(now);
  std::shared_ptr<const TimeIntervals> known;
  {
    MutexLock lock(mutex_);
    known = time_intervals_;
  }
  for (const auto& [name, interval] : *known) {
    const auto change = interval.NextChange(now);
    if (change && (!next || *change < *next)) next = change;
  }
  return next;
}

}  // namespace tocsin::routing
