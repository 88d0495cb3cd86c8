#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "engine/query/operator.h"

namespace tocsin::engine {

// The operators in use, by a key that says what they compute. Asking twice for the same key gives
// the same operator as long as somebody holds it.
class Graph {
 public:
  // `make` is called if there is no such operator.
  OperatorPtr Intern(const std::string& key, const std::function<OperatorPtr()>& make);
  // The key's operator; null if nobody holds one.
  OperatorPtr Find(const std::string& key) const;
  // A short name of an operator, for the keys of those built on it.
  std::string NameOf(const Operator& op) const;
  // Operators that were let go leave empty entries, which are swept now and then.
  void Released();
  size_t size() const;

 private:
  struct Entry {
    std::weak_ptr<Operator> op;
  };
  absl::flat_hash_map<std::string, Entry> by_key_;
  size_t released_ = 0;
};

}  // namespace tocsin::engine
