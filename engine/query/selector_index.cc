#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/status_macros.h"
#include "engine/query/matcher_set.h"
#include "engine/query/query_engine.h"

namespace tocsin::engine {

struct SelectorIndex::Impl {
  struct Selector {
    MatcherSet matchers;
    uint64_t owner_bit = 0;
  };
  absl::flat_hash_map<std::string, std::vector<Selector>> by_metric;
  std::vector<Selector> rest;

  static uint64_t MatchAny(const std::vector<Selector>& selectors, const Labels& labels,
                           uint64_t known) {
    for (const Selector& selector : selectors) {
      if ((known & selector.owner_bit) == 0 && selector.matchers.Matches(labels)) {
        known |= selector.owner_bit;
      }
    }
    return known;
  }
};

SelectorIndex::SelectorIndex() : impl_(std::make_unique<Impl>()) {}
SelectorIndex::~SelectorIndex() = default;

absl::StatusOr<std::shared_ptr<const SelectorIndex>> SelectorIndex::Build(
    std::vector<Entry> entries) {
  std::shared_ptr<SelectorIndex> index(new SelectorIndex());
  for (const Entry& entry : entries) {
    if (entry.owner >= 64) return absl::InvalidArgumentError("owner must be below 64");
    TOCSIN_ASSIGN_OR_RETURN(MatcherSet matchers, MatcherSet::Compile(entry.matchers));
    auto& list =
        matchers.metric() ? index->impl_->by_metric[*matchers.metric()] : index->impl_->rest;
    list.push_back({std::move(matchers), uint64_t{1} << entry.owner});
  }
  return std::shared_ptr<const SelectorIndex>(std::move(index));
}

uint64_t SelectorIndex::Match(const Labels& labels) const {
  uint64_t owners = Impl::MatchAny(impl_->rest, labels, 0);
  const auto it = impl_->by_metric.find(labels.metric_name());
  if (it != impl_->by_metric.end()) owners = Impl::MatchAny(it->second, labels, owners);
  return owners;
}

}  // namespace tocsin::engine
