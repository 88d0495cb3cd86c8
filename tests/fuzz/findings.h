#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/check.h"
#include "rules/diagnostic.h"

namespace tocsin::fuzz {

inline size_t CountCodePoints(absl::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// Every finding says something, on one line, and stands inside the text; without a line it is about
// the file as a whole.
inline void CheckFindings(const std::vector<rules::Diagnostic>& findings, const std::string& path,
                          const std::string& text) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  for (const rules::Diagnostic& finding : findings) {
    const std::string shown = rules::FormatDiagnostic(finding);
    TOCSIN_CHECK(!finding.message.empty() && finding.code[0] != '\0') << shown;
    TOCSIN_CHECK(finding.position.file == path) << shown;
    TOCSIN_CHECK(finding.position.line >= 0) << shown;
    if (finding.position.line == 0) continue;
    const auto line = static_cast<size_t>(finding.position.line) - 1;
    TOCSIN_CHECK(line < lines.size()) << shown;
    TOCSIN_CHECK(finding.position.column >= 1) << shown;
    // One behind the line's end: where something is missing.
    TOCSIN_CHECK(static_cast<size_t>(finding.position.column) <= CountCodePoints(lines[line]) + 1)
        << shown;
  }
}

inline bool HasErrors(const std::vector<rules::Diagnostic>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const rules::Diagnostic& finding) {
    return finding.severity == rules::Severity::kError;
  });
}

}  // namespace tocsin::fuzz
