#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace tocsin::storage {

// Names below `path` (directories end with "/") and the contents of files: equal before and after
// means that not a byte changed.
inline std::map<std::string, std::string> DirectoryContents(const std::string& path) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    const std::string name = std::filesystem::relative(entry.path(), path);
    if (entry.is_directory()) contents[name + "/"];
    if (!entry.is_regular_file() || name == "reserve") continue;  // 64 MiB of nothing
    std::ifstream in(entry.path(), std::ios::binary);
    contents[name] = std::string(std::istreambuf_iterator<char>(in), {});
  }
  return contents;
}

}  // namespace tocsin::storage
