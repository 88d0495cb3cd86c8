#pragma once

#include <cstdint>
#include <ostream>

#include "engine/anomaly_tuning.h"
#include "rules/rule.h"

namespace tocsin::app {

// What `tocsin anomaly tune` says of a monitor. Borrows all.
struct TuningView {
  const rules::Monitor& monitor;
  const engine::TuningReport& report;
  double listed = 1;         // the sensitivity whose pages are listed, one of the report's
  uint64_t pages_limit = 0;  // so many of them, the first ones; 0: all
};

// What was replayed, a table of sensitivities, and the pages of one of them.
void PrintTuning(const TuningView& view, std::ostream& out);
// The same as one object.
void PrintTuningJson(const TuningView& view, std::ostream& out);

}  // namespace tocsin::app
