#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "integrations/routing/silence.h"

namespace tocsin::routing {

using SilencePtr = std::shared_ptr<const Silence>;

// Silences by what they ask for, so that an alert is compared with few of them: each is filed under
// one of its matchers name="value", the one that fewest others are filed under. Only those without
// such a matcher are compared with every alert.
//
// Thread: one at a time.
class SilenceIndex {
 public:
  void Add(const SilencePtr& silence);  // its id must not be in it
  void Remove(const std::string& id);   // nothing if it is not in it

  // Calls `visit` for each silence whose matchers accept these labels.
  void ForEachMatch(const Labels& labels, const std::function<void(const Silence&)>& visit) const;
  void ForEach(const std::function<void(const Silence&)>& visit) const;

  // The first start or end after `now`.
  std::optional<Timestamp> NextChange(Timestamp now) const;

  size_t size() const { return places_.size(); }

 private:
  using Pair = std::pair<std::string, std::string>;  // name and value of a label
  using Silences = std::vector<SilencePtr>;

  struct Place {
    SilencePtr silence;
    bool by_pair = false;
    Pair pair;
  };

  absl::flat_hash_map<Pair, Silences> by_pair_;
  Silences others_;
  absl::flat_hash_map<std::string, Place> places_;  // by id
  std::multiset<Timestamp> edges_;                  // starts and ends of all
};

}  // namespace tocsin::routing
