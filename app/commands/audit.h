#pragma once

#include <cstdint>
#include <ostream>
#include <string>

namespace tocsin::app {

struct AuditOptions {
  std::string data_dir;
  uint64_t limit = 50;  // entries to show, the last ones; 0: all
  bool json = false;    // entries as they are in the file
};

// Prints who changed what, or was refused, and whether the audit is whole. Exit codes: 0; 1 if an
// entry was changed or is missing; 2 if there is no audit or it cannot be read.
int RunAudit(const AuditOptions& options, std::ostream& out, std::ostream& err);

}  // namespace tocsin::app
