#pragma once

#include <deque>
#include <map>
#include <string>

#include "base/timestamp.h"

namespace tocsin::delivery {

// Tells when so many alerts of a rule begin at once that they should share a page.
//
// Thread: none of its own, not thread-safe. Memory: the last alerts_max + 1 beginnings of each rule
// that had one within the last minute or so.
class StormWatch {
 public:
  // The alert `alias` of `rule` begins. True if more than `alerts_max` different ones, itself
  // included, began within the last minute. An alert that comes and goes counts once.
  bool Begin(const std::string& rule, const std::string& alias, size_t alerts_max, Timestamp now);

  size_t rules() const { return beginnings_.size(); }

 private:
  struct Beginning {
    std::string alias;
    Timestamp at;
  };
  void ForgetQuiet(Timestamp now);

  std::map<std::string, std::deque<Beginning>> beginnings_;  // by rule, oldest first
  Timestamp swept_;
};

}  // namespace tocsin::delivery
