#pragma once

#include <ostream>
#include <string>

namespace tocsin::app {

struct RestoreOptions {
  std::string backup;
  std::string data_dir;
};

// Makes a data directory of a backup, reads all of it, and prints what it holds. Exit codes: 0; 1
// if a record is not what it should be (the directory is there nevertheless); 2 if it was refused
// or failed.
int RunRestore(const RestoreOptions& options, std::ostream& out, std::ostream& err);

}  // namespace tocsin::app
