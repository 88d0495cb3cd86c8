#pragma once

#include <ostream>

#include "app/server.h"

namespace tocsin::app {

// Runs the service until SIGTERM or SIGINT; SIGHUP reloads. Exit code 0 after a drain, 2 if it
// could not start.
int RunServe(const ServerOptions& options, std::ostream& err);

}  // namespace tocsin::app
