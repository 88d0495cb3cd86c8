#pragma once

#include <cstdint>
#include <ostream>
#include <string>

namespace tocsin::app {

struct InspectOptions {
  std::string data_dir;
  std::string noun = "summary";  // one of inspect::Nouns()
  uint64_t limit = 50;           // rows of a table; 0: all
  bool json = false;
};

// Prints what a data directory holds, also that of a running service, without changing a byte of
// it. Exit codes: 0; 1 if a record is not what it should be; 2 if the directory cannot be read, or
// is of a newer format.
int RunInspect(const InspectOptions& options, std::ostream& out, std::ostream& err);

}  // namespace tocsin::app
