#pragma once

#include <cstdint>

namespace tocsin::app {

// Lets this process open as many files and connections as the system allows it to, which is often
// more than it has at its start. Returns how many that are.
uint64_t RaiseFileLimit();

// No core file of this process is written by itself: keys and tokens would be in it. Who looks for
// a fault lets it be written again (prlimit --core=unlimited --pid PID).
void ForbidCoreFiles();

}  // namespace tocsin::app
