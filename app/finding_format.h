#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/diagnostic.h"

namespace tocsin::app {

enum class FindingFormat { kText, kJson, kGithub, kSarif };

// The findings as a whole document with a trailing newline; "" if there are none and the format
// needs no frame.
//   kText    `file:line:column: level: message [code]` and an indented hint
//   kJson    an array of {file, line, column, level, code, message, hint}
//   kGithub  workflow commands that annotate the lines of a change
//   kSarif   SARIF 2.1.0
std::string FormatFindings(const std::vector<rules::Diagnostic>& findings, FindingFormat format,
                           absl::string_view version);

}  // namespace tocsin::app
