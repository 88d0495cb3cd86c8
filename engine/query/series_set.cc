#include "engine/query/series_set.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "base/grow.h"
#include "base/status_macros.h"

namespace tocsin::engine {

absl::StatusOr<std::shared_ptr<const SeriesSet>> SeriesSets::Get(
    const std::vector<promql::Matcher>& matchers) {
  std::string key = MatcherKey(matchers);
  if (auto it = by_key_.find(key); it != by_key_.end()) {
    if (auto set = it->second.lock()) return set;
  }
  TOCSIN_ASSIGN_OR_RETURN(MatcherSet compiled, MatcherSet::Compile(matchers));
  auto set = std::make_shared<SeriesSet>();
  set->matchers = std::move(compiled);
  TellUpTo(static_cast<SeriesTable::Slot>(table_.size()));
  Fill(*set);
  by_key_[std::move(key)] = set;
  index_.Add(set->matchers, set);
  ++changes_;
  return set;
}

void SeriesSets::Fill(SeriesSet& set) const {
  const auto take = [&](SeriesTable::Slot slot) {
    if (set.matchers.Matches(table_.labels(slot))) set.slots.push_back(slot);
  };
  if (!set.matchers.metric()) {
    for (SeriesTable::Slot slot = 0; slot < told_.size(); ++slot) {
      if (told_[slot]) take(slot);
    }
    return;
  }
  const auto it = slots_by_metric_.find(*set.matchers.metric());
  if (it != slots_by_metric_.end()) std::for_each(it->second.begin(), it->second.end(), take);
}

bool SeriesSets::Add(SeriesTable::Slot slot) {
  TellUpTo(slot);
  if (slot == told_.size()) told_.push_back(false);
  if (told_[slot]) return Offer(slot, /*add=*/false);
  told_[slot] = true;
  auto& of_metric = slots_by_metric_[std::string(table_.labels(slot).metric_name())];
  ReserveGently(of_metric, of_metric.size() + 1);
  of_metric.push_back(slot);
  return Offer(slot, /*add=*/true);
}

void SeriesSets::TellUpTo(SeriesTable::Slot end) {
  while (told_.size() < end) {
    const auto slot = static_cast<SeriesTable::Slot>(told_.size());
    if (table_.Holds(slot)) {
      Add(slot);
    } else {
      told_.push_back(false);
    }
  }
}

void SeriesSets::Remove(const std::vector<SeriesTable::Slot>& slots) {
  std::vector<bool> gone(told_.size(), false);
  absl::flat_hash_set<std::string> metrics;
  for (SeriesTable::Slot slot : slots) {
    if (slot >= told_.size() || !told_[slot]) continue;
    told_[slot] = false;
    gone[slot] = true;
    metrics.emplace(table_.labels(slot).metric_name());
  }
  ++changes_;
  const auto remove = [&](const std::weak_ptr<SeriesSet>& weak) {
    const auto set = weak.lock();
    if (set == nullptr) return;
    const size_t removed =
        std::erase_if(set->slots, [&](SeriesTable::Slot slot) { return gone[slot]; });
    if (removed > 0) ++set->layout;
  };
  index_.ForEachOfMetric("", remove);
  for (const std::string& metric : metrics) {
    const auto it = slots_by_metric_.find(metric);
    std::erase_if(it->second, [&](SeriesTable::Slot slot) { return gone[slot]; });
    if (it->second.empty()) slots_by_metric_.erase(it);
    if (!metric.empty()) index_.ForEachOfMetric(metric, remove);
  }
}

bool SeriesSets::Offer(SeriesTable::Slot slot, bool add) {
  bool wanted = false;
  const Labels& labels = table_.labels(slot);
  index_.ForEachCandidate(labels, [&](const std::weak_ptr<SeriesSet>& weak) {
    const auto set = weak.lock();
    if (set == nullptr || !set->matchers.Matches(labels)) return true;
    wanted = true;
    if (!add) return false;
    ReserveGently(set->slots, set->slots.size() + 1);
    set->slots.push_back(slot);
    ++changes_;
    return true;
  });
  return wanted;
}

void SeriesSets::Sweep() {
  const auto expired = [](const std::weak_ptr<SeriesSet>& set) { return set.expired(); };
  absl::erase_if(by_key_, [&](const auto& entry) { return expired(entry.second); });
  index_.EraseIf(expired);
}

}  // namespace tocsin::engine
