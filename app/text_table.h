#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace tocsin::app {

// Writes rows under their headers, columns padded to their widest cell. Control characters from
// input become spaces.
void PrintTable(const std::vector<std::string>& headers,
                const std::vector<std::vector<std::string>>& rows, std::ostream& out);

}  // namespace tocsin::app
