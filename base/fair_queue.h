#pragma once

#include <deque>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace tocsin {

// What many owners wait for: one item of each owner in turn, those of one owner in the order they
// came.
//
// Thread: one at a time.
template <typename T>
class FairQueue {
 public:
  void Push(absl::string_view owner, T item) {
    std::deque<T>& items = items_[owner];
    if (items.empty()) turn_.emplace_back(owner);
    items.push_back(std::move(item));
  }

  // The next one; there must be one. `owner` becomes whose it is.
  T Pop(std::string& owner) {
    owner = std::move(turn_.front());
    turn_.pop_front();
    const auto of_owner = items_.find(owner);
    T item = std::move(of_owner->second.front());
    of_owner->second.pop_front();
    if (of_owner->second.empty()) {
      items_.erase(of_owner);
    } else {
      turn_.push_back(owner);
    }
    return item;
  }

  bool empty() const { return turn_.empty(); }

 private:
  absl::flat_hash_map<std::string, std::deque<T>> items_;  // by owner; none is empty
  std::deque<std::string> turn_;                           // the owners in it
};

}  // namespace tocsin
