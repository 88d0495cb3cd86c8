#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/labels.h"
#include "base/timestamp.h"

// Why an alert is as it is, or was: what `tocsin explain` shows. Everything is evidence that was
// stored, or follows from recorded samples and the rules as they are now.
namespace tocsin::http {

struct ExplainRequest {
  // Exactly one is set: of a page, or the name or identity of a rule.
  std::string alias;
  std::string rule;
  Timestamp time;  // what came later is left out
};

// What a sender told besides a series' samples: a log record that it counts, or a measurement of a
// trace.
struct ExplainedNote {
  Timestamp at;
  std::string text;
  std::string trace_id;  // hex; "": none
};

struct ExplainedSeries {
  Labels labels;
  size_t samples = 0;  // in the window
  Timestamp newest_at;
  std::string newest;                // the value; "histogram" for one
  std::vector<ExplainedNote> notes;  // newest first
};

// What one selector of the query saw.
struct ExplainedInput {
  std::string selector;  // with its window, as PromQL
  size_t series_total = 0;
  std::vector<ExplainedSeries> series;  // the first of them
  std::string error;                    // why there are none; else empty
};

// A row of the query's result, or an alert of a member.
struct ExplainedRow {
  std::string name;  // of a member; else empty
  Labels labels;
  std::string value;  // a number, or a state
  std::string
      band;  // of an anomaly monitor, in words: what was expected, and the score; else empty
};

struct ExplainedTransition {
  Timestamp at;            // evaluation time
  std::string transition;  // "fired" ...
  std::string reason;
  std::string state;  // after it: "ok", "pending", "warning", "critical", "firing", "no_data"
  double value = 0;
  std::string condition;
  std::optional<Timestamp> active_at;
  std::optional<Timestamp> newest_sample;
  std::string rule_revision;
};

// Attempts that differ in nothing but their time.
struct ExplainedDelivery {
  Timestamp first_at, last_at;
  uint32_t attempts = 0;
  std::string receiver;
  uint32_t target = 0;
  std::string action;
  std::string outcome;
  std::string error;
  std::string by;    // whose doing it was, of what people do at the receiver
  std::string note;  // what they wrote
};

struct ExplainedAlert {
  Labels labels;
  std::string alias;                             // empty: no page was ever owed
  std::string state;                             // at the time asked for
  std::vector<ExplainedTransition> transitions;  // oldest first
  std::vector<ExplainedDelivery> deliveries;
};

struct ExplainedRule {
  std::string id;
  std::string name;
  std::string
      kind;  // "monitor", "anomaly monitor", "composite monitor", "alerting rule"; "removed rule"
  std::string expression;                                     // query or composite; empty: removed
  std::vector<std::pair<std::string, std::string>> settings;  // "critical": "> 900", "for": "1m"
  absl::Duration window;                                      // how far back the query looks
  std::vector<ExplainedInput> inputs;
  std::vector<ExplainedRow> rows;  // at the time asked for; of a composite: its members' alerts
  size_t rows_total = 0;
  std::string error;                   // why there are no rows; else empty
  std::vector<ExplainedAlert> alerts;  // those with transitions, the newest last transition first
  size_t alerts_total = 0;
};

struct Explanation {
  Timestamp time;
  std::string revision;  // of the rules in force
  std::vector<ExplainedRule> rules;
};

}  // namespace tocsin::http
