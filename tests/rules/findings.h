#pragma once

#include <string>

#include "rules/rule_file.h"

namespace tocsin::rules {

// Loads one file "f.yaml" and gives its findings, one a line as users see them (hints indented); ""
// if there are none.
inline std::string Findings(const std::string& content, const LoadOptions& options = {}) {
  std::string all;
  for (const Diagnostic& finding : LoadRules({{"f.yaml", content}}, options).diagnostics) {
    all += FormatDiagnostic(finding) + "\n";
  }
  return all;
}

}  // namespace tocsin::rules
