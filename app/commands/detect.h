#pragma once

#include <ostream>
#include <string>

#include "base/clock.h"
#include "engine/anomaly/options.h"

namespace tocsin::app {

struct DetectOptions {
  std::string in;   // rows timestamp,value
  std::string out;  // where to write them with what the detector says
  anomaly::DetectorOptions detector;
};

// Feeds the rows of a file to the anomaly detector, one at a time as they would come, and writes
// its word on each. Prints "N ns/point" on `err`.
//
// Exit codes: 0 fine, 2 a file cannot be read, understood or written, or an option is out of range.
int RunDetect(const DetectOptions& options, const Clock& clock, std::ostream& err);

}  // namespace tocsin::app
