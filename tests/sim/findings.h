#pragma once

#include <string>
#include <utility>

namespace tocsin::simulation {

// The first check of a run that failed; what follows from it is of no interest.
class Findings {
 public:
  void Fail(std::string what) {
    if (first_.empty()) first_ = std::move(what);
  }
  bool any() const { return !first_.empty(); }
  const std::string& first() const { return first_; }

 private:
  std::string first_;
};

}  // namespace tocsin::simulation
