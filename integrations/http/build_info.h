#pragma once

#include <string>

namespace tocsin::http {

// Which program answers.
struct BuildInfo {
  std::string version;
  std::string revision;
  std::string branch;
  std::string build_date;
};

}  // namespace tocsin::http
