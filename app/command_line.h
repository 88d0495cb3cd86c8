#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace tocsin::app {

// Reads the words after the program's name and runs the command they name. Returns the exit code: 0
// fine, 1 findings, 2 wrong use or unreadable input.
int RunCommandLine(std::vector<std::string> words, std::ostream& out, std::ostream& err);

// The same for main(), on the standard streams.
int RunCommandLine(int argc, char** argv);

}  // namespace tocsin::app
