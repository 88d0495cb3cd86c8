#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace tocsin::app {

// Commands that are planned and refused by name until they exist.
const std::vector<std::string>& LaterCommands();

// Says so; exit code 2.
int RunLater(const std::string& command, std::ostream& err);

}  // namespace tocsin::app
