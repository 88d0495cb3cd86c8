#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/labels.h"
#include "engine/query/matcher_set.h"

namespace tocsin::engine {

// Things that each want the series of some matchers, found by a series' labels without asking all
// of them: by metric name, and within a metric by the value of one label that the matchers fix. So
// a thousand rules that each select their own cluster cost a series two look-ups.
//
// Thread: one at a time, const calls from any.
template <typename T>
class MatcherIndex {
 public:
  void Add(const MatcherSet& matchers, const T& item) {
    OfMetric& metric = by_metric_[matchers.metric().value_or("")];
    const CompiledMatcher* best = nullptr;
    size_t best_size = SIZE_MAX;
    for (const CompiledMatcher& matcher : matchers.matchers()) {
      const size_t size = SizeWith(metric, matcher);
      if (size >= best_size) continue;
      best = &matcher;
      best_size = size;
    }
    if (best == nullptr) {
      metric.any.push_back(item);
      return;
    }
    ByValue& values = metric.by_label[best->name()];
    for (const std::string& value : *best->accepted()) values[value].push_back(item);
  }

  // Calls fn(item) for all whose matchers may match, each once; until it returns false.
  template <typename Fn>
  void ForEachCandidate(const Labels& labels, Fn&& fn) const {
    const absl::string_view metric = labels.metric_name();
    if (!Look("", labels, fn) || metric.empty()) return;
    Look(metric, labels, fn);
  }

  // Calls fn(item) for all whose matchers demand this metric name, or none; some more than once.
  template <typename Fn>
  void ForEachOfMetric(absl::string_view metric, Fn&& fn) const {
    const auto of_metric = by_metric_.find(metric);
    if (of_metric == by_metric_.end()) return;
    for (const T& item : of_metric->second.any) fn(item);
    for (const auto& [name, values] : of_metric->second.by_label) {
      for (const auto& [value, items] : values) {
        for (const T& item : items) fn(item);
      }
    }
  }

  template <typename Pred>
  void EraseIf(Pred&& pred) {
    for (auto& [name, metric] : by_metric_) {
      std::erase_if(metric.any, pred);
      for (auto& [label, values] : metric.by_label) {
        for (auto& [value, items] : values) std::erase_if(items, pred);
        absl::erase_if(values, [](const auto& entry) { return entry.second.empty(); });
      }
      absl::erase_if(metric.by_label, [](const auto& entry) { return entry.second.empty(); });
    }
    absl::erase_if(by_metric_, [](const auto& entry) {
      return entry.second.any.empty() && entry.second.by_label.empty();
    });
  }

 private:
  // A matcher with more alternatives is not followed value by value.
  static constexpr size_t kAlternativesMax = 32;

  using Items = std::vector<T>;
  using ByValue = absl::flat_hash_map<std::string, Items>;
  struct OfMetric {
    Items any;  // nothing but the metric name is fixed
    absl::flat_hash_map<std::string, ByValue> by_label;
  };

  // How many items a series would meet in this matcher's place, at most; SIZE_MAX if it fixes
  // nothing that can be looked up. An absent label cannot.
  static size_t SizeWith(const OfMetric& metric, const CompiledMatcher& matcher) {
    const auto* accepted = matcher.accepted();
    if (accepted == nullptr || accepted->size() > kAlternativesMax || accepted->contains("") ||
        matcher.name() == kMetricName) {
      return SIZE_MAX;
    }
    const auto values = metric.by_label.find(matcher.name());
    if (values == metric.by_label.end()) return 0;
    size_t most = 0;
    for (const std::string& value : *accepted) {
      const auto items = values->second.find(value);
      if (items != values->second.end()) most = std::max(most, items->second.size());
    }
    return most;
  }

  // False: fn wanted no more.
  template <typename Fn>
  bool Look(absl::string_view metric, const Labels& labels, Fn&& fn) const {
    const auto of_metric = by_metric_.find(metric);
    if (of_metric == by_metric_.end()) return true;
    for (const T& item : of_metric->second.any) {
      if (!fn(item)) return false;
    }
    for (const auto& [name, values] : of_metric->second.by_label) {
      const auto items = values.find(labels.Get(name));
      if (items == values.end()) continue;
      for (const T& item : items->second) {
        if (!fn(item)) return false;
      }
    }
    return true;
  }

  absl::flat_hash_map<std::string, OfMetric> by_metric_;  // "": any
};

}  // namespace tocsin::engine
