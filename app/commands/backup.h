#pragma once

#include <optional>
#include <ostream>
#include <string>

#include "app/admin_client.h"

namespace tocsin::app {

struct BackupOptions {
  ServerTarget server;
  std::optional<std::string> data_dir;  // of a stopped server; then `server` is not asked
  std::string target;                   // a name; with `data_dir` the directory to make
};

// Has a running server make a backup of its state, or copies that of a stopped one, and prints
// where it is and how large. Exit codes: 0; 2 if it was refused or failed.
int RunBackup(const BackupOptions& options, http_client::HttpTransport& transport,
              std::ostream& out, std::ostream& err);

}  // namespace tocsin::app
