#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace tocsin::app {

// Text of input as terminals may show it: control characters become spaces.
std::string Printable(std::string text);

// Writes rows under their headers, columns padded to their widest cell, all of it printable.
void PrintTable(const std::vector<std::string>& headers,
                const std::vector<std::vector<std::string>>& rows, std::ostream& out);

}  // namespace tocsin::app
