#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/clock.h"

namespace tocsin::app {

struct AnomalyTuneOptions {
  std::string rule;       // name of an anomaly monitor
  std::string recording;  // a data directory
  // Absent: tocsin.yaml, or none if there are `rules`.
  std::optional<std::string> config_path;
  std::vector<std::string> rules;     // instead of those that the configuration names
  std::optional<double> sensitivity;  // whose pages are listed; absent: the rule's own
  uint64_t limit = 50;                // of listed pages; 0: none
  bool json = false;
};

// `tocsin anomaly tune`: what the monitor would have paged with other sensitivities over what a
// data directory has recorded, and the pages of one of them. The directory may be in use; nothing
// in it changes. How long it took is said on `err`.
//
// Exit codes: 0 fine; 2 configuration, rules or directory cannot be read, there is no such anomaly
// monitor, or nothing is recorded.
int RunAnomalyTune(const AnomalyTuneOptions& options, const Clock& clock, std::ostream& out,
                   std::ostream& err);

}  // namespace tocsin::app
