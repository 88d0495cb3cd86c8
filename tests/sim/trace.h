#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "absl/strings/string_view.h"

namespace tocsin::simulation {

// What happened in a run, event by event: the newest lines, to be shown when a check fails, and a
// hash of all of them. The same seed has to give the same hash.
class Trace {
 public:
  // `at_ms`: true time since the run began.
  void Add(int64_t at_ms, absl::string_view event);

  uint64_t hash() const { return hash_; }
  uint64_t events() const { return events_; }
  const std::deque<std::string>& newest() const { return newest_; }
  // Also prints each line to standard output.
  void SetVerbose(bool on) { verbose_ = on; }

 private:
  bool verbose_ = false;
  uint64_t hash_ = 0;
  uint64_t events_ = 0;
  std::deque<std::string> newest_;
};

}  // namespace tocsin::simulation
