#include <string>
#include <utility>

#include "base/status_macros.h"
#include "engine/query/matcher_index.h"
#include "engine/query/matcher_set.h"
#include "engine/query/query_engine.h"

namespace tocsin::engine {

struct SelectorIndex::Impl {
  struct Selector {
    MatcherSet matchers;
    uint64_t owner_bit = 0;
  };
  std::vector<Selector> selectors;
  MatcherIndex<uint32_t> index;  // of selectors
};

SelectorIndex::SelectorIndex() : impl_(std::make_unique<Impl>()) {}
SelectorIndex::~SelectorIndex() = default;

absl::StatusOr<std::shared_ptr<const SelectorIndex>> SelectorIndex::Build(
    std::vector<Entry> entries) {
  std::shared_ptr<SelectorIndex> index(new SelectorIndex());
  for (const Entry& entry : entries) {
    if (entry.owner >= 64) return absl::InvalidArgumentError("owner must be below 64");
    TOCSIN_ASSIGN_OR_RETURN(MatcherSet matchers, MatcherSet::Compile(entry.matchers));
    index->impl_->index.Add(matchers, static_cast<uint32_t>(index->impl_->selectors.size()));
    index->impl_->selectors.push_back({std::move(matchers), uint64_t{1} << entry.owner});
  }
  return std::shared_ptr<const SelectorIndex>(std::move(index));
}

uint64_t SelectorIndex::Match(const Labels& labels) const {
  uint64_t owners = 0;
  impl_->index.ForEachCandidate(labels, [&](uint32_t number) {
    const Impl::Selector& selector = impl_->selectors[number];
    const bool known = (owners & selector.owner_bit) != 0;
    if (!known && selector.matchers.Matches(labels)) owners |= selector.owner_bit;
    return true;
  });
  return owners;
}

}  // namespace tocsin::engine
