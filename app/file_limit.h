#pragma once

#include <cstdint>

namespace tocsin::app {

// Lets this process open as many files and connections as the system allows it to, which is often
// more than it has at its start. Returns how many that are.
uint64_t RaiseFileLimit();

}  // namespace tocsin::app
