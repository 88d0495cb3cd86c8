#pragma once

#include <string>

namespace tocsin::app {

// This machine's name; "localhost" if it has none.
std::string HostName();

}  // namespace tocsin::app
