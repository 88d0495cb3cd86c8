#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/labels.h"
#include "rules/alert_step.h"

namespace tocsin::engine {

// One alert: a rule and the labels of one row of its result, with everything that survives a
// restart.
struct AlertInstance {
  rules::AlertState state;
  // The labels of the alert as sent (without external labels and, for monitors, without the
  // severity, which changes). Prometheus rules: their identity. Monitors: computed when the alert
  // leaves ok.
  Labels labels;
  Labels result_labels;                            // of the query's row; monitors: their identity
  std::map<std::string, std::string> annotations;  // as last expanded
  std::string alias;                               // of the page; set with the first one
  uint64_t page_sequence = 0;                      // of the last page intent
  bool page_open = false;                          // the last page intent was an open one
  // The row was missing at the last evaluation: `state.last_seen` on disk is exact. While it is
  // there, last_seen moves with every sample and is not written.
  bool absent = false;
  uint64_t query_hash = 0;  // of the query that gave the row last
  // Not stored, since the hash says it: that query is not the rule's any more.
  bool rule_changed = false;
};

// What one evaluation did to one alert.
struct AlertChange {
  AlertInstance* instance = nullptr;  // owned by the rule's table
  AlertInstance before;               // to go back to if the change cannot be committed
  rules::Transition transition = rules::Transition::kNone;
  rules::Reason reason = rules::Reason::kNone;
  bool added = false;   // the instance is new with this evaluation
  bool remove = false;  // nothing is worth remembering any more: drop it and its record
};

}  // namespace tocsin::engine
