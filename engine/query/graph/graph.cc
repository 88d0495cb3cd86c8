#include "engine/query/graph/graph.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin::engine {

OperatorPtr Graph::Find(const std::string& key) const {
  const auto it = by_key_.find(key);
  return it == by_key_.end() ? nullptr : it->second.op.lock();
}

OperatorPtr Graph::Intern(const std::string& key, const std::function<OperatorPtr()>& make) {
  if (OperatorPtr known = Find(key)) return known;
  OperatorPtr op = make();
  by_key_[key] = {op};
  return op;
}

// Addresses are unique among living operators, and an operator's inputs live as long as it does: a
// key that names an address is only found again while that very operator lives.
std::string Graph::NameOf(const Operator& op) const {
  return absl::StrCat("#", absl::Hex(reinterpret_cast<uintptr_t>(&op)));
}

void Graph::Released() {
  if (++released_ * 4 < by_key_.size()) return;
  released_ = 0;
  absl::erase_if(by_key_, [](const auto& entry) { return entry.second.op.expired(); });
}

size_t Graph::size() const {
  return std::count_if(by_key_.begin(), by_key_.end(),
                       [](const auto& entry) { return !entry.second.op.expired(); });
}

}  // namespace tocsin::engine
