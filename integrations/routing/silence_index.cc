#include "integrations/routing/silence_index.h"

#include <algorithm>

namespace tocsin::routing {
namespace {

void VisitMatches(const std::vector<SilencePtr>& silences, const Labels& labels,
                  const std::function<void(const Silence&)>& visit) {
  for (const SilencePtr& silence : silences) {
    if (Matches(*silence, labels)) visit(*silence);
  }
}

void Erase(std::vector<SilencePtr>& silences, const SilencePtr& silence) {
  const auto found = std::find(silences.begin(), silences.end(), silence);
  if (found == silences.end()) return;
  *found = std::move(silences.back());
  silences.pop_back();
}

}  // namespace

void SilenceIndex::Add(const SilencePtr& silence) {
  Place place{.silence = silence};
  size_t fewest = 0;
  for (const delivery::Matcher& matcher : silence->matchers) {
    // name="" accepts what has no such label, which cannot be looked up.
    if (matcher.op() != delivery::Matcher::Op::kEqual || matcher.value().empty()) continue;
    Pair pair(matcher.name(), matcher.value());
    const auto found = by_pair_.find(pair);
    const size_t filed = found == by_pair_.end() ? 0 : found->second.size();
    if (place.by_pair && filed >= fewest) continue;
    place.by_pair = true;
    place.pair = std::move(pair);
    fewest = filed;
  }
  (place.by_pair ? by_pair_[place.pair] : others_).push_back(silence);
  places_.emplace(silence->id, std::move(place));
  edges_.insert({silence->starts_at, silence->ends_at});
}

void SilenceIndex::Remove(const std::string& id) {
  const auto found = places_.find(id);
  if (found == places_.end()) return;
  const Place& place = found->second;
  edges_.erase(edges_.find(place.silence->starts_at));
  edges_.erase(edges_.find(place.silence->ends_at));
  if (place.by_pair) {
    const auto filed = by_pair_.find(place.pair);
    Erase(filed->second, place.silence);
    if (filed->second.empty()) by_pair_.erase(filed);
  } else {
    Erase(others_, place.silence);
  }
  places_.erase(found);
}

void SilenceIndex::ForEachMatch(const Labels& labels,
                                const std::function<void(const Silence&)>& visit) const {
  for (const LabelView& label : labels) {
    const auto found = by_pair_.find(Pair(label.name, label.value));
    if (found != by_pair_.end()) VisitMatches(found->second, labels, visit);
  }
  VisitMatches(others_, labels, visit);
}

std::optional<Timestamp> SilenceIndex::NextChange(Timestamp now) const {
  const auto next = edges_.upper_bound(now);
  if (next == edges_.end()) return std::nullopt;
  return *next;
}

void SilenceIndex::ForEach(const std::function<void(const Silence&)>& visit) const {
  for (const auto& [id, place] : places_) visit(*place.silence);
}

}  // namespace tocsin::routing
