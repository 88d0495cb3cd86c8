#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "rules/rule_file.h"

// Finding and reading rule files; everything else about them is pure.
namespace tocsin::rules {
namespace {

bool IsPattern(const std::string& path) {
  return path.find_first_of("*?[") != std::string::npos;
}

std::vector<std::string> Glob(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return paths;
}

// One byte more than allowed, so that the loader sees that a file is too large.
std::string ReadUpTo(std::istream& stream, size_t bytes_max) {
  constexpr size_t kBlock = 64 << 10;
  std::string content;
  while (stream && content.size() <= bytes_max) {
    const size_t before = content.size();
    content.resize(before + std::min(kBlock, bytes_max + 1 - before));
    stream.read(content.data() + before, static_cast<std::streamsize>(content.size() - before));
    content.resize(before + static_cast<size_t>(stream.gcount()));
  }
  return content;
}

Diagnostic Unreadable(const std::string& path, std::string why) {
  return {{path, 0, 0}, Severity::kError, std::move(why), code::kUnreadable, ""};
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ExpandGlobs(const std::vector<std::string>& patterns) {
  std::set<std::string> paths;
  for (const std::string& pattern : patterns) {
    std::error_code error;
    if (std::filesystem::is_regular_file(pattern, error)) {
      paths.insert(pattern);
      continue;
    }
    if (!IsPattern(pattern)) {
      return absl::NotFoundError(absl::StrCat("rule file ", pattern, ": no such file"));
    }
    for (std::string& path : Glob(pattern)) {
      if (std::filesystem::is_regular_file(path, error)) paths.insert(std::move(path));
    }
  }
  return std::vector<std::string>(paths.begin(), paths.end());
}

std::vector<RuleFile> ReadRuleFiles(const std::vector<std::string>& paths,
                                    std::vector<Diagnostic>& findings, size_t file_bytes_max) {
  std::vector<RuleFile> files;
  for (const std::string& path : paths) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream) {
      findings.push_back(Unreadable(path, absl::StrCat("cannot read: ", std::strerror(errno))));
      continue;
    }
    std::string content = ReadUpTo(stream, file_bytes_max);
    if (stream.bad()) {
      findings.push_back(Unreadable(path, "cannot read: input error"));
      continue;
    }
    files.push_back({path, std::move(content)});
  }
  return files;
}

}  // namespace tocsin::rules
